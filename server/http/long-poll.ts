// The long poll: a request that waits for news of its topics, by GET for one or several and by POST for many.

import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { after, select } from '../../runtime/index.ts'
import type { Batch, Cursor, From, Hub } from '../hub/index.ts'
import { decodeCursor } from '../hub/index.ts'
import { takeJson, wantBody } from './bodies.ts'
import { inCoroutine } from './coroutine-handler.ts'
import type { Draining } from './draining.ts'
import { guardReading } from './keys.ts'
import { PreparedReply } from './prepared-reply.ts'
import type { PollLimits, PollParameters } from './schemas.ts'
import { pollBodySchema, pollManySchema, pollOneSchema } from './schemas.ts'
import type { WaitingRoom } from './waiting-room.ts'

export interface LongPollOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly draining: Draining
  readonly waitingRoom: WaitingRoom
  readonly limits: PollLimits
  readonly pollBodyBytes: number
  readonly subscribeKey: string | undefined
}

interface PollRequest {
  readonly cursor: Cursor | undefined
  readonly holdMs: number
  readonly limit: number
  readonly from: From
}

type OneTopic = { Params: { topic: string }; Querystring: PollParameters }
type SeveralTopics = { Querystring: PollParameters & { topic: string[] } }
type ManyTopics = { Body: PollParameters & { topics: string[] } }

/** Waits are shortened by up to so much, so that clients who came together do not come back together. */
const jitter = 0.1

export async function longPollRoutes(app: FastifyInstance, options: LongPollOptions): Promise<void> {
  const { scheduler, hub, draining, waitingRoom, limits } = options
  const prepared = preparedReplies(draining)

  function* longPoll(
    topics: string[],
    given: PollParameters,
    http: FastifyRequest,
    reply: FastifyReply,
  ): Coroutine<PreparedReply | string> {
    const { cursor, from, holdMs, limit } = readRequest(given, limits, http.method === 'HEAD')
    using _place = holdMs > 0 ? waitingRoom.enter(http.ip) : null
    using subscription = hub.subscribe(topics, cursor, from)
    letGoOfHeaders(http.raw)
    yield* subscription.located()
    const woken = yield* select(
      { news: subscription.changed(), drain: draining.wait(), quiet: after(holdMs) },
      { order: 'first' },
    )
    if (woken.case === 'news') return prepared(yield* subscription.read(limit))
    reply.headers(headers)
    if (woken.case === 'quiet') return subscription.nothing().json
    return withRetry(subscription.nothing(), draining.retryAfterMs())
  }

  guardReading(app, options.subscribeKey)
  takeJson(app)
  app.get(
    '/topics/:topic/messages',
    { schema: pollOneSchema(limits) },
    inCoroutine<OneTopic>(scheduler, (request, reply) =>
      longPoll([request.params.topic], request.query, request, reply),
    ),
  )
  app.get(
    '/messages',
    { schema: pollManySchema(limits) },
    inCoroutine<SeveralTopics>(scheduler, (request, reply) =>
      longPoll(request.query.topic, request.query, request, reply),
    ),
  )
  app.post(
    '/poll',
    { schema: pollBodySchema(limits), bodyLimit: options.pollBodyBytes, preValidation: wantBody },
    inCoroutine<ManyTopics>(scheduler, (request, reply) => longPoll(request.body.topics, request.body, request, reply)),
  )
}

function readRequest(given: PollParameters, limits: PollLimits, isHead: boolean): PollRequest {
  // HEAD wants to know what GET would say, not to wait for it.
  const wait = isHead ? 0 : (given.wait ?? limits.waitDefaultSeconds)
  return {
    cursor: given.cursor === undefined ? undefined : decodeCursor(given.cursor),
    holdMs: Math.round(wait * 1_000 * (1 - Math.random() * jitter)),
    limit: given.limit ?? limits.limitDefault,
    from: given.from ?? 'now',
  }
}

// A browser sends a kilobyte of headers, and they are kept twice, as they came and by name: a sixth of a poll that waits.
// Everybody who reads them has done so by now, the guards and the keys.
function letGoOfHeaders(request: IncomingMessage): void {
  request.rawHeaders = noRawHeaders
  request.headers = noHeaders
}

const noHeaders = Object.freeze({})

const noRawHeaders = Object.freeze([]) as unknown as string[]

const headers = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }

/** How long a text Node may put behind the head, to send the two as one; longer ones are encoded once, and sent beside it. */
const longestText = 8 * 1024

/** Gives the reply for a batch, made once for all polls that share it. */
function preparedReplies({ begun }: Draining): (batch: Batch) => PreparedReply {
  const replies = new WeakMap<Batch, PreparedReply>()
  return (batch) => {
    let reply = replies.get(batch)
    if (reply === undefined) {
      const body = batch.json.length <= longestText ? batch.json : Buffer.from(batch.json)
      reply = new PreparedReply(headers, body, () => begun.isOpen)
      replies.set(batch, reply)
    }
    return reply
  }
}

function withRetry(batch: Batch, retryAfterMs: number): string {
  return `${batch.json.slice(0, -1)},"retryAfterMs":${retryAfterMs}}`
}
