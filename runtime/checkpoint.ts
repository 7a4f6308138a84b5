// Checkpoint: the courtesy of a coroutine that works for long without waiting for anything.

import type { Operation, OperationState, Signal } from './core/operation.ts'
import { currentTask, done, enter, FRESH, HELD, parkedResult, running, SPENT } from './core/operation.ts'

/**
 * A cancel point that hands over to the host when the slice is spent; the caller is the first to go on afterwards.
 *
 * So neither the order of coroutines nor their counters depend on how fast the machine is.
 */
export function checkpoint(): Operation<void> {
  return new Checkpoint()
}

class Checkpoint implements Operation<void> {
  state: OperationState = FRESH

  constructor() {
    if (running.audit !== null) running.audit.created(this)
  }

  describe(): string {
    return 'a checkpoint'
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, void> {
    const task = currentTask()
    if (this.state === FRESH && !task.isCancelled && task.scheduler.isSliceSpent()) {
      this.state = HELD
      task.handOverFirst()
      return parkedResult
    }
    if (this.state === FRESH && !task.isCancelled) running.budget += 1 // a checkpoint is free: enter takes one
    if (!enter(this.state)) {
      if (this.state === FRESH) this.state = HELD
      return parkedResult
    }
    this.state = SPENT
    return done(undefined)
  }
}
