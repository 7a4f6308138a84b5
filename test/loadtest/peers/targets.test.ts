import { describe, expect, it } from 'vitest'
import type { Measured, MeasuredMemory, Protocol } from '../../../loadtest/peers/measured.ts'
import type { SystemName } from '../../../loadtest/peers/systems.ts'
import type { Finding } from '../../../loadtest/peers/targets.ts'
import { Figures, judge, targets } from '../../../loadtest/peers/targets.ts'
import { firstRuns, memoryWorkloads, workloads } from '../../../loadtest/peers/workloads.ts'

function took(
  workload: string,
  system: SystemName,
  ms: number,
  protocol: Protocol = 'back to back',
  runs = 9,
): Measured {
  // Scattered, and with an outlier: it is the median that counts.
  const all = Array.from({ length: runs }, (_, run) => (run === 0 ? 100 * ms : ms + ((run % 3) - 1) * 0.01 * ms))
  return { workload, system, protocol, ms: all, times: 1, peakBytes: undefined, stopped: undefined }
}

function parked(bytes: number, runs = 9): MeasuredMemory {
  const bytesEach = new Array<number>(runs).fill(bytes)
  return { workload: 'parked-1000000', system: 'encke', bytesEach, stopped: undefined }
}

/** What is found of the only target whose title begins so. */
function found(title: string, measured: Measured[], memory: MeasuredMemory[] = []): Finding[] {
  const judged = judge(targets, new Figures(measured, memory)).filter((target) => target.title.startsWith(title))
  expect(judged.length).toBe(1)
  return [...(judged[0]?.findings ?? [])]
}

const verdicts = (findings: Finding[]) => findings.map(({ protocol, verdict }) => [protocol, verdict])

describe('a target', () => {
  it('is judged by medians, in each protocol by itself', () => {
    const measured = [
      took('chain-100000', 'encke', 25),
      took('chain-100000', 'go', 101),
      took('chain-100000', 'encke', 25, 'collected'),
      took('chain-100000', 'go', 99, 'collected'),
    ]
    const findings = found("chain-100000: go's time", measured)
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
    expect(found('memory', [], [parked(450)])).toMatchObject([{ protocol: 'after collection', verdict: 'met' }])
    expect(found('memory', [], [parked(451)])).toMatchObject([{ protocol: 'after collection', verdict: 'missed' }])
  })

  it('is not judged by fewer than nine runs of either side, but shown', () => {
    const measured = [took('chain-100000', 'encke', 25), took('chain-100000', 'go', 200, 'back to back', 8)]
    const [finding] = found("chain-100000: go's time", measured)
    expect(finding).toMatchObject({ verdict: 'not judged', why: '8 of 9 runs' })
    expect(finding?.value).toBeCloseTo(8, 1)
    expect(found('memory', [], [parked(1, 8)])).toMatchObject([{ verdict: 'not judged', value: 1 }])
  })

  it('is not judged against somebody who is not there', () => {
    const [finding] = found('chain-100000: effection', [took('chain-100000', 'encke', 25)])
    expect(finding).toEqual({
      protocol: 'back to back',
      verdict: 'not judged',
      value: undefined,
      unit: '×',
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
    expect(verdicts(found('chain-100000, first run', measured))).toEqual([['first', 'missed']])
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
    expect(targets.map(({ title, wanted }) => [title, wanted])).toEqual([
      ["chain-100000: go's time, in Encke's", { atLeast: 4 }],
      ["chain-1000000: go's time, in Encke's", { atLeast: 3 }],
      ["chain-100000, first run: go's time, in Encke's", { atLeast: 1 }],
      ["hackysack-10000x1000: go's time, in Encke's", { atLeast: 3 }],
      ["hackysack-1000x1000000: go's time, in Encke's", { atLeast: 1.5 }],
      ["hackysack-1000000x1000: go's time, in Encke's", { atLeast: 1 }],
      ['hackysack: cost of one of P + T at the larger sizes, in one of 1,000 × 1,000', { atMost: 4 }],
      ["ping-pong-1000000: go-1's time, in Encke's", { atLeast: 1 }],
      ["chain-100000: js-csp's time, in Encke's", { atLeast: 10 }],
      ["chain-100000: effection's time, in Encke's", { atLeast: 10 }],
      ["chain-100000: effect's time, in Encke's", { atLeast: 10 }],
      ['chain: cost of a link of 1,000,000, in one of 1,000', { atMost: 2 }],
      ['memory of a parked coroutine and its channel, of 1,000,000', { atMost: 450 }],
    ])
  })

  it('can all be judged when everybody is measured at every size', () => {
    const all = (list: typeof workloads, protocols: Protocol[]) =>
      list.flatMap(({ name, systems }) =>
        systems.flatMap((system) => protocols.map((how) => took(name, system, 5, how))),
      )
    const measured = [...all(workloads, ['back to back', 'collected']), ...all(firstRuns, ['first'])]
    const memory = memoryWorkloads.flatMap(({ name, systems }) =>
      systems.map((system) => ({ workload: name, system, bytesEach: new Array(9).fill(9), stopped: undefined })),
    )
    const findings = judge(targets, new Figures(measured, memory)).flatMap((target) => target.findings)
    expect(findings.filter(({ verdict }) => verdict === 'not judged')).toEqual([])
  })
})
