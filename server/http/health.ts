// For those who watch from outside: is it alive, and does it take requests?

import type { FastifyInstance, FastifyReply } from 'fastify'
import { EnckeError } from '../errors.ts'
import type { Broker } from '../hub/index.ts'
import type { Draining } from './draining.ts'
import { healthSchema, readySchema } from './schemas.ts'

export interface HealthOptions {
  readonly draining: Draining
  readonly broker: Broker
}

export async function healthRoutes(app: FastifyInstance, { draining, broker }: HealthOptions): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/healthz', { schema: healthSchema }, async (_request, reply) => sendStatus(reply, 'ok'))
  app.get('/readyz', { schema: readySchema }, async (_request, reply) => {
    if (draining.begun.isOpen)
      throw new EnckeError('ENCKE_ERR_SERVER_DRAINING', 'the server is going away: ask another')
    if (!broker.health.isOk) {
      throw new EnckeError('ENCKE_ERR_SERVER_BROKER', `the broker is not well: ${broker.health.reason}`)
    }
    return sendStatus(reply, 'ready')
  })
}

/** As text: who waits for a server asks this first, and what makes text of replies by their schemas takes a while to load. */
function sendStatus(reply: FastifyReply, status: string): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(JSON.stringify({ status }))
}
