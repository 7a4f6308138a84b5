// A fork: a stream that begins with what another has up to a place, and then goes its own way.
//
// The place may be within a message of bytes: the fork then begins with the messages before it, and has the first part of
// that one as its own first message.

import type { FastifyRequest } from 'fastify'
import type { Coroutine } from '../../../runtime/index.ts'
import { EnckeError } from '../../errors.ts'
import type { Created, Draft, ForkPoint, Hub, Message, TopicRecord } from '../../hub/index.ts'
import { jsonType, unknownTopic } from '../../hub/index.ts'
import { draftsOf } from './bodies.ts'
import { positionOf } from './offsets.ts'
import { contentTypeIn, type ForkPlace, isClosing, lifetimeIn } from './request-headers.ts'

interface Point {
  readonly after: ForkPoint
  /** The first part of the message after that. */
  readonly part?: Uint8Array
}

export function* fork(
  hub: Hub,
  topic: string,
  source: string,
  place: ForkPlace,
  { headers, body }: FastifyRequest,
): Coroutine<Created> {
  const record = yield* hub.record(source)
  if (record === null) throw unknownTopic(source)
  if (record.isRemoved) throw sourceRemoved(source)
  const { after, part } = yield* pointOf(hub, source, record, place)
  const [contentType, lifetime] = [contentTypeIn(headers), lifetimeIn(headers)]
  const own = draftsOf(body as Buffer, contentType ?? record.contentType)
  const messages: readonly Draft[] = part === undefined ? own : [{ data: part, bytes: part.length }, ...own]
  const created = yield* hub.fork(source, after, topic, {
    messages,
    isClosed: isClosing(headers),
    ...(contentType !== undefined && { contentType }),
    ...(lifetime !== undefined && { lifetime }),
  })
  if (created.outcome === 'noSource') throw unknownTopic(source)
  if (created.outcome === 'sourceRemoved') throw sourceRemoved(source)
  if (created.outcome === 'pastHead') throw nothingThere(source)
  if (created.outcome !== 'existed' || part === undefined) return created
  const first = yield* messageAfter(hub, topic, after as number)
  return first !== undefined && Buffer.compare(bytesOf(first), part) === 0
    ? created
    : { ...created, outcome: 'conflict' }
}

/** Where the fork begins: an offset, and from there so many messages of JSON, or bytes of one message. */
function* pointOf(hub: Hub, source: string, record: TopicRecord, { offset, further }: ForkPlace): Coroutine<Point> {
  if (offset === undefined) return { after: 'head' }
  const after = placeIn(offset, record, source)
  if (further === 0) return { after }
  if (record.contentType === jsonType) {
    if (after + further > record.head) throw nothingThere(source)
    return { after: after + further }
  }
  const message = yield* messageAfter(hub, source, after)
  if (message === undefined || further > message.bytes) throw nothingThere(source)
  return further === message.bytes ? { after: after + 1 } : { after, part: bytesOf(message).subarray(0, further) }
}

function placeIn(offset: string, record: TopicRecord, source: string): number {
  try {
    return positionOf(offset, record)
  } catch (error) {
    if (error instanceof EnckeError && error.statusCode === 410) throw nothingThere(source)
    throw error
  }
}

function* messageAfter(hub: Hub, topic: string, offset: number): Coroutine<Message | undefined> {
  const { messages } = yield* hub.messages(topic, offset + 1, { messages: 1, bytes: 0 })
  return messages[0]?.offset === offset + 1 ? messages[0] : undefined
}

function bytesOf({ data }: Message): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data
}

function nothingThere(source: string): EnckeError {
  return new EnckeError('ENCKE_ERR_STREAM_FORK', `stream ${source} has nothing there: fork it at an offset that it has`)
}

function sourceRemoved(source: string): EnckeError {
  return new EnckeError('ENCKE_ERR_STREAM_EXISTS', `stream ${source} was removed: fork one of its forks`)
}
