// The long poll over HTTP: a request that waits for news of its topics, by GET for one or several and by POST for many.

import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { decodeCursor } from '../hub/index.ts'
import { takeJson } from './bodies.ts'
import { inCoroutine } from './coroutine-handler.ts'
import { guardReading } from './keys.ts'
import type { Pipelining } from './pipelining.ts'
import type { LongPoll, Poll } from './poll.ts'
import { pollHeaders } from './poll.ts'
import type { RepeatedPolls } from './repeated-polls.ts'
import type { PollLimits, PollParameters } from './schemas.ts'
import { pollBodySchema, pollManySchema, pollOneSchema } from './schemas.ts'

export interface LongPollOptions {
  readonly scheduler: Scheduler
  readonly longPoll: LongPoll
  readonly pipelining: Pipelining
  readonly repeatedPolls: RepeatedPolls
  readonly limits: PollLimits
  readonly pollBodyBytes: number
  readonly subscribeKey: string | undefined
}

type OneTopic = { Params: { topic: string }; Querystring: PollParameters }
type SeveralTopics = { Querystring: PollParameters & { topic: string[] } }
type ManyTopics = { Body: PollParameters & { topics: string[] } }

export async function longPollRoutes(app: FastifyInstance, options: LongPollOptions): Promise<void> {
  const { scheduler, longPoll, pipelining, repeatedPolls, limits } = options

  function* answer(
    topics: readonly string[],
    given: PollParameters,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Coroutine<string | FastifyReply> {
    const poll = readPoll(topics, given, limits, request)
    // Without a socket others are ahead of it on its connection.
    const room = reply.raw.socket === null ? () => pipelining.room(reply.raw) : undefined
    const cursor = given.cursor === undefined ? undefined : decodeCursor(given.cursor)
    const recognised = repeatedPolls.recognise(request.raw, given.cursor)
    letGoOfHeaders(request.raw)
    const prepared = yield* longPoll(poll, cursor, room)
    if (typeof prepared === 'string') return reply.headers(pollHeaders).send(prepared)
    const head = prepared.sendTo(reply)
    // One that had no cursor yet does not come again: the next one has.
    if (head !== undefined && cursor !== undefined) {
      repeatedPolls.answered(request.raw, reply.raw, recognised && { ...recognised, poll, head })
    }
    return reply
  }

  guardReading(app, options.subscribeKey)
  takeJson(app)
  app.get(
    '/topics/:topic/messages',
    { schema: pollOneSchema(limits) },
    inCoroutine<OneTopic>(scheduler, (request, reply) => answer([request.params.topic], request.query, request, reply)),
  )
  app.get(
    '/messages',
    { schema: pollManySchema(limits) },
    inCoroutine<SeveralTopics>(scheduler, (request, reply) =>
      answer(request.query.topic, request.query, request, reply),
    ),
  )
  app.post(
    '/poll',
    { schema: pollBodySchema(limits), bodyLimit: options.pollBodyBytes },
    inCoroutine<ManyTopics>(scheduler, (request, reply) => answer(request.body.topics, request.body, request, reply)),
  )
}

function readPoll(
  topics: readonly string[],
  { wait, limit, from }: PollParameters,
  limits: PollLimits,
  { method, ip }: FastifyRequest,
): Poll {
  return {
    topics,
    // HEAD wants to know what GET would say, not to wait for it.
    waitSeconds: method === 'HEAD' ? 0 : (wait ?? limits.waitDefaultSeconds),
    limit: limit ?? limits.limitDefault,
    from: from ?? 'now',
    address: ip,
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
