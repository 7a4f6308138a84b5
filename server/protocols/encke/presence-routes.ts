// Who is on a topic, over HTTP.

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { requireRight } from '../../access/rights.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import type { Hub } from '../../hub/index.ts'
import { type PresenceStore, presenceTopic } from './presence.ts'
import { presenceByQuerySchema, presenceSchema } from './schemas.ts'

export interface PresenceRoutesOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly presence: PresenceStore
}

export async function presenceRoutes(app: FastifyInstance, options: PresenceRoutesOptions): Promise<void> {
  const { scheduler, hub, presence } = options

  function* inform(topic: string, reply: FastifyReply): Coroutine<object> {
    // First, so that no change is missed in between: one that stands in both is the same twice.
    const { cursor } = yield* hub.inform(presenceTopic(topic))
    const { members, waiting } = yield* presence.attendance(topic)
    const all = (yield* hub.inform(topic)).waiting
    reply.header('cache-control', 'no-store')
    return { topic, members, anonymous: Math.max(all - waiting, 0), cursor }
  }

  requireRight(app, 'subscribe')
  app.get(
    '/topics/:topic/presence',
    { schema: presenceSchema },
    inCoroutine<{ Params: { topic: string } }>(scheduler, ({ params }, reply) => inform(params.topic, reply)),
  )
  app.get(
    '/presence',
    { schema: presenceByQuerySchema },
    inCoroutine<{ Querystring: { topic: string } }>(scheduler, ({ query }, reply) => inform(query.topic, reply)),
  )
}
