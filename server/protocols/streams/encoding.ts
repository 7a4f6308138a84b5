// Batches as this protocol writes them: JSON topics as one array, all others as their bytes one behind the other.

import type { Message, Slice } from '../../hub/index.ts'
import { jsonType } from '../../hub/index.ts'

/** The data of messages of one topic. */
export function encodeData(messages: readonly Message[], contentType: string): Buffer {
  if (contentType === jsonType) return Buffer.from(`[${messages.map(({ data }) => textOf(data)).join(',')}]`)
  const [first] = messages
  if (messages.length === 1 && first !== undefined) return bytesOf(first.data)
  return Buffer.concat(messages.map(({ data }) => bytesOf(data)))
}

/** What two replies have in common when they hold the same messages: nothing else has the same id in an epoch. */
interface Encoded {
  readonly epoch: string
  readonly from: number
  readonly lastId: string
  readonly data: Buffer
}

let last: Encoded | undefined

/** The same, made once for readers in a row who read the same piece. */
export function encodeShared({ epoch, messages }: Pick<Slice, 'epoch' | 'messages'>, contentType: string): Buffer {
  const [first, newest] = [messages[0], messages.at(-1)]
  if (first === undefined || newest === undefined) return encodeData([], contentType)
  if (last?.epoch !== epoch || last.from !== first.offset || last.lastId !== newest.id) {
    last = { epoch, from: first.offset, lastId: newest.id, data: encodeData(messages, contentType) }
  }
  return last.data
}

/** Whether the events of such a topic have their data in base64: whatever is neither text nor JSON. */
export function isBinary(contentType: string): boolean {
  return contentType !== jsonType && !contentType.startsWith('text/')
}

function bytesOf(data: string | Uint8Array): Buffer {
  return typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer, data.byteOffset, data.byteLength)
}

function textOf(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : bytesOf(data).toString()
}
