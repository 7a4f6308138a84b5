// Memory that comes back: a server that has become quiet gives up what its last rush has left behind.
//
// V8 does that by itself, in its memory reducer, as soon as little is allocated: by JavaScript, and by what is around it.
// But a rate of nothing at all it takes for the highest of all (`ComputeMutatorUtilization`, V8 14), and in Node nothing is
// allocated around it for minutes on end. So nothing but its watchdog is left, which comes 100 s after the last full
// collection. A small object is enough to let it: a rate halves ten times a second, and needs more than a minute to become
// nothing. When V8 knows better, this file can go; its test tells what for. Once the reducer is done it waits for the next
// full collection: a rush too small to cause one is given back later, or with the next.
//
// It must not be let too soon. V8 looks at one moment, so the second between two bursts is quiet enough for it; and the
// reducer collects, with what nobody holds just then, the hidden classes of requests and replies, whereupon all code that
// was compiled for them is thrown away. The burst that follows runs at half its speed for two seconds, and fetches the
// pages of the young generation from the system again. For about a minute after it was let, V8 still goes on in such a
// second: there is no way to take back what it was shown.

import { performance } from 'node:perf_hooks'
import { Script } from 'node:vm'

const everyMs = 1_000
/** Of a second, while it is quiet: what timers and samples take, and a message now and then. */
const busyShare = 0.1
const quietSeconds = 4
/** Where it stays quiet: what is let go meanwhile is collected some time, and then there is something to give back again. */
const againSeconds = 120

export interface QuietMemoryOptions {
  /** The share of the time since the last call, or since the first, in which the event loop was busy. */
  readonly activeShare?: () => number
  /** Makes a small object that is not JavaScript's. */
  readonly allocate?: () => void
}

/** Let V8's memory reducer work whenever the process has been quiet for four seconds, as long as it lives. Options are for tests. */
export function letMemoryBeReduced({
  activeShare = activeShareOfLoop(),
  allocate = allocateBesideJavaScript,
}: QuietMemoryOptions = {}): void {
  let quiet = 0
  setInterval(() => {
    quiet = activeShare() < busyShare ? quiet + 1 : 0
    if (quiet % againSeconds === quietSeconds) allocate()
  }, everyMs).unref()
}

function activeShareOfLoop(): () => number {
  let last = performance.eventLoopUtilization()
  return () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    return utilization
  }
}

function allocateBesideJavaScript(): void {
  new Script('')
}
