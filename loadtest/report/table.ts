// The report as tables, for the terminal and for the page; and its text in a terminal.

import type { Detail, Row, Table } from '../scenario.ts'
import { boundText, type Target } from '../targets.ts'
import { countText, figureText, shareText } from './figures.ts'
import type { Report, ScenarioReport } from './report.ts'

export const explanation = [
  'CPU is in percent of one core: of the server all threads, of the generators the busiest thread, which is a bottleneck when near 100 %.',
  'Queued is how long the server was ready to run and found every core taken, by the load test or by others.',
]

const times = ['p50 ms', 'p99 ms', 'worst ms']
const shares = ['server CPU', 'queued', 'server MiB', 'generator CPU']

/** Every row of every scenario, with how its invariant fared. */
export function summaryTable(scenarios: readonly ScenarioReport[]): Table {
  const rows = scenarios.flatMap(({ name, verdict, rows = [] }) => {
    const state = verdict === 'held' ? 'held' : verdict.toUpperCase()
    if (rows.length === 0) return [[name, state]]
    return rows.map((row, at) => [row.label, at === 0 ? state : '', ...figures(row)])
  })
  return { title: '', headings: ['scenario', 'invariant', 'rate', ...times, ...shares], rows }
}

function figures({ what, count, seconds, latency, use }: Row): string[] {
  const { server, generator } = use ?? {}
  return [
    seconds > 0 ? `${countText(count / seconds)} ${what}/s` : '–',
    ...[latency?.p50, latency?.p99, latency?.worst].map((ms) => (ms === undefined ? '–' : figureText(ms))),
    shareText(server?.cpuShare),
    shareText(server?.queuedShare),
    server === undefined ? '–' : countText(server.residentBytes / 2 ** 20),
    shareText(generator?.busiestThreadShare),
  ]
}

/** All targets of the report; none when no scenario has any. */
export function targetTable(scenarios: readonly ScenarioReport[]): Table[] {
  const rows = scenarios.flatMap(({ targets = [] }) => targets.map(targetCells))
  return rows.length === 0 ? [] : [{ title: 'Targets', headings: ['target', 'verdict', 'is', 'wanted', 'why'], rows }]
}

function targetCells(target: Target): string[] {
  const { verdict, what, value, unit, why = '' } = target
  const state = verdict === 'missed' ? 'MISSED' : verdict
  return [what, state, detailFigure({ value, unit }), boundText(target), verdict === 'met' ? '' : why]
}

export function detailFigure({ value, unit }: Pick<Detail, 'value' | 'unit'>): string {
  return value === undefined ? 'not measured' : `${figureText(value)} ${unit}`.trimEnd()
}

export function reportText(report: Report): string {
  const { machine, commit, date, command, server, scenarios, warnings } = report
  const skipped = scenarios.flatMap(({ name, skipped = [] }) =>
    skipped.map((peer) => `  ${name}: ${peer.name}, because ${peer.reason}`),
  )
  const blind = 'This system has no /proc: CPU and memory of processes could not be read.'
  const parts = [
    ...warnings,
    tableText(summaryTable(scenarios)),
    ...scenarios.flatMap(scenarioText),
    ...targetTable(scenarios).map(tableText),
    ...(skipped.length === 0 ? [] : [['skipped', ...skipped].join('\n')]),
    ...scenarios.flatMap(complaintText),
    [...explanation, ...(machine.hasProc ? [] : [blind])].join('\n'),
    `${machineText(machine)}; Node ${machine.node}\n${server}; commit ${commit ?? 'unknown'}; ${date}\n${command}`,
  ]
  return `${parts.join('\n\n')}\n`
}

export function machineText(machine: Report['machine']): string {
  const { processor, cores, memoryBytes, operatingSystem, loadBefore } = machine
  const memory = Math.round(memoryBytes / 2 ** 30)
  return `${processor}, ${cores} cores, ${memory} GiB; ${operatingSystem}; load before ${loadBefore.toFixed(1)}`
}

function scenarioText({ name, details = [], tables = [] }: ScenarioReport): string[] {
  const figures = [name, ...details.map((detail) => `  ${detail.label}: ${detailFigure(detail)}`)].join('\n')
  return [...(details.length === 0 ? [] : [figures]), ...tables.map(tableText)]
}

function complaintText({ name, verdict, invariant, complaints }: ScenarioReport): string[] {
  if (verdict === 'held') return []
  return [[`${name} ${verdict}: ${invariant}`, ...complaints.map((complaint) => `  - ${complaint}`)].join('\n')]
}

/** Columns as wide as what is in them; all but the first two are figures, and stand on the right. */
export function tableText({ title, headings, rows }: Table): string {
  const lines = [headings, ...rows].map((line) => headings.map((_, column) => line[column] ?? ''))
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)))
  const cell = (text: string, column: number) =>
    column < 2 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)
  const text = lines.map((line) => line.map(cell).join('  ').trimEnd())
  return [...(title === '' ? [] : [title]), ...text].join('\n')
}
