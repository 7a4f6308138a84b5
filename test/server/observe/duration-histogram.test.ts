import { describe, expect, it } from 'vitest'
import { boundsMs, DurationHistogram } from '../../../server/observe/duration-histogram.ts'

describe('a histogram of durations', () => {
  it('has bounds that rise, ten to a decade', () => {
    expect([...boundsMs]).toEqual([...boundsMs].sort((a, b) => a - b))
    expect(new Set(boundsMs).size).toBe(boundsMs.length)
    for (let at = 1; at < boundsMs.length; at += 1) {
      expect((boundsMs[at] as number) / (boundsMs[at - 1] as number)).toBeLessThanOrEqual(4 / 3 + 1e-9)
    }
  })

  it('counts each duration in the first bucket whose bound is not below it', () => {
    const histogram = new DurationHistogram()
    for (const ms of [0, 0.1, 1, 1.0001, 80_000, 80_001]) histogram.record(ms)
    expect(histogram.count).toBe(6)
    expect(histogram.sumMs).toBeCloseTo(160_003.1001)
    expect([0.1, 1, 1.25, 80_000].map((ms) => histogram.countUpTo(ms))).toEqual([2, 3, 4, 5])
  })

  it('gives quantiles that are right to a third, whatever was recorded', () => {
    const histogram = new DurationHistogram()
    for (let ms = 1; ms <= 1_000; ms += 1) histogram.record(ms)
    for (const [q, right] of [
      [0.5, 500],
      [0.9, 900],
      [0.99, 990],
      [1, 1_000],
    ] as const) {
      expect(Math.abs((histogram.quantile(q) as number) / right - 1)).toBeLessThan(1 / 3)
    }
  })

  it('gives those of what came after a moment', () => {
    const histogram = new DurationHistogram()
    for (let at = 0; at < 100; at += 1) histogram.record(1)
    const then = histogram.remember()
    expect(histogram.quantile(0.5, then)).toBeNull()
    histogram.record(500)
    expect(histogram.quantile(0.5, then)).toBeGreaterThan(400)
    expect(histogram.quantile(0.5)).toBeLessThanOrEqual(1)
  })

  it('has none to give before anything was recorded, and takes time that went backwards for none', () => {
    const histogram = new DurationHistogram()
    expect(histogram.quantile(0.99)).toBeNull()
    histogram.record(-5_000)
    histogram.record(Number.NaN)
    expect(histogram.quantile(1)).toBeLessThanOrEqual(0.1)
    expect(histogram.sumMs).toBe(0)
  })

  it('tells more than its longest bound as that', () => {
    const histogram = new DurationHistogram()
    histogram.record(1e9)
    expect(histogram.quantile(0.5)).toBe(boundsMs.at(-1))
  })
})
