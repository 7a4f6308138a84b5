// The default scheduler, on the default host, made when it is first needed.

import type { Coroutine } from './core/operation.ts'
import { Scheduler } from './core/scheduler.ts'
import type { Task } from './core/task-handle.ts'
import { keepShapes } from './shapes.ts'

let scheduler: Scheduler | undefined

/** Start a root coroutine on the default scheduler. @see Scheduler.run */
export function run<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): Task<T> {
  return defaultScheduler().run(body, ...args)
}

export function defaultScheduler(): Scheduler {
  if (scheduler === undefined) {
    keepShapes()
    scheduler = new Scheduler()
  }
  return scheduler
}
