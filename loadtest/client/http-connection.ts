// One keep-alive connection that carries one request at a time, on a bare socket: a tenth of the cost of a real client, so
// that ten thousand of them fit into one process.

import { connect, type Socket } from 'node:net'
import type { Ask, Conversation, Reply } from '../dialects/dialect.ts'
import { nowMs } from '../measure/clock.ts'
import { ReplyReader } from './reply-reader.ts'

export type TimedReply = Reply & { readonly atMs: number }

export class HttpConnection implements Disposable {
  readonly #socket: Socket
  readonly #host: string
  readonly #headers: Ask['headers']
  #waiting: PromiseWithResolvers<TimedReply> | null = null
  #failure: Error | null = null

  private constructor(socket: Socket, { host }: URL, headers: Ask['headers']) {
    this.#socket = socket
    this.#host = host
    this.#headers = headers
    const reader = new ReplyReader((reply) => this.#replied({ ...reply, atMs: nowMs() }))
    socket.on('data', (chunk: Buffer) => {
      try {
        reader.take(chunk)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  /** @param headers that go with each request */
  static open(
    origin: string,
    local: { localAddress?: string; localPort?: number } = {},
    headers: Ask['headers'] = {},
  ): Promise<HttpConnection> {
    const url = new URL(origin)
    const { promise, resolve, reject } = Promise.withResolvers<HttpConnection>()
    const socket = connect({ ...local, host: url.hostname, port: Number(url.port), noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(new HttpConnection(socket, url, headers))
    })
    return promise
  }

  /** Send one request and wait for its reply. @throws Error when the connection breaks, or carries a request already */
  request(ask: Ask): Promise<TimedReply> {
    return this.send(bytesOf({ ...ask, headers: { ...ask.headers, ...this.#headers } }, this.#host))
  }

  /** The same with bytes, which need not be a whole request. */
  send(bytes: string): Promise<TimedReply> {
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#waiting !== null) return Promise.reject(new Error('this connection carries a request already'))
    this.#waiting = Promise.withResolvers()
    this.#socket.write(bytes, 'latin1')
    return this.#waiting.promise
  }

  /** Say what `conversation` gives, one request after the other. @throws what it throws, and as `request` does */
  async converse(conversation: Conversation): Promise<void> {
    let step = conversation.next()
    while (!step.done) step = conversation.next(await this.request(step.value))
  }

  /** Close it as a browser does that leaves a page. */
  hangUp(): void {
    this.#fail(new Error('the connection was closed here'))
  }

  /** Close it as a process that died would: without a word. */
  [Symbol.dispose](): void {
    this.#socket.resetAndDestroy()
    this.hangUp()
  }

  #replied(reply: TimedReply): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting === null) this.#fail(new Error(`a reply that was not asked for: ${reply.body.slice(0, 80)}`))
    else waiting.resolve(reply)
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#waiting?.reject(this.#failure)
    this.#waiting = null
    this.#socket.destroy()
  }
}

export function bytesOf({ method, path, headers = {}, body }: Ask, host: string): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  if (body !== undefined) lines.push(`Content-Length: ${body.length}\r\n`)
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n${body ?? ''}`
}

/** Above those of services, and below those that the system keeps to itself. */
const [firstPort, lastPort] = [10_000, 60_000]
const tries = 50

/**
 * Source ports of many connections, given out here instead of by the system: where an address is given, and thousands of its
 * ports are taken, a system looks for a free one for milliseconds, each time, on the cores that the server shares.
 *
 * They are taken in turn from a random one on, because other load generators may come from the same addresses; where one is
 * taken, others beside it are likely to be, and it goes on at another random one.
 */
export class SourcePorts {
  #next = randomPort()

  /** @throws Error when it cannot connect, or fifty ports that it has tried are taken */
  async open(origin: string, localAddress: string, headers?: Ask['headers']): Promise<HttpConnection> {
    for (let left = tries; ; left -= 1) {
      const localPort = this.#next
      this.#next = localPort === lastPort ? firstPort : localPort + 1
      try {
        return await HttpConnection.open(origin, { localAddress, localPort }, headers)
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException
        if (left === 0 || !['EADDRINUSE', 'EADDRNOTAVAIL'].includes(code)) throw error
        this.#next = randomPort()
      }
    }
  }
}

function randomPort(): number {
  return firstPort + Math.floor(Math.random() * (lastPort - firstPort))
}
