// Publish: the body becomes a message of the topic.

import { hash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { clip, EnckeError } from '../errors.ts'
import type { Draft, Hub, IdempotencyKey } from '../hub/index.ts'
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
  readonly replayed?: true
}

export async function publishRoutes(app: FastifyInstance, options: PublishOptions): Promise<void> {
  const { scheduler, hub, messageBytes } = options

  function* publish(topic: string, draft: Draft, key: unknown, reply: FastifyReply): Coroutine<Receipt> {
    const published = yield* hub.publish(topic, draft, key === undefined ? undefined : keyOf(key, draft))
    reply.code(201).header('cache-control', 'no-store')
    const { message, epoch, waiting, isReplayed } = published
    const receipt = { topic, epoch, offset: message.offset, id: message.id, time: message.time, waiting }
    return isReplayed ? { ...receipt, replayed: true } : receipt
  }

  guardPublishing(app, options.publishKey)
  takeDrafts(app)
  app.post(
    '/topics/:topic/messages',
    { schema: publishSchema('path'), bodyLimit: messageBytes },
    inCoroutine<{ Params: { topic: string }; Body: Draft }>(scheduler, (request, reply) =>
      publish(request.params.topic, request.body, keyIn(request), reply),
    ),
  )
  app.post(
    '/publish',
    { schema: publishSchema('query'), bodyLimit: messageBytes },
    inCoroutine<{ Querystring: { topic: string }; Body: Draft }>(scheduler, (request, reply) =>
      publish(request.query.topic, request.body, keyIn(request), reply),
    ),
  )
}

function keyIn({ headers }: Pick<FastifyRequest, 'headers'>): unknown {
  return headers['idempotency-key']
}

/** The key of a publish, and a hash of what must be the same when it comes again. */
function keyOf(given: unknown, { data }: Draft): IdempotencyKey {
  if (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given)) {
    return { text: given, bodyHash: hash('sha256', data, 'base64') }
  }
  throw new EnckeError(
    'ENCKE_ERR_KEY_VALUE',
    `Idempotency-Key must be 1 to 255 printable ASCII characters, a new one for each message (got ${clip(given)})`,
  )
}
