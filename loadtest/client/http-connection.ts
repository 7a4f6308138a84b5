// One keep-alive connection that carries one request at a time, on a bare socket: a tenth of the cost of a real client, so
// that ten thousand of them fit into one process.

import { connect, type Socket } from 'node:net'
import { nowMs } from '../measure/clock.ts'
import { ReplyReader } from './reply-reader.ts'

export interface Reply {
  readonly status: number
  readonly body: string
  /** The status line and the headers, as they came. */
  readonly head: string
  readonly atMs: number
}

export interface Address {
  readonly host: string
  readonly port: number
  /** To come from. */
  readonly localAddress?: string
  readonly localPort?: number
}

type Settle = { resolve(reply: Reply): void; reject(error: Error): void }

export class HttpConnection implements Disposable {
  readonly #socket: Socket
  readonly #reader: ReplyReader
  #waiting: Settle | null = null
  #failure: Error | null = null

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#reader = new ReplyReader((status, body, head) => this.#replied({ status, body, head, atMs: nowMs() }))
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#reader.take(chunk)
      } catch (error) {
        this.#fail(error as Error)
      }
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('the server closed the connection')))
  }

  static open(address: Address): Promise<HttpConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ ...address, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new HttpConnection(socket))
      })
    })
  }

  /** Why it can carry nothing any more. */
  get failure(): Error | null {
    return this.#failure
  }

  /** Send one request and wait for its reply. @throws Error when the connection breaks, or carries a request already */
  request(bytes: string): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== null) return reject(this.#failure)
      if (this.#waiting !== null) return reject(new Error('this connection carries a request already'))
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes, 'latin1')
    })
  }

  /** Say what `conversation` gives, one request after the other. @throws what it throws, and as `request` does */
  async converse(conversation: Generator<string, void, Reply>): Promise<void> {
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

  #replied(reply: Reply): void {
    const waiting = this.#waiting
    this.#waiting = null
    if (waiting === null) this.#fail(new Error(`a reply that nobody asked for: ${reply.body.slice(0, 80)}`))
    else waiting.resolve(reply)
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#waiting?.reject(error)
    this.#waiting = null
    this.#socket.destroy()
  }
}
