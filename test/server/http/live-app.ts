// An app that listens, and a client for it: what the tests over real sockets hold. Dispose it, and both are gone.

import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { App, Parts } from '../../../server/app.ts'
import { buildApp } from '../../../server/app.ts'
import { readConfig } from '../../../server/config.ts'
import type { Published } from '../../../server/hub/index.ts'

export interface PollReply {
  readonly messages: readonly { readonly topic: string; readonly offset: number; readonly data: unknown }[]
  readonly cursor: string
  readonly more: boolean
  readonly topics: Readonly<Record<string, { readonly verdict: string; readonly missed: number | null }>>
  readonly retryAfterMs?: number
}

export interface Reply<Body = PollReply> {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly body: Body
}

/** What must be as before once everybody has gone. */
export interface Left {
  readonly coroutines: number
  readonly parked: number
  readonly timers: number
  readonly awaited: number
  readonly waiting: number
  readonly connections: number
}

type Asking = Record<string, string | number>

const deadlineMs = 60_000

export class LiveApp implements AsyncDisposable {
  readonly app: App
  readonly port: number
  readonly origin: string
  /** The server's ends of the connections that are open. */
  readonly sockets = new Set<Socket>()
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

  private constructor(app: App, port: number) {
    this.app = app
    this.port = port
    this.origin = `http://127.0.0.1:${port}`
    app.http.server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.once('close', () => this.sockets.delete(socket))
    })
  }

  static async open(flags: readonly string[] = [], parts: Parts = {}): Promise<LiveApp> {
    const usual = ['--log-level', 'silent', '--client-limits', 'off']
    const app = await buildApp(readConfig([...usual, ...flags], {}), parts)
    await app.http.listen({ host: '127.0.0.1', port: 0 })
    const address = app.http.server.address()
    if (address === null || typeof address === 'string') throw new Error('it listens on no port')
    return new LiveApp(app, address.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
    this.app.hurry()
    await this.app.close()
  }

  async ask<Body>(method: 'GET' | 'POST', path: string, options: Partial<Question> = {}): Promise<Reply<Body>> {
    const { body, headers = {}, signal } = options
    const reply = await request(this.origin + path, {
      dispatcher: this.#agent,
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      ...(signal && { signal }),
    })
    return { status: reply.statusCode, headers: reply.headers, body: (await reply.body.json()) as Body }
  }

  poll(topic: string, asking: Asking = {}, signal?: AbortSignal): Promise<Reply> {
    return this.ask('GET', pollPath(topic, asking), signal && { signal })
  }

  publish(topic: string, data: unknown): Promise<Reply<{ offset: number; waiting: number }>> {
    return this.ask('POST', `/publish?topic=${topic}`, { body: data })
  }

  /** Publish without a request: at this very step. */
  publishNow(topic: string, data: unknown): Promise<Published> {
    const text = JSON.stringify(data)
    return this.app.scheduler.run(() => this.app.hub.publish(topic, { data: text, bytes: text.length })).promise
  }

  /** Ask on the admin's behalf. */
  administer<Body>(method: 'GET' | 'POST', path: string, options: Partial<Question> = {}): Promise<Reply<Body>> {
    const headers = { authorization: `Bearer ${this.app.adminToken}`, ...options.headers }
    return this.ask(method, path, { ...options, headers })
  }

  left(): Left {
    const { coroutines, parked, timers, awaited } = this.app.scheduler.statistics()
    const { waiting } = this.app.hub.statistics()
    return { coroutines, parked, timers, awaited, waiting, connections: this.sockets.size }
  }

  untilWaiting(count: number): Promise<void> {
    return until(`${count} wait`, () => this.app.hub.statistics().waiting === count)
  }

  validate(): void {
    this.app.scheduler.validate()
    this.app.hub.validate()
  }
}

interface Question {
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

export function pollPath(topic: string, asking: Asking = {}): string {
  return `/messages?${new URLSearchParams({ topic, ...mapValues(asking) })}`
}

/** The bytes of a request, for tests that write them to a socket themselves. */
export function rawRequest(method: string, path: string, body = '', headers: readonly string[] = []): string {
  const about = body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]
  return [`${method} ${path} HTTP/1.1`, 'Host: localhost', ...about, ...headers, '', body].join('\r\n')
}

/** Let the event loop go round until something is so. Gives up after a time that no healthy server needs. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + deadlineMs
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`)
    await turn()
  }
}

/** Let the event loop go round so many times. */
export async function turns(count: number): Promise<void> {
  for (let done = 0; done < count; done += 1) await turn()
}

function mapValues(asking: Asking): Record<string, string> {
  return Object.fromEntries(Object.entries(asking).map(([name, value]) => [name, String(value)]))
}
