// One thing more: whoever runs or waits can be stopped.
//
// A task knows the operation that it waits on, and that can be withdrawn from anywhere in its line: so lines are doubly linked.
// Every operation asks whether it is to stop. The task that is stopped learns of it by an error, and may clean up.

import { RunQueue } from '../../../runtime/core/run-queue.ts'
import { LinkBase, WaitList } from '../../../runtime/core/wait-list.ts'
import type { Coroutine, Signal } from '../../../runtime/index.ts'
import { Cancelled } from '../../../runtime/index.ts'
import type { Family, Kit } from '../kit.ts'
import type { OperationState } from './steps.ts'
import { checkpoint, done, FRESH, PARKED, parkedResult, READY, resume } from './steps.ts'

export const queue = new RunQueue<Task>()
export const running: { task: Task | null } = { task: null }

export const cancel = (): Kit => ({
  channel: () => new Channel(),
  checkpoint,
  run: (main) => new Scheduler().run(main),
})

export class Task extends LinkBase {
  declare readonly generator: Coroutine<unknown>
  /** What it waits on; it leaves its line by `unlink`. */
  declare operation: { unlink(): void } | null
  declare isCancelled: boolean

  constructor(generator: Coroutine<unknown>) {
    super()
    this.generator = generator
    this.operation = null
    this.isCancelled = false
  }

  cancel(): void {
    this.stop()
  }

  /** Stop it alone. */
  stop(): void {
    this.isCancelled = true
    if (this.operation === null) return
    this.operation.unlink()
    this.wake()
  }

  wake(): void {
    this.operation = null
    queue.push(this)
  }
}

/** What is done to tasks; one for each run. */
export class Scheduler {
  protected first: Task | null = null
  protected answer: number | undefined
  protected failure: { readonly error: unknown } | null = null

  async run(main: (family: Family) => Coroutine<number>): Promise<number> {
    this.first = this.spawnFirst(main)
    await this.drain()
    if (this.failure !== null) throw this.failure.error
    if (this.answer === undefined) throw new Error('everybody waits')
    return this.answer
  }

  spawn<Args extends unknown[]>(body: (...args: Args) => Coroutine<void>, ...args: Args): Task {
    const task = new Task(body(...args))
    queue.push(task)
    return task
  }

  protected spawnFirst(main: (family: Family) => Coroutine<number>): Task {
    const task = new Task(main(this))
    queue.push(task)
    return task
  }

  protected drain(): Promise<void> | void {
    for (let task = queue.shift(); task !== undefined; task = queue.shift()) this.step(task)
  }

  protected step(task: Task): void {
    running.task = task
    let result: IteratorResult<unknown, unknown>
    try {
      result = resume(task.generator)
    } catch (error) {
      this.threw(task, error)
      return
    }
    if (result.done === true) this.returned(task, result.value)
  }

  protected returned(task: Task, value: unknown): void {
    if (task === this.first) this.answer = value as number
  }

  protected threw(task: Task, error: unknown): void {
    if (!(task.isCancelled && error instanceof Cancelled)) this.failure ??= { error }
  }
}

/** It is the head of the line of those who wait on it; senders and receivers never both do. */
export class Channel extends WaitList<Waiting> {
  send(value: number): Send {
    return new Send(this, value)
  }

  receive(): Receive {
    return new Receive(this)
  }
}

// Each sets its fields itself, and has a `next` of its own: one that both shared would see two shapes.

/** Who waits for an operation. */
export interface Waiter {
  wake(operation: Waiting): void
}

export abstract class Waiting extends LinkBase {
  declare state: OperationState
  declare waiter: Waiter | null
  declare value: number
  declare channel: Channel;

  [Symbol.iterator](): this {
    return this
  }

  /** False: not now, come back. @throws Cancelled */
  mayBegin(): boolean {
    if (running.task?.isCancelled) throw new Cancelled()
    return true
  }

  /** Meet who waits on the other side, if there is anybody. */
  abstract poll(): boolean

  standInLine(waiter: Waiter): void {
    this.state = PARKED
    this.waiter = waiter
    this.channel.add(this)
  }

  complete(): void {
    const { waiter } = this
    this.state = READY
    this.waiter = null
    waiter?.wake(this)
  }

  protected park(): IteratorYieldResult<Signal> {
    const task = running.task as Task
    task.operation = this
    this.standInLine(task)
    return parkedResult
  }
}

export class Send extends Waiting {
  constructor(channel: Channel, value: number) {
    super()
    this.ahead = null
    this.behind = null
    this.state = FRESH
    this.waiter = null
    this.value = value
    this.channel = channel
  }

  next(): IteratorResult<Signal, void> {
    if (this.state === READY) return done(undefined)
    if (!this.mayBegin()) return parkedResult
    return this.poll() ? done(undefined) : this.park()
  }

  poll(): boolean {
    const { first } = this.channel
    if (!(first instanceof Receive)) return false
    this.channel.shift()
    first.value = this.value
    first.complete()
    return true
  }
}

export class Receive extends Waiting {
  constructor(channel: Channel) {
    super()
    this.ahead = null
    this.behind = null
    this.state = FRESH
    this.waiter = null
    this.value = 0
    this.channel = channel
  }

  next(): IteratorResult<Signal, number> {
    if (this.state === READY) return done(this.value)
    if (!this.mayBegin()) return parkedResult
    return this.poll() ? done(this.value) : this.park()
  }

  poll(): boolean {
    const { first } = this.channel
    if (!(first instanceof Send)) return false
    this.channel.shift()
    this.value = first.value
    first.complete()
    return true
  }
}
