// What was measured of one system at one workload: every run, not only their middle.

import type { SystemName } from './systems.ts'

/**
 * How runs follow each other. `back to back` leaves garbage to whoever comes next, as a busy process does; with `collected`
 * each system collects its own before each run, outside of the time; `first` is the first run of a fresh process.
 */
export type Protocol = 'back to back' | 'collected' | 'first'

export interface Measured {
  readonly workload: string
  readonly system: SystemName
  readonly protocol: Protocol
  /** Wall time of one run of the program in milliseconds, for each round; none for a round that was left out. */
  readonly ms: readonly (number | undefined)[]
  /** How often the program was played for one such figure, one after the other. */
  readonly times: number
  /** The most memory that the process has had, with whatever garbage there was. */
  readonly peakBytes: number | undefined
  /** Why there are fewer rounds than wanted. */
  readonly stopped: string | undefined
}

/** Live bytes for each coroutine that waits on a channel of its own, channel included, each time in a fresh process. */
export interface MeasuredMemory {
  readonly workload: string
  readonly system: SystemName
  readonly bytesEach: readonly number[]
  readonly stopped: string | undefined
}

export interface Spread {
  readonly runs: number
  readonly median: number
  readonly least: number
  readonly most: number
  /** A quarter of them is below the first, a quarter above the second. */
  readonly quartiles: readonly [number, number]
}

/** Undefined of nothing. */
export function spreadOf(values: readonly (number | undefined)[]): Spread | undefined {
  const sorted = values.filter((value) => value !== undefined).sort((a, b) => a - b)
  if (sorted.length === 0) return undefined
  const at = (share: number) => quantile(sorted, share)
  return { runs: sorted.length, median: at(0.5), least: at(0), most: at(1), quartiles: [at(0.25), at(0.75)] }
}

/** What a peer took, as a multiple of what was taken here, round by round: what slowed one slowed the other. */
export function ratiosOf(peer: Measured, ours: Measured): (number | undefined)[] {
  return peer.ms.map((ms, round) => {
    const own = ours.ms[round]
    return ms === undefined || own === undefined ? undefined : ms / own
  })
}

/** Between two values on a straight line. */
function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1)
  const below = sorted[Math.floor(place)] as number
  const above = sorted[Math.ceil(place)] as number
  return below + (above - below) * (place - Math.floor(place))
}
