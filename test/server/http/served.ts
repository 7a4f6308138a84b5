// A server on a real socket with its usual limits, and clients for it that send anything, byte by byte if need be.

import { deepStrictEqual } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Agent } from 'undici'
import { type App, buildApp, type Parts } from '../../../server/app.ts'
import { readConfig } from '../../../server/config.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  /** The body, read as JSON; undefined when there is none, or it is something else. */
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
  readonly json: any
}

export interface Question {
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
}

export class Served implements AsyncDisposable {
  readonly app: App
  readonly origin: string
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  readonly #wires: Wire[] = []

  private constructor(app: App, origin: string) {
    this.app = app
    this.origin = origin
  }

  /** `prepare` is given the app before it listens. */
  static async start(
    flags: readonly string[] = [],
    parts: Parts = {},
    prepare: (app: App) => void = () => {},
  ): Promise<Served> {
    const app = await buildApp(readConfig(['--port', '0', '--log-level', 'silent', ...flags], {}), parts)
    prepare(app)
    return new Served(app, await app.http.listen({ host: '127.0.0.1', port: 0 }))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
    for (const wire of this.#wires) wire[Symbol.dispose]()
    await this.app.close()
  }

  /** Send a request. Its path is sent as it stands. */
  async send(method: string, path: string, { headers = {}, body, signal }: Question = {}): Promise<Answer> {
    const reply = await this.#agent.request({
      origin: this.origin,
      method: method as 'GET',
      path,
      headers,
      body: body ?? null,
      ...(signal && { signal }),
    })
    const text = await reply.body.text()
    return { status: reply.statusCode, headers: reply.headers, text, json: parse(text) }
  }

  get(path: string, question?: Question): Promise<Answer> {
    return this.send('GET', path, question)
  }

  /** Send a body that is JSON already; a value that is no string is written as JSON. */
  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const json = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body)
    return this.send('POST', path, { body: json, headers: { 'content-type': 'application/json', ...headers } })
  }

  publish(topic: string, data: unknown): Promise<Answer> {
    return this.post(`/publish?topic=${encodeURIComponent(topic)}`, JSON.stringify(data))
  }

  administrate(method: string, path: string, question: Question = {}): Promise<Answer> {
    const headers = { authorization: `Bearer ${this.app.adminToken}`, ...question.headers }
    return this.send(method, path, { ...question, headers })
  }

  /** A connection of its own, on which bytes can be written as they come. */
  async wire(): Promise<Wire> {
    const socket = connect(Number(new URL(this.origin).port), '127.0.0.1')
    await once(socket, 'connect')
    const wire = new Wire(socket)
    this.#wires.push(wire)
    return wire
  }

  /** Wait until so many readers wait. */
  async waiting(count: number): Promise<void> {
    await until(() => this.app.hub.statistics().waiting === count)
  }

  /** What bad input must leave as it was. */
  holdings(): Record<string, number> {
    const { topics, waiting, messages, bytes, published, delivered } = this.app.hub.statistics()
    const { coroutines, runnable, parked, timers, awaited } = this.app.scheduler.statistics()
    const hub = { topics, waiting, messages, bytes, published, delivered }
    return { ...hub, coroutines, runnable, parked, timers, awaited }
  }

  /** The same once no coroutine has its turn: the server has some of its own, which wake now and then. */
  async holdingsAtRest(): Promise<Record<string, number>> {
    await until(() => this.app.scheduler.statistics().runnable === 0)
    return this.holdings()
  }

  /** Wait until it holds what it held `before`. */
  async untilHolding(before: Readonly<Record<string, number>>): Promise<void> {
    await until(() => isDeepStrictEqual(this.holdings(), before)).catch(() => {})
    deepStrictEqual(this.holdings(), before)
  }
}

/** A connection to the server: bytes out, replies in. */
export class Wire implements Disposable {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #hasEnded = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (bytes) => {
      this.#received = Buffer.concat([this.#received, bytes as Buffer])
    })
    socket.on('error', () => {})
    socket.once('close', () => {
      this.#hasEnded = true
    })
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }

  /** What has come and was not read as a reply. */
  get received(): string {
    return String(this.#received)
  }

  /** Write, and wait until the bytes have left: what is written next is another packet. */
  async write(bytes: string | Uint8Array): Promise<this> {
    await new Promise<void>((resolve) => {
      this.socket.write(bytes, () => resolve())
    })
    return this
  }

  /** Wait for the next reply; its body must have a Content-Length. */
  async reply(): Promise<Answer> {
    return (await this.#next()).answer
  }

  /** Wait for the next reply, and give it as it came, but for its date. One to HEAD has no body, whatever its head says. */
  async replyText({ hasBody = true } = {}): Promise<string> {
    return (await this.#next(hasBody)).raw.replace(/^Date: .* GMT\r$/m, 'Date: now\r')
  }

  /** Wait until the server has closed it. */
  async closed(): Promise<void> {
    await until(() => this.#hasEnded)
  }

  async #next(hasBody = true): Promise<Whole> {
    await until(() => this.#whole(hasBody) !== undefined || this.#hasEnded)
    const whole = this.#whole(hasBody)
    if (whole === undefined) throw new Error(`the connection ended after ${JSON.stringify(String(this.#received))}`)
    this.#received = this.#received.subarray(whole.bytes)
    return whole
  }

  #whole(hasBody: boolean): Whole | undefined {
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return undefined
    const [start, ...lines] = this.#received.toString('latin1', 0, end).split('\r\n') as [string, ...string[]]
    const headers = Object.fromEntries(
      lines.map((line) => [line.split(':')[0]?.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const bytes = end + 4 + (hasBody ? Number(headers['content-length'] ?? 0) : 0)
    if (this.#received.length < bytes) return undefined
    const text = this.#received.toString('utf8', end + 4, bytes)
    const raw = this.#received.toString('utf8', 0, bytes)
    return { answer: { status: Number(start.split(' ')[1]), headers, text, json: parse(text) }, bytes, raw }
  }
}

interface Whole {
  readonly answer: Answer
  readonly bytes: number
  readonly raw: string
}

/** Replies with the headers of each in the order of the alphabet. */
export function withSortedHeads(replies: string): string {
  return replies.replaceAll(/HTTP\/1\.1 .*?\r\n\r\n/gs, (head) => head.split('\r\n').sort().join('\r\n'))
}

/** Go round the event loop until something is so. */
export async function until(isSo: () => boolean): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`it never came to this: ${isSo}`)
    await turn()
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
