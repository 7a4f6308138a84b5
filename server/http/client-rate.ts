// How many requests a client may make in a second.

import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance } from 'fastify'
import { EnckeError } from '../errors.ts'

/** Whoever watches the server must see it even when somebody else wears it out. */
const exempt = new Set(['/healthz', '/readyz', '/metrics'])

export async function limitRate(app: FastifyInstance, requestsPerSecond: number): Promise<void> {
  await app.register(rateLimit, {
    max: requestsPerSecond,
    timeWindow: 1_000,
    global: false,
    keyGenerator: (request) => request.ip,
    allowList: (request) => exempt.has(request.routeOptions.url ?? ''),
    // A poll is a few hundred bytes: three headers that say it is not limited would be a good part of it.
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (request, { ttl }) =>
      new EnckeError(
        'ENCKE_ERR_CLIENT_RATE',
        `more than ${requestsPerSecond} requests in a second from ${request.ip}: slow down`,
        { retryAfterSeconds: ttl / 1_000 },
      ),
  })
  // For every request, also those that find nothing, and before keys are looked at: guessing one must be slow.
  app.addHook('onRequest', app.rateLimit())
}
