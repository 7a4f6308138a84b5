// Counts connections and requests.

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Guard } from '../access/admission.ts'

export class Traffic implements Guard {
  readonly #sockets = new Set<Socket>()
  #requests = 0

  /** Without a server its connections are not counted: they are somebody else's. */
  constructor(server?: Server) {
    server?.on('connection', (socket: Socket) => {
      this.#sockets.add(socket)
      socket.once('close', () => this.#sockets.delete(socket))
    })
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

  readonly onRequest = (_request: unknown, _reply: unknown, done: () => void) => {
    this.#requests += 1
    done()
  }

  countRepeat(): void {
    this.#requests += 1
  }
}
