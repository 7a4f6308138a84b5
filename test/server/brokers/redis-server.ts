// A Redis of the test's own: a process on a free port, with nothing on disk, gone when it is disposed of.

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'

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
  readonly isSentinel?: boolean
  readonly isClustered?: boolean
  /** Put files into its folder before it starts. */
  prepare?(folder: string): void
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
    const server = new RedisServer(await freePort(kind.isClustered), kind)
    kind.prepare?.(server.#folder)
    await server.start()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  get isRunning(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
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
    // However this process ends, its servers end with it.
    const end = () => child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
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
    if (child === undefined || !this.isRunning) return
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

/** A port that nothing listens on; for a cluster also the one ten thousand above it, by which its servers talk. */
export async function freePort(isClustered = false): Promise<number> {
  for (;;) {
    // Below the ports that the system hands out, where nobody takes it before Redis does.
    const port = 12_000 + Math.floor(Math.random() * 10_000)
    if ((await isFree(port)) && (!isClustered || (await isFree(port + 10_000)))) return port
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  server.listen(port, '127.0.0.1')
  const isListening = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ])
  if (!isListening) return false
  server.close()
  await once(server, 'close')
  return true
}
