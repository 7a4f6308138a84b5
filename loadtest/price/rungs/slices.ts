// One thing more: the host gets its turn, and so does everybody else.
//
// Whoever runs ends its turn when it has begun so many operations without waiting for one; and the slice ends after so many
// milliseconds, looked at now and then, and goes on in a macrotask. One comparison on entry stands for this and for cancel:
// the budget of the cancelled is spent.

import type { Coroutine, Operation, Signal } from '../../../runtime/index.ts'
import { Cancelled } from '../../../runtime/index.ts'
import type { Kit } from '../kit.ts'
import type { Task } from './cancel.ts'
import { queue, Receive, running, Send } from './cancel.ts'
import type { OwnedTask } from './scopes.ts'
import type { Named } from './statistics.ts'
import { CountingScheduler, KnownTask, NamedChannel } from './statistics.ts'
import type { OperationState } from './steps.ts'
import { done, FRESH, HELD, parkedResult } from './steps.ts'

export const slices = (): Kit => ({
  channel: () => new FairChannel(),
  checkpoint,
  run: (main) => new SlicingScheduler().run(main),
})

const fullAllowance = 128
const sliceMs = 5

/** Of the slice that runs: when it ends, whether it has to, and how many more operations its coroutine may begin. */
const slice = { end: 0, isOver: false, budget: 0 }

export class FairTask extends KnownTask {
  declare allowance: number

  constructor(id: number, body: Named, generator: Coroutine<unknown>, parent: OwnedTask | null) {
    super(id, body, generator, parent)
    this.allowance = this.isCancelled ? 0 : fullAllowance
  }

  override stop(): void {
    super.stop()
    this.allowance = 0
    if (this === running.task) slice.budget = 0
  }
}

/** What begins: it is `HELD` while its coroutine stands in the run queue to come back for it. */
export function mayBegin(operation: { state: OperationState }): boolean {
  if (operation.state === FRESH && slice.budget > 0) {
    slice.budget -= 1
    return true
  }
  const task = running.task as Task
  if (task.isCancelled) throw new Cancelled()
  if (operation.state === HELD) return true
  operation.state = HELD
  queue.push(task)
  return false
}

export class FairSend extends Send {
  override mayBegin(): boolean {
    return mayBegin(this)
  }
}

export class FairReceive extends Receive {
  override mayBegin(): boolean {
    return mayBegin(this)
  }
}

export class FairChannel extends NamedChannel {
  override send(value: number): Send {
    return new FairSend(this, value)
  }

  override receive(): Receive {
    return new FairReceive(this)
  }
}

export class SlicingScheduler extends CountingScheduler {
  protected override make(id: number, body: Named, generator: Coroutine<unknown>, parent: FairTask | null): FairTask {
    return new FairTask(id, body, generator, parent)
  }

  protected override async drain(): Promise<void> {
    while (queue.length > 0) {
      this.beginSlice(performance.now())
      while (queue.length > 0 && !slice.isOver) this.step(this.next())
      if (queue.length > 0) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  protected next(): Task {
    return queue.shift() as Task
  }

  protected override step(task: Task): void {
    slice.budget = (task as FairTask).allowance
    super.step(task)
  }

  protected override look(now: number): void {
    super.look(now)
    if (now >= slice.end) slice.isOver = true
  }

  private beginSlice(now: number): void {
    this.look(now)
    slice.end = now + sliceMs
    slice.isOver = false
  }
}

/** Let the host have its turn when it is due, and go on first afterwards. */
export function checkpoint(): Operation<void> {
  return new Checkpoint()
}

class Checkpoint {
  #isHeld = false;

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, void> {
    const task = running.task as Task
    if (task.isCancelled) throw new Cancelled()
    if (this.#isHeld || performance.now() < slice.end) return done(undefined)
    this.#isHeld = true
    slice.isOver = true
    queue.unshift(task)
    return parkedResult
  }
}
