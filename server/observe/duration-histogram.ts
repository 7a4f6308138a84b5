// How long something took, many times: counts per bucket, so that recording costs some nanoseconds and reading needs no samples.
//
// Invariant: `counts` has a number for each bound and one for what is longer than all; their sum is `count`.

const perDecade = [1, 1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8]

/** The upper bounds of the buckets, in milliseconds: 0.1 to 80,000, ten to a decade, so that a quantile is right to a quarter. */
export const boundsMs: readonly number[] = [0.1, 1, 10, 100, 1_000, 10_000].flatMap((decade) =>
  perDecade.map((step) => Number((decade * step).toPrecision(3))),
)

/** What had been counted at some moment. */
export type CountsThen = Float64Array

export class DurationHistogram {
  readonly #counts = new Float64Array(boundsMs.length + 1)
  #count = 0
  #sumMs = 0
  /** A herd is thousands of durations of the same milliseconds in a row: the last one, and its bucket. */
  #lastMs = 0
  #lastBucket = 0

  /** How many durations were recorded. */
  get count(): number {
    return this.#count
  }

  get sumMs(): number {
    return this.#sumMs
  }

  /** Record a duration. One below zero, of clocks that disagree, counts as none. */
  record(ms: number): void {
    const duration = ms > 0 ? ms : 0
    if (duration !== this.#lastMs) {
      this.#lastMs = duration
      this.#lastBucket = bucketOf(duration)
    }
    const bucket = this.#lastBucket
    this.#counts[bucket] = (this.#counts[bucket] as number) + 1
    this.#count += 1
    this.#sumMs += duration
  }

  /** How many were at most `boundMs`, which is one of the bounds. */
  countUpTo(boundMs: number): number {
    let count = 0
    for (let bucket = 0; bucket < boundsMs.length && (boundsMs[bucket] as number) <= boundMs; bucket += 1) {
      count += this.#counts[bucket] as number
    }
    return count
  }

  /** The counts as they are now, to ask later for what came after. */
  remember(): CountsThen {
    return this.#counts.slice()
  }

  /**
   * The duration, in milliseconds, that a share of `q` was not longer than, of all that were recorded or of those since
   * `then`; null when there were none.
   */
  quantile(q: number, then?: CountsThen): number | null {
    const counts = this.#counts.map((count, bucket) => count - (then?.[bucket] ?? 0))
    const total = counts.reduce((sum, count) => sum + count, 0)
    if (total === 0) return null
    let before = 0
    for (let bucket = 0; bucket < boundsMs.length; bucket += 1) {
      const count = counts[bucket] as number
      if (count > 0 && before + count >= q * total) return within(bucket, (q * total - before) / count)
      before += count
    }
    return boundsMs.at(-1) as number
  }
}

/** Where in its bucket a duration is, as if those in it were spread evenly. */
function within(bucket: number, share: number): number {
  const from = bucket === 0 ? 0 : (boundsMs[bucket - 1] as number)
  return from + ((boundsMs[bucket] as number) - from) * Math.max(share, 0)
}

/** The first bucket whose bound is not below `ms`. */
function bucketOf(ms: number): number {
  let low = 0
  let high = boundsMs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((boundsMs[middle] as number) < ms) low = middle + 1
    else high = middle
  }
  return low
}
