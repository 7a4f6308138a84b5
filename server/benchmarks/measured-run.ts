// One run of a workload, on a scheduler of its own, measured.
//
// Always true:
//   - the clock stops when the program ends, not when the coroutine that waits for it is resumed;
//   - the program is looked at only between two of its slices: nothing is measured inside;
//   - cancelled or not, the run's coroutines have ended when `measuredRun` has.

import process from 'node:process'
import { getHeapStatistics } from 'node:v8'
import type { Coroutine, Host, Task } from '../../runtime/index.ts'
import { Scheduler, shield, until } from '../../runtime/index.ts'
import type { Resources } from './resources.ts'
import { readResources, resourcesBetween } from './resources.ts'
import type { Outcome, Workload } from './workload.ts'

export interface MeasuredRun {
  readonly resources: Resources
  readonly outcome: Outcome
  /** The most memory between two slices, less that before the run; with garbage, which nobody collects here. */
  readonly peakBytes: number
}

export interface MeasuredRunOptions {
  readonly host: Host
  /** How long the program may hold the host. Default: the scheduler's. */
  readonly sliceMs?: number
  /** Called after every slice. It must not throw: it is called by the host, and nobody would catch it. */
  readonly onSlice?: (scheduler: Scheduler) => void
}

/**
 * Run a workload to its end, in slices that alternate with whoever else shares the host.
 *
 * Cancelling cancels the run and waits until it is gone.
 *
 * @throws BrokenInvariant, and what the program throws
 */
export function* measuredRun(workload: Workload, options: MeasuredRunOptions): Coroutine<MeasuredRun> {
  const { host, sliceMs, onSlice } = options
  const memoryUsed = workload.memory === 'heap' ? heapUsed : () => process.memoryUsage.rss()
  const memoryBefore = memoryUsed()
  let memoryPeak = memoryBefore
  const afterSlice = () => {
    memoryPeak = Math.max(memoryPeak, memoryUsed())
    onSlice?.(scheduler)
  }
  const ownHost = lookingHost(host, afterSlice)
  const scheduler = new Scheduler({ host: ownHost, deadlock: 'reject', ...(sliceMs === undefined ? {} : { sliceMs }) })

  const before = readResources()
  const task = scheduler.run(workload.body)
  const ended = task.promise.then((conclude) => ({ conclude, after: readResources() }))
  // Cancelled before it ever waited for it, nobody else would look at this promise.
  ended.catch(() => {})
  const { conclude, after } = yield* untilEnded(task, ended)
  return {
    resources: resourcesBetween(before, after),
    outcome: conclude(scheduler.statistics()),
    peakBytes: memoryPeak - memoryBefore,
  }
}

function* untilEnded<T>(task: Task<unknown>, ended: Promise<T>): Coroutine<T> {
  try {
    return yield* until(ended)
  } finally {
    if (!hasEnded(task)) yield* shield(() => cancelled(task))
  }
}

function* cancelled(task: Task<unknown>): Coroutine<void> {
  task.cancel('the benchmark was cancelled')
  yield* until(task.promise.catch(() => {}))
}

function hasEnded({ status }: Task<unknown>): boolean {
  return status === 'done' || status === 'failed' || status === 'cancelled'
}

/** The same host, with a look after every slice that it is asked to call. */
function lookingHost(host: Host, look: () => void): Host {
  const andLook = (callback: () => void) => () => {
    callback()
    look()
  }
  return {
    now: () => host.now(),
    soon: (callback) => host.soon(andLook(callback)),
    later: (callback) => host.later(andLook(callback)),
    setTimer: (callback, delayMs) => host.setTimer(andLook(callback), delayMs),
    report: (error) => host.report(error),
    ...(host.sliceResumes === undefined ? {} : { sliceResumes: host.sliceResumes }),
  }
}

/** Half a microsecond; `process.memoryUsage()` is twenty times slower, because it asks the operating system too. */
export function heapUsed(): number {
  return getHeapStatistics().used_heap_size
}
