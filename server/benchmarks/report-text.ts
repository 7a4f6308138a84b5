// A report as a person reads it in a terminal: a table of the runs, and the published figures beside it.

import type { LiveMemory } from './live-memory.ts'
import type { PublishedRow } from './published.ts'
import { publishedNotes } from './published.ts'
import type { Resources } from './resources.ts'
import type { BenchmarkReport } from './run.ts'

/** Write the report out. `live` is what memory was measured after collections; undefined where nobody may collect. */
export function reportText(report: BenchmarkReport, live: LiveMemory | undefined): string {
  return [
    `${title(report)}: answer ${count(report.answer)}`,
    table(runRows(report)),
    counters(report),
    memory(report, live),
    machine(report),
    table([...publishedRows(report.published), thisRow(report)]),
    publishedNotes[report.benchmark],
  ].join('\n\n')
}

function title(report: BenchmarkReport): string {
  if (report.benchmark === 'chain') return `chain of ${count(report.n)}, model ${report.model}`
  const { players, turns, variant, seed, model } = report
  return `hackysack of ${count(players)} players × ${count(turns)} turns, ${variant}, seed ${seed}, model ${model}`
}

function runRows({ runs, best }: BenchmarkReport): string[][] {
  return [
    ['run', 'wall ms', 'user ms', 'system ms', 'cpu %', 'major faults', 'minor faults', 'swaps'],
    ...runs.map((run, at) => resourcesRow(`${at + 1}`, run)),
    resourcesRow('best', best),
  ]
}

function resourcesRow(name: string, used: Resources): string[] {
  const times = [used.wallMs, used.userMs, used.systemMs].map((ms) => ms.toFixed(1))
  return [name, ...times, ...[used.cpuPercent, used.majorFaults, used.minorFaults, used.swaps].map(count)]
}

function counters(report: BenchmarkReport): string {
  const counted = Object.entries(report.counters).map(([name, value]) => `${name} ${count(value)}`)
  return `counters  ${counted.join(', ')}`
}

function memory({ memory: { peakBytes, perCoroutineBytes } }: BenchmarkReport, live: LiveMemory | undefined): string {
  const peak = `memory    peak ${size(peakBytes)}, garbage included (${count(perCoroutineBytes)} bytes per coroutine)`
  if (live === undefined) return `${peak}; run with --expose-gc to see it after a collection`
  const { aliveBytes, perCoroutineBytes: each, leftBytes } = live
  const left = `${size(leftBytes)} left behind`
  if (aliveBytes === undefined || each === undefined) return `${peak}\n          after a collection: ${left}`
  return `${peak}\n          after a collection: ${size(aliveBytes)} with all alive (${count(each)} bytes per coroutine), ${left}`
}

function machine({ machine: { processor, cores, memoryBytes, operatingSystem, node, v8 } }: BenchmarkReport): string {
  return `machine   ${processor}, ${cores} cores, ${size(memoryBytes)}; ${operatingSystem}; Node ${node}, V8 ${v8}`
}

function publishedRows(rows: readonly PublishedRow[]): string[][] {
  return [
    ['system', 'machine', 'size', 'ms', ''],
    ...rows.map((row) => [
      row.system,
      `${row.machine}, ${row.year}`,
      publishedSize(row),
      count(row.wallMs),
      details(row),
    ]),
  ]
}

function publishedSize({ n, argument, players, turns }: PublishedRow): string {
  return n === undefined ? `${count(argument ?? 0)} (${count(players ?? 0)} players) × ${count(turns ?? 0)}` : count(n)
}

function details({ userMs, systemMs, note }: PublishedRow): string {
  const times = userMs === undefined ? [] : [`user ${count(userMs)}, system ${count(systemMs ?? 0)}`]
  return [...times, ...(note === undefined ? [] : [note])].join('; ')
}

function thisRow(report: BenchmarkReport): string[] {
  const size =
    report.benchmark === 'chain'
      ? count(report.n)
      : `${count(report.players - 1)} (${count(report.players)} players) × ${count(report.turns)}`
  return [`Encke, ${report.model}`, 'this machine', size, report.best.wallMs.toFixed(1), 'best run']
}

/** Columns as wide as what is in them, under a row of headings; a column of numbers is aligned on the right. */
function table([headings = [], ...rows]: readonly string[][]): string {
  const columns = headings.map((heading, column) => {
    const cells = rows.map((row) => row[column] ?? '')
    const width = Math.max(heading.length, ...cells.map((cell) => cell.length))
    const isNumeric = cells.every((cell) => /^\d/.test(cell))
    return [heading, ...cells].map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)))
  })
  const lines = [headings, ...rows].map((_, line) => columns.map((column) => column[line]).join('  '))
  return lines.map((line) => line.trimEnd()).join('\n')
}

function count(value: number): string {
  return value.toLocaleString('en-US')
}

function size(bytes: number): string {
  const kibibytes = bytes / 1024
  if (Math.abs(kibibytes) < 1024) return `${kibibytes.toFixed(1)} KiB`
  const mebibytes = kibibytes / 1024
  return Math.abs(mebibytes) < 1024 ? `${mebibytes.toFixed(1)} MiB` : `${(mebibytes / 1024).toFixed(1)} GiB`
}
