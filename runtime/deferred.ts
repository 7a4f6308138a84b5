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

type Outcome<T> =
  | { readonly hasFailed: false; readonly value: T }
  | { readonly hasFailed: true; readonly error: unknown }

/** What a deferred value and those who wait for it have in common. */
interface State<T> {
  outcome: Outcome<T> | null
  readonly waiting: WaitList<Wait<T>>
}

/** A latch that carries a value, or a failure. */
export class Deferred<T> {
  readonly #name: string | undefined
  readonly #state: State<T> = { outcome: null, waiting: new WaitList() }

  constructor({ name }: DeferredOptions = {}) {
    this.#name = name
  }

  get name(): string {
    return this.#name ?? unnamed(this, 'a deferred value')
  }

  /** Whether it has a value or has failed. */
  get isSettled(): boolean {
    return this.#state.outcome !== null
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
    return new Wait(this, this.#state)
  }

  /** Assert the invariant at the head of this file. */
  validate(): void {
    this.#state.waiting.validate()
    if (this.isSettled && !this.#state.waiting.isEmpty) throw new Error('a coroutine waits for what is settled')
  }

  #settle(outcome: Outcome<T>): boolean {
    if (this.isSettled) return false
    this.#state.outcome = outcome
    const { waiting } = this.#state
    for (let wait = waiting.shift(); wait !== undefined; wait = waiting.shift()) wait.complete()
    return true
  }
}

class Wait<T> extends SelectableOperation<T> {
  readonly #deferred: Deferred<T>
  readonly #state: State<T>

  constructor(deferred: Deferred<T>, state: State<T>) {
    super()
    this.#deferred = deferred
    this.#state = state
  }

  poll(): boolean {
    return this.#deferred.isSettled
  }

  isReady(): boolean {
    return this.poll()
  }

  take(): T {
    const outcome = this.#state.outcome as Outcome<T>
    if (outcome.hasFailed) throw outcome.error
    return outcome.value
  }

  describe(): string {
    return `wait ${this.#deferred.name}`
  }

  protected enlist(): void {
    this.#state.waiting.add(this)
  }
}
