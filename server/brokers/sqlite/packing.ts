// How requests and answers travel between the threads: an append of one message, and its answer, as a short list; everything
// else as it is. An object is written name by name for the journey, a list is not: it takes a quarter of the time.
//
// Always true: what is unpacked is equal to what was packed.

import type { Append, Appended } from '../../hub/index.ts'
import type { Posted, Replies, Reply, WriterRequest } from './requests.ts'

type PackedAppend = readonly [
  number: number,
  now: number,
  clock: number,
  topic: string,
  isRead: boolean,
  data: string | Uint8Array,
  bytes: number,
]

type PackedReply = readonly [
  number: number,
  epoch: string,
  head: number,
  headId: string | null,
  oldest: number,
  isClosed: boolean,
  segment: number,
  contentType: string | null,
  offset: number,
  id: string,
  time: number,
]

export type PackedRequest = Posted<WriterRequest> | PackedAppend
export type PackedReplies = Omit<Replies, 'replies'> & { readonly replies: readonly (Reply | PackedReply)[] }

export function packRequest(posted: Posted<WriterRequest>): PackedRequest {
  const { number, request, now, clock } = posted
  if (request.what !== 'append' || !isPlain(request.append)) return posted
  const { topic, append, isRead } = request
  const [message] = append.messages
  return message === undefined ? posted : [number, now, clock, topic, isRead, message.data, message.bytes]
}

export function unpackRequest(packed: PackedRequest): Posted<WriterRequest> {
  if (!isList(packed)) return packed
  const [number, now, clock, topic, isRead, data, bytes] = packed
  return { number, now, clock, request: { what: 'append', topic, append: { messages: [{ data, bytes }] }, isRead } }
}

export function packReplies(replies: Replies): PackedReplies {
  return { ...replies, replies: replies.replies.map(packReply) }
}

export function unpackReplies(packed: PackedReplies): Replies {
  return { ...packed, replies: packed.replies.map(unpackReply) }
}

function packReply(reply: Reply): Reply | PackedReply {
  const { number, failure, moves } = reply
  const result = reply.result as Partial<Appended> | null | undefined
  if (failure !== undefined || moves !== undefined || result?.outcome !== 'appended') return reply
  const { standing, receipts, producerSequence } = result as Appended
  const [receipt] = receipts
  if (receipt === undefined || receipts.length > 1 || producerSequence !== undefined) return reply
  const { epoch, head, headId, oldest, isClosed, segment, contentType } = standing
  const { offset, id, time } = receipt
  return [number, epoch, head, headId, oldest, isClosed, segment, contentType, offset, id, time]
}

function unpackReply(packed: Reply | PackedReply): Reply {
  if (!isList(packed)) return packed
  const [number, epoch, head, headId, oldest, isClosed, segment, contentType, offset, id, time] = packed
  const standing = { epoch, head, headId, oldest, isClosed, segment, contentType }
  const result: Appended = { outcome: 'appended', standing, receipts: [{ offset, id, time }] }
  return { number, result }
}

/** One message, not an imported one, and nothing else. */
function isPlain({ messages, ...others }: Append): boolean {
  return (
    messages.length === 1 &&
    messages[0]?.id === undefined &&
    Object.values(others).every((value) => value === undefined)
  )
}

function isList<T extends object, List extends readonly unknown[]>(value: T | List): value is List {
  return Array.isArray(value)
}
