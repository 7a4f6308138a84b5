// What chaos prints: a table of how long each fault was felt, the herds of connections, and what the checker says.

import type { Played } from './play.ts'

const bars = ' ▁▂▃▄▅▆▇█'
const plotWidth = 60

export function reportOf({ felt, verdicts }: Played): string {
  const rows = felt.map((each) => [
    each.fault,
    `${each.refused}`,
    seconds(each.refusedMs),
    seconds(each.p99Ms),
    seconds(each.longestMs),
    `${each.told}`,
  ])
  const head = ['fault', 'publishes refused or lost', 'over', 'delivery p99', 'longest', 'gaps and resets told']
  const lines = [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
    '',
  ]
  lines.push('Connections made, from the beginning of each fault to its end:', '')
  for (const { fault, herd } of felt) {
    const most = Math.max(...herd, 0)
    lines.push(`    ${plot(herd)}  at most ${most} in 0.1 s, ${(herd.length / 10).toFixed(0)} s: ${fault}`)
  }
  lines.push('')
  for (const { kind, deliveries, longestMs, lostByRedis, cameAgain, failures } of verdicts) {
    const lost =
      lostByRedis.length === 0 ? 'Redis lost nothing' : `Redis itself lost ${lostByRedis.length} acknowledged messages`
    const verdict = failures.length === 0 ? 'all well' : `${failures.length} FAILURES`
    const again = cameAgain.length === 0 ? '' : `; ${cameAgain.length} that it lost came again, as other messages`
    lines.push(`${kind}: ${verdict}; ${deliveries} deliveries, the latest after ${seconds(longestMs)}; ${lost}${again}`)
    lines.push(...failures.slice(0, 20).map((failure) => `  ${failure}`))
  }
  return `${lines.join('\n')}\n`
}

function seconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`
}

/** A line of bars, as wide as the plot at most. */
function plot(counts: readonly number[]): string {
  const perBar = Math.max(1, Math.ceil(counts.length / plotWidth))
  const sums: number[] = []
  for (let at = 0; at < counts.length; at += perBar) {
    sums.push(counts.slice(at, at + perBar).reduce((sum, count) => sum + count, 0))
  }
  const most = Math.max(...sums, 1)
  return sums.map((sum) => bars[Math.ceil((sum / most) * (bars.length - 1))]).join('')
}
