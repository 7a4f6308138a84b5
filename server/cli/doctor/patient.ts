// The path that is examined: the server's address, a topic of the examination's own, and how it is published to.

import { randomBytes } from 'node:crypto'
import { type Answer, Connection, type ConnectionOptions, type Question } from '../connection.ts'

export class Patient {
  readonly connection: Connection
  readonly url: string
  readonly token: string | undefined
  readonly signal: AbortSignal
  /** Nobody else's: what is published there is read by the doctor alone, and forgotten with the topic. */
  readonly topic = `encke-doctor/${randomBytes(9).toString('base64url')}`
  /** Whether the doctor may publish; what needs that is skipped otherwise. Known once `mayPublish` was asked. */
  #mayPublish: Promise<boolean> | undefined

  constructor(options: ConnectionOptions, signal: AbortSignal) {
    this.connection = new Connection(options)
    this.url = options.url
    this.token = options.token
    this.signal = signal
  }

  ask(path: string, question: Question = {}): Promise<Answer> {
    const signal = AbortSignal.any([this.signal, AbortSignal.timeout(30_000)])
    return this.connection.ask(path, { signal, ...question })
  }

  publish(topic: string, data: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.ask(`/publish?topic=${encodeURIComponent(topic)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(data),
    })
  }

  /** A topic below that of the examination. */
  topicFor(what: string): string {
    return `${this.topic}/${what}`
  }

  mayPublish(): Promise<boolean> {
    this.#mayPublish ??= this.publish(this.topicFor('may'), 'may I?').then(({ status }) => status === 201)
    return this.#mayPublish
  }
}

/** The body as JSON; undefined when it is something else. */
export function jsonIn({ text }: Answer): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return undefined
  }
}
