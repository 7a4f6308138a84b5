// Figures that scenarios make of what they have measured, and numbers as people read them.

import type { Use } from '../measure/meter.ts'
import type { Detail } from '../scenario.ts'

export function detail(label: string, value: number | undefined, unit: string): Detail {
  return { label, value, unit }
}

/** Undefined when one of the two is, or there is nothing to divide by. */
export function ratio(value: number | undefined, of: number | undefined): number | undefined {
  return value === undefined || of === undefined || of === 0 ? undefined : value / of
}

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

export function countText(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits that mean something, and no more behind the point than they need. */
export function figureText(value: number): string {
  if (Math.abs(value) >= 100) return countText(value)
  const digits = Math.abs(value) >= 10 ? 1 : 2
  return Number.isInteger(value) ? String(value) : value.toFixed(digits)
}

/** A share of one core. */
export function shareText(share: number | undefined): string {
  return share === undefined ? '–' : `${Math.round(share * 100)} %`
}
