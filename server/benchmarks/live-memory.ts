// What coroutines take while they are all alive, after a collection: for the terminal, where a forced collection
// disturbs nobody.
//
// Memory gets a run of its own that nobody times: collecting a heap full of coroutines takes longer than running them.

import type { Coroutine, Host, Scheduler } from '../../runtime/index.ts'
import { sleep } from '../../runtime/index.ts'
import { heapUsed, measuredRun } from './measured-run.ts'
import type { BenchmarkRequest } from './request.ts'
import { workloadOf } from './workload.ts'

export interface LiveMemory {
  /** With all but a few of the coroutines parked; undefined when there are too few of them to be caught at it. */
  readonly aliveBytes: number | undefined
  readonly perCoroutineBytes: number | undefined
  /** After the run. */
  readonly leftBytes: number
}

/** A slice is this many resumes long when it is as short as it can be: so many may not have parked, or have ended. */
const fewCoroutines = 64

// V8 compiles beside the program, and until it is done holds on to what the function that it compiles was called with.
const compiler = { stepMs: 50, longestMs: 2_000, noiseBytes: 250_000 }

/** Run the program of `request` once more and measure its memory, less that before. */
export function* measureLiveMemory(
  request: BenchmarkRequest,
  { host, collect }: { readonly host: Host; readonly collect: () => void },
): Coroutine<LiveMemory> {
  const workload = workloadOf(request)
  let aliveBytes: number | undefined
  const onSlice = (scheduler: Scheduler) => {
    if (aliveBytes !== undefined || workload.coroutines < 2 * fewCoroutines) return
    if (scheduler.statistics().parked < workload.coroutines - fewCoroutines) return
    collect()
    aliveBytes = heapUsed() - heapBefore
  }
  collect()
  const heapBefore = heapUsed()
  yield* measuredRun(workload, { host, sliceMs: 0, onSlice })
  const leftBytes = yield* bytesLeft(collect, heapBefore)
  const perCoroutineBytes = aliveBytes === undefined ? undefined : Math.round(aliveBytes / workload.coroutines)
  return { aliveBytes, perCoroutineBytes, leftBytes }
}

/** What is left once nothing is held for a while only. */
function* bytesLeft(collect: () => void, heapBefore: number): Coroutine<number> {
  for (let waitedMs = 0; ; waitedMs += compiler.stepMs) {
    collect()
    const left = heapUsed() - heapBefore
    if (left < compiler.noiseBytes || waitedMs >= compiler.longestMs) return left
    yield* sleep(compiler.stepMs)
  }
}
