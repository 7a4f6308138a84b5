// The log: lines for people on a terminal, JSON elsewhere; both on standard error.

import { styleText } from 'node:util'
import { type DestinationStream, type Logger, pino } from 'pino'

/** What goes into a line beside its message. `pid` and `hostname` say nothing to who sits at the terminal. */
interface Line {
  readonly level: number
  readonly time: number
  readonly msg?: string
  readonly err?: { readonly stack?: string }
  readonly [member: string]: unknown
}

/** Make a log of this level. `out` is for tests. */
export function makeLog(level: string, isTerminal: boolean, out: DestinationStream = standardError()): Logger {
  return pino({ level }, isTerminal ? { write: (line) => out.write(inWords(line)) } : out)
}

function standardError(): DestinationStream {
  return pino.destination({ dest: 2, sync: false })
}

function inWords(text: string): string {
  const { level, time, msg = '', err, pid: _, hostname: __, ...others } = JSON.parse(text) as Line
  const label = labels.find(([least]) => level >= least) ?? labels.at(-1)
  const [, word, style] = label as (typeof labels)[number]
  const members = Object.entries(others).map(([name, value]) => `${name}=${JSON.stringify(value)}`)
  const clock = new Date(time).toTimeString().slice(0, 8)
  const line = [styleText('dim', clock), styleText(style, word.padEnd(5)), msg, ...members].join(' ')
  return `${line}\n${err?.stack === undefined ? '' : `${err.stack}\n`}`
}

const labels = [
  [60, 'fatal', 'red'],
  [50, 'error', 'red'],
  [40, 'warn', 'yellow'],
  [30, 'info', 'green'],
  [20, 'debug', 'blue'],
  [10, 'trace', 'dim'],
] as const
