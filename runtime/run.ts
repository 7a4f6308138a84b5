// The default scheduler, on the default host, made when it is first needed.

import type { Coroutine } from './operation.ts'
import { Scheduler } from './scheduler.ts'
import type { Task } from './task.ts'

let scheduler: Scheduler | undefined

/** Start a root coroutine on the default scheduler. @see Scheduler.run */
export function run<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): Task<T> {
  return defaultScheduler().run(body, ...args)
}

export function defaultScheduler(): Scheduler {
  scheduler ??= new Scheduler()
  return scheduler
}
