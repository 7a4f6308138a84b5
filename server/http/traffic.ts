// Counts connections and requests.

import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

export class Traffic {
  readonly #sockets = new Set<Socket>()
  #requests = 0

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

  /** Count a request that no hook sees, or take that back; the hook counts the others. */
  count(change: 1 | -1): void {
    this.#requests += change
  }

  countIn(app: FastifyInstance): void {
    app.server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    app.addHook('onRequest', (_request, _reply, done) => {
      this.count(1)
      done()
    })
  }
}
