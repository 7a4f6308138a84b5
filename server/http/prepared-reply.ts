// A reply that is made once for all who get the same: ten thousand polls of one topic, when it has news.
//
// The first of a second goes the whole way through Fastify and Node, and the head that came of it is kept, beside those
// with other headers from hooks; the others are given that head and the body, in one write. Everything after that is
// Node's and Fastify's own: keeping the connection, what comes next on it, `onResponse` hooks, logs. Of the hooks before
// that (`onSend`) there are none but `endKeepAlive`, and while that has something to say no reply is prepared.

import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'

type Response = ServerResponse & {
  /** Where Node keeps the head that it has put together. Were it gone, every reply would go the whole way. */
  _header?: string | null
  maxRequestsOnConnectionReached?: boolean
}

/** Hooks that give each reply a header of its own shall not fill the memory. */
const mostHeads = 16

export class PreparedReply {
  readonly #headers: Readonly<Record<string, string>>
  readonly #body: string | Buffer
  readonly #isLast: () => boolean
  /** By the headers that hooks have set: those of other sites, say. */
  readonly #heads = new Map<string, string>()
  /** The second that the heads name as their date. */
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
    if (this.#isLast() || !keepsConnection(response)) {
      reply.headers(this.#headers).send(this.#body)
      return
    }
    const second = Math.floor(Date.now() / 1_000)
    if (this.#second !== second) this.#heads.clear()
    const hooked = keyOf(reply.getHeaders())
    const head = this.#heads.get(hooked)
    if (head === undefined) {
      reply.headers(this.#headers).send(this.#body)
      // Were a hook to take its time, there would be none yet, and the next reply would go the whole way, too.
      if (response._header) this.#keep(hooked, response._header, second)
      return
    }
    response.statusMessage = 'OK'
    response._header = head
    response.end(this.#body)
  }

  // For a moment after a second has begun Node still gives the date of the one before.
  #keep(hooked: string, head: string, second: number): void {
    if (secondOf(head) !== second || this.#heads.size >= mostHeads) return
    this.#second = second
    this.#heads.set(hooked, head)
  }
}

/** Whether the connection goes on after the reply, and its head says nothing else. */
function keepsConnection({ shouldKeepAlive, maxRequestsOnConnectionReached }: Response): boolean {
  return shouldKeepAlive && maxRequestsOnConnectionReached !== true
}

function keyOf(headers: Readonly<Record<string, unknown>>): string {
  let key = ''
  for (const name in headers) key += `${name}: ${JSON.stringify(headers[name])} `
  return key
}

function secondOf(head: string): number {
  return Date.parse(/^Date: (.*)\r$/m.exec(head)?.[1] ?? '') / 1_000
}
