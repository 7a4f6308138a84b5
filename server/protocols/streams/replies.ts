// What is the same in many replies of the protocol.

import type { FastifyReply } from 'fastify'
import type { Lifetime } from '../../hub/index.ts'

/** Where a stream goes on after a reply. */
export interface Place {
  readonly offset: string
  /** Whether the stream was closed, and this is its end. */
  readonly isEnd: boolean
}

export function tellPlace(reply: FastifyReply, { offset, isEnd }: Place): FastifyReply {
  reply.header('stream-next-offset', offset)
  return isEnd ? reply.header('stream-closed', 'true') : reply
}

export function tellLifetime(reply: FastifyReply, lifetime: Lifetime): FastifyReply {
  if (lifetime === null) return reply
  if ('ttlMs' in lifetime) return reply.header('stream-ttl', String(lifetime.ttlMs / 1_000))
  return reply.header('stream-expires-at', new Date(lifetime.expiresAt).toISOString())
}

/** Headers that pages of other origins may read. */
const readable = [
  'Stream-Next-Offset',
  'Stream-Up-To-Date',
  'Stream-Closed',
  'Stream-Cursor',
  'Stream-TTL',
  'Stream-Expires-At',
  'Stream-SSE-Data-Encoding',
  'Producer-Epoch',
  'Producer-Seq',
  'Producer-Expected-Seq',
  'Producer-Received-Seq',
  'ETag',
  'Location',
]

/** Every reply has these, whatever becomes of the request. */
export function secureReply(reply: FastifyReply): void {
  // A browser must not take bytes that anybody wrote for a page or a program.
  reply.header('x-content-type-options', 'nosniff').header('cross-origin-resource-policy', 'cross-origin')
  const exposed = reply.getHeader('access-control-expose-headers')
  if (exposed !== undefined) reply.header('access-control-expose-headers', [exposed, ...readable].join(', '))
}
