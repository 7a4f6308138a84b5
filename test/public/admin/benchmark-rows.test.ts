import { describe, expect, it } from 'vitest'
import {
  barScale,
  eventsIn,
  figureOfRow,
  figureOfRun,
  newestOfEach,
  perUnitMicros,
  sizeInWords,
} from '../../../public/admin/benchmark-rows.js'
import { published } from '../../../server/benchmarks/published.ts'

describe('the figures of benchmarks', () => {
  it('are the time for one link, or one kick', () => {
    const run = figureOfRun('chain', { model: 'go', n: 1_000, best: { wallMs: 2 } }, 'now')
    expect(run).toEqual({
      label: 'go',
      model: 'go',
      about: '1,000 coroutines, here',
      wallMs: 2,
      units: 1_000,
      kind: 'now',
    })
    expect(perUnitMicros(run)).toBe(2)
    expect(sizeInWords('hackysack', { players: 10, turns: 1_000, variant: 'rendezvous' })).toBe(
      '10 players, 1,000 turns, rendezvous',
    )
  })

  it('have a bar for every row that was published', () => {
    for (const program of ['chain', 'hackysack'] as const) {
      const figures = published[program].map((row) => figureOfRow(program, row))
      const scale = barScale(figures)
      for (const figure of figures) {
        expect(figure.units).toBeGreaterThan(0)
        expect(scale(figure)).toBeGreaterThanOrEqual(0.02)
        expect(scale(figure)).toBeLessThanOrEqual(1)
      }
      const slowest = figures.reduce((a, b) => (perUnitMicros(a) > perUnitMicros(b) ? a : b))
      expect(scale(slowest)).toBe(1)
    }
  })

  it('give each power of ten the same room', () => {
    const [a, b, c] = [1, 10, 100].map((wallMs) => ({
      ...figureOfRun('chain', { model: 'go', n: 1_000, best: { wallMs } }, 'now'),
    }))
    if (!a || !b || !c) throw new Error('there are three')
    const scale = barScale([a, b, c])
    expect(scale(c) - scale(b)).toBeCloseTo(scale(b) - scale(a), 10)
  })

  it('are of each model the newest', () => {
    const runs = [
      { model: 'go', at: 3 },
      { model: 'axon', at: 2 },
      { model: 'go', at: 1 },
    ]
    expect(newestOfEach(runs)).toEqual([
      { model: 'go', at: 3 },
      { model: 'axon', at: 2 },
    ])
  })
})

describe('the events of a run', () => {
  it('are read as they come, in pieces, with comments between them', () => {
    const text = ': here\n\nevent: progress\ndata: {"run":1}\n\nevent: result\ndata: {"an'
    const { events, rest } = eventsIn(text)
    expect(events).toEqual([{ event: 'progress', data: { run: 1 } }])
    expect(eventsIn(`${rest}swer":2}\n\n`)).toEqual({ events: [{ event: 'result', data: { answer: 2 } }], rest: '' })
  })
})
