// For those who watch from outside: is it alive, and does it take requests?

import type { FastifyInstance } from 'fastify'
import { EnckeError } from '../errors.ts'
import type { Broker } from '../hub/index.ts'
import type { Draining } from './draining.ts'
import { healthSchema, readySchema } from './schemas.ts'

export interface HealthOptions {
  readonly draining: Draining
  readonly broker: Broker
}

export async function healthRoutes(app: FastifyInstance, { draining, broker }: HealthOptions): Promise<void> {
  app.addHook('onRequest', (_request, reply, done) => {
    // Who waits for the server to be ready asks first: its reply needs no compiler, which takes a while to load.
    reply.serializer(JSON.stringify)
    done()
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/healthz', { schema: healthSchema }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: readySchema }, async () => {
    if (draining.begun.isOpen)
      throw new EnckeError('ENCKE_ERR_SERVER_DRAINING', 'the server is going away: ask another')
    if (!broker.health.isOk) {
      throw new EnckeError('ENCKE_ERR_SERVER_BROKER', `the broker is not well: ${broker.health.reason}`)
    }
    return { status: 'ready' }
  })
}
