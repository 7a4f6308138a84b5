// Plots as data: what the page draws, and the JSON keeps.

import { histogramOf } from '../measure/histogram.ts'
import type { Latencies, PercentileCurve } from '../measure/latencies.ts'
import type { Samples } from '../measure/meter.ts'

export interface Plot {
  readonly title: string
  readonly kind: 'lines' | 'bars'
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

interface Axis {
  readonly label: string
  /** What stands behind a value, such as ms. */
  readonly unit: string
  /** `nines` writes 0, 1, 2 as 0 %, 90 %, 99 %; `logarithmic` gives each power of ten the same room. */
  readonly scale: 'linear' | 'logarithmic' | 'nines'
  /** Whole numbers only. */
  readonly isCount?: boolean
  /** What stands at 1, 2, 3 … in place of the numbers: bars of things that have no order. */
  readonly names?: readonly string[]
}

interface Series {
  readonly label: string
  readonly x: readonly number[]
  readonly y: readonly number[]
}

const bins = 40

/** Latency at each percentile, a line for each of `all`. */
export function latencyCurve(title: string, all: Readonly<Record<string, Latencies>>): Plot {
  const series = Object.entries(all).map(([label, latencies]) => seriesOf(label, latencies.curve()))
  return {
    title,
    kind: 'lines',
    x: { label: 'percentile', unit: '%', scale: 'nines' },
    y: { label: 'latency', unit: 'ms', scale: 'logarithmic' },
    series,
  }
}

/** How many replies came in each moment after the publish. */
export function arrivals(title: string, latencies: readonly number[]): Plot {
  const { starts, counts, width } = histogramOf(latencies, bins)
  return {
    title,
    kind: 'bars',
    x: { label: 'after the publish', unit: 'ms', scale: 'linear' },
    y: { label: `replies in each ${width} ms`, unit: '', scale: 'linear' },
    series: [{ label: 'replies', x: starts.map((start) => start + width / 2), y: counts }],
  }
}

/** One bar for each of `all` that could be measured. */
export function namedBars(title: string, unit: string, all: ReadonlyMap<string, number | undefined>): Plot {
  const measured = [...all].filter((entry): entry is [string, number] => entry[1] !== undefined)
  const names = measured.map(([name]) => name)
  return {
    title,
    kind: 'bars',
    x: { label: 'server', unit: '', scale: 'linear', names },
    y: { label: 'measured', unit, scale: 'linear' },
    series: [{ label: 'measured', x: names.map((_, at) => at + 1), y: measured.map(([, value]) => value) }],
  }
}

/** CPU and memory over time; none where they could not be read. */
export function cpuAndMemory({ seconds, serverShare, generatorShare, residentMegabytes }: Samples): Plot[] {
  if (seconds.length < 2) return []
  const x: Axis = { label: 'since the server started', unit: 's', scale: 'linear' }
  const percent = (shares: readonly number[]) => shares.map((share) => share * 100)
  return [
    {
      title: 'Processor time, in percent of one core',
      kind: 'lines',
      x,
      y: { label: 'of one core', unit: '%', scale: 'linear' },
      series: [
        { label: 'server, all threads', x: seconds, y: percent(serverShare) },
        { label: 'busiest generator thread', x: seconds, y: percent(generatorShare) },
      ],
    },
    {
      title: 'Memory of the server (VmRSS)',
      kind: 'lines',
      x,
      y: { label: 'resident', unit: 'MiB', scale: 'linear' },
      series: [{ label: 'server', x: seconds, y: residentMegabytes }],
    },
  ]
}

function seriesOf(label: string, { nines, milliseconds }: PercentileCurve): Series {
  return { label, x: nines, y: milliseconds }
}
