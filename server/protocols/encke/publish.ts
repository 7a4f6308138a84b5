// Publish: the body becomes a message of the topic, or lists several messages.

import { Transform } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest, preParsingHookHandler } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { requireRight } from '../../access/rights.ts'
import { clip, EnckeError } from '../../errors.ts'
import { draftIn, takeDrafts } from '../../http/bodies.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import type { Draining } from '../../http/draining.ts'
import type { FastPath } from '../../http/fast-path/fast-path.ts'
import type { MessageShape } from '../../http/fast-path/message-template.ts'
import { answerMessage, type BeginMessage } from '../../http/fast-path/messages.ts'
import { PreparedReplies, type PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Draft, Hub } from '../../hub/index.ts'
import { tooLarge } from './message-list.ts'
import { keyOf, type PublishLimits, publishMany, receiptOf } from './publish-many.ts'
import { publishSchema } from './schemas.ts'

export interface PublishOptions extends PublishLimits {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly appendBytes: number
  readonly draining: Draining
  /** Undefined where every publish is answered by Fastify. */
  readonly fastPath: FastPath | undefined
  /** Whether hooks of others want to see every reply: then none is prepared. */
  readonly hasOtherHooks: () => boolean
}

type Publishing = FastifyRequest<{ Body: Draft }>

const idempotencyKey = 'idempotency-key'

/** What differs from one publish to the next, where the topic stands in the path, and where in the query. */
const inPath: MessageShape = { topic: /^[^?]*\/topics\/([^/?]*)\/messages\/?$/d, headers: [idempotencyKey] }
const inQuery: MessageShape = { topic: /^[^?]*\?(?:.*&)?topic=([^&]*)/d, headers: [idempotencyKey] }

export async function publishRoutes(app: FastifyInstance, options: PublishOptions): Promise<void> {
  const { scheduler, hub, draining, messageBytes, appendBytes, fastPath, hasOtherHooks } = options
  const replies = new PreparedReplies({
    status: 201,
    headers: { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' },
    isLast: () => draining.begun.isOpen || hasOtherHooks(),
  })

  function publish(
    topic: string,
    shape: MessageShape,
    request: Publishing,
    reply: FastifyReply,
  ): Coroutine<FastifyReply> {
    const { body: draft, headers, admission } = request
    const { subject } = admission
    const begin = () => publishOne(topic, draft, keyIn(request), subject)
    const route = { fastPath, shape, mostBytes: messageBytes }
    return answerMessage(route, topic, request, reply, begin, publishAgain(headers['content-type'], subject))
  }

  function* publishOne(
    topic: string,
    draft: Draft,
    key: string | undefined,
    subject: string | null,
  ): Coroutine<PreparedReply> {
    const published = yield* hub.publish(topic, draft, key === undefined ? undefined : keyOf(key, draft, subject))
    return replies.of(JSON.stringify(receiptOf(topic, published)))
  }

  // What its head says of its body it would say again, but for the type.
  function publishAgain(contentType: string | undefined, subject: string | null): BeginMessage {
    const headers = { 'content-type': contentType }
    return ({ topic, headers: [key = ''], body }) => {
      return publishOne(topic, draftIn(headers, body), key === '' ? undefined : checkKey(key), subject)
    }
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
      publish(request.params.topic, inPath, request, reply),
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
      return topic === undefined ? publishListed(request, reply) : publish(topic, inQuery, request, reply)
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
  const given = headers[idempotencyKey]
  return given === undefined ? undefined : checkKey(given)
}

/** Give back `given`. @throws EnckeError ENCKE_ERR_KEY_VALUE */
function checkKey(given: string | string[]): string {
  if (typeof given === 'string' && /^[\x21-\x7e]{1,255}$/.test(given)) return given
  throw new EnckeError(
    'ENCKE_ERR_KEY_VALUE',
    `Idempotency-Key must be 1 to 255 printable ASCII characters, a new one for each message (got ${clip(given)})`,
  )
}
