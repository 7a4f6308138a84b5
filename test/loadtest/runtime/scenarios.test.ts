import { describe, expect, it } from 'vitest'
import { tableText } from '../../../loadtest/report/table.ts'
import { Figures, type Measured } from '../../../loadtest/runtime/figures.ts'
import { outcomeOf, runtimeScenarios, scalePlot, workloadOutcome } from '../../../loadtest/runtime/scenarios.ts'
import { type SystemName, systems } from '../../../loadtest/runtime/systems.ts'
import { memoryWorkloads, quickNames, type Workload, workloads } from '../../../loadtest/runtime/workloads.ts'

const named = (name: string) => workloads.find((workload) => workload.name === name) as Workload
const took = (system: SystemName, values: (number | undefined)[], more: Partial<Measured> = {}): Measured => ({
  workload: 'chain-100000',
  system,
  protocol: 'back to back',
  values,
  times: 1,
  peakBytes: 200 * 2 ** 20,
  stopped: undefined,
  ...more,
})
const measured = [
  took('encke', [20, 25, 30]),
  took('go', [100, 120, 90]),
  took('effection', [7_000, undefined, undefined], { stopped: 'its 120 s were spent', peakBytes: undefined }),
  took('erlang', [undefined], { stopped: 'the ball is lost', peakBytes: undefined }),
  took('encke', [40, 41, 42], { protocol: 'first' }),
]
const small = took('encke', [0.2, 0.2, 0.2], { workload: 'chain-1000', times: 100 })
const figures = new Figures()
figures.all.push(...measured, small)

describe('the comparison at a workload', () => {
  const { tables = [], plots = [], rows = [], complaints } = workloadOutcome(named('chain-100000'), measured)
  const lines = tableText(tables[0]!).split('\n')
  const line = (system: string) => lines.find((one) => one.startsWith(`${system} `))

  it('has the median, what is around it, and the ratio to Encke with what is around that', () => {
    expect(line('encke')).toMatch(/^encke +25 ms +22.5–27.5 +20–30 +1 × +1–1 +3 +200$/)
    expect(line('go')).toMatch(/^go +100 ms +95–110 +90–120 +4.80 × +3.90–4.90 +3 +200$/)
  })

  it('says which system was stopped, and why', () => {
    expect(line('effection')).toMatch(/^effection +1 of 3 rounds: its 120 s were spent +7,000 ms .* 350 × .* –$/)
    expect(line('erlang')).toMatch(/^erlang +0 of 1 rounds: the ball is lost( +–){7}$/)
    expect(complaints).toEqual([])
    const stopped = [took('encke', [undefined], { stopped: 'the answer should be 7 (got 8)' })]
    expect(workloadOutcome(named('chain-1000'), stopped).complaints).toEqual([
      'back to back: the answer should be 7 (got 8)',
    ])
  })

  it('names those that were asked for and have no figure, the second Go only where it plays', () => {
    const asked = systems.filter(({ name }) => ['go', 'go-1', 'greenlet'].includes(name))
    const [table] = workloadOutcome(named('chain-100000'), measured, asked).tables ?? []
    expect(tableText(table!)).toMatch(/\ngreenlet +not at this size( +–){7}$/)
  })

  it('has a table and a plot for each protocol, and rows of those back to back', () => {
    expect(tables.map(({ title }) => title)).toEqual([
      'chain of 100,000 links; back to back: one run after the other, garbage and all',
      'chain of 100,000 links; first: the first run of a fresh process, nothing compiled yet',
    ])
    expect(rows[1]).toEqual({ label: 'chain-100000: go', what: 'links', count: 100_000, seconds: 0.1 })
    expect(plots[0]?.series.slice(0, 3)).toEqual([
      { label: 'encke', x: [1, 2, 3], y: [20, 25, 30] },
      { label: 'go', x: [1, 2, 3], y: [100, 120, 90] },
      { label: 'effection', x: [1], y: [7_000] },
    ])
  })

  it('says how often a short program was played for one figure', () => {
    const [table] = workloadOutcome(named('chain-1000'), [small]).tables ?? []
    expect(tableText(table!)).toMatch(/\nencke +0.20 ms .* 3 of 100 +200/)
  })

  it('has the memory of each', () => {
    const parked = (system: SystemName, values: number[]) => took(system, values, { protocol: 'parked' })
    const outcome = workloadOutcome(memoryWorkloads[0]!, [
      parked('encke', [430, 431, 432]),
      parked('go', [2_700, 2_700, 2_700]),
    ])
    const text = tableText(outcome.tables![0]!)
    expect(outcome.plots?.[0]?.x.names).toEqual(['encke', 'go'])
    expect(outcome.plots?.[0]?.series[0]?.y).toEqual([431, 2_700])
    expect(text).toMatch(/\nencke +431 B +431–432 +430–432 +1 × /)
    expect(text).toMatch(/\ngo +2,700 B +2,700–2,700 +2,700–2,700 +6.26 ×/)
  })
})

describe('the comparison at a glance', () => {
  const { tables = [], targets = [] } = outcomeOf(figures)

  it('has every ratio, with the quartiles over the rounds', () => {
    const text = tableText(tables[0]!)
    expect(text).toMatch(/\ntime in Encke's +ms of Encke +go +erlang +effection\n/)
    expect(text).toMatch(/\nchain-100000 +25 +4.80 \(3.90–4.90\) +– +350 \(350–350\)/)
  })

  it('has every target, in each protocol', () => {
    const [backToBack, collected] = targets
    expect(backToBack).toMatchObject({ verdict: 'not judged', why: '3 of 9 runs' })
    expect(backToBack?.value).toBeCloseTo(4.8)
    expect(collected?.why).toBe('go was not measured at chain-100000')
  })

  it('shows what a link costs at each size, where there are several', () => {
    const [plot] = scalePlot(figures, 'Chain', [named('chain-1000'), named('chain-100000')], 'back to back')
    expect(plot?.series).toEqual([{ label: 'encke', x: [1_000, 100_000], y: [200, 250] }])
    expect(scalePlot(figures, 'Chain', [named('chain-1000')], 'collected')).toEqual([])
  })
})

describe('the workloads', () => {
  it('have names of their own, and are all played here', () => {
    const all = [...workloads, ...memoryWorkloads]
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length)
    for (const { systems } of all) expect(systems).toContain('encke')
    expect(quickNames.filter((name) => !all.some((one) => one.name === name))).toEqual([])
    for (const { peers } of runtimeScenarios) expect(peers).not.toContain('encke')
  })
})
