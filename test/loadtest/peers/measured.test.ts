import { describe, expect, it } from 'vitest'
import type { Measured } from '../../../loadtest/peers/measured.ts'
import { ratiosOf, spreadOf } from '../../../loadtest/peers/measured.ts'

const measured = (ms: (number | undefined)[]): Measured => ({
  workload: 'chain-7',
  system: 'go',
  protocol: 'back to back',
  ms,
  times: 1,
  peakBytes: undefined,
  stopped: undefined,
})

describe('the spread', () => {
  it('has the middle, the quarters and the ends', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ runs: 5, median: 3, least: 1, most: 5, quartiles: [2, 4] })
  })

  it('lies between two values where there is none in the middle', () => {
    expect(spreadOf([1, 2, 3, 10])).toMatchObject({ median: 2.5, quartiles: [1.75, 4.75] })
    expect(spreadOf([7])).toEqual({ runs: 1, median: 7, least: 7, most: 7, quartiles: [7, 7] })
  })

  it('passes over rounds that were left out, and is none of nothing', () => {
    expect(spreadOf([undefined, 2, undefined])).toMatchObject({ runs: 1, median: 2 })
    expect(spreadOf([])).toBeUndefined()
    expect(spreadOf([undefined])).toBeUndefined()
  })
})

describe('ratios', () => {
  it('are of the same round', () => {
    expect(ratiosOf(measured([10, 40]), measured([5, 10]))).toEqual([2, 4])
  })

  it('are none of a round that one of them has left out', () => {
    expect(ratiosOf(measured([10, undefined, 30]), measured([undefined, 5, 10]))).toEqual([undefined, undefined, 3])
  })
})
