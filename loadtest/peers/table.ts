// The comparison in a terminal: the targets, then a table for each workload, then what the systems are.

import { figureText } from '../report/numbers.ts'
import { table } from '../report/table.ts'
import type { Measured, MeasuredMemory, Protocol } from './measured.ts'
import { ratiosOf, spreadOf } from './measured.ts'
import type { Line, PeersReport } from './report.ts'
import { linesOf, measuredOf } from './report.ts'
import type { SystemName } from './systems.ts'
import type { Finding } from './targets.ts'
import type { MemoryWorkload, Workload } from './workloads.ts'

export const runHeadings = ['system', 'remark', 'ms', 'quartiles', 'range', 'of Encke', 'quartiles', 'runs', 'peak MiB']
export const memoryHeadings = ['system', 'remark', 'bytes each', 'range', 'of Encke', 'runs']
export const targetHeadings = ['target', 'verdict', 'protocol', 'wanted', 'is']

export const protocolTitles: Readonly<Record<Protocol, string>> = {
  'back to back': 'one run after the other, garbage and all',
  collected: 'each system collects its garbage before each run, outside of the time',
  first: 'the first run of a fresh process, nothing compiled yet',
}

export function reportText(report: PeersReport): string {
  const parts = [
    table([targetHeadings, ...targetRows(report)]),
    ratiosText(report, 'back to back'),
    ratiosText(report, 'collected'),
    ...report.workloads.flatMap((workload) =>
      (['back to back', 'collected'] as const).map((protocol) => workloadText(report, workload, protocol)),
    ),
    ...report.firstRuns.map((workload) => workloadText(report, workload, 'first')),
    ...report.memoryWorkloads.map((workload) => memoryText(report, workload)),
    systemsText(report),
    closingText(report),
  ]
  return `${parts.join('\n\n')}\n`
}

/** A row for each protocol that a target is judged in. */
export function targetRows({ targets }: PeersReport): string[][] {
  return targets.flatMap(({ title, wanted, findings }) =>
    findings.map((finding, at) => [at === 0 ? title : '', finding.verdict, finding.protocol, wanted, isText(finding)]),
  )
}

/** What each took as a multiple of what Encke took, the median of the rounds and the quartiles: a row for each workload. */
export function ratioRows(report: PeersReport, protocol: Protocol): string[][] {
  const headings = ["time in Encke's", 'ms of Encke', ...peersOf(report)]
  const rows = report.workloads.map((workload) => {
    const of = (system: SystemName) => measuredOf(report, workload, system, protocol)
    const ours = of('encke')
    const own = ours && spreadOf(ours.ms)
    const ratios = peersOf(report).map((system) => ratioText(of(system), ours))
    return [workload.name, own === undefined ? '–' : figureText(own.median), ...ratios]
  })
  return [headings, ...rows]
}

/** A row for each system. */
export function runRows(report: PeersReport, workload: Workload, protocol: Protocol): string[][] {
  const lines = linesOf(report, workload, protocol)
  const ours = lines.find(({ system }) => system === 'encke')?.measured
  return lines.map((line) => [line.system, line.remark ?? '', ...runFigures(line, ours)])
}

/** A row for each system that was measured. */
export function memoryRows({ memory }: PeersReport, { name }: MemoryWorkload): string[][] {
  const all = memory.filter(({ workload }) => workload === name)
  const ours = all.find(({ system }) => system === 'encke')
  return all.map((one) => [one.system, one.stopped ?? '', ...memoryFigures(one, ours)])
}

function runFigures({ measured }: Line, ours: Measured | undefined): string[] {
  const spread = measured && spreadOf(measured.ms)
  if (measured === undefined || spread === undefined) return ['–', '–', '–', '–', '–', '–', '–']
  const ratios = ours && spreadOf(ratiosOf(measured, ours))
  return [
    figureText(spread.median),
    rangeText(spread.quartiles),
    rangeText([spread.least, spread.most]),
    ratios === undefined ? '–' : `${figureText(ratios.median)} ×`,
    ratios === undefined ? '–' : rangeText(ratios.quartiles),
    measured.times === 1 ? String(spread.runs) : `${spread.runs} of ${measured.times}`,
    measured.peakBytes === undefined ? '–' : String(Math.round(measured.peakBytes / 2 ** 20)),
  ]
}

function ratioText(peer: Measured | undefined, ours: Measured | undefined): string {
  const ratios = peer && ours && spreadOf(ratiosOf(peer, ours))
  return ratios === undefined ? '–' : `${figureText(ratios.median)} (${rangeText(ratios.quartiles)})`
}

function peersOf({ systems }: PeersReport): SystemName[] {
  return systems.filter(({ name, skipped }) => name !== 'encke' && skipped === undefined).map(({ name }) => name)
}

function memoryFigures({ bytesEach }: MeasuredMemory, ours: MeasuredMemory | undefined): string[] {
  const spread = spreadOf(bytesEach)
  const own = ours && spreadOf(ours.bytesEach)
  if (spread === undefined) return ['–', '–', '–', '–']
  return [
    figureText(spread.median),
    rangeText([spread.least, spread.most]),
    own === undefined ? '–' : `${figureText(spread.median / own.median)} ×`,
    String(spread.runs),
  ]
}

function isText({ value, unit, why }: Finding): string {
  const is = value === undefined ? '' : `${figureText(value)} ${unit}`
  return [is, why].filter(Boolean).join(', ')
}

function rangeText([from, to]: readonly [number, number]): string {
  return `${figureText(from)}–${figureText(to)}`
}

function ratiosText(report: PeersReport, protocol: Protocol): string {
  return `${protocol}: ${protocolTitles[protocol]}\n${table(ratioRows(report, protocol))}`
}

function workloadText(report: PeersReport, workload: Workload, protocol: Protocol): string {
  const title = `${workload.title}; ${protocol}: ${protocolTitles[protocol]}`
  return `${title}\n${table([runHeadings, ...runRows(report, workload, protocol)])}`
}

function memoryText(report: PeersReport, workload: MemoryWorkload): string {
  const title = `${workload.title}, each on a channel of its own, which counts; live, after a collection`
  return `${title}\n${table([memoryHeadings, ...memoryRows(report, workload)])}`
}

function systemsText({ systems }: PeersReport): string {
  const lines = systems.map(({ name, version, difference, memory, skipped }) =>
    skipped === undefined
      ? `  ${name}: ${version}; ${difference}; memory: ${memory}`
      : `  ${name}: skipped, because ${skipped}`,
  )
  return ['systems', ...lines].join('\n')
}

function closingText({ machine, commit, date, command, rounds }: PeersReport): string {
  return [
    `Milliseconds of one run, the median of up to ${rounds}; "9 of 30" are 9 figures, each of 30 runs one after the other. "of Encke" is the median`,
    'of the ratios round by round, with their quartiles: what slowed one slowed the other. Peak is all memory of the process (VmHWM) over all of its runs.',
    `${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB; ${machine.operatingSystem}; load before ${machine.loadBefore.toFixed(1)}`,
    `commit ${commit ?? 'unknown'}; ${date}`,
    command,
  ].join('\n')
}
