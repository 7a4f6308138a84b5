import { Script } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { Latencies } from '../../loadtest/measure/latencies.ts'
import { countText, cpuEach, figureText, median, shareText } from '../../loadtest/report/figures.ts'
import { reportPage } from '../../loadtest/report/page.ts'
import { arrivals, cpuAndMemory, latencyCurve } from '../../loadtest/report/plots.ts'
import { allHeld, type ScenarioReport } from '../../loadtest/report/report.ts'
import { reportText } from '../../loadtest/report/table.ts'
import { judged } from '../../loadtest/targets.ts'
import { reportOf, scenarioReport } from './a-report.ts'

const use = {
  wallMs: 2_000,
  server: { cpuMs: 1_500, cpuShare: 0.75, busiestThreadShare: 0.7, queuedShare: 0.1, residentBytes: 200 * 2 ** 20 },
  generator: { cpuMs: 400, cpuShare: 0.2, busiestThreadShare: 0.18, queuedShare: 0, residentBytes: 1 },
}
const latencies = Latencies.of([1, 2, 3, 250.4])
const row = { label: 'publish', what: 'messages', count: 12_345, seconds: 2, latency: latencies.summary(), use }
const held: ScenarioReport = {
  ...scenarioReport,
  rows: [row, { ...row, label: 'publish: again', latency: undefined, use: undefined }],
  details: [
    { label: 'server CPU per message', value: 121.5, unit: 'µs' },
    { label: 'memory', value: undefined, unit: 'KiB' },
  ],
  tables: [{ title: 'More', headings: ['system', 'remark', 'ms'], rows: [['go <1>', '', '12']] }],
  plots: [latencyCurve('Latency', new Map([['publish', latencies]]))],
}
const broken: ScenarioReport = {
  ...held,
  name: 'storm',
  verdict: 'broken',
  complaints: ['timers: 1 before, 2 after', '</script><img src=x onerror=alert(1)>'],
  rows: [],
  details: [],
  plots: [arrivals('Arrivals </script>', [1, 2, 30])],
}

const hot: ScenarioReport = {
  ...held,
  name: 'herd',
  targets: [
    judged({ what: 'wall time', unit: '×', atMost: 1, why: 'the moon was full' }, 0.9),
    judged({ what: 'CPU per client', unit: '×', atMost: 1.5, why: 'the <moon> was full' }, 1.75),
    judged({ what: 'start', unit: 'ms', atMost: 1_000 }, undefined),
    judged({ what: 'publishes', unit: '×', atLeast: 0.8 }, 0.7),
  ],
  skipped: [{ name: 'nchan', reason: 'nginx is not installed' }],
}

describe('the verdict', () => {
  it('is good only when every scenario has held, and there was one', () => {
    expect(allHeld(reportOf([held, held]))).toBe(true)
    expect(allHeld(reportOf([held, broken]))).toBe(false)
    expect(allHeld(reportOf([{ ...held, verdict: 'failed' }]))).toBe(false)
    expect(allHeld(reportOf([]))).toBe(false)
  })
})

describe('the table', () => {
  const lines = reportText(reportOf([held, broken])).split('\n')

  it('has a line for every row, with figures in columns under their headings', () => {
    expect(lines[1]).toMatch(/^publish +held +6,173 messages\/s +2 +250 +250 +75 % +10 % +200 +18 %$/)
    expect(lines[1]!.length).toBe(lines[0]!.length)
    expect(lines[2]).toMatch(/^publish: again +6,173 messages\/s( +–){7}$/)
  })

  it('says which invariant broke, and how', () => {
    const text = lines.join('\n')
    expect(lines[3]).toMatch(/^storm +BROKEN$/)
    expect(text).toContain('storm broken: Every reply is 201.\n  - timers: 1 before, 2 after')
    expect(text).not.toContain('publish held:')
  })

  it('tells what was not measured, and why', () => {
    expect(lines.join('\n')).toContain('  server CPU per message: 122 µs\n  memory: not measured')
    expect(reportText(reportOf([held], false))).toContain('This system has no /proc')
    expect(lines.join('\n')).not.toContain('no /proc')
  })

  it('has the tables of a scenario, each with its title', () => {
    expect(lines.join('\n')).toContain('\nMore\nsystem  remark  ms\ngo <1>          12\n')
  })

  it('has the targets, met or missed, and why; and who was left out', () => {
    const text = reportText(reportOf([held, hot]))
    expect(text).toMatch(/Targets\ntarget +verdict +is +wanted +why\nwall time +met +0.90 × +at most 1 ×\n/)
    expect(text).toMatch(/\nCPU per client +MISSED +1.75 × +at most 1.5 × +the <moon> was full\n/)
    expect(text).toMatch(
      /\nstart +not judged +not measured +at most 1,000 ms\npublishes +MISSED +0.70 × +at least 0.8 ×\n/,
    )
    expect(text).toContain('skipped\n  herd: nchan, because nginx is not installed')
    expect(lines.join('\n')).not.toMatch(/^(?:Targets|skipped)$/m)
  })

  it('warns at its top, before any figure', () => {
    const warned = { ...reportOf([held]), warnings: ['WARNING: the machine was busy & hot'] }
    expect(reportText(warned)).toMatch(/^WARNING: the machine was busy & hot\n\nscenario/)
    expect(reportPage(warned)).toMatch(
      /<\/h1>\s*<p class="broken warning">WARNING: the machine was busy &amp; hot<\/p>/,
    )
    expect(reportPage(reportOf([held]))).not.toContain('warning">')
  })

  it('names machine, Node, server, commit, date and command', () => {
    const text = lines.join('\n')
    for (const fact of [
      'EPYC, 2 cores, 24 GiB',
      'Node 26.10.0',
      'load before 0.5',
      'node server/main.ts',
      'commit abc1234+',
      '2026-11-21T23:47:45.563Z',
      'npm run loadtest -- --quick',
    ]) {
      expect(text).toContain(fact)
    }
  })
})

