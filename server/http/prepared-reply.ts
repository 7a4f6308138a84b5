// A reply that is made once for all who get the same: ten thousand polls of one topic, when it has news.
//
// The first of a second goes the whole way through Fastify and Node, and the head that came of it is kept; the others are
// given that head and the body, in one write. Everything after that is Node's and Fastify's own: keeping the connection,
// what comes next on it, `onResponse` hooks, logs. Of the hooks before that (`onSend`) there are none but `endKeepAlive`,
// and while that has something to say no reply is prepared.

import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

type Response = ServerResponse & {
  /** Where Node keeps the head that it has put together. Were it gone, every reply would go the whole way. */
  _header?: string | null
  maxRequestsOnConnectionReached?: boolean
}

export class PreparedReply {
  readonly #headers: Readonly<Record<string, string>>
  readonly #body: string | Buffer
  readonly #isLast: () => boolean
  #head: string | null = null
  /** The second that the head names as its date. */
  #second = 0

  /** `isLast` tells whether an `onSend` hook would say now that the connection ends with the reply. */
  constructor(headers: Readonly<Record<string, string>>, body: string | Buffer, isLast: () => boolean) {
    this.#headers = headers
    this.#body = body
    this.#isLast = isLast
  }

  /** Answer a request with it, with 200. */
  sendTo(reply: FastifyReply): void {
    const response: Response = reply.raw
    if (this.#isLast() || !isPlain(reply)) {
      reply.headers(this.#headers).send(this.#body)
      return
    }
    const second = Math.floor(Date.now() / 1_000)
    if (this.#head === null || this.#second !== second) {
      reply.headers(this.#headers).send(this.#body)
      // Were a hook to take its time, there would be none yet, and the next reply would go the whole way, too.
      this.#head = response._header ?? null
      this.#second = second
      return
    }
    response.statusMessage = 'OK'
    response._header = this.#head
    response.end(this.#body)
  }
}

/** Whether nothing about the request or its connection gives the reply a head of its own. */
function isPlain(reply: FastifyReply): boolean {
  const { shouldKeepAlive, maxRequestsOnConnectionReached }: Response = reply.raw
  if (!shouldKeepAlive || maxRequestsOnConnectionReached === true) return false
  for (const _header in reply.getHeaders()) return false
  return true
}
