// The fast path. A client polls on and on, and what it sends differs in nothing but a few parameters; one that publishes
// sends the same head around another body. What hooks, guards and schemas have said of such a request they would say
// again; so its bytes are compared to those of the request before on the same connection, and when they are the same the
// coroutine is started at once, without Node's HTTP and Fastify. That spares half of what a poll or a publish costs, and
// the request and reply that it would hold while it waits.
//
// Whatever is not plainly the same is answered by Fastify: another header or parameter, a broken cursor or body, an error, a
// reply that ends the connection. What depends on more than the bytes is asked each time of the admissions (server/access),
// and what depends on a topic or a body, of the protocol that begins the request.
//
// It helps where polls of a client follow each other on a connection. Behind nginx 1.22 with its default settings none does,
// for it opens a connection per request; with keep-alive to the server 177 of 180 did with one client, and 0 of 1,670 with ten.
//
// What it relies on in Node's HTTP server, version 26; where one does not hold, a connection stays with Node's HTTP:
//   1. Node reads a connection by one listener for `data`, which is there from the start (else: not taken over);
//   2. a listener for `data` that is added makes Node give its listener the bytes, too, instead of parsing them beneath;
//   3. that listener may be called with bytes at any time, and parses them before it returns: `request` is emitted, and
//      Fastify runs its first `onRequest` hook, meanwhile;
//   4. `socket.parser` is the parser for as long as the connection speaks HTTP, and changes when that ends (`upgrade`,
//      `connect`, closed): the parser then belongs to a pool, and must be given nothing;
//   5. a socket that is paused is resumed by Node when its replies have left, after `finish`;
//   6. `response._header` holds the head of a reply once that is sent (else: no head is known, and nothing repeats);
//   7. an idle connection is ended by the server's `timeout` event, unless that has a listener, as it has here;
//   8. `headersTimeout`, `requestTimeout` and `closeIdleConnections` look at parsers: a poll that waits here has none
//      under way. Closing waits for `hasWaiting` before it ends what Node calls idle.

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Scheduler } from '../../../runtime/index.ts'
import type { Admissions } from '../../access/admission.ts'
import { type Known, type Recognised, RepeatingConnection, type RepeatingPath } from './connection.ts'
import type { MessageShape, MessageValues } from './message-template.ts'
import { Templates } from './templates.ts'
import { UnderWay } from './under-way.ts'

export interface FastPathOptions {
  readonly scheduler: Scheduler
  readonly server: Server
  readonly admissions: Admissions
  /** Whether every request that comes is to be answered by Fastify. Those that wait are answered here still. */
  readonly isOff: () => boolean
}

export class FastPath implements RepeatingPath {
  readonly options: FastPathOptions
  readonly templates = new Templates()
  readonly #connections = new Map<Socket, RepeatingConnection>()
  /** What Node's HTTP is being given is of this connection. */
  #passing: RepeatingConnection | null = null
  /** Those whose replies are about to leave. */
  #leaving: RepeatingConnection[] = []

  constructor(options: FastPathOptions) {
    this.options = options
    // Node would end a connection that is silent for longer than it is kept alive, as many a poll is.
    options.server.on('timeout', (socket: Socket) => {
      if (!this.#connections.get(socket)?.isWaiting) socket.destroy()
    })
    options.server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#passing?.begins(request, response)
    })
  }

  /** Whether a request waits here, or is about to be answered. */
  get hasWaiting(): boolean {
    for (const connection of this.#connections.values()) if (connection.isWaiting) return true
    return false
  }

  /** What goes on with a request that begins now in Fastify, and began here; null for any other. */
  readmit(): UnderWay | null {
    return this.#passing?.goOn() ?? null
  }

  /** What goes on with `request`, and must not be begun anew; undefined for any other. */
  underWay({ admission }: FastifyRequest): UnderWay | undefined {
    return admission instanceof UnderWay ? admission : undefined
  }

  /** A poll is being answered by Fastify: know it by its bytes, but for the values of `parameters`, if that can be. */
  recognise(
    request: IncomingMessage,
    parameters: Readonly<Record<string, string>>,
  ): Recognised<readonly string[]> | undefined {
    const isPoll = request.method === 'GET' && !('content-length' in request.headers) && isPlain(request)
    return isPoll ? this.#connections.get(request.socket)?.recognise(request, parameters) : undefined
  }

  /** The same for one that publishes to `topic`: but for what differs in requests of this shape. */
  recogniseMessage(
    request: IncomingMessage,
    topic: string,
    shape: MessageShape,
  ): Recognised<MessageValues> | undefined {
    const isMessage = request.method === 'POST' && 'content-length' in request.headers && isPlain(request)
    return isMessage ? this.#connections.get(request.socket)?.recogniseMessage(request, topic, shape) : undefined
  }

  /**
   * It is being answered, with a head that others can have: once that is done, look out for the next one. From a request
   * without `recognised` on, the connection is read here, so that the next can be recognised.
   */
  answered<Values>(
    { socket }: IncomingMessage,
    response: ServerResponse,
    recognised: Recognised<Values> | undefined,
    known: Omit<Known<Values>, 'template'>,
  ): void {
    if (this.options.isOff()) return
    response.once('finish', () => {
      const connection = this.#connections.get(socket)
      // Not now: Node may be about to read on from a socket that it had paused.
      if (connection === undefined) setImmediate(() => this.#watch(socket))
      else if (recognised !== undefined) connection.answered(recognised, { ...known, template: recognised.template })
    })
  }

  /** Give Node's HTTP what it would have read itself, and the connection the requests that begin by it. */
  pass(connection: RepeatingConnection, toHttp: () => void): void {
    this.#passing = connection
    try {
      toHttp()
    } finally {
      this.#passing = null
    }
  }

  forget(socket: Socket): void {
    this.#connections.delete(socket)
  }

  /**
   * Let a reply leave once the slice of the scheduler is over. A write that wakes its client is expensive, one right after
   * another wakes none; and the coroutines in between would be time enough for the client to fall asleep.
   */
  sendSoon(connection: RepeatingConnection): void {
    if (this.#leaving.length === 0) queueMicrotask(() => this.#sendAll())
    this.#leaving.push(connection)
  }

  #sendAll(): void {
    const leaving = this.#leaving
    this.#leaving = []
    for (const connection of leaving) connection.send()
  }

  #watch(socket: Socket): void {
    // What `inject` calls a socket is none.
    if (
      !(socket instanceof Socket) ||
      this.options.isOff() ||
      socket.destroyed ||
      socket.isPaused() ||
      this.#connections.has(socket)
    )
      return
    const connection = RepeatingConnection.on(socket, this)
    if (connection === undefined) return
    this.#connections.set(socket, connection)
    socket.once('close', () => {
      this.#connections.delete(socket)
      connection.close()
    })
  }
}

/** Whether nothing comes before its reply, and its length is known before it is here. */
function isPlain({ headers }: IncomingMessage): boolean {
  return !('transfer-encoding' in headers || 'expect' in headers)
}
