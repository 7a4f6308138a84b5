// encke publish: each line of standard input becomes a message, in their order, each once. Every request has an idempotency key, so
// that one whose answer was lost is sent again safely.

import { randomBytes } from 'node:crypto'
import { choice, custom, integer, toggle } from '../config/option.ts'
import { OptionTable } from '../config/option-table.ts'
import { type Command, connectionOptions, Failure, helpText, misuse } from './command.ts'
import { Connection } from './connection.ts'
import { linesOf } from './input-lines.ts'
import { Progress } from './progress.ts'
import { type Terminal, write } from './terminal.ts'

const options = {
  ...connectionOptions,
  format: choice(
    'text',
    ['text', 'json'],
    'What a line is: text, published as a JSON string; or JSON, published as it stands.',
  ),
  batch: integer(1, 1, 10_000, 'lines', 'How many lines are published in one request, all of them or none.'),
  id: custom<string | undefined>(
    undefined,
    'letters, digits, - and _, at most 100',
    'What the idempotency keys begin with; the same lines with the same --id and --batch again, within 10 minutes, are published once. Default: a random one.',
    (text) => (/^[\w-]{1,100}$/.test(text) ? { value: text } : { misfit: JSON.stringify(text) }),
  ),
  patienceSeconds: integer(
    60,
    0,
    86_400,
    'seconds',
    'How long a request is tried again while the server is away or overloaded; 0 tries once.',
  ),
  json: toggle(false, 'Print the receipt of each message as a line of JSON.'),
}

const table = new OptionTable(options, [])

type Options = ReturnType<typeof table.complete>

export const publish: Command = { help, run }

function help(): string {
  return helpText(
    'encke publish <topic> [message] [options]',
    'Publish one message, or each line of standard input; blank lines are left out. Exit code 0 when all are published,\n1 when one was refused or the server stayed away: the complaint says how to go on without publishing any twice.',
    table.describe(),
    [
      'encke publish hello world',
      'tail -f access.log | encke publish logs/web --batch 100',
      `jq -c '.[]' events.json | encke publish events --format json --id import-1`,
    ],
  )
}

async function run(argv: readonly string[], open: () => Terminal): Promise<number> {
  const terminal = open()
  const { values, words } = table.readCommand(argv, terminal.env)
  const [topic, message, ...others] = words
  if (topic === undefined) throw misuse('publish needs a topic: encke publish <topic> [message]')
  if (others.length > 0)
    throw misuse(`publish takes a topic and one message; quote a message with blanks (got ${words.length} words)`)
  const publisher = new Publisher(topic, values, terminal)
  if (message !== undefined) await publisher.add(message)
  else
    for await (const line of linesOf(terminal.input, terminal.signal)) if (line.trim() !== '') await publisher.add(line)
  await publisher.finish()
  return 0
}

class Publisher {
  readonly #topic: string
  readonly #options: Options
  readonly #terminal: Terminal
  readonly #connection: Connection
  readonly #id: string
  readonly #progress: Progress
  #lines: string[] = []
  #published = 0
  #last = 0

  constructor(topic: string, values: Options, terminal: Terminal) {
    this.#topic = topic
    this.#options = values
    this.#terminal = terminal
    this.#connection = new Connection(values)
    this.#id = values.id ?? randomBytes(12).toString('base64url')
    this.#progress = new Progress(terminal)
  }

  async add(line: string): Promise<void> {
    this.#lines.push(this.#asJson(line))
    if (this.#lines.length >= this.#options.batch) await this.#send()
  }

  async finish(): Promise<void> {
    if (this.#lines.length > 0) await this.#send()
    this.#progress.clear()
    if (this.#options.json) return
    const what = this.#published === 1 ? '1 message' : `${this.#published.toLocaleString('en')} messages`
    const where = this.#last > 0 ? `, up to offset ${this.#last}` : ''
    await write(this.#terminal.out, `published ${what} to ${this.#topic}${where}\n`)
  }

  // As text: a number that is parsed and written again loses digits.
  #asJson(line: string): string {
    if (this.#options.format === 'text') return JSON.stringify(line)
    try {
      JSON.parse(line)
      return line
    } catch (error) {
      throw this.#failure(new Failure(`it is not JSON: ${(error as Error).message}`))
    }
  }

  async #send(): Promise<void> {
    const { patienceSeconds, batch, json } = this.#options
    const headers = { 'content-type': 'application/json', 'idempotency-key': `${this.#id}-${this.#published + 1}` }
    const topic = JSON.stringify(this.#topic)
    const listed = this.#lines.map((data) => `{"topic":${topic},"data":${data}}`).join(',')
    const [path, body] =
      batch === 1
        ? [`/publish?topic=${encodeURIComponent(this.#topic)}`, this.#lines[0] as string]
        : ['/publish', `{"messages":[${listed}]}`]
    const { signal } = this.#terminal
    const asked = this.#connection.askOn(
      path,
      { method: 'POST', headers, body, signal },
      patienceSeconds * 1_000,
      (why) => this.#progress.show(`${why}; trying again`),
    )
    const { text } = await asked.catch((error: unknown) => {
      throw this.#failure(error)
    })
    const answer = JSON.parse(text) as { receipts?: { offset: number }[]; offset: number }
    const receipts = answer.receipts ?? [answer]
    this.#published += this.#lines.length
    this.#last = receipts.at(-1)?.offset ?? 0
    this.#lines = []
    if (json) await write(this.#terminal.out, receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''))
    this.#progress.show(`${this.#published.toLocaleString('en')} published`)
  }

  #failure(error: unknown): Failure {
    this.#progress.clear()
    const why = this.#terminal.signal.aborted ? 'it was stopped' : (error as Error).message
    const line = this.#published + 1
    const again = `the ${this.#published} before it are published; the same lines with --id ${this.#id} --batch ${this.#options.batch} go on without publishing any twice, within 10 minutes`
    return new Failure(`line ${line} was not published, or that is not known: ${why} (${again})`)
  }
}
