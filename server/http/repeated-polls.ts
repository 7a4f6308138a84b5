// Polls that come again. A client polls on and on, and what it sends differs in nothing but the cursor. What hooks, guards
// and schemas have said of such a request they would say again; so its bytes are compared to those of the poll before on
// the same connection, and when they are the same the coroutine is started at once, without Node's HTTP and Fastify. That
// spares nearly half of what a poll costs, and the request and reply that it would hold while it waits.
//
// Whatever is not plainly the same goes the whole way: another header or parameter, a broken cursor, an error, a reply
// that ends the connection. What depends on more than the bytes is asked each time: how often the client asks, how many
// wait, whether the server drains. A guard that comes to depend on more must be asked here, too.
//
// Invariants of a connection:
//   - while it is idle, Node's HTTP has read whole requests only, bodies and all, and has answered them;
//   - while a poll of it waits here, Node's HTTP is given nothing; when more comes, it is given the poll first.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Coroutine, Scheduler, Task } from '../../runtime/index.ts'
import { Cancelled } from '../../runtime/index.ts'
import type { Cursor } from '../hub/index.ts'
import { decodeCursor } from '../hub/index.ts'
import { longestLabel } from './coroutine-handler.ts'
import type { LongPoll, Poll } from './poll.ts'
import { bytesOf, PollBytes } from './poll-bytes.ts'
import type { PreparedHead, PreparedReply } from './prepared-reply.ts'

export interface RepeatedPollsOptions {
  readonly scheduler: Scheduler
  readonly server: Server
  readonly longPoll: LongPoll
  /** Whether `poll` may be answered without asking the hooks; if so, it is counted as they would. */
  readonly admits: (poll: Poll) => boolean
  /** Takes that back: `poll` goes the whole way after all, and the hooks will count it. */
  readonly uncount: (poll: Poll) => void
}

/** What is known of the polls of a connection. */
interface KnownPoll {
  readonly poll: Poll
  readonly bytes: PollBytes
  /** Of the reply. */
  readonly head: PreparedHead
}

type Answered = Recognised & KnownPoll

export class RepeatedPolls {
  readonly options: RepeatedPollsOptions
  readonly #connections = new Map<Socket, PollingConnection>()
  #isOff = false
  /** What Node's HTTP is given is of this connection. */
  #passing: PollingConnection | null = null
  /** Those whose replies are about to leave. */
  #leaving: PollingConnection[] = []

