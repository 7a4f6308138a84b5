// What is measured of each variant, and how large.

import type { Figures, Program, RoundsOptions } from './rounds.ts'
import { measureParked, measureTimes, playerOf } from './rounds.ts'
import type { Variant } from './variants.ts'

/** What one variant takes. */
export interface Price {
  readonly title: string
  /** Nanoseconds for each link. */
  readonly chain: Figures
  /** Nanoseconds for each round trip. */
  readonly pingPong: Figures
  /** Bytes for each coroutine that waits, with the channel that it waits on. */
  readonly parked: Figures
}

const chain: Program = { name: 'chain', size: 100_000, answer: 100_000 }
const pingPong: Program = { name: 'ping-pong', size: 100_000, answer: 200_000 }
const coroutines = 100_000

export async function measurePrices(variants: readonly Variant[], options: RoundsOptions): Promise<Price[]> {
  const players = variants.map(playerOf)
  const links = await measureTimes(chain, players, options)
  const trips = await measureTimes(pingPong, players, options)
  const bytes = await measureParked(coroutines, players, options)
  return variants.map(({ title }, at) => ({
    title,
    chain: links[at] ?? [],
    pingPong: trips[at] ?? [],
    parked: bytes[at] ?? [],
  }))
}
