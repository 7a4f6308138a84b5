import { describe, expect, it } from 'vitest'
import {
  Figures,
  judgeRuntime,
  type Measured,
  type Protocol,
  ratiosOf,
  runtimeBounds,
  spreadOf,
} from '../../../loadtest/runtime/figures.ts'
import type { SystemName } from '../../../loadtest/runtime/systems.ts'
import { firstRuns, memoryWorkloads, workloads } from '../../../loadtest/runtime/workloads.ts'
import type { Target } from '../../../loadtest/targets.ts'

const measuredOf = (
  workload: string,
  system: SystemName,
  protocol: Measured['protocol'],
  values: (number | undefined)[],
): Measured => ({ workload, system, protocol, values, times: 1, peakBytes: undefined, stopped: undefined })

function took(
  workload: string,
  system: SystemName,
  ms: number,
  protocol: Protocol = 'back to back',
  runs = 9,
): Measured {
  // Scattered, and with an outlier: it is the median that counts.
  const all = Array.from({ length: runs }, (_, run) => (run === 0 ? 100 * ms : ms + ((run % 3) - 1) * 0.01 * ms))
  return measuredOf(workload, system, protocol, all)
}

const parked = (bytes: number, runs = 9) =>
  measuredOf('parked-1000000', 'encke', 'parked', new Array<number>(runs).fill(bytes))

function figuresOf(measured: readonly Measured[]): Figures {
  const figures = new Figures()
  figures.all.push(...measured)
  return figures
}

/** What is found of the targets whose words begin so. */
function found(what: string, measured: Measured[]): Target[] {
  const all = judgeRuntime(figuresOf(measured)).filter((target) => target.what.startsWith(what))
  expect(all.length).toBeGreaterThan(0)
  return all
}

const verdicts = (targets: Target[]) => targets.map(({ what, verdict }) => [what.split(', ').at(-1), verdict])

describe('a target', () => {
  it('is judged by medians, in each protocol by itself', () => {
    const measured = [
      took('chain-100000', 'encke', 25),
      took('chain-100000', 'go', 101),
      took('chain-100000', 'encke', 25, 'collected'),
      took('chain-100000', 'go', 99, 'collected'),
    ]
    const findings = found("chain-100000: go's time", measured).slice(0, 2)
    expect(verdicts(findings)).toEqual([
      ['back to back', 'met'],
      ['collected', 'missed'],
    ])
    expect(findings[0]?.value).toBeCloseTo(4.04, 2)
    expect(findings[1]?.value).toBeCloseTo(3.96, 2)
  })

  it('is met at its very limit', () => {
    const measured = [took('ping-pong-1000000', 'encke', 200), took('ping-pong-1000000', 'go-1', 200)]
    expect(found('ping-pong', measured)[0]).toMatchObject({ value: 1, verdict: 'met' })
    expect(found('memory', [parked(450)])).toMatchObject([{ verdict: 'met' }])
    expect(found('memory', [parked(451)])).toMatchObject([{ verdict: 'missed' }])
  })

  it('is not judged by fewer than nine runs of either side, but shown', () => {
    const measured = [took('chain-100000', 'encke', 25), took('chain-100000', 'go', 200, 'back to back', 8)]
    const [finding] = found("chain-100000: go's time", measured)
    expect(finding).toMatchObject({ verdict: 'not judged', why: '8 of 9 runs' })
    expect(finding?.value).toBeCloseTo(8, 1)
    expect(found('memory', [parked(1, 8)])).toMatchObject([{ verdict: 'not judged', value: 1 }])
  })

  it('is not judged against somebody who is not there', () => {
    const [finding] = found('chain-100000: effection', [took('chain-100000', 'encke', 25)])
    expect(finding).toMatchObject({
      verdict: 'not judged',
      value: undefined,
      why: 'effection was not measured at chain-100000',
    })
  })

  it('of the first run is of first runs alone', () => {
    const measured = [
      took('chain-100000', 'encke', 30, 'first'),
      took('chain-100000', 'go', 29, 'first'),
      took('chain-100000', 'encke', 1),
      took('chain-100000', 'go', 100),
    ]
    expect(verdicts(found("chain-100000: go's time, in Encke's, first", measured))).toEqual([['first', 'missed']])
  })

  it('of scale compares what a link costs', () => {
    const at = (large: number) => [took('chain-1000', 'encke', 0.2), took('chain-1000000', 'encke', large)]
    expect(found('chain: cost', at(400))[0]).toMatchObject({ verdict: 'met' })
    expect(found('chain: cost', at(401))[0]).toMatchObject({ verdict: 'missed' })
  })

  it('of growth takes the worse of the two large games', () => {
    // 1 µs for each player and each turn at 1,000 × 1,000, and so at most 4 elsewhere.
    const games = (manyPlayers: number, manyTurns: number) => [
      took('hackysack-1000x1000', 'encke', 2),
      took('hackysack-1000000x1000', 'encke', manyPlayers),
      took('hackysack-1000x1000000', 'encke', manyTurns),
    ]
    expect(found('hackysack: cost', games(4_004, 1_001))[0]).toMatchObject({ verdict: 'met', value: 4 })
    expect(found('hackysack: cost', games(1_001, 4_010))[0]).toMatchObject({ verdict: 'missed' })
    expect(found('hackysack: cost', games(4_010, 1_001))[0]).toMatchObject({ verdict: 'missed' })
    expect(found('hackysack: cost', games(1_000_000, 500_000))[0]?.value).toBeCloseTo(1_000, -1)
    expect(found('hackysack: cost', games(1, 1).slice(0, 2))[0]).toMatchObject({ verdict: 'not judged' })
  })
})

