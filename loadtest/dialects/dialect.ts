// A dialect: how readers and publishers of one system speak. The readers of the generator and the publishers of the load test
// know nothing else of a system, so all systems are measured by the same code.

export interface Dialect {
  /** @param topics one, or for dialects that know it several */
  reader(topics: readonly string[]): Reader
  publisher(): Publisher
  /** Where the events of a topic are read, from now on; for systems that are laid beside by their event streams. */
  eventsOf?(topic: string): string
}

/** A request. Its body is ASCII. */
export interface Ask {
  readonly method: 'GET' | 'POST' | 'PUT'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Reply {
  readonly status: number
  readonly body: string
  /** @param name in small letters */
  header(name: string): string | undefined
}

/** Gives requests, one after the other, and is given the reply to each. */
export type Conversation = Generator<Ask, void, Reply>

export interface Reader {
  /** What it says until it can wait. @throws Error when it is refused */
  greet(): Conversation
  /** The poll that waits, from where this reader stands. */
  poll(): Ask
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
  publish(topic: string, json: string): Ask
  hasAccepted(reply: Reply): boolean
}

export interface PollReply {
  readonly messages: readonly PolledMessage[]
  readonly cursor: string
  readonly topics: Readonly<Record<string, { readonly verdict: string }>>
}

export interface PolledMessage {
  readonly topic: string
  readonly offset: number
  readonly data: unknown
}

export const json = { 'Content-Type': 'application/json' }

/** @throws Error when the status is not 200 */
export function expectGood(what: string, { status, body }: Reply): void {
  if (status !== 200) throw new Error(`${what} was answered with ${status}: ${body.slice(0, 200)}`)
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
    return { messages, cursor: '', topics: { [this.#topic]: { verdict: 'ok' } } }
  }
}

/** Says nothing. */
export function* silence(): Conversation {}
