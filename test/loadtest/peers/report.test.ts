import { Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Measured } from '../../../loadtest/peers/measured.ts'
import { peersPage } from '../../../loadtest/peers/page.ts'
import { memoryPlot, roundsPlot, scalePlot } from '../../../loadtest/peers/plots.ts'
import type { PeersReport } from '../../../loadtest/peers/report.ts'
import type { SystemName } from '../../../loadtest/peers/systems.ts'
import { reportText } from '../../../loadtest/peers/table.ts'
import { Figures, judge, targets } from '../../../loadtest/peers/targets.ts'
import type { Workload } from '../../../loadtest/peers/workloads.ts'
import { workloads } from '../../../loadtest/peers/workloads.ts'

const named = (name: string) => workloads.find((workload) => workload.name === name) as Workload
const took = (system: SystemName, ms: (number | undefined)[], more: Partial<Measured> = {}): Measured => ({
  workload: 'chain-100000',
  system,
  protocol: 'back to back',
  ms,
  times: 1,
  peakBytes: 200 * 2 ** 20,
  stopped: undefined,
  ...more,
})
const is = (name: SystemName, skipped?: string) => ({
  name,
  difference: `how ${name} differs`,
  memory: 'heap',
  version: skipped === undefined ? `${name} 1.0` : undefined,
  skipped,
})

const measured = [
  took('encke', [20, 25, 30]),
  took('go', [100, 120, 90]),
  took('effection', [7_000, undefined, undefined], { stopped: 'its 120 s were spent', peakBytes: undefined }),
  took('encke', [0.2, 0.2, 0.2], { workload: 'chain-1000', times: 100 }),
  took('encke', [40, 41, 42], { protocol: 'first' }),
]
const memory = [
  { workload: 'parked-100000', system: 'encke' as const, bytesEach: [430, 431, 432], stopped: undefined },
  { workload: 'parked-100000', system: 'go' as const, bytesEach: [2_700], stopped: undefined },
  { workload: 'parked-100000', system: 'effect' as const, bytesEach: [], stopped: 'it took longer than 120 s' },
]
const report: PeersReport = {
  title: 'Encke beside its peers',
  date: '2026-11-21T23:47:45.563Z',
  command: 'npm run bench:peers -- --rounds 3',
  commit: 'abc1234+',
  machine: {
    processor: 'EPYC',
    cores: 2,
    memoryBytes: 24 * 2 ** 30,
    operatingSystem: 'Linux 6',
    node: '26.10.0',
    loadBefore: 0.5,
    hasProc: true,
  },
  rounds: 3,
  systems: [is('encke'), is('go'), is('go-1'), is('erlang', 'erlc is not installed'), is('effection'), is('effect')],
  workloads: [named('chain-1000'), named('chain-100000'), named('chain-1000000')],
  firstRuns: [named('chain-100000')],
  memoryWorkloads: [{ name: 'parked-100000', title: '100,000 coroutines parked', coroutines: 100_000, systems: [] }],
  measured,
  memory,
  targets: judge(targets, new Figures(measured, memory)),
}

