// Figures that scenarios make of what they have measured.

import type { Use } from '../measure/meter.ts'
import type { Detail } from '../scenario.ts'

/** Server CPU for each of `count` operations, in microseconds; undefined where CPU could not be read. */
export function perOperation(
  label: string,
  { server }: Use,
  count: number,
): Detail & { readonly value: number | undefined } {
  return { label, value: server && count > 0 ? (server.cpuMs * 1_000) / count : undefined, unit: 'µs' }
}

/** The middle one, the lower of two; undefined when one of them is, or there are none. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  if (values.includes(undefined)) return undefined
  const sorted = (values as number[]).toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}
