// Merge: several sources as one, which gives what any of them gives.
//
// Always true: no coroutine stands in between and nothing is received ahead, so a value that nobody waits for stays where
// it is; and of several sources that have something, the one that has given longest ago is next.

import type { Selectable, Timekeeper, Waiter } from './core/operation.ts'
import { OperationBase, SelectableOperation, withdrawSafely } from './core/operation.ts'

/**
 * A source that can be merged: a channel, what `from` gives, a subscription, or what is merged already. The outcome of its
 * `next` is taken in the hand-over itself, to see whether it is done.
 */
export interface Mergeable<T> {
  next(): Selectable<IteratorResult<T, void>>
}

/**
 * Make one source of several. It is done once all of them are.
 *
 * The order of what comes from one source is kept; between sources they take turns.
 */
export function merge<Values extends unknown[]>(
  ...sources: { [At in keyof Values]: Mergeable<Values[At]> }
): Merged<Values[number]> {
  return new Merged(sources)
}

export class Merged<T> {
  /** Those that are not done, the one that has given longest ago first. */
  readonly #open: Mergeable<T>[]

  constructor(sources: readonly Mergeable<T>[]) {
    this.#open = [...sources]
  }

  /**
   * Receive one value from any of them, or learn that all are done: `{ done: true }`.
   *
   * Waits in FIFO order at each of them. Cancelling while it waits takes nothing.
   *
   * @throws what a source throws; that one counts as done then
   */
  next(): Selectable<IteratorResult<T, void>> {
    return new MergedNext(this.#open)
  }
}

type Outcome<T> = { readonly result: IteratorResult<T, void> } | { readonly error: unknown }

const allDone: Outcome<never> = { result: { done: true, value: undefined } }

export class MergedNext<T> extends SelectableOperation<IteratorResult<T, void>> implements Waiter {
  readonly #open: Mergeable<T>[]
  /** The source of each operation that may still give something. */
  readonly #asked = new Map<Selectable<unknown>, Mergeable<T>>()
  #outcome: Outcome<T> | null = null

  constructor(open: Mergeable<T>[]) {
    super()
    this.#open = open
  }

  /** Of the coroutine that waits. */
  get scheduler(): Timekeeper | undefined {
    return this.waiter?.scheduler
  }

  isReady(): boolean {
    return this.#open.length === 0 || this.#open.some((source) => nextOf(source).isReady?.() ?? true)
  }

  poll(): boolean {
    this.#asked.clear()
    for (const source of [...this.#open]) {
      const operation = nextOf(source)
      if (!operation.poll()) this.#asked.set(operation, source)
      else if (this.#hear(operation, source)) return true
    }
    if (this.#asked.size === 0) this.#outcome = allDone
    return this.#outcome !== null
  }

  /** Told by the operation of a source: it has a value, or its source is done. */
  wake(operation: Selectable<unknown>): void {
    const source = this.#asked.get(operation) as Mergeable<T>
    this.#asked.delete(operation)
    if (this.#hear(operation as Selectable<IteratorResult<T, void>>, source)) this.#withdrawAll(this.waiter)
    else if (this.#asked.size > 0) return
    else this.#outcome = allDone
    this.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.#withdrawAll(waiter)
    super.withdraw(waiter)
  }

  take(): IteratorResult<T, void> {
    const outcome = this.#outcome as Outcome<T>
    if ('error' in outcome) throw outcome.error
    return outcome.result
  }

  describe(): string {
    return `the first of { ${[...this.#asked.keys()].map((operation) => operation.describe()).join(' | ')} }`
  }

  protected enlist(): void {
    for (const operation of [...this.#asked.keys()]) {
      operation.register(this)
      // It may have something at once; or what it starts has cancelled the coroutine, and the rest must not stay behind.
      if (this.#outcome !== null || this.waiter === null) return
    }
  }

  /** Take what an operation has. False when that was only that its source is done. */
  #hear(operation: Selectable<IteratorResult<T, void>>, source: Mergeable<T>): boolean {
    try {
      const result = operation.take()
      this.#hasGiven(source, result.done === true)
      if (result.done !== true) this.#outcome = { result }
      return result.done !== true
    } catch (error) {
      this.#hasGiven(source, true)
      this.#outcome = { error }
      return true
    }
  }

  #hasGiven(source: Mergeable<T>, isDone: boolean): void {
    const at = this.#open.indexOf(source)
    if (at < 0) return
    this.#open.splice(at, 1)
    if (!isDone) this.#open.push(source)
  }

  #withdrawAll(waiter: Waiter | null): void {
    for (const operation of this.#asked.keys()) withdrawSafely(operation, this, waiter)
    this.#asked.clear()
  }
}

/** Claimed, so that it counts as run, and cannot be run elsewhere. */
function nextOf<T>(source: Mergeable<T>): Selectable<IteratorResult<T, void>> {
  const operation = source.next()
  if (operation instanceof OperationBase) operation.claim()
  return operation
}
