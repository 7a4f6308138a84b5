// encke import: the lines of encke export become topics of a broker that has none of them.

import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { until } from '../../runtime/index.ts'
import { Import } from '../brokers/export.ts'
import { openBroker } from '../brokers/open-broker.ts'
import { brokerOptions } from '../brokers/options.ts'
import { OptionTable } from '../config/option-table.ts'
import { inWords, keptAt, refuseMemory, withBroker } from './broker-commands.ts'
import { type Command, Failure, helpText, misuse } from './command.ts'
import { linesOf } from './input-lines.ts'
import { Progress } from './progress.ts'
import { type Terminal, write } from './terminal.ts'

const table = new OptionTable({ ...brokerOptions, broker: keptAt }, [])

export const importCommand: Command = { help, run }

function help(): string {
  return helpText(
    'encke import [file] [options]',
    'Read the lines of encke export from a file or from standard input, and make their topics. A file must not be served\nmeanwhile. Topics begin anew: readers of the old ones are told reset. A topic that is there already ends it with exit code\n1; what came before it is imported. History is bounded as the server bounds it: give the same options, or variables.',
    table.describe(),
    [
      'encke import topics.ndjson --broker sqlite:data/new.db',
      'gunzip -c topics.ndjson.gz | encke import --broker redis://127.0.0.1:6379',
    ],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  const [file = '-', ...others] = words
  if (others.length > 0) throw misuse(`import takes one file at most (got ${words.length} words)`)
  refuseMemory('import', values.broker)
  const input = file === '-' ? terminal.input : await opened(file)
  const progress = new Progress(terminal)
  const broker = await openBroker(values.broker, values)
  const lines = linesOf(input, terminal.signal)
  const done = await withBroker(broker, function* () {
    const into = new Import(broker)
    let count = 0
    for (let next = yield* until(lines.next()); next.done !== true; next = yield* until(lines.next())) {
      yield* into.take(next.value)
      count += 1
      if (count % 1_000 === 0) progress.show(`${count.toLocaleString('en')} lines`)
    }
    if (terminal.signal.aborted) throw new Failure('it was stopped: not everything is imported')
    return yield* into.end()
  }).finally(() => progress.clear())
  await write(terminal.err, `imported ${inWords(done)}\n`)
  return 0
}

async function opened(file: string): Promise<Readable> {
  const stream = createReadStream(file)
  return new Promise((resolve, reject) => {
    stream.once('open', () => resolve(stream))
    stream.once('error', (error) => reject(new Failure(`${file} cannot be read: ${error.message}`)))
  })
}