describe('the table', () => {
  const text = reportText(report)
  const block = text.split('\n\n').find((part) => part.startsWith('chain of 100,000 links; back to back')) as string
  const line = (system: string) => block.split('\n').find((one) => one.startsWith(`${system} `))

  it('has every ratio at a glance, with the quartiles over the rounds', () => {
    const glance = text.split('\n\n').find((part) => part.startsWith('back to back: ')) ?? ''
    expect(glance).toMatch(/\ntime in Encke's +ms of Encke +go +go-1 +effection +effect\n/)
    expect(glance).toMatch(/\nchain-100000 +25 +4.80 \(3.90–4.90\) +– +350 \(350–350\) +–\n/)
    expect(glance).toMatch(/\nchain-1000000( +–){5}$/)
  })

  it('has the median, what is around it, and the ratio to Encke with what is around that', () => {
    expect(line('encke')).toMatch(/^encke +25 +22.5–27.5 +20–30 +1 × +1–1 +3 +200$/)
    expect(line('go')).toMatch(/^go +100 +95–110 +90–120 +4.80 × +3.90–4.90 +3 +200$/)
  })

  it('says who was skipped, left out or stopped', () => {
    expect(line('erlang')).toMatch(/^erlang +skipped( +–){7}$/)
    expect(line('effect')).toMatch(/^effect +not at this size( +–){7}$/)
    expect(line('effection')).toMatch(/^effection +1 of 3 rounds: its 120 s were spent +7,000 .* 350 × .* –$/)
    expect(text).toContain('  erlang: skipped, because erlc is not installed\n')
    expect(text).toContain('  go: go 1.0; how go differs; memory: heap\n')
  })

  it('says how often a short program was played for one figure', () => {
    expect(text).toMatch(/\nencke +0.20 .* 3 of 100 +200\n/)
  })

  it('names the second Go only where it plays', () => {
    expect(block).not.toContain('go-1')
  })

  it('has every target with its verdict, in each protocol', () => {
    expect(text).toMatch(
      /\nchain-100000: go's time, in Encke's +not judged +back to back +at least 4 × +4.80 ×, 3 of 9 runs\n/,
    )
    expect(text).toMatch(/\n +not judged +collected +at least 4 × +go was not measured at chain-100000\n/)
  })

  it('has the memory of each, and whose could not be measured', () => {
    const lines = text.split('\n\n').find((part) => part.startsWith('100,000 coroutines parked')) ?? ''
    expect(lines).toMatch(/\nencke +431 +430–432 +1 × +3\n/)
    expect(lines).toMatch(/\ngo +2,700 +2,700–2,700 +6.26 × +1\n/)
    expect(lines).toMatch(/\neffect +it took longer than 120 s( +–){4}$/)
  })

  it('says where the figures come from', () => {
    expect(text).toContain(
      'EPYC, 2 cores, 24 GiB; Linux 6; load before 0.5\ncommit abc1234+; 2026-11-21T23:47:45.563Z\n',
    )
    expect(text).toContain('npm run bench:peers -- --rounds 3\n')
  })
})

describe('the plots', () => {
  it('show each run in its round, without those left out', () => {
    const [plot] = roundsPlot(report, named('chain-100000'), 'back to back')
    expect(plot?.series).toEqual([
      { label: 'encke', x: [1, 2, 3], y: [20, 25, 30] },
      { label: 'go', x: [1, 2, 3], y: [100, 120, 90] },
      { label: 'effection', x: [1], y: [7_000] },
    ])
    expect(roundsPlot(report, named('chain-1000000'), 'back to back')).toEqual([])
  })

  it('show what a link costs at each size, where there are several', () => {
    const [plot] = scalePlot(report, 'Chain', report.workloads, 'back to back')
    expect(plot?.series).toEqual([{ label: 'encke', x: [1_000, 100_000], y: [200, 250] }])
    expect(scalePlot(report, 'Chain', report.workloads, 'collected')).toEqual([])
    expect(scalePlot(report, 'Nothing', [], 'collected')).toEqual([])
  })

  it('show the memory of those who were measured, by their names', () => {
    const [plot] = memoryPlot(report, report.memoryWorkloads[0] as PeersReport['memoryWorkloads'][number])
    expect(plot?.x.names).toEqual(['encke', 'go'])
    expect(plot?.series).toEqual([{ label: 'bytes', x: [1, 2], y: [431, 2_700] }])
  })
})

describe('the page', () => {
  const page = peersPage(report)

  it('needs nothing beside itself', () => {
    expect(page).toContain("default-src 'none'")
    expect(page).not.toMatch(/<(?:script|link|img)[^>]*(?:src|href)=/)
    const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => script as string)
    expect(scripts.length).toBe(2)
    for (const script of scripts) expect(() => new Script(script)).not.toThrow()
  })

  it('has a place for every plot, and a plot for every place', () => {
    const places = [...page.matchAll(/data-scenario="([^"]+)" data-plot="(\d+)"/g)].map(([, name, at]) => [
      name,
      Number(at),
    ])
    const data = /<script type="application\/json" id="plots">(.*?)<\/script>/s.exec(page)?.[1] as string
    const all = JSON.parse(data) as { name: string; plots: unknown[] }[]
    expect(places.length).toBeGreaterThan(3)
    expect(places).toEqual(all.flatMap(({ name, plots }) => plots.map((_, at) => [name, at])))
  })

  it('marks each target', () => {
    const [met, missed] = ['met', 'missed'] as const
    const finding = { protocol: 'collected' as const, value: 1, unit: '×', why: undefined }
    const marked = peersPage({
      ...report,
      targets: [
        { title: 'one', wanted: 'at least 1 ×', findings: [{ ...finding, verdict: met }] },
        { title: 'two', wanted: 'at least 2 ×', findings: [{ ...finding, verdict: missed }] },
      ],
    })
    expect(marked).toContain('<h1>Targets: 1 met, 1 missed, 0 not judged</h1>')
    expect(marked).toContain('<span class="badge held">met</span>')
    expect(marked).toContain('<span class="badge ">missed</span>')
    expect(page).toContain('<span class="badge open">not judged</span>')
  })

  it('lets nothing that it was given become markup', () => {
    const evil = '</script><img src=x onerror=alert(1)>'
    const text = peersPage({ ...report, command: evil, systems: [...report.systems, is('promises', evil)] })
    expect(text).not.toContain('<img')
  })
})
