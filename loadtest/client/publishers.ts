// Publishers of one server: so many connections at most, each of which carries one message at a time. Messages that find none
// free wait for their turn, first come, first served.

import { Pool } from 'undici'
import type { Ask, Publisher, Reply } from '../dialects/dialect.ts'
import { type DialectName, dialects } from '../dialects/index.ts'

/** Longer than any pause of a load test. */
const idleMs = 600_000

export class Publishers implements AsyncDisposable {
  readonly #pool: Pool
  readonly #publisher: Publisher
  readonly #headers: Ask['headers']
  readonly #greeted: Promise<void>

  /** @param headers that go with each message */
  constructor(origin: string, dialect: DialectName, connections: number, headers: Ask['headers'] = {}) {
    this.#headers = headers
    this.#pool = new Pool(origin, { connections, keepAliveTimeout: idleMs, keepAliveMaxTimeout: idleMs })
    this.#publisher = dialects[dialect].publisher()
    this.#greeted = this.#greet()
    // The first message says so.
    this.#greeted.catch(() => {})
  }

  /** Publish `json`, which is ASCII, when a connection is free. @throws Error when the connection breaks or is refused */
  async publish(topic: string, json: string): Promise<{ readonly isAccepted: boolean; readonly reply: Reply }> {
    await this.#greeted
    const reply = await this.#ask(this.#publisher.publish(topic, json))
    return { isAccepted: this.#publisher.hasAccepted(reply), reply }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#pool.destroy()
  }

  async #greet(): Promise<void> {
    const conversation = this.#publisher.greet()
    let step = conversation.next()
    while (!step.done) step = conversation.next(await this.#ask(step.value))
  }

  async #ask({
    method,
    path,
    headers = {},
    body = null,
  }: Omit<Ask, 'body'> & { body?: string | null }): Promise<Reply> {
    const reply = await this.#pool.request({ method, path, headers: { ...headers, ...this.#headers }, body })
    const text = await reply.body.text()
    return { status: reply.statusCode, body: text, header: (name) => [reply.headers[name]].flat()[0] }
  }
}
