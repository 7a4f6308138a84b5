// What the process has used between two moments, as `time` prints it.
//
// The figures are the process's: on a server they include what else was done meanwhile.

import { performance } from 'node:perf_hooks'
import process from 'node:process'

/** Times in milliseconds; faults and swaps as the operating system counts them. */
export interface Resources {
  readonly wallMs: number
  readonly userMs: number
  readonly systemMs: number
  /** User and system time per wall time: above 100 when other threads (the collector's) worked too. */
  readonly cpuPercent: number
  readonly majorFaults: number
  readonly minorFaults: number
  readonly swaps: number
}

export interface Usage {
  readonly wallMs: number
  readonly usage: NodeJS.ResourceUsage
}

export function readResources(): Usage {
  return { wallMs: performance.now(), usage: process.resourceUsage() }
}

export function resourcesBetween(before: Usage, after: Usage): Resources {
  const wallMs = after.wallMs - before.wallMs
  const userMs = (after.usage.userCPUTime - before.usage.userCPUTime) / 1000
  const systemMs = (after.usage.systemCPUTime - before.usage.systemCPUTime) / 1000
  return {
    wallMs: rounded(wallMs),
    userMs: rounded(userMs),
    systemMs: rounded(systemMs),
    cpuPercent: wallMs > 0 ? Math.round((100 * (userMs + systemMs)) / wallMs) : 0,
    majorFaults: after.usage.majorPageFault - before.usage.majorPageFault,
    minorFaults: after.usage.minorPageFault - before.usage.minorPageFault,
    swaps: after.usage.swappedOut - before.usage.swappedOut,
  }
}

/** Microseconds are as fine as the operating system counts. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
