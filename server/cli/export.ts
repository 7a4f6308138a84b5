// encke export: every topic of a broker as lines of JSON.
//
// Always true: what is exported is not changed by it. A file may be served meanwhile; it is a copy of it that is opened, which is
// gone afterwards. Nothing is bounded here: a message that the server keeps is not dropped by a limit that only it knows.

import { mkdtempSync, rmSync } from 'node:fs'
import { open as openFile, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Writable } from 'node:stream'
import { type Coroutine, until } from '../../runtime/index.ts'
import { exportTopics } from '../brokers/export.ts'
import { type OpenBrokerOptions, openBroker } from '../brokers/open-broker.ts'
import { backUp } from '../brokers/sqlite/back-up.ts'
import { fileOf } from '../brokers/sqlite/open-sqlite.ts'
import { OptionTable } from '../config/option-table.ts'
import { inWords, keptAt, reachOptions, refuseMemory, withBroker } from './broker-commands.ts'
import { type Command, Failure, helpText, misuse } from './command.ts'
import { Progress } from './progress.ts'
import { type Terminal, write } from './terminal.ts'

const table = new OptionTable({ broker: keptAt, ...reachOptions }, [])

type Options = ReturnType<typeof table.complete>

/** The most that each option of a broker may be: whatever it is served with, nothing is dropped here. */
const unbounded = {
  historyMessages: 10_000_000,
  historyBytes: 2 ** 40,
  historyAgeMs: 2 ** 31 - 1,
  historyTotalBytes: 2 ** 50,
  streamsTotalBytes: 2 ** 50,
  topicTtlMs: 2 ** 31 - 1,
  maxTopics: 100_000_000,
}

/** So much is collected before it is written, in characters. */
const chunkLength = 64 * 1024

export const exportCommand: Command = { help, run }

function help(): string {
  return helpText(
    'encke export [file] [options]',
    'Write every topic with its messages as lines of JSON, to a file that does not exist yet or to standard output. The server\nmay run meanwhile. encke import reads them, into any kind of broker. Idempotency keys and producers stay behind.',
    table.describe(),
    [
      'encke export topics.ndjson',
      'encke export --broker redis://127.0.0.1:6379 | gzip > topics.ndjson.gz',
      'encke export | encke import --broker redis://127.0.0.1:6379',
    ],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  const [file = '-', ...others] = words
  if (others.length > 0) throw misuse(`export takes one file at most (got ${words.length} words)`)
  refuseMemory('export', values.broker)
  using source = new Source(values)
  const done = await writingTo(file, terminal, (out) => exportTo(out, source, terminal))
  await write(terminal.err, `exported ${done}\n`)
  return 0
}

async function exportTo(out: Writable, source: Source, terminal: Terminal): Promise<string> {
  const progress = new Progress(terminal)
  const broker = await openBroker(source.address, source.options)
  const lines = new Lines(out)
  let count = 0
  const done = await withBroker(broker, function* () {
    const transferred = yield* exportTopics(broker, function* (line) {
      if (terminal.signal.aborted) throw new Failure('it was stopped: not everything is exported')
      count += 1
      if (count % 1_000 === 0) progress.show(`${count.toLocaleString('en')} lines`)
      yield* lines.add(line)
    })
    yield* lines.flush()
    return transferred
  }).finally(() => progress.clear())
  return inWords(done)
}

/** Where topics are read from: of a file a copy, beside it, where there is room for files of its size. */
class Source implements Disposable {
  readonly address: string
  readonly options: OpenBrokerOptions
  readonly #folder: string | undefined

  constructor({ broker, ...reach }: Options) {
    this.options = { ...reach, ...unbounded }
    if (!broker.startsWith('sqlite:')) {
      this.address = broker
      return
    }
    const file = fileOf(broker)
    try {
      this.#folder = mkdtempSync(join(dirname(file), '.export-'))
    } catch (error) {
      throw new Failure(`${file} cannot be copied beside itself: ${(error as Error).message}`)
    }
    this.address = `sqlite:${join(this.#folder, 'copy.db')}`
    try {
      backUp(broker, join(this.#folder, 'copy.db'))
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
  }

  [Symbol.dispose](): void {
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** Write to a file that is new, for its owner's eyes, or to standard output. A file that is not complete is taken away. */
async function writingTo(file: string, terminal: Terminal, body: (out: Writable) => Promise<string>): Promise<string> {
  if (file === '-') return body(terminal.out)
  const handle = await openFile(file, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
    const why =
      error.code === 'EEXIST' ? 'is there already; name a file that is not' : `cannot be made: ${error.message}`
    throw new Failure(`${file} ${why}`)
  })
  const out = handle.createWriteStream({ flush: true })
  try {
    const failed = new Promise<never>((_resolve, reject) => out.once('error', reject))
    const done = await Promise.race([body(out), failed])
    await Promise.race([new Promise<void>((resolve) => out.end(resolve)), failed])
    return done
  } catch (error) {
    if (!out.closed) await new Promise((resolve) => out.once('close', resolve).destroy())
    await rm(file, { force: true })
    if (error instanceof Error && 'code' in error) throw new Failure(`${file} cannot be written: ${error.message}`)
    throw error
  }
}

class Lines {
  readonly #out: Writable
  #text = ''

  constructor(out: Writable) {
    this.#out = out
  }

  *add(line: string): Coroutine<void> {
    this.#text += `${line}\n`
    if (this.#text.length >= chunkLength) yield* this.flush()
  }

  *flush(): Coroutine<void> {
    const text = this.#text
    this.#text = ''
    if (text !== '') yield* until(write(this.#out, text))
  }
}
