// Event streams over HTTP: topics read as Server-Sent Events, by GET for one or several.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { requireRight } from '../../access/rights.ts'
import { inCoroutine } from '../../http/coroutine-handler.ts'
import { letGoOf } from '../../http/waiting-requests.ts'
import { decodeCursor } from '../../hub/index.ts'
import type { ReadEvents } from './event-reading.ts'
import { participantOf } from './presence.ts'
import type { EventParameters, PollLimits } from './schemas.ts'
import { eventsOfManySchema, eventsOfOneSchema } from './schemas.ts'

export interface EventRoutesOptions {
  readonly scheduler: Scheduler
  readonly readEvents: ReadEvents
  /** Whether there are hooks that may read a request's headers when it has been answered. */
  readonly keepsRequests: () => boolean
  readonly limits: PollLimits
}

type OneTopic = { Params: { topic: string }; Querystring: EventParameters }
type SeveralTopics = { Querystring: EventParameters & { topic: string[] } }

export async function eventRoutes(app: FastifyInstance, options: EventRoutesOptions): Promise<void> {
  const { scheduler, readEvents, keepsRequests, limits } = options

  // No coroutine of its own: each that waits would be gone through for every event.
  function answer(
    topics: readonly string[],
    given: EventParameters,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Coroutine<FastifyReply> {
    const { admission, headers } = request
    // What the client had last is newer than the URL that it was given first.
    const last = headers['last-event-id'] as string | undefined
    const text = last === undefined || last === '' ? given.cursor : last
    const cursor = text === undefined ? undefined : decodeCursor(text, limits.topicsPerPoll)
    if (!keepsRequests()) letGoOf(request)
    const { from = 'now', client, presence } = given
    const participant = presence === undefined ? null : participantOf(admission, client, presence)
    return readEvents({ topics, cursor, from, participant, admission }, reply)
  }

  requireRight(app, 'subscribe')
  app.get(
    '/topics/:topic/events',
    { schema: eventsOfOneSchema },
    inCoroutine<OneTopic>(scheduler, (request, reply) => answer([request.params.topic], request.query, request, reply)),
  )
  app.get(
    '/events',
    { schema: eventsOfManySchema(limits) },
    inCoroutine<SeveralTopics>(scheduler, (request, reply) =>
      answer(request.query.topic, request.query, request, reply),
    ),
  )
}
