// Latencies, kept whole: a load test here has at most some hundred thousand of them, so percentiles are exact.
//
// A percentile is the nearest rank: the smallest value that so many percent of all values do not exceed. No value is made up
// by interpolating, and 100 is the worst.

export type LatencySummary = Readonly<Record<'count' | 'p50' | 'p90' | 'p99' | 'p999' | 'worst', number>>

/** The curve of percentiles: `nines` is 0 for the 0th, 1 for the 90th, 2 for the 99th and so on. */
export type PercentileCurve = Readonly<Record<'nines' | 'milliseconds', readonly number[]>>

/** So many points for every nine of the curve. */
const pointsPerNine = 12

export class Latencies {
  readonly #values: number[] = []
  #isSorted = true

  /** Take the values of `latencies`, in milliseconds. */
  static of(latencies: Iterable<number>): Latencies {
    const all = new Latencies()
    for (const latency of latencies) all.record(latency)
    return all
  }

  get count(): number {
    return this.#values.length
  }

  record(milliseconds: number): void {
    this.#values.push(milliseconds)
    this.#isSorted = false
  }

  /** @throws RangeError when there are no values, or `percent` is not above 0 and at most 100 */
  percentile(percent: number): number {
    if (this.count === 0) throw new RangeError('there is no percentile of nothing')
    if (percent > 0 && percent <= 100) return this.#at((percent / 100) * this.count)
    throw new RangeError(`a percentile is above 0 and at most 100 (got ${percent})`)
  }

  /** Undefined when there are no values. */
  summary(): LatencySummary | undefined {
    if (this.count === 0) return undefined
    const [p50, p90, p99, p999, worst] = [50, 90, 99, 99.9, 100].map((percent) => this.percentile(percent))
    return { count: this.count, p50: p50!, p90: p90!, p99: p99!, p999: p999!, worst: worst! }
  }

  /** Percentiles from the best to the worst, as far as there are values to tell them apart. */
  curve(): PercentileCurve {
    if (this.count === 0) return { nines: [], milliseconds: [] }
    const last = Math.log10(this.count)
    const points = Array.from({ length: Math.ceil(last * pointsPerNine) }, (_, point) => point / pointsPerNine)
    const milliseconds = points.map((nines) => this.#at((1 - 10 ** -nines) * this.count))
    return { nines: [...points, last], milliseconds: [...milliseconds, this.#at(this.count)] }
  }

  #at(rank: number): number {
    if (!this.#isSorted) this.#values.sort((a, b) => a - b)
    this.#isSorted = true
    // 0.99 * 100 is a little above 99 in binary, and must not become the 100th.
    return this.#values[Math.max(0, Math.ceil(rank - 1e-9) - 1)]!
  }
}
