// A dialect: how readers and publishers of one system speak, in requests on a bare connection. The herd of the generator and
// the publishers of the load test know nothing else of a system, so all systems are measured by the same code.

import type { PollReply } from '../client/encke-requests.ts'
import type { Reply } from '../client/http-connection.ts'

export interface Dialect {
  reader(place: Place): Reader
  publisher(host: string): Publisher
}

/** Where a reader reads. */
interface Place {
  readonly host: string
  /** One, or for dialects that know it several. */
  readonly topics: readonly string[]
  /** Lines, each with its end, that go with each of its requests. */
  readonly headers: string
}

/** Gives requests, one after the other, and is given the reply to each. */
export type Conversation = Generator<string, void, Reply>

export interface Reader {
  /** What it says until it can wait. @throws Error when it is refused */
  greet(): Conversation
  /** The poll that waits, from where this reader stands. */
  poll(): string
  /**
   * What a reply to that poll says, and where the reader stands now. A system that numbers no messages has them numbered as
   * they come.
   *
   * @throws Error on anything else than such a reply
   */
  take(reply: Reply): PollReply
}

export interface Publisher {
  /** What it says until it can publish. @throws Error when it is refused */
  greet(): Conversation
  /** `json` is ASCII. */
  publish(topic: string, json: string): string
  hasAccepted(reply: Reply): boolean
}

/** A request with a body of ASCII, or with none. */
export function requestBytes(method: string, path: string, host: string, headers: string, body?: string): string {
  const content = body === undefined ? '' : `Content-Length: ${body.length}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${headers}${content}\r\n${body ?? ''}`
}

/** The value of a header; undefined when there is none. */
export function headerOf({ head }: Reply, name: string): string | undefined {
  const lines = head.split('\r\n')
  const line = lines.find((line) => line.slice(0, name.length + 1).toLowerCase() === `${name.toLowerCase()}:`)
  return line?.slice(name.length + 1).trim()
}

/** @throws Error when the status is not `wanted` */
export function expectStatus(what: string, { status, body }: Reply, wanted = 200): void {
  if (status !== wanted) throw new Error(`${what} was answered with ${status}: ${body.slice(0, 200)}`)
}

/** Numbers the messages of a system that does not, and puts them as a poll's reply. */
export class Counted {
  readonly #topic: string
  #count = 0

  constructor(topic: string) {
    this.#topic = topic
  }

  reply(all: readonly unknown[]): PollReply {
    const messages = all.map((data) => ({ topic: this.#topic, offset: ++this.#count, data }))
    return { messages, cursor: '', more: false, topics: { [this.#topic]: { verdict: 'ok', missed: 0 } } }
  }
}

/** Says nothing. */
export function* silence(): Conversation {}
