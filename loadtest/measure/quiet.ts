// When a server has nothing left to do. Peers have no statistics that say how many polls wait; that every request has been
// read and parked shows in that neither the server nor the generator does anything any more.

import type { Ground, Stage } from '../scenario.ts'
import { pause } from '../scenario.ts'

const windowMs = 100
/** Of one core, of the server all threads: what a runtime does of its own accord, and what looking at it costs. */
const quietShare = 0.06
const quietWindows = 2
/** Where there is no /proc. */
const blindMs = 3_000

/** @throws Error when it is still busy after `timeoutMs`, or the scenario is over */
export async function untilQuiet(
  { signal }: Pick<Stage, 'signal'>,
  { meter }: Pick<Ground, 'meter'>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (let quiet = 0; quiet < quietWindows; ) {
    const stretch = meter.begin()
    await pause(windowMs)
    signal.throwIfAborted()
    const { server, generator } = stretch.end()
    if (server === undefined || generator === undefined) return pause(blindMs)
    quiet = Math.max(server.cpuShare, generator.busiestThreadShare / 2) < quietShare ? quiet + 1 : 0
    if (performance.now() > deadline) throw new Error(`the server is still busy after ${timeoutMs / 1_000} s`)
  }
}
