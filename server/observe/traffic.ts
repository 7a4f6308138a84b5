// Counts connections, requests, and the errors that they got.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ExchangeObserver } from '../access/admission.ts'
import type { ErrorCode } from '../errors.ts'

export class Traffic implements ExchangeObserver {
  readonly #sockets = new Set<Socket>()
  readonly #errors = new Map<ErrorCode, number>()
  #requests = 0
  #repeats = 0
  #errorCount = 0

  /** Count the connections of a server that is ours alone; those of others are not counted. */
  watch(server: Server): void {
    // With TLS what is written and read is the socket within.
    server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
  }

  /** Those that are open now. */
  get sockets(): Iterable<Socket> {
    return this.#sockets
  }

  /** Open now. */
  get connections(): number {
    return this.#sockets.size
  }

  /** Since the start, the repeated polls of the fast path included. */
  get requests(): number {
    return this.#requests
  }

  /** Polls since the start that began on the fast path. */
  get repeats(): number {
    return this.#repeats
  }

  /** Replies since the start that were errors. */
  get errorCount(): number {
    return this.#errorCount
  }

  /** The same, by code; a code that there was none of is missing. */
  get errors(): ReadonlyMap<ErrorCode, number> {
    return this.#errors
  }

  /** Whether a reply has been written and has not left yet. */
  get isLeaving(): boolean {
    return [...this.#sockets].some(({ writableLength }) => writableLength > 0)
  }

  began(): void {
    this.#requests += 1
  }

  repeated(): void {
    this.#requests += 1
    this.#repeats += 1
  }

  /** A request was answered with an error. */
  failed(code: ErrorCode): void {
    this.#errorCount += 1
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }
}