describe('the page', () => {
  const page = reportPage(reportOf([held, broken]))
  const scripts = [...page.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, code]) => code!)

  it('loads nothing: all it needs is in it', () => {
    expect(page).not.toMatch(/<(?:link|iframe|object|embed|base)\b/i)
    expect(page).not.toMatch(/<[^>]+\s(?:src|srcset|data|action|poster)\s*=\s*["']?[^d]/i)
    expect(page).not.toMatch(/url\(\s*["']?(?!data:)/i)
    expect(page).not.toMatch(/@import|\bfetch\(|XMLHttpRequest|WebSocket|EventSource|\bimport\(/)
    expect(page).not.toMatch(/href=/)
    expect(page).toContain(`content="default-src 'none';`)
    // Addresses in it are only text: uPlot's licence names its home.
    const addresses = [...page.matchAll(/https?:\/\/[^\s"'<)]+/g)].map(([address]) => address)
    expect(addresses.filter((address) => !address.startsWith('https://github.com/leeoniya/uPlot'))).toEqual([])
  })

  it('has uPlot, its style and the script that draws, and they are scripts', () => {
    expect(scripts.length).toBe(2)
    expect(scripts[0]).toContain('uPlot')
    for (const script of scripts) expect(() => new Script(script)).not.toThrow()
    expect(page).toContain('.u-legend')
  })

  it('lets no text become markup, and no text end its figures', () => {
    expect(page).not.toContain('<img')
    expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;')
    const figures = /<script type="application\/json" id="plots">([\s\S]*?)<\/script>/.exec(page)![1]!
    expect(JSON.parse(figures)).toEqual([
      { name: 'publish', plots: held.plots },
      { name: 'storm', plots: broken.plots },
    ])
  })

  it('has the targets, and who was left out, as text', () => {
    const withTargets = reportPage(reportOf([hot]))
    expect(withTargets).toMatch(/CPU per client<\/th><td><span class="badge broken">MISSED<\/span><\/td><td>1.75 ×</)
    expect(withTargets).toMatch(/<span class="badge held">met<.*<span class="badge open">not judged</)
    expect(withTargets).toContain('the &lt;moon&gt; was full')
    expect(withTargets).not.toContain('the moon was full')
    expect(withTargets).toContain('Skipped: nchan, because nginx is not installed.')
    expect(page).not.toContain('Targets')
    expect(page).toContain('go &lt;1&gt;')
  })

  it('says at its top whether every invariant held', () => {
    expect(page).toContain('<h1>An invariant broke</h1>')
    expect(reportPage(reportOf([held]))).toContain('<h1>Every invariant held</h1>')
  })

  it('has a place for every plot, and labels with units', () => {
    expect(page.match(/<figure /g)?.length).toBe(2)
    for (const { x, y } of [held, broken].flatMap(({ plots = [] }) => plots)) {
      expect([x.label, y.label, x.unit + y.unit].every((text) => text !== '')).toBe(true)
    }
  })
})

describe('plots', () => {
  it('of CPU and memory are left out where these could not be read', () => {
    expect(cpuAndMemory({ seconds: [], serverShare: [], generatorShare: [], residentMegabytes: [] })).toEqual([])
    const two = [1, 2]
    expect(
      cpuAndMemory({ seconds: two, serverShare: two, generatorShare: two, residentMegabytes: two })[0]?.series[0]?.y,
    ).toEqual([100, 200])
  })
})

describe('figures', () => {
  it('are written with as many digits as mean something', () => {
    expect([0, 3, 0.123, 9.876, 12.34, 123.4, 12_345.6].map(figureText)).toEqual([
      '0',
      '3',
      '0.12',
      '9.88',
      '12.3',
      '123',
      '12,346',
    ])
    expect(countText(1_234_567.8)).toBe('1,234,568')
    expect([0.004, 0.756, undefined].map(shareText)).toEqual(['0 %', '76 %', '–'])
  })

  it('have a middle, and none when one is missing', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2)
    expect(median([1, undefined])).toBeUndefined()
    expect(median([])).toBeUndefined()
  })

  it('for each operation are CPU time divided by their number', () => {
    expect(cpuEach(use, 1_000)).toBe(1_500)
    expect(cpuEach({ ...use, server: undefined }, 1_000)).toBeUndefined()
    expect(cpuEach(use, 0)).toBeUndefined()
  })
})
