// Counts connections and requests.

import type { FastifyInstance } from 'fastify'

export interface Traffic {
  /** Open now. */
  readonly connections: number
  /** Since the start. */
  readonly requests: number
}

export function countTraffic(app: FastifyInstance): Traffic {
  const traffic = { connections: 0, requests: 0 }
  app.server.on('connection', (socket) => {
    traffic.connections += 1
    socket.once('close', () => {
      traffic.connections -= 1
    })
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    traffic.requests += 1
    done()
  })
  return traffic
}
