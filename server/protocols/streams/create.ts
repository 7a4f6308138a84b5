// PUT: a stream is made, by itself or as a fork of another. Made again in the same way it is left as it is.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine } from '../../../runtime/index.ts'
import { EnckeError } from '../../errors.ts'
import type { Created, Hub, TopicRecord } from '../../hub/index.ts'
import { removedTopic } from '../../hub/index.ts'
import { draftsOf } from './bodies.ts'
import { fork } from './fork.ts'
import { offsetIn } from './offsets.ts'
import { tellLifetime, tellPlace } from './replies.ts'
import { contentTypeIn, type ForkPlace, isClosing, lifetimeIn } from './request-headers.ts'

const anyBytes = 'application/octet-stream'

/** What a PUT asks for. */
export interface Asked {
  readonly topic: string
  readonly request: FastifyRequest
  /** The topic that it is to be a fork of. */
  readonly source?: string | undefined
  readonly place?: ForkPlace | undefined
}

export function* create(hub: Hub, asked: Asked, url: string, reply: FastifyReply): Coroutine<FastifyReply> {
  const { topic, request, source, place } = asked
  const created =
    source === undefined || place === undefined
      ? yield* makeStream(hub, topic, request)
      : yield* fork(hub, topic, source, place, request)
  if (created.outcome !== 'created' && created.outcome !== 'existed') throw conflict(topic, created.record)
  const record = created.record as TopicRecord
  tellPlace(reply, { offset: offsetIn(record, record.head), isEnd: record.isClosed })
  tellLifetime(reply, record.lifetime).header('content-type', record.contentType)
  if (created.outcome === 'created') reply.header('location', url)
  return reply.code(created.outcome === 'created' ? 201 : 200).send(Buffer.alloc(0))
}

function* makeStream(hub: Hub, topic: string, { headers, body }: FastifyRequest): Coroutine<Created> {
  const contentType = contentTypeIn(headers) ?? anyBytes
  const messages = draftsOf(body as Buffer, contentType)
  return yield* hub.create(topic, {
    contentType,
    lifetime: lifetimeIn(headers) ?? null,
    messages,
    isClosed: isClosing(headers),
  })
}

function conflict(topic: string, record: TopicRecord | null): EnckeError {
  if (record?.isRemoved) {
    const message = `${removedTopic(topic).message}: take another name`
    return new EnckeError('ENCKE_ERR_STREAM_EXISTS', message)
  }
  const how =
    record?.retention === 'bounded' ? 'was born by a publish' : 'has another content type, lifetime, end or source'
  return new EnckeError('ENCKE_ERR_STREAM_EXISTS', `topic ${topic} is there already, and ${how}: take another name`)
}
