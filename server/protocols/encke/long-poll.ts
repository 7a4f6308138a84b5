// The long poll over HTTP: a request that waits for news of its topics, by GET for one or several and by POST for many.

import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { requireRight, requireTopics } from '../../access/rights.ts'
import { takeJson } from '../../http/bodies.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import type { Known, Recognised } from '../../http/fast-path/connection.ts'
import type { FastPath } from '../../http/fast-path/fast-path.ts'
import type { PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Pipelining } from '../../http/pipelining.ts'
import { letGoOf } from '../../http/waiting-requests.ts'
import { type Cursor, decodeCursor } from '../../hub/index.ts'
import { type Cacheable, openToAll, sendShared } from './cacheable.ts'
import type { LongPoll, Poll, Room } from './poll.ts'
import { participantOf } from './presence.ts'
import type { PollLimits, PollParameters } from './schemas.ts'
import { pollBodySchema, pollManySchema, pollOneSchema } from './schemas.ts'
import type { SharedPoll } from './shared-poll.ts'
import { readerKey } from './superseding.ts'

export interface LongPollOptions {
  readonly scheduler: Scheduler
  readonly longPoll: LongPoll
  /** The same, with replies that say that they are one reader's. */
  readonly privatePoll: LongPoll
  readonly sharedPoll: SharedPoll
  readonly cacheable: Cacheable
  readonly pipelining: Pipelining
  /** Undefined where every poll is answered by Fastify. */
  readonly fastPath: FastPath | undefined
  /** Whether there are hooks that may read a request when it has been answered. */
  readonly keepsRequests: () => boolean
  readonly limits: PollLimits
  readonly pollBodyBytes: number
}

type OneTopic = { Params: { topic: string }; Querystring: PollParameters }
type SeveralTopics = { Querystring: PollParameters & { topic: string[] } }
type ManyTopics = { Body: PollParameters & { topics: string[] } }

export async function longPollRoutes(app: FastifyInstance, options: LongPollOptions): Promise<void> {
  const { scheduler, longPoll, privatePoll, sharedPoll, cacheable, pipelining, fastPath, keepsRequests, limits } =
    options

  // No coroutine: what a generator has at hand it keeps for as long as it waits, and there are ten thousand of it.
  function answer(
    topics: readonly string[],
    given: PollParameters,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Coroutine<FastifyReply> {
    const poll = readPoll(topics, given, limits, request)
    const cursor = given.cursor === undefined ? undefined : decodeCursor(given.cursor, limits.topicsPerPoll)
    if (cacheable.admits(topics, given, request)) return share(poll, cursor, given.turn ?? 0, request, reply)
    const answerPoll = cacheable.isPrivate(topics, request) ? privatePoll : longPoll
    const recognised =
      given.cursor === undefined ? undefined : fastPath?.recognise(request.raw, { cursor: given.cursor })
    // One that has no cursor yet does not come again: the next one has. By POST and HEAD none does.
    const repeats = cursor !== undefined && request.method === 'GET' ? answerPoll : null
    if (!keepsRequests()) letGoOf(request)
    const waiting = fastPath?.underWay(request)?.reply() ?? answerPoll(poll, cursor, roomFor(reply.raw, pipelining))
    return sendPrepared(waiting, poll, repeats, recognised, request, reply)
  }

  function* sendPrepared(
    waiting: Coroutine<PreparedReply>,
    poll: Poll,
    repeats: LongPoll | null,
    recognised: Recognised<readonly string[]> | undefined,
    { raw }: FastifyRequest,
    reply: FastifyReply,
  ): Coroutine<FastifyReply> {
    const prepared = yield* waiting
    const head = prepared.sendTo(reply)
    if (head !== undefined && repeats !== null) {
      const { admission } = poll
      fastPath?.answered(raw, reply.raw, recognised, { admission, head, begin: again(poll, repeats) })
    }
    return reply
  }

  function* share(
    poll: Poll,
    cursor: Cursor | undefined,
    turn: number,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Coroutine<FastifyReply> {
    openToAll(reply)
    return sendShared(yield* sharedPoll(poll, cursor, turn), request, reply)
  }

  // Not within `sendPrepared`: what a closure there holds would be a context of its own for each poll that waits.
  function again(poll: Poll, answerPoll: LongPoll): Known<readonly string[]>['begin'] {
    return (values) => {
      const cursor = cursorOr(values[0] as string, limits.topicsPerPoll)
      return cursor === undefined ? null : answerPoll(poll, cursor)
    }
  }

  requireRight(app, 'subscribe')
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
    {
      schema: pollBodySchema(limits),
      bodyLimit: options.pollBodyBytes,
      preHandler: requireTopics('subscribe', ({ body }) => (body as ManyTopics['Body']).topics),
    },
    inCoroutine<ManyTopics>(scheduler, (request, reply) => answer(request.body.topics, request.body, request, reply)),
  )
}

function readPoll(
  topics: readonly string[],
  { wait, limit, from, client, presence }: PollParameters,
  limits: PollLimits,
  { method, admission }: FastifyRequest,
): Poll {
  const askedSeconds = wait ?? limits.waitDefaultSeconds
  const waitSeconds = Math.min(askedSeconds, limits.waitMaxSeconds)
  const most = Math.min(limit ?? limits.limitDefault, limits.limitMax)
  return {
    topics,
    // HEAD wants to know what GET would say, not to wait for it.
    waitSeconds: method === 'HEAD' ? 0 : waitSeconds,
    limit: most,
    lowered:
      (waitSeconds < askedSeconds ? `,"wait":${waitSeconds}` : '') +
      (limit !== undefined && most < limit ? `,"limit":${most}` : ''),
    from: from ?? 'now',
    participant: presence === undefined ? null : participantOf(admission, client, presence),
    reader: readerKey(admission.client, client, topics),
    admission,
  }
}

/** Without a socket others are ahead of it on its connection. */
function roomFor(response: ServerResponse, pipelining: Pipelining): Room | undefined {
  return response.socket === null ? () => pipelining.room(response) : undefined
}

function cursorOr(text: string, mostTopics: number): Cursor | undefined {
  try {
    return decodeCursor(text, mostTopics)
  } catch {
    return undefined
  }
}
