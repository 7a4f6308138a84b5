import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Latencies } from '../../loadtest/measure/latencies.ts'
import { histogramOf } from '../../loadtest/report/plots.ts'

const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1)

describe('percentiles', () => {
  it('are the nearest rank: a value that was measured, and never one in between', () => {
    const latencies = Latencies.of([40, 15, 50, 20, 35])
    expect([5, 30, 40, 50, 100].map((percent) => latencies.percentile(percent))).toEqual([15, 20, 20, 35, 50])
  })

  it('count a hundred values as one for each percent', () => {
    const latencies = Latencies.of(upTo(100).reverse())
    for (const percent of upTo(100)) expect(latencies.percentile(percent)).toBe(percent)
    expect(latencies.percentile(99.9)).toBe(100)
  })

  it('see what is recorded after they were asked', () => {
    const latencies = Latencies.of([1, 2, 3])
    expect(latencies.percentile(100)).toBe(3)
    latencies.record(0.5)
    latencies.record(9)
    expect(latencies.percentile(100)).toBe(9)
    expect(latencies.percentile(1)).toBe(0.5)
  })

  it('leave at most their share of all values above', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 }),
        fc.integer({ min: 1, max: 100 }),
        (values, percent) => {
          const value = Latencies.of(values).percentile(percent)
          expect(values).toContain(value)
          expect(values.filter((other) => other > value).length).toBeLessThanOrEqual(
            values.length * (1 - percent / 100) + 1e-9,
          )
        },
      ),
    )
  })

  it('cannot be had of nothing, or outside of what there is', () => {
    expect(() => new Latencies().percentile(50)).toThrow(RangeError)
    expect(new Latencies().summary()).toBeUndefined()
    for (const percent of [0, -1, 100.1, Number.NaN])
      expect(() => Latencies.of([1]).percentile(percent)).toThrow(RangeError)
  })

  it('sum up as the middle, the tail and the worst', () => {
    expect(Latencies.of(upTo(2_000)).summary()).toEqual({
      count: 2_000,
      p50: 1_000,
      p90: 1_800,
      p99: 1_980,
      p999: 1_998,
      worst: 2_000,
    })
  })
})

describe('the curve of percentiles', () => {
  it('goes from the best to the worst and never falls', () => {
    const { nines, milliseconds } = Latencies.of(upTo(1_000)).curve()
    expect(milliseconds[0]).toBe(1)
    expect(milliseconds.at(-1)).toBe(1_000)
    expect(nines.at(-1)).toBeCloseTo(3)
    expect(milliseconds[nines.indexOf(1)]).toBe(900)
    expect(milliseconds[nines.indexOf(2)]).toBe(990)
    expect(milliseconds).toEqual([...milliseconds].sort((a, b) => a - b))
  })

  it('has no more nines than there are values to tell apart', () => {
    expect(Latencies.of([7]).curve()).toEqual({ nines: [0], milliseconds: [7] })
    expect(new Latencies().curve()).toEqual({ nines: [], milliseconds: [] })
  })
})

describe('a histogram', () => {
  it('has bins of a round width from 0 on', () => {
    expect(histogramOf([0, 1, 4, 5, 19], 5)).toEqual({ starts: [0, 5, 10, 15], counts: [3, 1, 0, 1], width: 5 })
  })

  it('counts every value once, in no more bins than asked for', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1e4, noNaN: true })),
        fc.integer({ min: 1, max: 60 }),
        (values, bins) => {
          const { counts, starts } = histogramOf(values, bins)
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(values.length)
          expect(counts.length).toBe(starts.length)
          expect(counts.length).toBeLessThanOrEqual(Math.max(bins, 1))
        },
      ),
    )
  })
})
