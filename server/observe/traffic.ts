// Counts connections and requests.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ExchangeObserver } from '../access/admission.ts'

export class Traffic implements ExchangeObserver {
  readonly #sockets = new Set<Socket>()
  #requests = 0

  /** Without a server its connections are not counted: they are somebody else's. */
  constructor(server?: Server) {
    server?.on('connection', (socket: Socket) => {
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

  /** Since the start. */
  get requests(): number {
    return this.#requests
  }

  /** Whether a reply has been written and has not left yet. */
  get isLeaving(): boolean {
    return [...this.#sockets].some(({ writableLength }) => writableLength > 0)
  }

  began(): void {
    this.#requests += 1
  }
}
