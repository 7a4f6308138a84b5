// Counts connections and requests.

import type { Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'

export interface Traffic {
  /** Open now. */
  readonly connections: number
  /** Since the start. */
  readonly requests: number
  readonly sockets: ReadonlySet<Socket>
}

export function countTraffic(app: FastifyInstance): Traffic {
  const sockets = new Set<Socket>()
  const traffic = {
    requests: 0,
    sockets,
    get connections() {
      return sockets.size
    },
  }
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    traffic.requests += 1
    done()
  })
  return traffic
}
