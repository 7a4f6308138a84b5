// Memory that comes back: a server that has become quiet gives up what its last rush has left behind.
//
// V8 does that by itself, in its memory reducer, as soon as little is allocated: by JavaScript, and by what is around it.
// But a rate of nothing at all it takes for the highest of all (`ComputeMutatorUtilization`, V8 14), and in Node nothing is
// allocated around it for minutes on end. So nothing but its watchdog is left, which comes 100 s after the last full
// collection. A small object now and then is enough: a rate halves ten times a second, and needs more than a minute to
// become nothing. When V8 knows better, this file can go; its test tells what for. Once the reducer is done it waits for the
// next full collection: a rush too small to cause one is given back later, or with the next.

import { Script } from 'node:vm'

const everyMs = 30_000

/** Keep V8's memory reducer working, as long as the process lives. `allocate` is for tests. */
export function letMemoryBeReduced(allocate: () => void = allocateBesideJavaScript): void {
  allocate()
  setInterval(allocate, everyMs).unref()
}

function allocateBesideJavaScript(): void {
  new Script('')
}
