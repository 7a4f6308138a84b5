// The bridge from promises: a coroutine waits for one as it waits for anything else.

import type { Selectable, Waiter } from './operation.ts'
import { currentTask, SelectableOperation } from './operation.ts'

/**
 * Wait for a promise.
 *
 * Cancelling abandons the wait, not the work: the promise goes on, and what becomes of it is nobody's any more.
 *
 * @throws what the promise is rejected with
 */
export function until<T>(promise: PromiseLike<T>): Selectable<Awaited<T>> {
  if (typeof promise?.then !== 'function') {
    throw new TypeError(`until waits for a promise (got ${typeof promise})`)
  }
  return new Until<T>(promise)
}

type Settled<T> = { readonly kept: true; readonly value: T } | { readonly kept: false; readonly error: unknown }

class Until<T> extends SelectableOperation<Awaited<T>> {
  readonly #promise: PromiseLike<T>
  #hold: Disposable | null = null
  #settled: Settled<Awaited<T>> | null = null

  constructor(promise: PromiseLike<T>) {
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

  override withdraw(waiter: Waiter): void {
    this.#release()
    super.withdraw(waiter)
  }

  protected enlist(): void {
    this.#hold = currentTask().scheduler.hold('a promise')
    // A foreign thenable may call back at once, or throw; a promise never does.
    Promise.resolve(this.#promise).then(
      (value) => this.#settle({ kept: true, value: value as Awaited<T> }),
      (error: unknown) => this.#settle({ kept: false, error }),
    )
  }

  #settle(settled: Settled<Awaited<T>>): void {
    // Withdrawn in the meantime: nobody waits.
    if (this.waiter === null) return
    this.#settled = settled
    this.complete()
    this.#release()
  }

  // After `complete`: with the waiter runnable first, no standstill is seen in between.
  #release(): void {
    this.#hold?.[Symbol.dispose]()
    this.#hold = null
  }
}
