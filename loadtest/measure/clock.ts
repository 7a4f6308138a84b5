// One clock for all processes of a load test: what a publisher stamps, a reader in another process can subtract.
//
// It is the monotonic clock of the machine, read anew each time. `performance.now()` counts from the start of its own process,
// and two readings to find out when that was can lie milliseconds apart on a busy machine: latencies below zero were seen.

import { hrtime } from 'node:process'

/** Now, in milliseconds since a moment that is the same for every process of this machine. */
export function nowMs(): number {
  return Number(hrtime.bigint()) / 1e6
}
