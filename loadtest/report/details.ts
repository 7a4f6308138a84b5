// Figures that scenarios make of what they have measured.

import type { Use } from '../measure/meter.ts'

/** Server CPU for each of `count` operations, in microseconds; undefined where CPU could not be read. */
export function cpuEach({ server }: Use, count: number): number | undefined {
  return server && count > 0 ? (server.cpuMs * 1_000) / count : undefined
}

/** The middle one, the lower of two; undefined when one of them is, or there are none. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  if (values.includes(undefined)) return undefined
  const sorted = (values as number[]).toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}
