// A deferred value is set once, from anywhere, and then everybody who waits for it has it, now and later.
//
// Invariant: nobody waits once it is settled.

import type { Selectable } from './core/operation.ts'
import { SelectableOperation } from './core/operation.ts'
import { unnamed } from './core/unnamed.ts'
import { WaitList } from './core/wait-list.ts'

export interface DeferredOptions {
  /** What dumps call it. */
  readonly name?: string
}

type Settled<T> =
  | { readonly hasFailed: false; readonly value: T }
  | { readonly hasFailed: true; readonly error: unknown }

/** A latch that carries a value, or a failure. */
export class Deferred<T> {
  readonly #name: string | undefined
  readonly #waiting = new WaitList<Wait<T>>()
  #settled: Settled<T> | null = null

  constructor({ name }: DeferredOptions = {}) {
    this.#name = name
  }

  get name(): string {
    return this.#name ?? unnamed(this, 'a deferred value')
  }

  /** Whether it has a value or has failed. */
  get isSettled(): boolean {
    return this.#settled !== null
  }

  /** Give it its value, and wake everybody who waits, in order. False, and nothing happens, when it was settled before. */
  set(value: T): boolean {
    return this.#settle({ hasFailed: false, value })
  }

  /**
   * Let it fail: everybody who waits, now or later, is thrown `error`. False when it was settled before. A failure for
   * which nobody ever waits is told to nobody.
   */
  fail(error: unknown): boolean {
    return this.#settle({ hasFailed: true, error })
  }

  /**
   * Wait until it is settled, and give its value. Takes nothing: everybody gets the same.
   *
   * @throws what it was failed with
   */
  wait(): Selectable<T> {
    return new Wait(this)
  }

  /** Assert the invariant at the head of this file. */
  validate(): void {
    this.#waiting.validate()
    if (this.isSettled && !this.#waiting.isEmpty) throw new Error('somebody waits for what is settled')
  }

  // What follows is for its operation.

  addWaiting(wait: Wait<T>): void {
    this.#waiting.add(wait)
  }

  result(): T {
    const settled = this.#settled as Settled<T>
    if (settled.hasFailed) throw settled.error
    return settled.value
  }

  #settle(settled: Settled<T>): boolean {
    if (this.#settled !== null) return false
    this.#settled = settled
    for (let wait = this.#waiting.shift(); wait !== undefined; wait = this.#waiting.shift()) wait.complete()
    return true
  }
}

class Wait<T> extends SelectableOperation<T> {
  readonly #deferred: Deferred<T>

  constructor(deferred: Deferred<T>) {
    super()
    this.#deferred = deferred
  }

  poll(): boolean {
    return this.#deferred.isSettled
  }

  take(): T {
    return this.#deferred.result()
  }

  describe(): string {
    return `wait ${this.#deferred.name}`
  }

  protected enlist(): void {
    this.#deferred.addWaiting(this)
  }
}
