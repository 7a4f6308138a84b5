// Select waits for the first of several operations and leaves no trace in the others.
//
// Invariant: from the moment one case commits, no other case can: the losers are withdrawn by the very call that
// commits the winner, not when the coroutine is resumed.

import { Misuse } from './core/errors.ts'
import type { Operation, Selectable, Timekeeper, Waiter } from './core/operation.ts'
import { OperationBase, running, SelectableOperation, SPENT, withdrawSafely } from './core/operation.ts'

/** Operations by name; `null` switches a case off. */
export type Cases = Readonly<Record<string, Selectable<unknown> | null>>

/** Which case it was and what it gave: a union over `case`. A case that is always null is not in it. */
export type Selected<C extends Cases> = {
  [Name in keyof C]: [Exclude<C[Name], null>] extends [never]
    ? never
    : { readonly case: Name; readonly value: Exclude<C[Name], null> extends Selectable<infer T> ? T : never }
}[keyof C]

export interface SelectOptions {
  /** Among several that are ready: 'random' (the default) picks uniformly from the scheduler's seed, 'first' in order. */
  readonly order?: 'random' | 'first'
}

/**
 * Wait until one of the cases is ready, and do that one.
 *
 * With every case switched off it waits until it is cancelled.
 *
 * @throws what the operation of the chosen case throws
 * @see The Go Programming Language Specification, "Select statements"
 */
export function select<const C extends Cases>(cases: C, options?: SelectOptions): Operation<Selected<C>> {
  return new Select<C>(cases, options)
}

/** Do one case that is ready now; `undefined` when none is. Never waits, so it is no operation. */
export function trySelect<const C extends Cases>(cases: C, options?: SelectOptions): Selected<C> | undefined {
  const selection = new Select<C>(cases, options)
  selection.state = SPENT
  return selection.poll() ? selection.take() : undefined
}

class Select<C extends Cases> extends SelectableOperation<Selected<C>> implements Waiter {
  readonly #cases: C
  readonly #operations: Selectable<unknown>[]
  readonly #isRandom: boolean
  #winner: Selectable<unknown> | null = null
  /** How many of them wait, from the first on. */
  #registered = 0

  constructor(cases: C, options: SelectOptions | undefined) {
    super()
    this.#cases = cases
    this.#isRandom = options?.order !== 'first'
    // Of exactly the size it needs: an array that grows has room for seventeen, and ten thousand polls wait in one each.
    const operations = Object.values(cases) as Selectable<unknown>[]
    let count = 0
    for (const operation of operations) {
      // A case that is switched off.
      if (operation === null) continue
      claim(operation)
      operations[count] = operation
      count += 1
    }
    operations.length = count
    this.#operations = operations
  }

  /** Of the coroutine that waits. */
  get scheduler(): Timekeeper | undefined {
    return this.waiter?.scheduler
  }

  poll(): boolean {
    const operations = this.#operations
    if (this.#isRandom && running.task?.scheduler.picksAmongReady === true)
      return this.#pollOfReady(running.task.scheduler)
    for (let index = 0; index < operations.length; index += 1) {
      if (this.#isRandom) this.#drawInto(index)
      const operation = operations[index] as Selectable<unknown>
      if (operation.poll()) {
        this.#winner = operation
        return true
      }
    }
    return false
  }

  isReady(): boolean {
    return this.#operations.some(mayBeReady)
  }

  override withdraw(waiter: Waiter): void {
    this.#letGo(null, waiter)
    super.withdraw(waiter)
  }

  /** Told by the case that has committed. */
  wake(winner: Selectable<unknown>): void {
    this.#letGo(winner, this.waiter)
    this.#winner = winner
    this.complete()
  }

  take(): Selected<C> {
    const winner = this.#winner as Selectable<unknown>
    if (winner instanceof OperationBase) winner.state = SPENT
    return { case: this.#nameOf(winner), value: winner.take() } as unknown as Selected<C>
  }

  describe(): string {
    // In the order in which they are written: the draw has shuffled the rest.
    const cases = Object.entries(this.#cases).filter(([, operation]) => operation !== null)
    return `select{ ${cases.map(([name, operation]) => `${name}: ${operation?.describe()}`).join(' | ')} }`
  }

  protected enlist(): void {
    for (const operation of this.#operations) {
      this.#registered += 1
      operation.register(this)
      if (this.waiter !== null) continue
      // While it registered, a case has committed, or the coroutine was cancelled: nothing must stay behind.
      if (operation !== this.#winner) operation.withdraw(this)
      return
    }
  }

  /**
   * Withdraw all but the winner, the last one first: a semaphore lets in those behind one that leaves, and would let in
   * another case of this very select.
   */
  #letGo(winner: Selectable<unknown> | null, waiter: Waiter | null): void {
    for (let index = this.#registered - 1; index >= 0; index -= 1) {
      const operation = this.#operations[index] as Selectable<unknown>
      if (operation !== winner) withdrawSafely(operation, this, waiter)
    }
  }

  #pollOfReady(scheduler: Timekeeper): boolean {
    const ready = this.#operations.filter(mayBeReady)
    while (ready.length > 0) {
      const [operation] = ready.splice(scheduler.random(ready.length), 1) as [Selectable<unknown>]
      if (!operation.poll()) continue
      this.#winner = operation
      return true
    }
    return false
  }

  /** One step of a Fisher–Yates shuffle: polling in a random order and taking the first that is ready is uniform. */
  #drawInto(index: number): void {
    const left = this.#operations.length - index
    if (left < 2) return
    const drawn = index + randomBelow(left)
    const operations = this.#operations
    const operation = operations[index] as Selectable<unknown>
    operations[index] = operations[drawn] as Selectable<unknown>
    operations[drawn] = operation
  }

  #nameOf(winner: Selectable<unknown>): string {
    const cases = this.#cases
    for (const name in cases) if (cases[name] === winner) return name
    throw new Error('unreachable: the winner is none of the cases')
  }
}

function claim(operation: Selectable<unknown> | undefined): void {
  if (operation instanceof OperationBase) operation.claim()
  else if (typeof operation?.poll !== 'function')
    throw new Misuse(
      'a case of select can be withdrawn, and this is none: a generator, a scope, nothing (that is null)',
    )
}

function mayBeReady(operation: Selectable<unknown>): boolean {
  return operation.isReady?.() ?? true
}

// Outside a coroutine, where only trySelect can be, there is no scheduler with a seed: there it goes in order.
function randomBelow(bound: number): number {
  return running.task === null ? 0 : running.task.scheduler.random(bound)
}
