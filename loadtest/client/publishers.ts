// Publishers: so many bare connections at most, each of which carries one message at a time. Messages that find none free wait
// for their turn, first come, first served.

import type { Publisher } from '../dialects/dialect.ts'
import { type DialectName, dialects } from '../dialects/index.ts'
import { HttpConnection, type Reply } from './http-connection.ts'

interface Line {
  readonly connection: HttpConnection
  readonly publisher: Publisher
}

export interface Published {
  readonly isAccepted: boolean
  readonly reply: Reply
}

export class Publishers implements Disposable {
  readonly #origin: URL
  readonly #dialect: DialectName
  readonly #most: number
  readonly #all = new Set<Line>()
  readonly #free: Line[] = []
  readonly #waiting: (() => void)[] = []
  #lines = 0

  constructor(origin: string, dialect: DialectName, most: number) {
    this.#origin = new URL(origin)
    this.#dialect = dialect
    this.#most = most
  }

  /** Publish `json`, which is ASCII, when a connection is free. @throws Error when the connection breaks or is refused */
  async publish(topic: string, json: string): Promise<Published> {
    const line = await this.#take()
    try {
      const reply = await line.connection.request(line.publisher.publish(topic, json))
      if (isLast(reply)) line.connection[Symbol.dispose]()
      return { isAccepted: line.publisher.hasAccepted(reply), reply }
    } finally {
      this.#give(line)
    }
  }

  [Symbol.dispose](): void {
    for (const { connection } of this.#all) connection[Symbol.dispose]()
  }

  async #take(): Promise<Line> {
    for (;;) {
      const line = this.#free.pop()
      if (line?.connection.failure === null) return line
      // A server may close a connection that was idle.
      if (line !== undefined) this.#drop(line)
      else if (this.#lines < this.#most) return this.#open()
      else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  #give(line: Line): void {
    if (line.connection.failure === null) this.#free.push(line)
    else this.#drop(line)
    this.#waiting.shift()?.()
  }

  async #open(): Promise<Line> {
    this.#lines += 1
    try {
      const { hostname, port, host } = this.#origin
      const connection = await HttpConnection.open({ host: hostname, port: Number(port) })
      const line = { connection, publisher: dialects[this.#dialect].publisher(host) }
      this.#all.add(line)
      await connection.converse(line.publisher.greet())
      return line
    } catch (error) {
      this.#lines -= 1
      this.#waiting.shift()?.()
      throw error
    }
  }

  #drop(line: Line): void {
    this.#all.delete(line)
    this.#lines -= 1
  }
}

/** The server says that it closes the connection now. */
function isLast({ head }: Reply): boolean {
  return /\r\nconnection: *close/i.test(head)
}
