// Runs a command in this process, on streams of the test's own.

import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { type Command, Failure } from '../../../server/cli/command.ts'
import { ConfigError } from '../../../server/config.ts'

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Given {
  /** What stands on standard input; a stream stays open until the test ends it. */
  readonly input?: string | Readable
  readonly env?: Readonly<Record<string, string>>
}

export class Running {
  readonly ended: Promise<Ended>
  readonly #abort = new AbortController()
  readonly #out = new PassThrough()
  #said = ''

  constructor(command: Command, argv: readonly string[], { input = '', env = {} }: Given = {}) {
    const err = new PassThrough()
    this.#out.on('data', (chunk) => {
      this.#said += chunk
    })
    const complaints = text(err)
    const terminal = {
      input: typeof input === 'string' ? Readable.from([input]) : input,
      out: this.#out,
      err,
      isWatched: false,
      env,
      signal: this.#abort.signal,
    }
    const code = command
      .run(argv, () => terminal)
      .catch((error: unknown) => {
        if (!(error instanceof ConfigError || error instanceof Failure)) throw error
        err.write(`${error.message}\n`)
        return error.exitCode
      })
    this.ended = code.then(async (code) => {
      err.end()
      return { code, out: this.#said, err: await complaints }
    })
  }

  /** What it has printed so far. */
  get said(): string {
    return this.#said
  }

  /** As Ctrl-C does. */
  stop(): void {
    this.#abort.abort()
  }
}

/** Run it to its end. */
export function runCommand(command: Command, argv: readonly string[], given?: Given): Promise<Ended> {
  return new Running(command, argv, given).ended
}
