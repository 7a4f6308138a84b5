// A tasklet is a microthread of Stackless Python, and counts itself among the runnable ones of its thread.
//
// Always true, between any two steps: a tasklet that can go on is counted once, and any other not at all.

import type { Operation } from '../../index.ts'
import { Misuse } from '../../index.ts'
import { Microthread } from '../microthread.ts'
import { MicrothreadOperation } from '../microthread-operation.ts'

/** Ends a tasklet without being a failure: what `kill` throws into it. */
export class TaskletExit extends Error {
  readonly code = 'TASKLET_EXIT'

  constructor(message = 'the tasklet was killed') {
    super(message)
    this.name = 'TaskletExit'
  }
}

/** Who keeps count of the tasklets that can run. */
export interface Runnables {
  count(change: 1 | -1): void
}

export class Tasklet extends Microthread {
  readonly #runnables: Runnables
  #isCounted = false

  /** Tasklets are made by `thread.tasklet(body)(…args)`. */
  constructor(runnables: Runnables, parent: Tasklet | null) {
    super(parent)
    this.#runnables = runnables
  }

  /** Whether it has not ended. */
  get isAlive(): boolean {
    return !this.hasEnded
  }

  /** Whether it waits in a channel. */
  get blocked(): boolean {
    return this.waitsOn instanceof BlockingOperation
  }

  /** Whether it is among the runnable ones or waits in a channel; one that waits for something of the core is not. */
  get scheduled(): boolean {
    return this.isAlive && (this.#isCounted || this.blocked)
  }

  get isMain(): boolean {
    return this.parent === null
  }

  /**
   * Throw `error` into it, out of the operation that it waits on, and go on behind it in the queue.
   *
   * A tasklet that has not begun never does. One that has just been handed a value takes it first: its next operation
   * throws. Into itself it is thrown at once.
   *
   * @throws Misuse if the tasklet is dead, unless `error` is a TaskletExit
   * @see Stackless Python documentation, "tasklet.throw"
   */
  raiseException(error: unknown): Operation<void> {
    return new Raise(this, error)
  }

  /** Throw a TaskletExit into it. Nothing happens to one that is dead. @see raiseException */
  kill(): Operation<void> {
    return new Raise(this, new TaskletExit())
  }

  override becameRunnable(): void {
    if (this.#isCounted) return
    this.#isCounted = true
    this.#runnables.count(1)
  }

  protected override stopped(): void {
    // A tasklet that only hands over stands in the run queue still.
    const canGoOn = this.isAlive && this.waitsOn === null && !this.isElsewhere
    if (canGoOn || !this.#isCounted) return
    this.#isCounted = false
    this.#runnables.count(-1)
  }

  protected isExit(error: unknown): boolean {
    return error instanceof TaskletExit
  }
}

/** An operation in which a tasklet counts as blocked. */
export abstract class BlockingOperation<T> extends MicrothreadOperation<T> {}

class Raise extends MicrothreadOperation<void> {
  readonly #tasklet: Tasklet
  readonly #error: unknown

  constructor(tasklet: Tasklet, error: unknown) {
    super()
    this.#tasklet = tasklet
    this.#error = error
  }

  describe(): string {
    return 'its turn after a throw'
  }

  protected attempt(): boolean {
    if (this.#tasklet.isAlive) return false
    if (this.#error instanceof TaskletExit) return true
    throw new Misuse('an exception was thrown into a tasklet that is dead: look at isAlive first')
  }

  protected wait(): void {
    this.#tasklet.throwInto(this.#error)
    this.complete()
  }

  protected retreat(): void {}

  protected outcome(): void {}
}
