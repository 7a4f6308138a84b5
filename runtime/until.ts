// The bridge to and from the platform's asynchrony: a coroutine waits for a promise, or for an AbortSignal, as it waits for
// anything else, and a cancel reaches out as an AbortSignal.

import type { AbortControllerLike, AbortSignalLike } from './core/host.ts'
import { newAbortController } from './core/host.ts'
import type { Selectable, Waiter } from './core/operation.ts'
import { currentTask, SelectableOperation } from './core/operation.ts'

/** The platform's own type of signal, where this is checked with the platform's types. */
export type PlatformSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : AbortSignalLike

/** Something that ends with a promise, and stops when the signal says so. */
export type Abortable<T> = (signal: PlatformSignal) => PromiseLike<T>

/**
 * Wait for an AbortSignal, and give its reason.
 */
export function until(signal: AbortSignalLike): Selectable<unknown>
/**
 * Wait for a promise. Or start `work` when it is first waited for, with a signal that a cancel aborts, and wait for that:
 * `until((signal) => fetch(url, { signal }))`.
 *
 * Cancelling abandons the wait, not the work: a promise goes on, and what becomes of it is nobody's any more.
 *
 * @throws what the promise is rejected with
 */
export function until<T>(promise: PromiseLike<T> | Abortable<T>): Selectable<Awaited<T>>
export function until<T>(source: PromiseLike<T> | Abortable<T> | AbortSignalLike): Selectable<unknown> {
  if (typeof source === 'function') return new UntilDone(source)
  if (isSignal(source)) return new UntilAborted(source)
  if (typeof source?.then === 'function') return new UntilSettled(source)
  throw new TypeError(`until waits for a promise, a signal, or a function that gives a promise (got ${typeof source})`)
}

type Settled<T> = { readonly kept: true; readonly value: T } | { readonly kept: false; readonly error: unknown }

/** While it waits, something outside is going to wake the coroutine: a standstill is no deadlock. */
export abstract class UntilOutside<T> extends SelectableOperation<T> {
  #hold: Disposable | null = null

  override withdraw(waiter: Waiter): void {
    this.release()
    super.withdraw(waiter)
  }

  protected enlist(): void {
    this.#hold = currentTask().scheduler.hold(this.describe())
  }

  /** After `complete`: with the waiter runnable first, no standstill is seen in between. */
  protected release(): void {
    this.#hold?.[Symbol.dispose]()
    this.#hold = null
  }
}

class UntilSettled<T> extends UntilOutside<Awaited<T>> {
  readonly #promise: PromiseLike<T> | null
  #settled: Settled<Awaited<T>> | null = null

  constructor(promise: PromiseLike<T> | null) {
    super()
    this.#promise = promise
  }

  poll(): boolean {
    return false
  }

  take(): Awaited<T> {
    const settled = this.#settled as Settled<Awaited<T>>
    if (settled.kept) return settled.value
    throw settled.error
  }

  describe(): string {
    return 'a promise'
  }

  protected override enlist(): void {
    super.enlist()
    // A foreign thenable may call back at once, or throw; a promise never does.
    Promise.resolve(this.promise()).then(
      (value) => this.#settle({ kept: true, value: value as Awaited<T> }),
      (error: unknown) => this.#settle({ kept: false, error }),
    )
  }

  protected promise(): PromiseLike<T> {
    return this.#promise as PromiseLike<T>
  }

  #settle(settled: Settled<Awaited<T>>): void {
    // Withdrawn in the meantime: nobody waits.
    if (this.waiter === null) return
    this.#settled = settled
    this.complete()
    this.release()
  }
}

class UntilDone<T> extends UntilSettled<T> {
  readonly #work: Abortable<T>
  #controller: AbortControllerLike | null = null

  constructor(work: Abortable<T>) {
    super(null)
    this.#work = work
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    this.#controller?.abort()
  }

  protected override promise(): PromiseLike<T> {
    const controller = newAbortController()
    this.#controller = controller
    // What the work throws at once is its failure like any other.
    return new Promise<T>((resolve) => resolve(this.#work(controller.signal as PlatformSignal)))
  }
}

class UntilAborted extends UntilOutside<unknown> {
  readonly #signal: AbortSignalLike
  readonly #onAbort = () => {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.complete()
    this.release()
  }

  constructor(signal: AbortSignalLike) {
    super()
    this.#signal = signal
  }

  poll(): boolean {
    return this.#signal.aborted
  }

  take(): unknown {
    return this.#signal.reason
  }

  describe(): string {
    return 'an abort signal'
  }

  override withdraw(waiter: Waiter): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    super.withdraw(waiter)
  }

  protected override enlist(): void {
    super.enlist()
    this.#signal.addEventListener('abort', this.#onAbort)
  }
}

function isSignal(source: object): source is AbortSignalLike {
  return typeof source === 'object' && source !== null && 'aborted' in source && 'addEventListener' in source
}
