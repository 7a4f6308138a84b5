// Pipelining: how much one connection may have under way, so that replies that no client reads cannot fill the memory.
//
// A request that is alone on its connection, as nearly all are, passes untouched. Of those that come before the reply to an
// earlier one, only so many are handled at once; while there are more, or more bytes wait to be read than allowed, the rest
// is held and the connection is not read on. Nothing is refused: TCP slows the client down, and its requests are answered
// once it takes replies. A reply that makes no progress for too long ends its connection.
//
// Invariants of a connection:
//   - requests begin to be handled in the order in which they have come;
//   - while requests are held, the connection is not read;
//   - its oldest request is never held, and never waits for room: so there is progress whenever the client reads.

import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Coroutine } from '../../runtime/index.ts'
import { checkpoint, Latch, sleep } from '../../runtime/index.ts'

export interface PipeliningOptions {
  /** How many requests of a connection are handled at once. */
  readonly pipelineRequests: number
  /** How many bytes of a connection may wait to be read while further replies are made. */
  readonly unreadBytes: number
  /** How long a reply may make no progress, in milliseconds. */
  readonly stalledReplyMs: number
}

/** How often replies are looked at, in parts of the time that they may make no progress. */
const looks = 4

export class Pipelining {
  readonly options: PipeliningOptions
  readonly #pipelines = new WeakMap<Socket, Pipeline>()

  constructor(options: PipeliningOptions) {
    this.options = options
  }

  /** Bound what the connections of `app` have under way. Call it before the hooks that do any work. */
  bound(app: FastifyInstance): void {
    app.addHook('onRequest', ({ raw }, { raw: response }, done) => {
      // Node gives a response its socket when it is the first of its connection.
      if (response.socket !== null) return done()
      this.#pipelineOf(raw.socket).take(response, done)
    })
  }

  /** Whether requests of `socket` are held, so that it is not read: one that has come in part is not late. */
  holds(socket: Socket): boolean {
    return this.#pipelines.get(socket)?.isHolding ?? false
  }

  /** Wait until the client has read so much that one more reply may be made for `response`. */
  *room(response: ServerResponse): Coroutine<void> {
    while (response.socket === null && !response.destroyed) {
      const pipeline = this.#pipelines.get(response.req.socket)
      if (pipeline === undefined || pipeline.hasRoom) return
      yield* pipeline.change.wait()
    }
  }

  /** End those of `sockets` whose replies make no progress, for as long as the server lives. */
  *endStalled(sockets: Iterable<Socket>): Coroutine<void> {
    const seen = new WeakMap<Socket, { readonly taken: number; looks: number }>()
    for (;;) {
      yield* sleep(Math.ceil(this.options.stalledReplyMs / looks))
      for (const socket of sockets) {
        if (socket.writableLength > 0) {
          const taken = bytesTaken(socket)
          const before = seen.get(socket)
          if (before?.taken !== taken) seen.set(socket, { taken, looks: 0 })
          else if (++before.looks >= looks) socket.destroy()
        }
        yield* checkpoint()
      }
    }
  }

  #pipelineOf(socket: Socket): Pipeline {
    let pipeline = this.#pipelines.get(socket)
    if (pipeline === undefined) {
      pipeline = new Pipeline(socket, this.options)
      this.#pipelines.set(socket, pipeline)
    }
    return pipeline
  }
}

interface Held {
  readonly response: ServerResponse
  readonly begin: () => void
}

/** The requests of one connection behind the first. */
class Pipeline {
  /** Opens when a reply has left; then there is another one. */
  change = new Latch('room for a reply')
  readonly #socket: Socket & { _httpMessage?: ServerResponse }
  readonly #options: PipeliningOptions
  readonly #begun = new Set<ServerResponse>()
  readonly #held: Held[] = []

  constructor(socket: Socket, options: PipeliningOptions) {
    this.#socket = socket
    this.#options = options
    // Node's HTTP reads on for reasons of its own; what comes then would be held without a bound.
    socket.on('resume', () => {
      if (this.isHolding) socket.pause()
    })
  }

  get isHolding(): boolean {
    return this.#held.length > 0
  }

  get hasRoom(): boolean {
    let unread = this.#socket.writableLength
    for (const response of this.#begun) if (response.socket === null) unread += response.writableLength
    return unread < this.#options.unreadBytes
  }

  take(response: ServerResponse, begin: () => void): void {
    // The first of the connection came when there was no pipeline yet, or none behind it.
    const first = this.#socket._httpMessage
    if (first !== undefined && this.#begun.size === 0) this.#watch(first)
    this.#held.push({ response, begin })
    this.#beginMore()
    if (this.isHolding) this.#socket.pause()
  }

  #watch(response: ServerResponse): void {
    this.#begun.add(response)
    response.once('close', () => this.#left(response))
  }

  #left(response: ServerResponse): void {
    this.#begun.delete(response)
    if (this.#socket.destroyed) this.#held.length = 0
    const { change } = this
    this.change = new Latch(change.name)
    change.open()
    const wasHolding = this.isHolding
    this.#beginMore()
    if (wasHolding && !this.isHolding) this.#socket.resume()
  }

  #beginMore(): void {
    while (this.isHolding && this.#begun.size < this.#options.pipelineRequests && this.#mayBegin) {
      const { response, begin } = this.#held.shift() as Held
      this.#watch(response)
      begin()
    }
  }

  /** The oldest always may. */
  get #mayBegin(): boolean {
    return this.hasRoom || (this.#held[0] as Held).response.socket !== null
  }
}

interface Handle {
  readonly bytesWritten: number
  readonly writeQueueSize: number
}

/** How much of what was written the system has taken: it rises while a client reads, however slowly. */
export function bytesTaken(socket: Socket & { _handle?: Handle | null }): number {
  const { _handle: handle } = socket
  // Node's own count takes a reply as one piece; a slow client would seem to make no progress for all of it.
  return handle ? handle.bytesWritten - handle.writeQueueSize : socket.bytesWritten - socket.writableLength
}
