// encke subscribe: prints messages as they come, and goes on where it was, by a cursor in a file. The cursor is written once the
// messages have been: after a crash in between, the last ones are printed again, and none is lost.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { choice, custom, integer, toggle } from '../config/option.ts'
import { OptionTable } from '../config/option-table.ts'
import { type Command, connectionOptions, Failure, helpText, misuse } from './command.ts'
import { Connection } from './connection.ts'
import { type Terminal, write } from './terminal.ts'

const options = {
  ...connectionOptions,
  cursorFile: custom<string | undefined>(
    undefined,
    'the path of a file',
    'Where the cursor is kept: the next start goes on from there. Without one it begins anew each time.',
    (text) => ({ value: text }),
  ),
  from: choice('now', ['now', 'earliest'], 'Where to begin in a topic that the cursor does not have.'),
  count: integer(0, 0, 1_000_000_000, 'messages', 'End after so many messages; 0 goes on for ever.'),
  patienceSeconds: integer(0, 0, 86_400, 'seconds', 'Give up after so long without an answer; 0 never does.'),
  json: toggle(
    false,
    'Print each message as a line of JSON with its topic, offset, id and time, and each verdict too.',
  ),
}

const table = new OptionTable(options, [])

type Options = ReturnType<typeof table.complete>

interface Verdict {
  readonly verdict: 'ok' | 'gap' | 'reset'
  readonly missed: number | null
  readonly closed?: boolean
}

interface Batch {
  readonly messages: readonly { readonly topic: string; readonly data: unknown }[]
  readonly cursor: string
  readonly more: boolean
  readonly retryAfterMs?: number
  readonly topics: Readonly<Record<string, Verdict>>
}

export const subscribe: Command = { help, run }

function help(): string {
  return helpText(
    'encke subscribe <topic> … [options]',
    'Print the messages of topics as they come: text as it is, anything else as JSON. What is missing is said on standard\nerror. It goes on through restarts of the server and cuts of the network, until Ctrl-C or until all topics are closed\n(exit code 0); a refusal ends it (1).',
    table.describe(),
    [
      'encke subscribe hello',
      'encke subscribe logs/web logs/api --cursor-file logs.cursor --json >> logs.ndjson',
      'encke subscribe hello --from earliest --count 1',
    ],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  if (words.length === 0) throw misuse('subscribe needs a topic: encke subscribe <topic> …')
  try {
    await new Subscriber(words, values, terminal).run()
  } catch (error) {
    // Ctrl-C is how it ends.
    if (!terminal.signal.aborted) throw error
  }
  return 0
}

class Subscriber {
  readonly #topics: readonly string[]
  readonly #options: Options
  readonly #terminal: Terminal
  readonly #connection: Connection
  #cursor: string | undefined
  #left: number

  constructor(topics: readonly string[], values: Options, terminal: Terminal) {
    this.#topics = topics
    this.#options = values
    this.#terminal = terminal
    this.#connection = new Connection(values)
    this.#cursor = values.cursorFile === undefined ? undefined : readCursor(values.cursorFile)
    this.#left = values.count || Number.POSITIVE_INFINITY
  }

  async run(): Promise<void> {
    const { signal } = this.#terminal
    while (this.#left > 0) {
      const batch = await this.#poll()
      await this.#print(batch)
      this.#keep(batch.cursor)
      const isOver = !batch.more && Object.values(batch.topics).every(({ closed }) => closed === true)
      if (isOver) return
      if (batch.retryAfterMs !== undefined) await sleep(batch.retryAfterMs, undefined, { signal })
    }
  }

  /** The first poll does not wait: the promise that nothing is lost begins with the first cursor. */
  async #poll(): Promise<Batch> {
    const { from, patienceSeconds } = this.#options
    const begins = this.#cursor === undefined ? { wait: 0 } : { cursor: this.#cursor }
    const limit = Math.min(this.#left, 1_000)
    const body = JSON.stringify({ topics: this.#topics, from, limit, ...begins })
    const headers = { 'content-type': 'application/json' }
    const patienceMs = patienceSeconds === 0 ? Number.POSITIVE_INFINITY : patienceSeconds * 1_000
    let told = ''
    const { text } = await this.#connection.askOn(
      '/poll',
      { method: 'POST', headers, body, signal: this.#terminal.signal },
      patienceMs,
      (why) => {
        if (why !== told) this.#terminal.err.write(`encke: ${why}; trying again\n`)
        told = why
      },
    )
    return parseLossless(text) as Batch
  }

  async #print({ messages, topics }: Batch): Promise<void> {
    const { json } = this.#options
    const { out, err } = this.#terminal
    for (const [topic, { verdict, missed }] of Object.entries(topics)) {
      if (verdict === 'ok') continue
      const how =
        missed === null
          ? 'messages may be missing'
          : `${missed} ${missed === 1 ? 'message is' : 'messages are'} missing`
      if (json) await write(out, `${JSON.stringify({ topic, verdict, missed })}\n`)
      err.write(`encke: ${topic}: ${how} (${verdict})\n`)
    }
    const lines = messages.map((message) => (json ? JSON.stringify(message) : inWords(message.data)))
    if (lines.length > 0) await write(out, `${lines.join('\n')}\n`)
    this.#left -= messages.length
  }

  #keep(cursor: string): void {
    const { cursorFile } = this.#options
    if (cursor === this.#cursor) return
    this.#cursor = cursor
    if (cursorFile === undefined) return
    // In one step: a process that ends in the middle leaves the cursor before.
    const next = `${cursorFile}.next`
    try {
      writeFileSync(next, `${cursor}\n`)
      renameSync(next, cursorFile)
    } catch (error) {
      throw new Failure(`the cursor cannot be written to ${cursorFile} (${(error as NodeJS.ErrnoException).code})`)
    }
  }
}

function readCursor(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim() || undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new Failure(`the cursor cannot be read from ${path} (${code})`)
  }
}

function inWords(data: unknown): string {
  return typeof data === 'string' ? data : JSON.stringify(data)
}

/** As JSON.parse, but a number that would lose digits stays as it was written. */
function parseLossless(text: string): unknown {
  const keep = (_key: string, value: unknown, context: { source?: string }) =>
    typeof value === 'number' && context.source !== undefined && String(value) !== context.source
      ? rawJson(context.source)
      : value
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown)
}

function rawJson(source: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source)
}
