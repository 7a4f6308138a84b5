// The server as a process of its own, as `npm start` runs it, but in memory unless it is told otherwise. Dispose it, and it
// is gone.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

export interface Ended {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly out: string
  readonly err: string
}

const main = fileURLToPath(new URL('../../server/main.ts', import.meta.url))

export class ServerProcess implements AsyncDisposable {
  readonly ended: Promise<Ended>
  readonly #child

  constructor(
    flags: readonly string[],
    variables: Readonly<Record<string, string>> = {},
    flagsOfNode: readonly string[] = [],
  ) {
    this.#child = spawn(process.execPath, [...flagsOfNode, main, ...flags], {
      env: { ...withoutOurs(process.env), ENCKE_BROKER: 'memory:', ...variables },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { stdout, stderr } = this.#child
    this.ended = Promise.all([once(this.#child, 'close'), text(stdout), text(stderr)]).then(
      ([[exitCode, signal], out, err]) => ({ exitCode, signal, out, err }),
    )
  }

  /** Start one on a free port unless one is given, and wait until it has said where. */
  static async serving(
    flags: readonly string[] = [],
    variables = {},
    flagsOfNode: readonly string[] = [],
  ): Promise<Serving> {
    const token = 'token-of-the-tests'
    const all = { ENCKE_ADMIN_TOKEN: token, ...variables }
    const port = flags.includes('--port') ? [] : ['--port', '0']
    const server = new ServerProcess([...port, '--log-level', 'silent', ...flags], all, flagsOfNode)
    const origin = await server.untilSaid(/"url":"(https?:[^"]+)"/)
    return Object.assign(server, { origin, token, port: Number(new URL(origin).port) })
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.ended
  }

  #said = ''

  /** Wait until it has written something to its standard output, and give what the pattern captures. */
  async untilSaid(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#said)
      if (found !== null) return found[1] ?? ''
      const ended = this.ended.then(({ err }): never => {
        throw new Error(`the server ended before it said ${pattern}: ${err}`)
      })
      const [chunk] = await Promise.race([once(this.#child.stdout, 'data'), ended])
      this.#said += chunk
    }
  }
}

export type Serving = ServerProcess & { readonly origin: string; readonly port: number; readonly token: string }

function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(ENCKE_|NODE_OPTIONS$)/.test(name)))
}
