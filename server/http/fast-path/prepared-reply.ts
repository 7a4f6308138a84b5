// Replies that are made once for all who get the same: ten thousand polls of one topic, when it has news.
//
// The first goes through all of Fastify and Node, and the head that came of it is kept, beside those with other headers
// from hooks; the others are given that head, with a length, a date and values of their own, and the body, in one write.
// Everything after `sendTo` is Node's and Fastify's own: keeping the connection, what comes next on it, `onResponse`
// hooks, logs. Of the hooks before that (`onSend`) there are none but `endKeepAlive`, and while that has something to say
// no reply is prepared, and those of a protocol that add the same to every reply with the same headers. `writeTo` is for
// requests that repeat, past Node's HTTP.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import process from 'node:process'
import type { FastifyReply } from 'fastify'
import { currentSecond, ReplyHead } from './reply-head.ts'

type Response = ServerResponse & {
  /** Where Node keeps the head that it has put together. Were it gone, every reply would be made by Fastify. */
  _header?: string | null
  maxRequestsOnConnectionReached?: boolean
}

// An import of node:http would have Node read all that it exports, and load for it fetch and WebSocket, which nobody uses.
const { STATUS_CODES } = process.getBuiltinModule('node:http')

/** Cap the heads that are kept: a hook that sets a different header per reply would add one each time. */
const mostHeads = 16

/** How long a text Node may put behind the head, to send the two as one; longer ones are encoded once, and sent beside it. */
const longestText = 8 * 1024

const noValues: readonly string[] = []

export interface PreparedRepliesOptions {
  /** Default: 200. One that has no body (204, 304) is given none. */
  readonly status?: number
  readonly headers: Readonly<Record<string, string>>
  /** The names of headers that each reply gives a value of its own, in the order of its values. Default: none. */
  readonly varying?: readonly string[]
  /** Whether an `onSend` hook would say now that the connection ends with the reply. */
  readonly isLast: () => boolean
  /** Told of each reply with news that is written, and when this node took that, on the monotonic clock in milliseconds. */
  readonly wrote?: (takenAt: number) => void
}

/** Makes replies with the same status and the same headers. */
export class PreparedReplies {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly varying: readonly string[]
  readonly isLast: () => boolean
  readonly wrote: ((takenAt: number) => void) | undefined
  /** By the headers that hooks have set: those of other sites, say. */
  readonly #heads = new Map<string, PreparedHead>()

  constructor({ status = 200, headers, varying = [], isLast, wrote }: PreparedRepliesOptions) {
    this.status = status
    this.headers = headers
    this.varying = varying
    this.isLast = isLast
    this.wrote = wrote
  }

  get hasBody(): boolean {
    return this.status !== 204 && this.status !== 304
  }

  /** `takenAt` is when this node took the news in it, for a reader that waited for it; 0 when there is none. */
  of(body: string | Buffer, values = noValues, takenAt = 0): PreparedReply {
    for (const value of values)
      if (/[^ -~]/.test(value)) throw new TypeError(`no header can be ${JSON.stringify(value)}`)
    return new PreparedReply(this, body, values, takenAt)
  }

  find(hooked: string): PreparedHead | undefined {
    return this.#heads.get(hooked)
  }

  keep(hooked: string, text: string): PreparedHead | undefined {
    const head = ReplyHead.of(text, this.varying, this.hasBody)
    if (head === undefined || this.#heads.size >= mostHeads) return undefined
    const prepared = { of: this, hooked, head }
    this.#heads.set(hooked, prepared)
    return prepared
  }
}

/** A head that others can have whose requests get the same headers from hooks. */
export interface PreparedHead {
  readonly of: PreparedReplies
  readonly hooked: string
  readonly head: ReplyHead
}

export class PreparedReply {
  readonly #all: PreparedReplies
  readonly #body: string | Buffer
  readonly #length: number
  readonly #values: readonly string[]
  readonly #takenAt: number
  #whole: Whole | null = null

  constructor(all: PreparedReplies, body: string | Buffer, values: readonly string[], takenAt: number) {
    this.#all = all
    this.#body = typeof body === 'string' && body.length > longestText ? Buffer.from(body) : body
    this.#length = Buffer.byteLength(this.#body)
    this.#values = values
    this.#takenAt = takenAt
  }

  /** Whether the connection ends with it: then it is not prepared. */
  get isLast(): boolean {
    return this.#all.isLast()
  }

  /** The head that it has where another reply had `head`; undefined when there is none yet. */
  headLike(head: PreparedHead): PreparedHead | undefined {
    return head.of === this.#all ? head : this.#all.find(head.hooked)
  }

  /** Answer a request with it. Gives the head that it had, when others can have the same. */
  sendTo(reply: FastifyReply): PreparedHead | undefined {
    const prepared = this.#sendTo(reply)
    if (this.#takenAt > 0) this.#all.wrote?.(this.#takenAt)
    return prepared
  }

  /** Write it on a connection that carries nothing else at the moment, and goes on after it. */
  writeTo(socket: Socket, { head }: PreparedHead): void {
    const second = currentSecond()
    const whole = this.#whole
    if (whole === null || whole.head !== head || whole.second !== second) {
      this.#whole = { head, second, bytes: this.#join(head.text(this.#length, this.#values)) }
    } else if (typeof whole.bytes === 'string') {
      // Others get it, too: from now on it need not be encoded each time.
      whole.bytes = Buffer.from(whole.bytes)
    }
    socket.write((this.#whole as Whole).bytes)
    if (this.#takenAt > 0) this.#all.wrote?.(this.#takenAt)
  }

  #sendTo(reply: FastifyReply): PreparedHead | undefined {
    const response: Response = reply.raw
    if (this.isLast || !keepsConnection(response)) {
      this.#sendWhole(reply)
      return undefined
    }
    const hooked = keyOf(reply.getHeaders())
    const prepared = this.#all.find(hooked)
    if (prepared === undefined) {
      this.#sendWhole(reply)
      // Were a hook to take its time, there would be none yet, and the next reply would be made by Fastify, too.
      return response._header ? this.#all.keep(hooked, response._header) : undefined
    }
    response.statusCode = this.#all.status
    response.statusMessage = STATUS_CODES[this.#all.status] ?? ''
    response._header = prepared.head.text(this.#length, this.#values)
    if (this.#all.hasBody) response.end(this.#body)
    else response.end()
    return prepared
  }

  #sendWhole(reply: FastifyReply): void {
    reply.code(this.#all.status).headers(this.#headers())
    // Of an empty text Fastify would say that it is plain.
    if (this.#all.hasBody && this.#length > 0) reply.send(this.#body)
    else reply.send()
  }

  #headers(): Readonly<Record<string, string>> {
    const { headers, varying } = this.#all
    if (varying.length === 0) return headers
    return { ...headers, ...Object.fromEntries(varying.map((name, at) => [name, this.#values[at] as string])) }
  }

  #join(head: string): string | Buffer {
    return typeof this.#body === 'string' ? head + this.#body : Buffer.concat([Buffer.from(head, 'latin1'), this.#body])
  }
}

interface Whole {
  readonly head: ReplyHead
  readonly second: number
  bytes: string | Buffer
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
