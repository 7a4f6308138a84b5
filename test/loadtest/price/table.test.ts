import { describe, expect, it } from 'vitest'
import { priceTable } from '../../../loadtest/price/table.ts'

const price = (title: string, chain: (number | undefined)[], pingPong: number[], parked: number[]) => {
  return { title, chain, pingPong, parked }
}

describe('the table of prices', () => {
  it('has medians with quartiles, and the ratios of each round to the first of it', () => {
    const prices = [
      price('bare', [100, 200, 400, 200, 200], [50, 50, 50], [300]),
      price('more', [150, 400, 400, 200, 500], [55, 60, 65], [1_350.4]),
    ]
    expect(priceTable(prices, 'bare').split('\n')).toEqual([
      '|  | chain, ns a link | of bare | ping-pong, ns a round trip | of bare | bytes parked | of bare |',
      '| --- | --: | --: | --: | --: | --: | --: |',
      '| bare | 200 | 1.00 | 50 | 1.00 | 300 | 1.00 |',
      '| more | 400 (200–400) | 1.50 (1.00–2.00) | 60 (58–63) | 1.20 (1.15–1.25) | 1,350 | 4.50 |',
    ])
  })

  it('leaves rounds out that were sat out', () => {
    const prices = [
      price('bare', [100, 200, 400], [50], [300]),
      price('slow', [900, undefined, undefined], [50], [300]),
    ]
    expect(priceTable(prices, 'it').split('\n').at(-1)).toBe('| slow | 900 | 9.00 | 50 | 1.00 | 300 | 1.00 |')
  })
})
