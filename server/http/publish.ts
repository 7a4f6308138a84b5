// Publish: the body becomes a message of the topic.

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import type { Draft, Hub } from '../hub/index.ts'
import { takeDrafts } from './bodies.ts'
import { inCoroutine } from './coroutine-handler.ts'
import { guardPublishing } from './keys.ts'
import { publishSchema } from './schemas.ts'

export interface PublishOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly messageBytes: number
  readonly publishKey: string | undefined
}

interface Receipt {
  readonly topic: string
  readonly epoch: string
  readonly offset: number
  readonly id: string
  readonly time: number
  readonly waiting: number
}

export async function publishRoutes(app: FastifyInstance, options: PublishOptions): Promise<void> {
  const { scheduler, hub, messageBytes } = options

  function* publish(topic: string, draft: Draft, reply: FastifyReply): Coroutine<Receipt> {
    const { message, epoch, waiting } = yield* hub.publish(topic, draft)
    reply.code(201).header('cache-control', 'no-store')
    return { topic, epoch, offset: message.offset, id: message.id, time: message.time, waiting }
  }

  guardPublishing(app, options.publishKey)
  takeDrafts(app)
  app.post(
    '/topics/:topic/messages',
    { schema: publishSchema('path'), bodyLimit: messageBytes },
    inCoroutine<{ Params: { topic: string }; Body: Draft }>(scheduler, (request, reply) =>
      publish(request.params.topic, request.body, reply),
    ),
  )
  app.post(
    '/publish',
    { schema: publishSchema('query'), bodyLimit: messageBytes },
    inCoroutine<{ Querystring: { topic: string }; Body: Draft }>(scheduler, (request, reply) =>
      publish(request.query.topic, request.body, reply),
    ),
  )
}
