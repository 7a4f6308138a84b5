// What every model took for the same program, as a person reads it in a terminal: a row each, and ratios to the first.
//
// Ratios within one run say more than times: they hold on another machine, too.

import type { Skipped } from './flags.ts'
import type { LiveMemory } from './live-memory.ts'
import { publishedNotes } from './published.ts'
import { publishedTable } from './report-text.ts'
import type { BenchmarkReport } from './run.ts'
import { count, table } from './text-table.ts'

export interface Compared {
  readonly report: BenchmarkReport
  /** Memory after collections; undefined where nobody may collect. */
  readonly live: LiveMemory | undefined
}

/** Write the reports of several models out, and why others were skipped. */
export function comparisonText(compared: readonly Compared[], skipped: readonly Skipped[]): string {
  const [first] = compared
  if (first === undefined) return skippedLines(skipped)
  return [
    table([
      ['model', 'size', 'best ms', 'user ms', 'system ms', `× ${first.report.model}`, 'bytes each', 'resumes'],
      ...compared.map((one) => row(one, first.report)),
    ]),
    ...(skipped.length > 0 ? [skippedLines(skipped)] : []),
    publishedTable(first.report),
    publishedNotes[first.report.benchmark],
  ].join('\n\n')
}

function row({ report, live }: Compared, first: BenchmarkReport): string[] {
  const { model, best, counters } = report
  const times = [best.wallMs, best.userMs, best.systemMs].map((ms) => ms.toFixed(1))
  const ratio = sizeOf(report) === sizeOf(first) ? (best.wallMs / first.best.wallMs).toFixed(2) : ''
  const bytes = live?.perCoroutineBytes
  const resumes = counters.resumes
  return [
    model,
    sizeOf(report),
    ...times,
    ratio,
    bytes === undefined ? '' : count(bytes),
    resumes === undefined ? '' : count(resumes),
  ]
}

function sizeOf(report: BenchmarkReport): string {
  return report.benchmark === 'chain'
    ? count(report.n)
    : `${count(report.players)} players × ${count(report.turns)} turns`
}

function skippedLines(skipped: readonly Skipped[]): string {
  return skipped.map(({ model, reason }) => `skipped ${model}: ${reason}`).join('\n')
}
