// How many requests a client may make in a second. A second is one of the monotonic clock: the wall clock may be set back.

import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EnckeError } from '../errors.ts'
import type { Guard } from './admission.ts'

/** Monitoring must reach the server also when a client at the same address wears it out. */
const exempt = new Set(['/healthz', '/readyz', '/metrics'])

const windowMs = 1_000

/** The most clients that are remembered; for one more, the one whose last request is oldest is forgotten. */
const mostClients = 5_000

interface Window {
  readonly startMs: number
  requests: number
}

/** Counts the requests of each client, those that the hooks see and those that they do not. */
export class ClientRate {
  readonly requestsPerSecond: number
  readonly #clock: () => number
  readonly #windows = new Map<string, Window>()

  /** `clock` tells milliseconds, and never goes back. */
  constructor(requestsPerSecond: number, clock: () => number) {
    this.requestsPerSecond = requestsPerSecond
    this.#clock = clock
  }

  /** Count a request. Gives how many that makes in the second, and how much is left of it, in milliseconds. */
  count(client: string): { readonly current: number; readonly ttl: number } {
    const window = this.#windowOf(client)
    window.requests += 1
    return { current: window.requests, ttl: window.startMs + windowMs - this.#clock() }
  }

  /** Whether the client may make one more. */
  mayAsk(client: string): boolean {
    return this.#windowOf(client).requests < this.requestsPerSecond
  }

  #windowOf(client: string): Window {
    const now = this.#clock()
    let window = this.#windows.get(client)
    if (window === undefined || window.startMs + windowMs <= now) window = { startMs: now, requests: 0 }
    // It stands last then, so that the first is the one to forget.
    this.#windows.delete(client)
    this.#windows.set(client, window)
    if (this.#windows.size > mostClients) this.#windows.delete(this.#windows.keys().next().value as string)
    return window
  }
}

/** For every request, also those that find nothing, and before keys are looked at: guessing one must be slow. */
export async function guardRate(app: FastifyInstance, rate: ClientRate): Promise<Guard> {
  const { requestsPerSecond } = rate
  await app.register(rateLimit, {
    max: requestsPerSecond,
    timeWindow: windowMs,
    global: false,
    store: storeFor(rate),
    keyGenerator: (request) => request.admission.client,
    // Not by its route: Fastify makes an object of fourteen properties for who asks for that.
    allowList: ({ url }) => exempt.has(url.split('?', 1)[0] as string),
    // A poll is a few hundred bytes: three headers that say it is not limited would be a good part of it.
    addHeadersOnExceeding: { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false },
    errorResponseBuilder: (request, { ttl }) =>
      new EnckeError(
        'ENCKE_ERR_CLIENT_RATE',
        `more than ${requestsPerSecond} requests in a second from ${request.admission.client}: slow down`,
        { retryAfterSeconds: ttl / 1_000 },
      ),
  })
  const limit = app.rateLimit() as (request: FastifyRequest, reply: FastifyReply) => Promise<void>
  return {
    onRequest: (request, reply, done) => void limit(request, reply).then(() => done(), done),
    mayRepeat: ({ client }) => rate.mayAsk(client),
    countRepeat: ({ client }) => void rate.count(client),
  }
}

function storeFor(rate: ClientRate): new () => FastifyRateLimitStore {
  return class implements FastifyRateLimitStore {
    incr(client: string, callback: Parameters<FastifyRateLimitStore['incr']>[1]): void {
      callback(null, rate.count(client))
    }

    child(): FastifyRateLimitStore {
      return this
    }
  }
}
