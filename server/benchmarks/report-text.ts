// A report as a person reads it in a terminal: a table of the runs, and the published figures beside it.

import type { LiveMemory } from './live-memory.ts'
import type { PublishedRow } from './published.ts'
import { publishedNotes } from './published.ts'
import type { Resources } from './resources.ts'
import type { BenchmarkReport } from './run.ts'
import { count, size, table } from './text-table.ts'

/** Write the report out. `live` is what memory was measured after collections; undefined where nobody may collect. */
export function reportText(report: BenchmarkReport, live: LiveMemory | undefined): string {
  return [
    `${title(report)}: answer ${count(report.answer)}`,
    table(runRows(report)),
    counters(report),
    memory(report, live),
    machine(report),
    publishedTable(report),
    publishedNotes[report.benchmark],
  ].join('\n\n')
}

/** The published figures, with this run at their end. */
export function publishedTable(report: BenchmarkReport): string {
  const sizes = report.benchmark === 'chain' ? ['size'] : ["original's argument", 'players', 'turns']
  return table([['system', 'machine', ...sizes, 'ms', ''], ...publishedRows(report), thisRow(report)])
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

function memory(report: BenchmarkReport, live: LiveMemory | undefined): string {
  const peak = `memory    ${peakMemory(report)}`
  if (live === undefined) return `${peak}; run with --expose-gc to see it after a collection`
  const { aliveBytes, perCoroutineBytes: each, leftBytes } = live
  const left = `${size(leftBytes)} left behind`
  if (aliveBytes === undefined || each === undefined) return `${peak}\n          after a collection: ${left}`
  return `${peak}\n          after a collection: ${size(aliveBytes)} with all alive (${count(each)} bytes per coroutine), ${left}`
}

function peakMemory({ model, memory: { peakBytes, perCoroutineBytes } }: BenchmarkReport): string {
  const [what, each] = model === 'threads' ? ['of the process', 'thread'] : ['garbage included', 'coroutine']
  return `peak ${size(peakBytes)}, ${what} (${count(perCoroutineBytes)} bytes per ${each})`
}

function machine({ machine: { processor, cores, memoryBytes, operatingSystem, node, v8 } }: BenchmarkReport): string {
  return `machine   ${processor}, ${cores} cores, ${size(memoryBytes)}; ${operatingSystem}; Node ${node}, V8 ${v8}`
}

type Game = Pick<PublishedRow, 'argument' | 'players' | 'turns'>

function publishedRows(report: BenchmarkReport): string[][] {
  return report.published.map((row) => [
    row.system,
    `${row.machine}, ${row.year}`,
    ...(row.n === undefined ? gameSizes(row) : [count(row.n)]),
    count(row.wallMs),
    details(row),
  ])
}

function details({ userMs, systemMs, note }: PublishedRow): string {
  const times = userMs === undefined ? [] : [`user ${count(userMs)}, system ${count(systemMs ?? 0)}`]
  return [...times, ...(note === undefined ? [] : [note])].join('; ')
}

function thisRow(report: BenchmarkReport): string[] {
  // The original makes one player more than its argument: what it would have to be given for this game.
  const sizes =
    report.benchmark === 'chain' ? [count(report.n)] : gameSizes({ ...report, argument: report.players - 1 })
  return [`Encke, ${report.model}`, 'this machine', ...sizes, report.best.wallMs.toFixed(1), 'best run']
}

function gameSizes({ argument = 0, players = 0, turns = 0 }: Game): string[] {
  return [argument, players, turns].map(count)
}
