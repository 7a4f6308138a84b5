// Publish: the body becomes a message of the topic, or lists several messages.

import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, preParsingHookHandler } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { requireRight } from '../../access/rights.ts'
import { clip, EnckeError } from '../../errors.ts'
import { takeDrafts } from '../../http/bodies.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import type { Draft, Hub } from '../../hub/index.ts'
import { tooLarge } from './message-list.ts'
import { keyOf, type PublishLimits, publishMany, type Receipt, receiptOf } from './publish-many.ts'
import { publishSchema } from './schemas.ts'

export interface PublishOptions extends PublishLimits {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly appendBytes: number
}

type Publishing = Pick<FastifyRequest<{ Body: Draft }>, 'body' | 'headers' | 'admission'>

export async function publishRoutes(app: FastifyInstance, options: PublishOptions): Promise<void> {
  const { scheduler, hub, messageBytes, appendBytes } = options

  function* publish(topic: string, request: Publishing, reply: FastifyReply): Coroutine<Receipt> {
    const { body: draft, admission } = request
    const key = keyIn(request)
    const published = yield* hub.publish(
      topic,
      draft,
      key === undefined ? undefined : keyOf(key, draft, admission.subject),
    )
    reply.code(201).header('cache-control', 'no-store')
    return receiptOf(topic, published)
  }

  function* publishListed(request: Publishing, reply: FastifyReply): Coroutine<string> {
    const { body } = request
    const { status, receipts } = yield* publishMany(hub, body, options, keyIn(request), request)
    reply.code(status).header('cache-control', 'no-store').type('application/json; charset=utf-8')
    return JSON.stringify({ receipts })
  }

  requireRight(app, 'publish')
  takeDrafts(app, isList)
  app.post(
    '/topics/:topic/messages',
    { schema: publishSchema('path'), bodyLimit: messageBytes },
    inCoroutine<{ Params: { topic: string }; Body: Draft }>(scheduler, (request, reply) =>
      publish(request.params.topic, request, reply),
    ),
  )
  app.post(
    '/publish',
    {
      schema: publishSchema('query'),
      bodyLimit: Math.max(messageBytes, appendBytes),
      preParsing: limitOne(messageBytes),
    },
    inCoroutine<{ Querystring: { topic?: string }; Body: Draft }>(scheduler, (request, reply) => {
      const { topic } = request.query
      return topic === undefined ? publishListed(request, reply) : publish(topic, request, reply)
    }),
  )
}

/** Whether the body of a publish lists several messages: no topic is named beside it. */
function isList({ query, params }: Pick<FastifyRequest, 'query' | 'params'>): boolean {
  return (query as { topic?: unknown }).topic === undefined && (params as { topic?: unknown }).topic === undefined
}

/** One message may have less than several: refused before its bytes are read, where it says how many they are. */
function limitOne(messageBytes: number): preParsingHookHandler {
  return ({ query, headers }, reply, payload, done) => {
    if ((query as { topic?: unknown }).topic === undefined) return done(null, payload)
    const length = Number(headers['content-length'] ?? 0)
    if (length > messageBytes) {
      reply.header('connection', 'close')
      return done(tooLarge(length, messageBytes))
    }
    if (headers['transfer-encoding'] === undefined) return done(null, payload)
    let bytes = 0
    const limited = new Transform({
      transform(chunk: Buffer, _encoding, pass) {
        bytes += chunk.length
        if (bytes <= messageBytes) return pass(null, chunk)
        reply.header('connection', 'close')
        pass(tooLarge('more', messageBytes))
      },
    })
    done(null, payload.pipe(limited))
  }
}

function keyIn({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined {
  const given = headers['idempotency-key']
  if (given === undefined || (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given))) return given
  throw new EnckeError(
    'ENCKE_ERR_KEY_VALUE',
    `Idempotency-Key must be 1 to 255 printable ASCII characters, a new one for each message (got ${clip(given)})`,
  )
}
