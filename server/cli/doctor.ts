// encke doctor: examines the path to a server, from here, and says in words what it does to polls and streams.

import { integer, toggle } from '../config/option.ts'
import { OptionTable } from '../config/option-table.ts'
import { type Command, connectionOptions, Failure, helpText, misuse } from './command.ts'
import { causeOf } from './connection.ts'
import { examineCaching } from './doctor/caching.ts'
import type { Finding } from './doctor/finding.ts'
import { examineHeaders } from './doctor/headers.ts'
import { examineHolding } from './doctor/holding.ts'
import { Patient } from './doctor/patient.ts'
import { examineReach } from './doctor/reach.ts'
import { examineStreaming } from './doctor/streaming.ts'
import { type Terminal, write } from './terminal.ts'

const options = {
  ...connectionOptions,
  waitSeconds: integer(
    65,
    0,
    3_600,
    'seconds',
    'How long a poll is held, to find out whether the path cuts it: many do after 60. 0 leaves that out.',
  ),
  json: toggle(false, 'Print the findings as JSON.'),
}

const table = new OptionTable(options, [])

export const doctor: Command = { help, run }

function help(): string {
  return helpText(
    'encke doctor [url] [options]',
    'Find out what the path to a server does: whether it buffers event streams, cuts polls after some seconds, strips headers\nor keeps answers. It publishes some messages to topics below encke-doctor/. Exit code 0 when all is well, 1 when not.',
    table.describe(),
    ['encke doctor https://push.example.com', 'encke doctor https://push.example.com/push --wait-seconds 0 --json'],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  if (words.length > 1) throw misuse(`doctor takes one address (got ${words.length})`)
  const { url } = words[0] === undefined ? values : table.readCommand(['--url', words[0]], {}).values
  const findings = await examine(
    new Patient({ url, token: values.token }, terminal.signal),
    values.waitSeconds,
    terminal,
  )
  const isWell = findings.every(({ result }) => result !== 'problem')
  await write(
    terminal.out,
    values.json ? `${JSON.stringify({ url, isWell, findings }, null, 2)}\n` : inWords(findings, isWell),
  )
  return isWell ? 0 : 1
}

async function examine(patient: Patient, waitSeconds: number, terminal: Terminal): Promise<readonly Finding[]> {
  const reach = await examineReach(patient).catch((error: unknown) => {
    throw new Failure(
      `${patient.url} does not answer (${causeOf(error)}): is the server running, and is that its address?`,
    )
  })
  if (reach.some(({ result, about }) => result === 'problem' && about === 'reach')) return reach
  // The long one runs beside the others, which are over in seconds.
  const holding = waitSeconds > 0 ? examineHolding(patient, waitSeconds) : Promise.resolve([])
  holding.catch(() => {})
  const others = [
    ...(await examineHeaders(patient)),
    ...(await examineCaching(patient)),
    ...(await examineStreaming(patient)),
  ]
  const stop = waitSeconds > 0 ? showWaiting(waitSeconds, terminal) : () => {}
  try {
    return [...reach, ...others, ...(await holding)]
  } finally {
    stop()
  }
}

function showWaiting(seconds: number, { isWatched, err }: Terminal): () => void {
  if (!isWatched) return () => {}
  const begunMs = performance.now()
  const show = () => {
    err.write(`\r\u001b[Kholding a poll: ${Math.round((performance.now() - begunMs) / 1_000)} of ${seconds} s`)
  }
  const timer = setInterval(show, 1_000)
  return () => {
    clearInterval(timer)
    err.write('\r\u001b[K')
  }
}

const signs = { ok: '✓', note: '•', problem: '✗', skipped: '-' } as const

function inWords(findings: readonly Finding[], isWell: boolean): string {
  const lines = findings.map(({ result, about, text }) => `${signs[result]} ${about.padEnd(9)} ${text}`)
  return `${lines.join('\n')}\n\n${isWell ? 'The path is well.' : 'Something on the path is in the way: see ✗.'}\n`
}
