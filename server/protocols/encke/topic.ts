// Where a topic stands: a cursor to start from while a page is rendered.

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { requireRight } from '../../access/rights.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import type { Hub } from '../../hub/index.ts'
import { topicSchema } from './schemas.ts'

export interface TopicOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
}

export async function topicRoutes(app: FastifyInstance, { scheduler, hub }: TopicOptions): Promise<void> {
  function* inform(topic: string, reply: FastifyReply): Coroutine<object> {
    const { isClosed: closed, ...information } = yield* hub.inform(topic)
    reply.header('cache-control', 'no-store')
    return { ...information, closed }
  }

  requireRight(app, 'subscribe')
  app.get(
    '/topics/:topic',
    { schema: topicSchema },
    inCoroutine<{ Params: { topic: string } }>(scheduler, (request, reply) => inform(request.params.topic, reply)),
  )
}
