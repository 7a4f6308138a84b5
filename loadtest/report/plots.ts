// Plots as data: what the page draws, and the JSON keeps.

import type { Latencies } from '../measure/latencies.ts'
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

type Named<Value> = Iterable<readonly [name: string, value: Value]>

const bins = 40
const roundSteps = [1, 2, 5, 10]
/** Finer bins would tell noise apart, and have no number that is round. */
const narrowest = 1e-6

/** A line for each of `all`, through those of its points that have a value. */
export function linesOf(
  title: string,
  x: Axis,
  y: Axis,
  all: Named<readonly (readonly [x: number, y: number | undefined])[]>,
): Plot {
  const series = [...all].map(([label, points]) => {
    const known = points.filter((point): point is [number, number] => point[1] !== undefined)
    return { label, x: known.map(([x]) => x), y: known.map(([, y]) => y) }
  })
  return { title, kind: 'lines', x, y, series }
}

/** Latency at each percentile, a line for each of `all`. */
export function latencyCurve(title: string, all: Named<Latencies>): Plot {
  const x: Axis = { label: 'percentile', unit: '%', scale: 'nines' }
  const y: Axis = { label: 'latency', unit: 'ms', scale: 'logarithmic' }
  const curves = [...all].map(([label, latencies]) => {
    const { nines, milliseconds } = latencies.curve()
    return { label, x: nines, y: milliseconds }
  })
  return { title, kind: 'lines', x, y, series: curves }
}

/** How many replies came in each moment after the publish. */
export function arrivals(title: string, latencies: readonly number[]): Plot {
  const { starts, counts, width } = histogramOf(latencies, bins)
  const x: Axis = { label: 'after the publish', unit: 'ms', scale: 'linear' }
  const y: Axis = { label: `replies in each ${width} ms`, unit: '', scale: 'linear' }
  const series = [{ label: 'replies', x: starts.map((start) => start + width / 2), y: counts }]
  return { title, kind: 'bars', x, y, series }
}

/** Count `values` into at most `bins` bins from 0 on, whose width is a round number. The counts add up to the number of values. */
export function histogramOf(values: readonly number[], bins: number) {
  const largest = values.reduce((most, value) => Math.max(most, value), 0)
  const least = Math.max(largest / bins, narrowest)
  const power = 10 ** Math.floor(Math.log10(least))
  // Above `least`, so that the last value has a bin as well.
  const width = (roundSteps.find((step) => step * power > least) ?? 10) * power
  const counts = new Array<number>(Math.floor(largest / width) + 1).fill(0)
  for (const value of values) counts[Math.max(0, Math.floor(value / width))]! += 1
  return { starts: counts.map((_, bin) => bin * width), counts, width }
}

/** One bar for each of `all` that could be measured. */
export function namedBars(title: string, unit: string, all: Named<number | undefined>): Plot {
  const measured = [...all].filter((entry): entry is [string, number] => entry[1] !== undefined)
  const names = measured.map(([name]) => name)
  const series = [{ label: 'measured', x: names.map((_, at) => at + 1), y: measured.map(([, value]) => value) }]
  const x: Axis = { label: 'server', unit: '', scale: 'linear', names }
  return { title, kind: 'bars', x, y: { label: 'measured', unit, scale: 'linear' }, series }
}

/** None where there is only one. */
export function barsOfPeers(title: string, unit: string, all: Named<number | undefined>): Plot[] {
  return [...all].length > 1 ? [namedBars(title, unit, all)] : []
}

/** CPU and memory over time; none where they could not be read. */
export function cpuAndMemory({ seconds, serverShare, generatorShare, residentMegabytes }: Samples): Plot[] {
  if (seconds.length < 2) return []
  const x: Axis = { label: 'since the server started', unit: 's', scale: 'linear' }
  const percent = (shares: readonly number[]) => shares.map((share) => share * 100)
  const shares = [
    { label: 'server, all threads', x: seconds, y: percent(serverShare) },
    { label: 'busiest generator thread', x: seconds, y: percent(generatorShare) },
  ]
  const memory = [{ label: 'server', x: seconds, y: residentMegabytes }]
  const ofCore: Axis = { label: 'of one core', unit: '%', scale: 'linear' }
  const resident: Axis = { label: 'resident', unit: 'MiB', scale: 'linear' }
  return [
    { title: 'Processor time, in percent of one core', kind: 'lines', x, y: ofCore, series: shares },
    { title: 'Memory of the server (VmRSS)', kind: 'lines', x, y: resident, series: memory },
  ]
}