  constructor(options: RepeatedPollsOptions) {
    this.options = options
    // Node would end a connection that is silent for longer than it is kept alive, as many a poll is.
    options.server.on('timeout', (socket: Socket) => {
      if (!this.#connections.get(socket)?.isWaiting) socket.destroy()
    })
    options.server.on('request', (request: IncomingMessage) => this.#passing?.begins(request))
  }

  /** Whether a poll waits here, or is about to be answered. */
  get hasWaiting(): boolean {
    for (const connection of this.#connections.values()) if (connection.isWaiting) return true
    return false
  }

  /** From now on every poll goes the whole way: there are hooks that must see it. */
  turnOff(): void {
    this.#isOff = true
  }

  /** A poll is on its way through Fastify: note the bytes that it came in, if its like can be known by them. */
  recognise(request: IncomingMessage, cursor: string | undefined): Recognised | undefined {
    if (cursor === undefined || request.method !== 'GET' || isMoreThanItsHead(request)) return undefined
    return this.#connections.get(request.socket)?.recognise(request, cursor)
  }

  /** It is being answered, with a head that others can have: once that is done, look out for the next one. */
  answered({ method, socket }: IncomingMessage, response: ServerResponse, whole: Answered | undefined): void {
    if (method !== 'GET' || this.#isOff) return
    const look = () => {
      const connection = this.#connections.get(socket)
      // Not now: Node may be about to read on from a socket that it had paused.
      if (connection === undefined) setImmediate(() => this.#watch(socket))
      else if (whole !== undefined) connection.answered(whole)
    }
    response.once('finish', look)
  }

  /** Give Node's HTTP what it would have read itself, and the connection the requests that begin by it. */
  pass(connection: PollingConnection, toHttp: () => void): void {
    this.#passing = connection
    try {
      toHttp()
    } finally {
      this.#passing = null
    }
  }

  /**
   * Let a reply leave once the slice of the scheduler is over. A write that wakes its client is dear, one right after
   * another wakes nobody; and the coroutines in between would be time enough for the client to fall asleep.
   */
  sendSoon(connection: PollingConnection): void {
    if (this.#leaving.length === 0) queueMicrotask(() => this.#sendAll())
    this.#leaving.push(connection)
  }

  #sendAll(): void {
    const leaving = this.#leaving
    this.#leaving = []
    for (const connection of leaving) connection.send()
  }

  #watch(socket: Socket): void {
    if (socket.destroyed || socket.isPaused() || this.#connections.has(socket)) return
    const connection = PollingConnection.on(socket, this)
    if (connection === undefined) return
    this.#connections.set(socket, connection)
    socket.once('close', () => {
      this.#connections.delete(socket)
      connection.close()
    })
  }
}

/** A poll in the bytes that it came in. */
export interface Recognised {
  readonly bytes: PollBytes
  /** How many chunks Node's HTTP had been given then. */
  readonly chunks: number
}

class PollingConnection {
  readonly polls: RepeatedPolls
  readonly #socket: Socket
  readonly #toHttp: (chunk: Buffer) => void
  /** How many chunks Node's HTTP has been given; the last of them, and the last request that began by it. */
  #chunks = 0
  #given: Buffer | null = null
  #begun: IncomingMessage | null = null
  #isIdle = false
  #known: KnownPoll | null = null
  /** The poll that waits, and its cursor. */
  #task: Task<void> | null = null
  #cursor = ''
  #reply: PreparedReply | null = null
  readonly #label = () => {
    const [target = ''] = this.#request().split(' HTTP/', 1)
    return `${target.slice(0, longestLabel)} for ${this.#known?.poll.address}`
  }

  private constructor(socket: Socket, polls: RepeatedPolls, toHttp: (chunk: Buffer) => void) {
    this.#socket = socket
    this.polls = polls
    this.#toHttp = toHttp
  }

  /** Read `socket` before Node's HTTP does. Undefined when that does not listen as it should. */
  static on(socket: Socket, polls: RepeatedPolls): PollingConnection | undefined {
    const [toHttp, ...others] = socket.listeners('data') as ((chunk: Buffer) => void)[]
    if (toHttp === undefined || others.length > 0) return undefined
    const connection = new PollingConnection(socket, polls, toHttp)
    socket.on('data', (chunk: Buffer) => connection.#read(chunk))
    socket.removeListener('data', toHttp)
    return connection
  }

  get isWaiting(): boolean {
    return this.#task !== null
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  begins(request: IncomingMessage): void {
    this.#begun = request.method === 'GET' && request.url?.includes('cursor=') ? request : null
  }

  /** Whether `request` is the last that has come, and came by itself in these very bytes: so its like can be known. */
  recognise(request: IncomingMessage, cursor: string): Recognised | undefined {
    const isLast = this.#begun === request
    const text = this.#given?.toString('latin1')
    this.#begun = null
    this.#given = null
    if (!isLast || text === undefined || text !== bytesOf(request)) return undefined
    const bytes = PollBytes.around(text, cursor)
    return bytes && { bytes, chunks: this.#chunks }
  }

  /** It has been answered, with a head that others can have. */
  answered({ chunks, poll, bytes, head }: Answered): void {
    // Something has come meanwhile: what, only Node's HTTP knows.
    if (chunks !== this.#chunks) return
    this.#known = { poll, bytes, head }
    this.#isIdle = true
  }

  close(): void {
    this.#task?.cancel('the client went away')
  }

  /** The poll that waits has its answer. What is no reply it gets the whole way: an error, or that it is sent away. */
  answer(answer: PreparedReply | string | undefined): void {
    // It has been let go the whole way when its answer was there already.
    if (this.isClosed || this.#task === null) return
    if (typeof answer === 'object' && !answer.isLast) {
      this.#reply = answer
      this.polls.sendSoon(this)
    } else {
      this.#goTheWholeWay()
    }
  }

  /** Send the reply, unless it has been sent already. */
  send(): void {
    const reply = this.#reply
    if (reply === null || this.isClosed) return
    this.#reply = null
    this.#task = null
    reply.writeTo(this.#socket, (this.#known as KnownPoll).head)
  }

  #read(chunk: Buffer): void {
    if (this.#task !== null) this.#makeWay()
    if (!this.#isIdle || !this.#startPoll(chunk)) this.#pass(chunk)
  }

  // More has come before the reply: Node's HTTP knows how to answer several requests in their order.
  #makeWay(): void {
    if (this.#reply !== null) {
      this.send()
    } else {
      this.#task?.cancel('it goes the whole way, with what has come behind it')
      this.#goTheWholeWay()
    }
  }

  #goTheWholeWay(): void {
    this.#task = null
    this.polls.options.uncount((this.#known as KnownPoll).poll)
    this.#pass(Buffer.from(this.#request(), 'latin1'))
  }

  #pass(chunk: Buffer): void {
    if (this.isClosed) return
    this.#isIdle = false
    this.#chunks += 1
    this.#given = chunk
    this.polls.pass(this, () => this.#toHttp(chunk))
    if (this.#begun === null) this.#given = null
  }

  #startPoll(chunk: Buffer): boolean {
    const { scheduler, admits } = this.polls.options
    const { poll, bytes } = this.#known as KnownPoll
    const text = bytes.cursorIn(chunk)
    const cursor = text === undefined ? undefined : cursorOr(text)
    if (cursor === undefined || this.#socket.writableLength > 0 || !admits(poll)) return false
    this.#cursor = text as string
    this.#task = scheduler.run(serve, this, poll, cursor)
    this.#task.label = this.#label
    return true
  }

  #request(): string {
    return this.#known?.bytes.with(this.#cursor) ?? ''
  }
}

function* serve(connection: PollingConnection, poll: Poll, cursor: Cursor): Coroutine<void> {
  let answer: PreparedReply | string | undefined
  try {
    answer = yield* connection.polls.options.longPoll(poll, cursor)
  } catch (error) {
    if (error instanceof Cancelled) throw error
  }
  connection.answer(answer)
}

/** Whether something belongs to it that comes after its head, or before its reply. */
function isMoreThanItsHead({ headers }: IncomingMessage): boolean {
  return 'content-length' in headers || 'transfer-encoding' in headers || 'expect' in headers
}

function cursorOr(text: string): Cursor | undefined {
  try {
    return decodeCursor(text)
  } catch {
    return undefined
  }
}
