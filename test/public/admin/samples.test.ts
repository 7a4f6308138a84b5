import { describe, expect, it } from 'vitest'
import {
  bytesAbove,
  columns,
  joined,
  percentile,
  roundAbove,
  type Sample,
  spanOf,
  thinned,
  windowMs,
} from '../../../public/admin/samples.js'

const second = (seconds: number, more: Partial<Sample> = {}): Sample => ({
  time: seconds * 1_000,
  publishedPerSecond: 0,
  deliveredPerSecond: 0,
  requestsPerSecond: 0,
  errorsPerSecond: 0,
  latencyP50Ms: null,
  latencyP99Ms: null,
  loopDelayP50Ms: 0,
  loopDelayP99Ms: 0,
  loopDelayMaxMs: 0,
  waiting: 0,
  connections: 0,
  coroutines: 0,
  topics: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
  ...more,
})
const times = (samples: readonly Sample[]) => samples.map(({ time }) => time / 1_000)

describe('joining samples', () => {
  it('puts those that came later behind, and has each time once, in order', () => {
    const known = [second(1), second(2)]
    expect(times(joined(known, [second(3), second(4)]))).toEqual([1, 2, 3, 4])
    expect(times(joined(known, [second(2), second(1.5)]))).toEqual([1, 1.5, 2])
    expect(times(joined(known, []))).toEqual([1, 2])
    expect(joined([], [])).toEqual([])
  })

  it('keeps ten minutes', () => {
    const long = Array.from({ length: 700 }, (_, at) => second(at))
    const kept = joined([], long)
    expect(kept).toHaveLength(windowMs / 1_000)
    expect(times(kept)[0]).toBe(100)
  })
})

describe('the columns of a plot', () => {
  it('are times in seconds, and a list for each measure', () => {
    const samples = [second(1, { waiting: 5 }), second(2, { waiting: 6, latencyP99Ms: 3 })]
    expect(columns(samples, ['waiting', 'latencyP99Ms'])).toEqual([
      [1, 2],
      [5, 6],
      [null, 3],
    ])
  })

  it('have a hole where nobody measured', () => {
    const samples = [second(1, { waiting: 5 }), second(4, { waiting: 5 }), second(60, { waiting: 6 })]
    expect(columns(samples, ['waiting'])).toEqual([
      [1, 4, 5, 60],
      [5, 5, null, 6],
    ])
  })
})

describe('the table behind a plot', () => {
  it('has a row for each ten seconds, newest first: the mean of counts, the worst of latencies', () => {
    const samples = [
      second(10, { waiting: 2, latencyP99Ms: 4 }),
      second(15, { waiting: 4, latencyP99Ms: 9 }),
      second(20, { waiting: 8 }),
    ]
    expect(thinned(samples, ['waiting', 'latencyP99Ms'], 10)).toEqual([
      { time: 20_000, values: [8, null] },
      { time: 10_000, values: [3, 9] },
    ])
  })
})

describe('a percentile', () => {
  it('is one of the values, and nothing where there are none', () => {
    const values = [5, 1, 4, 2, 3]
    expect([0, 0.2, 0.5, 0.99, 1].map((q) => percentile(values, q))).toEqual([1, 1, 3, 5, 5])
    expect(values).toEqual([5, 1, 4, 2, 3])
    expect(percentile([], 0.5)).toBeNull()
  })
})

describe('the time axis', () => {
  it('shows ten minutes, and of a new server what there is, but two at least', () => {
    const now = 1_000_000
    expect(spanOf([], now)).toEqual([now - 120_000, now])
    expect(spanOf([second(990)], now)).toEqual([now - 120_000, now])
    expect(spanOf([second(700)], now)).toEqual([now - 300_000, now])
    expect(spanOf([second(100)], now)).toEqual([now - windowMs, now])
  })
})

describe('the end of an axis', () => {
  it('of sizes is a power of two', () => {
    expect([bytesAbove(0, 64), bytesAbove(65, 64), bytesAbove(129, 64)]).toEqual([64, 128, 256])
  })

  it.each([
    [0, 10, 10],
    [11, 10, 20],
    [24, 10, 40],
    [41, 10, 80],
    [0.7, 0.001, 0.8],
    [1_000, 10, 1_000],
    [1_001, 10, 2_000],
  ])('above %s, and at least %s, is %s', (most, least, end) => {
    expect(roundAbove(most, least)).toBeCloseTo(end, 10)
  })
})
