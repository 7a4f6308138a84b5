// The report in a terminal: a table with a line or two for each scenario, then the figures that have no column, then what broke.

import type { Detail, Row } from '../scenario.ts'
import type { Target } from '../targets.ts'
import { countText, figureText, shareText } from './numbers.ts'
import type { Report, ScenarioReport } from './report.ts'

export const headings = [
  'scenario',
  'invariant',
  'rate',
  'p50 ms',
  'p99 ms',
  'worst ms',
  'server CPU',
  'queued',
  'server MiB',
  'generator CPU',
]

export function reportText(report: Report): string {
  const { machine, commit, date, command, server } = report
  const parts = [
    table([headings, ...report.scenarios.flatMap(tableRows)]),
    ...report.scenarios.map(detailText).filter((text) => text !== ''),
    ...targetsText(report),
    ...report.scenarios.flatMap(complaintText),
    [
      'CPU is in percent of one core: of the server all threads, of the generators the busiest thread, which is a bottleneck when near 100 %.',
      'Queued is how long the server was ready to run and found every core taken, by the load test or by others.',
      ...(machine.hasProc ? [] : ['This system has no /proc: CPU and memory of processes could not be read.']),
    ].join('\n'),
    [
      `${machine.processor}, ${machine.cores} cores, ${Math.round(machine.memoryBytes / 2 ** 30)} GiB; ${machine.operatingSystem}; Node ${machine.node}; load before ${machine.loadBefore.toFixed(1)}`,
      `${server}; commit ${commit ?? 'unknown'}; ${date}`,
      command,
    ].join('\n'),
  ]
  return `${parts.join('\n\n')}\n`
}

/** The cells of a scenario, one line for each of its rows, or one without figures. */
export function tableRows({ name, verdict, rows }: ScenarioReport): string[][] {
  const state = verdict === 'held' ? 'held' : verdict.toUpperCase()
  if (rows.length === 0) return [[name, state]]
  return rows.map((row, at) => [row.label, at === 0 ? state : '', ...figures(row)])
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

function detailText({ name, details }: ScenarioReport): string {
  if (details.length === 0) return ''
  return [name, ...details.map((detail) => `  ${detail.label}: ${detailFigure(detail)}`)].join('\n')
}

export function detailFigure({ value, unit }: Detail): string {
  return value === undefined ? 'not measured' : `${figureText(value)} ${unit}`.trimEnd()
}

/** All targets of the report under one heading, then who was left out. */
function targetsText({ scenarios }: Report): string[] {
  const all = scenarios.flatMap(({ targets = [] }) => targets)
  const skipped = scenarios.flatMap(({ name, skipped = [] }) =>
    skipped.map((peer) => `  ${name}: ${peer.name}, because ${peer.reason}`),
  )
  return [
    ...(all.length === 0 ? [] : [['targets', ...all.map((one) => `  ${targetText(one)}`)].join('\n')]),
    ...(skipped.length === 0 ? [] : [['skipped', ...skipped].join('\n')]),
  ]
}

function targetText(target: Target): string {
  const [what, measured, wanted, why] = targetCells(target)
  const verdict = target.verdict === 'missed' ? 'MISSED' : target.verdict
  return `${verdict.padEnd('not judged'.length)}  ${what}: ${measured} (${wanted})${why === '' ? '' : `: ${why}`}`
}

/** What it is of, what was measured, what was wanted, and why it was missed. */
export function targetCells({ verdict, what, value, unit, atMost, atLeast, why = '' }: Target): string[] {
  const wanted = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost.toLocaleString('en-US')}`
  const measured = value === undefined ? 'not measured' : `${figureText(value)} ${unit}`
  return [what, measured, wanted, verdict === 'missed' ? why : '']
}

function complaintText({ name, verdict, invariant, complaints }: ScenarioReport): string[] {
  if (verdict === 'held') return []
  return [[`${name} ${verdict}: ${invariant}`, ...complaints.map((complaint) => `  - ${complaint}`)].join('\n')]
}

/** Columns as wide as what is in them; all but the first two are figures, and stand on the right. */
export function table(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      widths
        .map((width, column) =>
          column < 2 ? (line[column] ?? '').padEnd(width) : (line[column] ?? '').padStart(width),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
