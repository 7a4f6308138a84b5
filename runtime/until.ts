// The bridge to and from the platform's asynchrony: a coroutine waits for a promise, or for an AbortSignal, as it waits for
// anything else, and a cancel reaches out as an AbortSignal.

import { AbortListener } from './core/abort-listeners.ts'
import type { AbortControllerLike, AbortSignalLike } from './core/host.ts'
import { newAbortController } from './core/host.ts'
import type { Runner, Selectable, Signal, Waiter } from './core/operation.ts'
import { currentTask, FRESH, SelectableOperation } from './core/operation.ts'
import { WaitList } from './core/wait-list.ts'

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
 * `until((signal) => fetch(url, { signal }))`. The signal tells as long as the promise is waited for: a fetch keeps its own
 * when the head of the response is there. To cover the body, read it inside:
 * `until(async (signal) => (await fetch(url, { signal })).text())`.
 *
 * Cancelling abandons the wait, not the work: a promise goes on, and what becomes of it is nobody's any more.
 *
 * @throws what the promise is rejected with
 */
export function until<T>(promise: PromiseLike<T> | Abortable<T>): Selectable<Awaited<T>>
export function until<T>(source: PromiseLike<T> | Abortable<T> | AbortSignalLike): Selectable<unknown> {
  if (typeof source === 'function') return new UntilDone(source)
  if (isSignal(source)) return new UntilAborted(source)
  if (isThenable(source)) return new UntilSettled(source)
  throw new TypeError(`until waits for a promise, a signal, or a function that gives a promise (got ${typeof source})`)
}

type Settled = { readonly kept: true; readonly value: unknown } | { readonly kept: false; readonly error: unknown }

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

/**
 * Who waits for which promise. Each has one reaction, however many have waited and given up: a reaction cannot be taken
 * back, and a promise that lives as long as its server would keep one for each lost `select`.
 */
const waitingFor = new WeakMap<PromiseLike<unknown>, WaitList<UntilSettled<unknown>>>()

function waitingListOf(promise: PromiseLike<unknown>): WaitList<UntilSettled<unknown>> {
  const known = waitingFor.get(promise)
  if (known !== undefined) return known
  const waiting = new WaitList<UntilSettled<unknown>>()
  waitingFor.set(promise, waiting)
  const settle = (settled: Settled) => {
    waitingFor.delete(promise)
    for (let until = waiting.shift(); until !== undefined; until = waiting.shift()) until.settle(settled)
  }
  // A foreign thenable may call back at once, or throw; a promise never does.
  Promise.resolve(promise).then(
    (value) => settle({ kept: true, value }),
    (error: unknown) => settle({ kept: false, error }),
  )
  return waiting
}

/** A promise that was handed to `until` is looked at, also if the wait for it never begins: no rejection is unhandled. */
function markAsHandled(promise: PromiseLike<unknown> | null): void {
  // Not a foreign thenable: some begin their work when they are first asked.
  if (promise instanceof Promise) waitingListOf(promise)
}

class UntilSettled<T> extends UntilOutside<Awaited<T>> {
  readonly #promise: PromiseLike<T> | null
  #settled: Settled | null = null

  constructor(promise: PromiseLike<T> | null) {
    super()
    this.#promise = promise
  }

  override next(): IteratorResult<Signal, Awaited<T>> {
    if (this.state === FRESH) markAsHandled(this.#promise)
    return super.next()
  }

  override claim(): void {
    markAsHandled(this.#promise)
    super.claim()
  }

  poll(): boolean {
    return false
  }

  isReady(): boolean {
    return this.poll()
  }

  take(): Awaited<T> {
    const settled = this.#settled as Settled
    if (settled.kept) return settled.value as Awaited<T>
    throw settled.error
  }

  describe(): string {
    return 'a promise'
  }

  settle(settled: Settled): void {
    this.#settled = settled
    this.complete()
    this.release()
  }

  protected override enlist(): void {
    super.enlist()
    const waiting = waitingListOf(this.promise())
    // Making the promise may have cancelled the coroutine: nothing waits for it then.
    if (this.waiter !== null) waiting.add(this as UntilSettled<unknown>)
  }

  protected promise(): PromiseLike<T> {
    return this.#promise as PromiseLike<T>
  }
}

class UntilDone<T> extends UntilSettled<T> {
  readonly #work: Abortable<T>
  #runner: Runner | null = null
  #controller: AbortControllerLike | null = null

  constructor(work: Abortable<T>) {
    super(null)
    this.#work = work
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    const controller = this.#controller
    if (controller === null) return
    this.#controller = null
    const runner = this.#runner as Runner
    const reason = runner.isCancelled ? runner.cancelReason : undefined
    // Its listeners are other people's code, and this may be the middle of another coroutine's `send`.
    runner.scheduler.callLater(() => controller.abort(reason))
  }

  protected override promise(): PromiseLike<T> {
    this.#runner = currentTask()
    const controller = newAbortController()
    this.#controller = controller
    try {
      const promise = this.#work(controller.signal as PlatformSignal)
      return isThenable(promise) ? promise : Promise.resolve(promise)
    } catch (error) {
      // What the work throws at once is its failure like any other.
      return Promise.reject(error)
    }
  }
}

class UntilAborted extends UntilOutside<unknown> {
  readonly #signal: AbortSignalLike
  readonly #listener: AbortListener

  constructor(signal: AbortSignalLike) {
    super()
    this.#signal = signal
    this.#listener = new AbortListener(signal, () => {
      this.complete()
      this.release()
    })
  }

  poll(): boolean {
    return this.#signal.aborted
  }

  isReady(): boolean {
    return this.poll()
  }

  take(): unknown {
    return this.#signal.reason
  }

  describe(): string {
    return 'an abort signal'
  }

  override withdraw(waiter: Waiter): void {
    this.#listener.stop()
    super.withdraw(waiter)
  }

  protected override enlist(): void {
    super.enlist()
    this.#listener.listen()
  }
}

function isThenable(value: unknown): value is PromiseLike<never> {
  return typeof (value as PromiseLike<never> | null | undefined)?.then === 'function'
}

function isSignal(source: object): source is AbortSignalLike {
  return typeof source === 'object' && source !== null && 'aborted' in source && 'addEventListener' in source
}
