// Publishers: so many bare connections at most, each of which carries one message at a time. Messages that find none free wait
// for their turn, first come, first served.

import type { Publisher } from '../dialects/dialect.ts'
import { type DialectName, dialects } from '../dialects/index.ts'
import { HttpConnection, type Reply } from './http-connection.ts'

interface Line {
  readonly connection: HttpConnection
  readonly publisher: Publisher
}

export class Publishers implements Disposable {
  readonly #origin: URL
  readonly #dialect: DialectName
  readonly #most: number
  readonly #lines = new Set<Line>()
  readonly #free: Line[] = []
  readonly #waiting: (() => void)[] = []
  #opening = 0

  constructor(origin: string, dialect: DialectName, most: number) {
    this.#origin = new URL(origin)
    this.#dialect = dialect
    this.#most = most
  }

  /** Publish `json`, which is ASCII, when a connection is free. @throws Error when the connection breaks or is refused */
  async publish(topic: string, json: string): Promise<{ readonly isAccepted: boolean; readonly reply: Reply }> {
    const line = await this.#take()
    try {
      const reply = await line.connection.request(line.publisher.publish(topic, json))
      // The server says that it closes the connection now.
      if (/\r\nconnection: *close/i.test(reply.head)) line.connection[Symbol.dispose]()
      return { isAccepted: line.publisher.hasAccepted(reply), reply }
    } finally {
      if (line.connection.failure === null) this.#free.push(line)
      else this.#lines.delete(line)
      this.#waiting.shift()?.()
    }
  }

  [Symbol.dispose](): void {
    for (const { connection } of this.#lines) connection[Symbol.dispose]()
  }

  async #take(): Promise<Line> {
    for (;;) {
      const line = this.#free.pop()
      if (line?.connection.failure === null) return line
      // A server may close a connection that was idle.
      if (line !== undefined) this.#lines.delete(line)
      else if (this.#lines.size + this.#opening < this.#most) return this.#open()
      else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  async #open(): Promise<Line> {
    this.#opening += 1
    try {
      const { hostname, port, host } = this.#origin
      const connection = await HttpConnection.open({ host: hostname, port: Number(port) })
      const line = { connection, publisher: dialects[this.#dialect].publisher(host) }
      this.#lines.add(line)
      await connection.converse(line.publisher.greet())
      return line
    } catch (error) {
      this.#waiting.shift()?.()
      throw error
    } finally {
      this.#opening -= 1
    }
  }
}
