// For those who watch from outside: is it alive, and does it take requests?

import type { FastifyInstance } from 'fastify'
import { EnckeError } from '../errors.ts'
import type { Draining } from './draining.ts'
import { healthSchema, readySchema } from './schemas.ts'

export async function healthRoutes(app: FastifyInstance, { draining }: { readonly draining: Draining }): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/healthz', { schema: healthSchema }, async () => ({ status: 'ok' }))
  app.get('/readyz', { schema: readySchema }, async () => {
    if (draining.begun.isOpen)
      throw new EnckeError('ENCKE_ERR_SERVER_DRAINING', 'the server is going away: ask another')
    return { status: 'ready' }
  })
}
