// What an operator looks at: counts, and every coroutine with what it waits for.

import type { FastifyInstance } from 'fastify'
import type { CoroutineDescription, Scheduler } from '../../runtime/index.ts'
import { requireRight } from '../access/rights.ts'
import type { Hub } from '../hub/index.ts'
import type { Traffic } from '../observe/traffic.ts'
import { coroutinesSchema, statisticsSchema } from './schemas.ts'

export interface AdministrationOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly traffic: Traffic
}

const coroutinesByDefault = 1_000

export async function administrationRoutes(app: FastifyInstance, options: AdministrationOptions): Promise<void> {
  const { scheduler, hub, traffic } = options
  requireRight(app, 'administer')
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  app.get('/admin/statistics', { schema: statisticsSchema }, async () => {
    const { coroutines, runnable, parked, timers, resumes } = scheduler.statistics()
    return {
      runtime: { coroutines, runnable, parked, timers, resumes },
      hub: hub.statistics(),
      http: { connections: traffic.connections, requests: traffic.requests },
    }
  })

  app.get<{ Querystring: { limit?: number } }>('/admin/coroutines', { schema: coroutinesSchema }, async (request) => {
    return {
      total: scheduler.statistics().coroutines,
      coroutines: first(request.query.limit ?? coroutinesByDefault, scheduler.coroutines()),
    }
  })
}

function first(count: number, coroutines: Iterable<CoroutineDescription>): CoroutineDescription[] {
  const taken: CoroutineDescription[] = []
  for (const coroutine of coroutines) {
    taken.push(coroutine)
    if (taken.length === count) break
  }
  return taken
}
