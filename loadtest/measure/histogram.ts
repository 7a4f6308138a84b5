// How often values fall into bins of one width.

export interface Histogram {
  /** Where each bin begins. */
  readonly starts: readonly number[]
  readonly counts: readonly number[]
  readonly width: number
}

const roundSteps = [1, 2, 5]
/** Finer bins would tell noise apart, and have no number that is round. */
const narrowest = 1e-6

/** Count `values` into at most `bins` bins from 0 on, whose width is a round number. The counts add up to the number of values. */
export function histogramOf(values: readonly number[], bins: number): Histogram {
  const largest = values.reduce((most, value) => Math.max(most, value), 0)
  const width = roundWidth(Math.max(largest / bins, narrowest))
  const counts = new Array<number>(Math.floor(largest / width) + 1).fill(0)
  for (const value of values) counts[Math.max(0, Math.floor(value / width))]! += 1
  return { starts: counts.map((_, bin) => bin * width), counts, width }
}

/** The least of 1, 2, 5, 10, 20, 50 … and their tenths that is above `least`, so that the last value has a bin as well. */
function roundWidth(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  return (roundSteps.find((step) => step * power > least) ?? 10) * power
}