describe('the targets', () => {
  it('are those of the project, each with its limit', () => {
    expect(runtimeBounds.map(({ what, atLeast, atMost }) => [what, atLeast ?? -atMost!])).toEqual([
      ["chain-100000: go's time, in Encke's", 4],
      ["chain-1000000: go's time, in Encke's", 3],
      // Of the first run of a process.
      ["chain-100000: go's time, in Encke's", 1],
      ["hackysack-10000x1000: go's time, in Encke's", 3],
      ["hackysack-1000x1000000: go's time, in Encke's", 1.5],
      ["hackysack-1000000x1000: go's time, in Encke's", 1],
      ['hackysack: cost of one of P + T at the larger sizes, in one of 1,000 × 1,000', -4],
      ["ping-pong-1000000: go-1's time, in Encke's", 1],
      ["chain-100000: js-csp's time, in Encke's", 10],
      ["chain-100000: effection's time, in Encke's", 10],
      ["chain-100000: effect's time, in Encke's", 10],
      ['chain: cost of a link of 1,000,000, in one of 1,000', -2],
      ['memory of a parked coroutine and its channel, of 1,000,000', -450],
    ])
  })

  it('can all be judged when every system is measured at every size', () => {
    const measured = [
      ...workloads.flatMap(({ name, systems }) =>
        systems.flatMap((system) => [took(name, system, 5), took(name, system, 5, 'collected')]),
      ),
      ...[...firstRuns].flatMap(([name, systems]) => systems.map((system) => took(name, system, 5, 'first'))),
      ...memoryWorkloads.flatMap(({ name, systems }) =>
        systems.map((system) => measuredOf(name, system, 'parked', new Array(9).fill(9))),
      ),
    ]
    expect(judgeRuntime(figuresOf(measured)).filter(({ verdict }) => verdict === 'not judged')).toEqual([])
  })
})

describe('the spread', () => {
  it('has the middle, the quarters and the ends', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ runs: 5, median: 3, range: [1, 5], quartiles: [2, 4] })
  })

  it('lies between two values where there is none in the middle', () => {
    expect(spreadOf([1, 2, 3, 10])).toMatchObject({ median: 2.5, quartiles: [1.75, 4.75] })
    expect(spreadOf([7])).toEqual({ runs: 1, median: 7, range: [7, 7], quartiles: [7, 7] })
  })

  it('passes over rounds that were left out, and is none of nothing', () => {
    expect(spreadOf([undefined, 2, undefined])).toMatchObject({ runs: 1, median: 2 })
    expect(spreadOf([])).toBeUndefined()
    expect(spreadOf([undefined])).toBeUndefined()
  })
})

describe('ratios', () => {
  const values = (...all: (number | undefined)[]) => measuredOf('chain-7', 'go', 'collected', all)

  it('are of the same round', () => {
    expect(ratiosOf(values(10, 40), values(5, 10))).toEqual([2, 4])
  })

  it('are none of a round that one of them has left out', () => {
    expect(ratiosOf(values(10, undefined, 30), values(undefined, 5, 10))).toEqual([undefined, undefined, 3])
  })
})
