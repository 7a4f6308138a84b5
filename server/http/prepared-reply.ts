// Replies that are made once for all who get the same: ten thousand polls of one topic, when it has news.
//
// The first goes the whole way through Fastify and Node, and the head that came of it is kept, beside those with other
// headers from hooks; the others are given that head, with a length and a date of their own, and the body, in one write.
// Everything after `sendTo` is Node's and Fastify's own: keeping the connection, what comes next on it, `onResponse`
// hooks, logs. Of the hooks before that (`onSend`) there are none but `endKeepAlive`, and while that has something to say
// no reply is prepared. `writeTo` is for polls that come again, past Node's HTTP.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply } from 'fastify'

type Response = ServerResponse & {
  /** Where Node keeps the head that it has put together. Were it gone, every reply would go the whole way. */
  _header?: string | null
  maxRequestsOnConnectionReached?: boolean
}

/** Hooks that give each reply a header of its own shall not fill the memory. */
const mostHeads = 16

/** How long a text Node may put behind the head, to send the two as one; longer ones are encoded once, and sent beside it. */
const longestText = 8 * 1024

/** Makes replies with 200 and the same headers. */
export class PreparedReplies {
  readonly headers: Readonly<Record<string, string>>
  /** Whether an `onSend` hook would say now that the connection ends with the reply. */
  readonly isLast: () => boolean
  /** By the headers that hooks have set: those of other sites, say. */
  readonly #heads = new Map<string, PreparedHead>()

  constructor(headers: Readonly<Record<string, string>>, isLast: () => boolean) {
    this.headers = headers
    this.isLast = isLast
  }

  of(text: string): PreparedReply {
    return new PreparedReply(this, text)
  }

  find(hooked: string): PreparedHead | undefined {
    return this.#heads.get(hooked)
  }

  keep(hooked: string, text: string): PreparedHead | undefined {
    const head = PreparedHead.of(text)
    if (head === undefined || this.#heads.size >= mostHeads) return undefined
    this.#heads.set(hooked, head)
    return head
  }
}

export class PreparedReply {
  readonly #all: PreparedReplies
  readonly #body: string | Buffer
  readonly #length: number
  #whole: Whole | null = null

  constructor(all: PreparedReplies, text: string) {
    this.#all = all
    this.#body = text.length <= longestText ? text : Buffer.from(text)
    this.#length = Buffer.byteLength(this.#body)
  }

  /** Whether the connection ends with it: then it is not prepared. */
  get isLast(): boolean {
    return this.#all.isLast()
  }

  /** Answer a request with it. Gives the head that it had, when others can have the same. */
  sendTo(reply: FastifyReply): PreparedHead | undefined {
    const response: Response = reply.raw
    const { headers } = this.#all
    if (this.isLast || !keepsConnection(response)) {
      reply.headers(headers).send(this.#body)
      return undefined
    }
    const hooked = keyOf(reply.getHeaders())
    const head = this.#all.find(hooked)
    if (head === undefined) {
      reply.headers(headers).send(this.#body)
      // Were a hook to take its time, there would be none yet, and the next reply would go the whole way, too.
      return response._header ? this.#all.keep(hooked, response._header) : undefined
    }
    response.statusMessage = 'OK'
    response._header = head.text(this.#length)
    response.end(this.#body)
    return head
  }

  /** Write it on a connection that carries nothing else at the moment, and goes on after it. */
  writeTo(socket: Socket, head: PreparedHead): void {
    const second = currentSecond()
    const whole = this.#whole
    if (whole === null || whole.head !== head || whole.second !== second) {
      this.#whole = { head, second, bytes: this.#join(head.text(this.#length)) }
    } else if (typeof whole.bytes === 'string') {
      // Others get it, too: from now on it need not be encoded each time.
      whole.bytes = Buffer.from(whole.bytes)
    }
    socket.write((this.#whole as Whole).bytes)
  }

  #join(head: string): string | Buffer {
    return typeof this.#body === 'string' ? head + this.#body : Buffer.concat([Buffer.from(head, 'latin1'), this.#body])
  }
}

interface Whole {
  readonly head: PreparedHead
  readonly second: number
  bytes: string | Buffer
}

/** A head as Node has put it together, for bodies of any length, at any time. */
export class PreparedHead {
  readonly #beforeLength: string
  readonly #beforeDate: string
  readonly #afterDate: string

  constructor(beforeLength: string, beforeDate: string, afterDate: string) {
    this.#beforeLength = beforeLength
    this.#beforeDate = beforeDate
    this.#afterDate = afterDate
  }

  static of(text: string): PreparedHead | undefined {
    const parts = /^(.*\r\ncontent-length: )\d+(\r\n.*\r\nDate: |\r\nDate: )[^\r]*(\r\n.*)$/s.exec(text)
    if (parts === null) return undefined
    const [, beforeLength, beforeDate, afterDate] = parts as unknown as readonly [string, string, string, string]
    return new PreparedHead(beforeLength, beforeDate, afterDate)
  }

  text(length: number): string {
    return this.#beforeLength + length + this.#beforeDate + currentDate() + this.#afterDate
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

let dated = { second: 0, date: '' }

function currentSecond(): number {
  return Math.floor(Date.now() / 1_000)
}

function currentDate(): string {
  const second = currentSecond()
  if (dated.second !== second) dated = { second, date: new Date(second * 1_000).toUTCString() }
  return dated.date
}
