// Memory that comes back: a server that has become quiet gives up what its last rush has left behind.
//
// V8 does that by itself, in its memory reducer, as soon as little is allocated: by JavaScript, and by what is around it.
// But a rate of nothing at all it takes for the highest of all (`ComputeMutatorUtilization`, V8 14), and in Node nothing is
// allocated around it for minutes on end, so that it never happens. One small object now and then is enough: the rate that
// it leaves halves ten times a second, and so needs more than a minute to become nothing.

import { Script } from 'node:vm'

const everyMs = 30_000

/** Keep V8's memory reducer working, as long as the process lives. */
export function letMemoryBeReduced(): void {
  allocateBesideJavaScript()
  setInterval(allocateBesideJavaScript, everyMs).unref()
}

function allocateBesideJavaScript(): void {
  new Script('')
}
