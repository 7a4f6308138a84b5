// Where a topic stands: a cursor to start from while a page is rendered. And its end: it is removed.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { demand, requireRight } from '../../access/rights.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import { type Hub, unknownTopic } from '../../hub/index.ts'
import { removalSchema, topicSchema } from './schemas.ts'

export interface TopicOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
}

type OneTopic = { Params: { topic: string } }

export async function topicRoutes(app: FastifyInstance, options: TopicOptions): Promise<void> {
  await app.register(informationRoute, options)
  await app.register(removalRoute, options)
}

async function informationRoute(app: FastifyInstance, { scheduler, hub }: TopicOptions): Promise<void> {
  function* inform(topic: string, reply: FastifyReply): Coroutine<object> {
    const { isClosed: closed, ...information } = yield* hub.inform(topic)
    reply.header('cache-control', 'no-store')
    return { ...information, closed }
  }

  requireRight(app, 'subscribe')
  app.get(
    '/topics/:topic',
    { schema: topicSchema },
    inCoroutine<OneTopic>(scheduler, (request, reply) => inform(request.params.topic, reply)),
  )
}

async function removalRoute(app: FastifyInstance, { scheduler, hub }: TopicOptions): Promise<void> {
  function* remove(request: FastifyRequest<OneTopic>, reply: FastifyReply): Coroutine<unknown> {
    const { topic } = request.params
    const record = yield* hub.record(topic)
    // What was born by a publish belongs to all who publish to it: removing it wants more than making a topic does.
    if (record?.retention === 'bounded') yield* demand(request.admission.rights, 'remove', topic)
    if (record === null || record.isRemoved || !(yield* hub.remove(topic))) throw unknownTopic(topic)
    return reply.code(204).header('cache-control', 'no-store').send()
  }

  requireRight(app, 'manage')
  app.delete(
    '/topics/:topic',
    { schema: removalSchema },
    inCoroutine<OneTopic>(scheduler, (request, reply) => remove(request, reply)),
  )
}
