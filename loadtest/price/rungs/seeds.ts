// One thing more: a choice between several operations, and an order of those who can run, both drawn from a seed.
//
// Whoever chooses stands in several lines at once. The one that meets somebody takes it out of all the others.

import type { Coroutine, Signal } from '../../../runtime/index.ts'
import { Random } from '../../../runtime/index.ts'
import type { Kit } from '../kit.ts'
import type { Task, Waiter, Waiting } from './cancel.ts'
import { queue, running } from './cancel.ts'
import { checkpoint, FairChannel, mayBegin, SlicingScheduler } from './slices.ts'
import type { OperationState } from './steps.ts'
import { done, FRESH, parkedResult } from './steps.ts'

export interface SeedOptions {
  readonly seed?: number
  readonly shuffles?: boolean
}

export const seeds = (options: SeedOptions = {}): Kit => ({
  channel: () => new FairChannel(),
  checkpoint,
  run: (main) => new SeededScheduler(options).run(main),
})

let random = new Random(1)

export class SeededScheduler extends SlicingScheduler {
  readonly #shuffles: boolean

  constructor({ seed = 1, shuffles = false }: SeedOptions = {}) {
    super()
    random = new Random(seed)
    this.#shuffles = shuffles
  }

  protected override next(): Task {
    if (this.#shuffles) queue.bringForward(random.below(queue.length))
    return super.next()
  }
}

/** Do one of `operations`, whichever can be done first, and give its place among them and its value. */
export function* choose(...operations: Waiting[]): Coroutine<{ readonly place: number; readonly value: number }> {
  const operation = yield* new Choice(operations)
  return { place: operations.indexOf(operation), value: operation.value }
}

class Choice implements Waiter {
  state: OperationState = FRESH
  readonly #operations: readonly Waiting[]
  #task: Task | null = null
  #winner: Waiting | null = null

  constructor(operations: readonly Waiting[]) {
    this.#operations = operations
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, Waiting> {
    if (this.#winner !== null) return done(this.#winner)
    if (!mayBegin(this)) return parkedResult
    const ready = this.#inAnyOrder().find((operation) => operation.poll())
    if (ready !== undefined) return done(ready)
    this.#task = running.task as Task
    this.#task.operation = this
    for (const operation of this.#operations) operation.standInLine(this)
    return parkedResult
  }

  wake(winner: Waiting): void {
    this.#winner = winner
    this.unlink()
    this.#task?.wake()
  }

  unlink(): void {
    for (const operation of this.#operations) operation.unlink()
  }

  /** Each order is as likely as any other. */
  #inAnyOrder(): Waiting[] {
    const left = [...this.#operations]
    return this.#operations.map(() => left.splice(random.below(left.length), 1)[0] as Waiting)
  }
}
