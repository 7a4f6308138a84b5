// Pages of other origins: every reply carries the headers that its origin is entitled to, errors too.
//
// A page that may not read a refusal sees "Failed to fetch" and tries again for ever. So the headers come before every
// guard, and a preflight is answered before them: it is the request behind it that is refused, readably. Only what cannot be
// read as a request at all has no such headers, for it has no origin.

import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { type FailureObserver, replyWithError } from './error-replies.ts'

/** Let pages of `origins` read the replies. Call it before the guards. */
export async function letOriginsRead(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length > 0) await app.register(cors, crossOrigin(origins))
}

/** Fastify's handler for requests that it refuses before any hook has run: what hooks would have said is said here. */
export function replyBeforeHooks(origins: readonly string[], failed: FailureObserver) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): void => {
    const { origin } = request.headers
    if (origins.length > 0) reply.header('vary', 'Origin')
    if (origin !== undefined && origins.includes(origin)) {
      reply.header('access-control-allow-origin', origin).header('access-control-allow-credentials', 'true')
      reply.header('access-control-expose-headers', exposed.join(', '))
    }
    replyWithError(error, request, reply, failed)
  }
}

const exposed = ['Retry-After']

function crossOrigin(origins: readonly string[]): FastifyCorsOptions {
  return {
    origin: [...origins],
    credentials: true,
    exposedHeaders: exposed,
    maxAge: 86_400,
    // An OPTIONS that is no preflight is answered like one; strictness would be a 400 in a shape that is not ours.
    strictPreflight: false,
  }
}
