// GET without `live`, and HEAD: what a stream has from an offset on, as much as one reply may have, and where it stands.

import type { FastifyReply } from 'fastify'
import type { Coroutine } from '../../../runtime/index.ts'
import type { Batch, Hub, Slice, TopicRecord } from '../../hub/index.ts'
import { removedTopic, unknownTopic } from '../../hub/index.ts'
import { entityTag, isKnown } from './conditions.ts'
import { encodeData, encodeShared } from './encoding.ts'
import { gone, isPlace, offsetIn, positionOf, writeOffset } from './offsets.ts'
import { tellLifetime, tellPlace } from './replies.ts'

/** What a reader asks for. */
export interface Reading {
  readonly topic: string
  readonly offset: string | undefined
  readonly ifNoneMatch: string | undefined
  /** Whether it came with a key, a token or a cookie: then what it gets is for itself. */
  readonly isPersonal: boolean
}

/** A piece of a stream. */
export interface Piece {
  readonly record: TopicRecord
  readonly slice: Slice
  readonly from: string
  readonly to: string
  readonly isUpToDate: boolean
  readonly isEnd: boolean
}

/** The most messages in one reply: bytes bound it where messages are larger. */
const mostMessages = 10_000

export function* catchUp(hub: Hub, reading: Reading, reply: FastifyReply): Coroutine<FastifyReply> {
  const piece = yield* readPiece(hub, reading)
  return sendPiece(piece, reading, reply)
}

/** Read on from an offset. @throws EnckeError where there is no such stream, or nothing at the offset any more */
export function* readPiece(hub: Hub, { topic, offset }: Pick<Reading, 'topic' | 'offset'>): Coroutine<Piece> {
  for (;;) {
    const record = yield* recordOf(hub, topic)
    const position = positionOf(offset, record)
    const slice = yield* hub.messages(topic, position + 1, { messages: mostMessages, bytes: hub.batchBytes })
    // It was removed and made again between the two.
    if (slice.epoch !== record.epoch) continue
    const next = slice.messages[0]?.offset ?? slice.head + 1
    if (next > position + 1 && position < slice.oldest - 1) throw gone(offset, 'it was trimmed')
    if (next > position + 1 && isBeforeLoss(record, offset, position)) throw gone(offset, 'the stream has lost it')
    return pieceOf(record, slice, position)
  }
}

function sendPiece(piece: Piece, reading: Reading, reply: FastifyReply): FastifyReply {
  const { record, slice, from, to, isUpToDate, isEnd } = piece
  tellPlace(reply, { offset: to, isEnd }).header('content-type', record.contentType)
  if (isUpToDate) reply.header('stream-up-to-date', 'true')
  if (reading.offset === 'now') {
    return reply.header('cache-control', 'no-store').send(encodeData([], record.contentType))
  }
  const tag = entityTag(from, to, isEnd)
  reply.header('etag', tag).header('cache-control', cacheControl(piece, reading))
  return isKnown(reading.ifNoneMatch, tag)
    ? reply.code(304).send()
    : reply.send(encodeShared(slice, record.contentType))
}

/** The record of a stream that is there. @throws EnckeError ENCKE_ERR_TOPIC_UNKNOWN, ENCKE_ERR_TOPIC_REMOVED */
export function* recordOf(hub: Hub, topic: string): Coroutine<TopicRecord> {
  const record = yield* hub.record(topic)
  if (record === null) throw unknownTopic(topic)
  if (record.isRemoved) throw removedTopic(topic)
  return record
}

/** The offset after a batch of a stream: at its head the newest segment is what a place is in; elsewhere its record says which. */
export function* offsetAfter(hub: Hub, topic: string, batch: Batch): Coroutine<string> {
  const { positions, more, verdicts } = batch
  const position = positions[0]?.offset ?? 0
  const segment = verdicts[0]?.segment ?? 0
  if (segment > 0 && !more) return writeOffset(segment, position)
  return offsetIn(yield* recordOf(hub, topic), position)
}

export function* tellStanding(hub: Hub, topic: string, reply: FastifyReply): Coroutine<FastifyReply> {
  const record = yield* recordOf(hub, topic)
  tellPlace(reply, { offset: offsetIn(record, record.head), isEnd: record.isClosed })
  tellLifetime(reply, record.lifetime)
  return reply.header('content-type', record.contentType).header('cache-control', 'no-store').send(Buffer.alloc(0))
}

/** Whether a reader at `offset` has yet to be told that what came next was lost: it has begun, or been told, if it is in the segment after that. */
function isBeforeLoss(record: TopicRecord, offset: string | undefined, position: number): boolean {
  return isPlace(offset) && offset !== offsetIn(record, position)
}

function pieceOf(record: TopicRecord, slice: Slice, position: number): Piece {
  const end = slice.messages.at(-1)?.offset ?? slice.head
  const isUpToDate = end === slice.head
  return {
    record,
    slice,
    from: offsetIn(record, position),
    to: offsetIn(record, end),
    isUpToDate,
    isEnd: isUpToDate && slice.isClosed,
  }
}

/** What more can follow is asked for again; what cannot change may be kept for a while. */
export function cacheControl(
  { isUpToDate, isEnd }: Pick<Piece, 'isUpToDate' | 'isEnd'>,
  { isPersonal }: Pick<Reading, 'isPersonal'>,
): string {
  const whose = isPersonal ? 'private' : 'public'
  return isUpToDate && !isEnd ? `${whose}, no-cache` : `${whose}, max-age=60, stale-while-revalidate=300`
}
