// How a test waits for what comes by itself.

import { setTimeout as rest, setImmediate as turn } from 'node:timers/promises'

const deadlineMs = 60_000
/** What one process does by itself, with sockets of its own too, is mostly done within this time. */
const restlessMs = 20
const longestRestMs = 10

/**
 * Let the event loop go round until something is so, and look after each turn.
 *
 * What is not so after 20 ms waits for the clock or for another process, a browser say. To ask without a pause would take the
 * processor from that process, so there are pauses from then on: of a twentieth of the time waited, and of 10 ms at most.
 *
 * Gives up after a time that no healthy server needs.
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const begunMs = performance.now()
  while (!(await isSo())) {
    const waitedMs = performance.now() - begunMs
    if (waitedMs > deadlineMs) throw new Error(`it never came to this: ${what}`)
    await (waitedMs < restlessMs ? turn() : rest(Math.min(longestRestMs, Math.ceil(waitedMs / 20))))
  }
}
