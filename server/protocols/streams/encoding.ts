// Batches as this protocol writes them: JSON topics as one array, all others as their bytes one behind the other.

import type { Message } from '../../hub/index.ts'
import { jsonType } from '../../hub/index.ts'

/** The data of messages of one topic. */
export function encodeData(messages: readonly Message[], contentType: string): Buffer {
  if (contentType === jsonType) return Buffer.from(`[${messages.map(({ data }) => textOf(data)).join(',')}]`)
  const [first] = messages
  if (messages.length === 1 && first !== undefined) return bytesOf(first.data)
  return Buffer.concat(messages.map(({ data }) => bytesOf(data)))
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
