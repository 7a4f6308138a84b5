// The samples of the last ten minutes, oldest first, and what is made of them. Pure: nothing here touches the page.

/**
 * One second of the server, as `__encke/samples` and /admin/samples tell it.
 *
 * @typedef {object} Sample
 * @property {number} time its end, in milliseconds since 1970
 * @property {number} publishedPerSecond
 * @property {number} deliveredPerSecond
 * @property {number} requestsPerSecond
 * @property {number} errorsPerSecond
 * @property {number | null} latencyP50Ms from publish to written; null where nothing was
 * @property {number | null} latencyP99Ms
 * @property {number} loopDelayP50Ms
 * @property {number} loopDelayP99Ms
 * @property {number} loopDelayMaxMs
 * @property {number} waiting
 * @property {number} connections
 * @property {number} coroutines
 * @property {number} topics
 * @property {number} rssBytes
 * @property {number} heapUsedBytes
 */
/** @typedef {{ topic: string, publishedPerSecond: number, waiting: number }} BusyTopic */
/**
 * What a sample says beside the numbers.
 *
 * @typedef {object} Condition
 * @property {boolean} isDraining
 * @property {{ isOk: true } | { isOk: false, since: number, reason: string }} health of the broker
 * @property {BusyTopic[]} busiest
 */
/** @typedef {Exclude<keyof Sample, 'time'>} Measure */

export const windowMs = 600_000

const shortestSpanMs = 120_000

/** Join samples that were fetched with those that came meanwhile: each time once, in order, no older than ten minutes. @param {readonly Sample[]} known @param {readonly Sample[]} news @returns {Sample[]} */
export function joined(known, news) {
  const last = known.at(-1)?.time ?? Number.NEGATIVE_INFINITY
  const isLater = news.length > 0 && news.every(({ time }) => time > last)
  const all = isLater ? [...known, ...news] : ordered([...known, ...news])
  const newest = all.at(-1)?.time ?? 0
  const begin = all.findIndex(({ time }) => time > newest - windowMs)
  return begin > 0 ? all.slice(begin) : all
}

/**
 * Columns for a plot: times in seconds, then each measure. Where more than three seconds are missing there is a hole, so
 * that no line is drawn over what nobody measured.
 *
 * @param {readonly Sample[]} samples @param {readonly Measure[]} measures
 * @returns {(number | null)[][]}
 */
export function columns(samples, measures) {
  /** @type {(number | null)[][]} */
  const table = [[], ...measures.map(() => [])]
  let before = Number.POSITIVE_INFINITY
  for (const sample of samples) {
    if (sample.time - before > 3_000) append(table, [before / 1_000 + 1, ...measures.map(() => null)])
    append(table, [sample.time / 1_000, ...measures.map((measure) => sample[measure])])
    before = sample.time
  }
  return table
}

/**
 * Fewer rows, for reading: one for each `seconds`, newest first. Peaks stay: latencies and delays are the largest of their
 * row, everything else is the mean.
 *
 * @param {readonly Sample[]} samples @param {readonly Measure[]} measures @param {number} seconds
 * @returns {{ time: number, values: (number | null)[] }[]}
 */
export function thinned(samples, measures, seconds) {
  /** @type {Map<number, Sample[]>} */
  const rows = new Map()
  for (const sample of samples) {
    const begin = Math.floor(sample.time / (seconds * 1_000)) * seconds * 1_000
    rows.set(begin, [...(rows.get(begin) ?? []), sample])
  }
  return [...rows]
    .map(([time, some]) => ({ time, values: measures.map((measure) => summary(measure, some)) }))
    .reverse()
}

/** The value that a share of `q` is not above; null of none. @param {readonly number[]} values @param {number} q from 0 to 1 */
export function percentile(values, q) {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(Math.max(Math.ceil(q * sorted.length) - 1, 0), sorted.length - 1)] ?? null
}

/** A round number not below `most`, where an axis ends, and whose quarters are round, too. @param {number} most @param {number} least */
export function roundAbove(most, least) {
  const wanted = Math.max(most, least)
  const power = 10 ** Math.floor(Math.log10(wanted))
  return ([1, 2, 4, 8, 10].find((step) => step * power >= wanted) ?? 10) * power
}

/** @param {(number | null)[][]} table @param {(number | null)[]} row */
function append(table, row) {
  for (const [at, value] of row.entries()) table[at]?.push(value)
}

/** The same for a size in bytes: a power of two. @param {number} most @param {number} least */
export function bytesAbove(most, least) {
  return 2 ** Math.ceil(Math.log2(Math.max(most, least)))
}

/**
 * What the time axis shows: ten minutes, and of a server that has been seen for less what was seen, but at least two.
 *
 * @param {readonly Sample[]} samples @param {number} now @returns {[from: number, to: number]} in milliseconds since 1970
 */
export function spanOf(samples, now) {
  const seen = now - (samples[0]?.time ?? now)
  return [now - Math.min(Math.max(seen, shortestSpanMs), windowMs), now]
}

/** @param {Sample[]} samples @returns {Sample[]} */
function ordered(samples) {
  const byTime = new Map(samples.map((sample) => [sample.time, sample]))
  return [...byTime.values()].sort((a, b) => a.time - b.time)
}

/** @param {Measure} measure @param {readonly Sample[]} samples @returns {number | null} */
function summary(measure, samples) {
  const values = samples.map((sample) => sample[measure]).filter((value) => value !== null)
  if (values.length === 0) return null
  if (/^(latency|loopDelay)/.test(measure)) return Math.max(...values)
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
