// A Redis of the test's own: a process on a free port, with nothing on disk, gone when it is disposed of.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Why no Redis can be started here; undefined when one can. */
export const redisIsMissing: string | undefined = (() => {
  try {
    const version = /v=(\d+)\./.exec(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }))
    return Number(version?.[1]) >= 7 ? undefined : 'redis-server is older than 7.0'
  } catch {
    return 'redis-server is not installed'
  }
})()

export interface ServerKind {
  /** Options as on the command line. */
  readonly flags?: readonly string[]
  readonly port?: number
  readonly isSentinel?: boolean
}

export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'encke-redis-'))
  readonly #kind: ServerKind
  #child: ReturnType<typeof spawn> | undefined

  private constructor(port: number, kind: ServerKind) {
    this.port = port
    this.#kind = kind
  }

  static async start(kind: ServerKind = {}): Promise<RedisServer> {
    const server = new RedisServer(kind.port ?? (await freePort()), kind)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get folder(): string {
    return this.#folder
  }

  /** Start it, again after it was killed, and wait until it answers. */
  async start(): Promise<void> {
    const { flags = [], isSentinel = false } = this.#kind
    const own = ['--port', `${this.port}`, '--bind', '127.0.0.1', '--dir', this.#folder, '--daemonize', 'no']
    const bare = isSentinel ? [] : ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0']
    const file = isSentinel ? [join(this.#folder, 'sentinel.conf')] : []
    const child = spawn('redis-server', [...file, ...own, ...bare, ...flags, ...(isSentinel ? ['--sentinel'] : [])], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    let said = ''
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk
        if (/Ready to accept connections|Sentinel ID is/.test(said)) resolve()
      })
      child.once('exit', () => reject(new Error(`redis-server has ended: ${said.slice(-1_000)}`)))
    })
    await ready
  }

  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Kill it, and wait until it is gone. */
  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  /** Ask it by `redis-cli`. */
  ask(...args: string[]): string {
    return execFileSync('redis-cli', ['-p', `${this.port}`, ...args], { encoding: 'utf8' }).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** A port that nothing listens on; for a cluster also the one ten thousand above it. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await portOf()
    if (port > 50_000) continue
    return port
  }
}

async function portOf(): Promise<number> {
  const server = createServer()
  // Below the ports that the system hands out, where nobody takes it before Redis does.
  const wanted = 20_000 + Math.floor(Math.random() * 12_000)
  server.listen(wanted, '127.0.0.1')
  const [outcome] = await Promise.race([
    once(server, 'listening').then(() => ['ok']),
    once(server, 'error').then(() => ['taken']),
  ])
  if (outcome === 'taken') return portOf()
  server.close()
  await once(server, 'close')
  return wanted
}
