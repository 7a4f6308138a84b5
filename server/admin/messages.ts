// What an operator asks about messages: what a topic keeps, and which way the next message takes.

import type { FastifyInstance } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { select } from '../../runtime/index.ts'
import type { Admission } from '../access/admission.ts'
import { requireRight } from '../access/rights.ts'
import { inCoroutine } from '../http/coroutine-handler.ts'
import type { Draining } from '../http/draining.ts'
import type { Hub, Message } from '../hub/index.ts'
import { FollowedMessage, type Way } from '../observe/followed-message.ts'
import type { HubWatch } from '../observe/hub-watch.ts'
import { followSchema, historySchema } from './message-schemas.ts'

export interface MessagesOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly hubWatch: HubWatch
  readonly draining: Draining
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
}

interface HistoryQuery {
  readonly topic: string
  readonly before?: number
  readonly limit?: number
}

interface FollowQuery {
  readonly topic: string
  readonly wait?: number
}

const messagesByDefault = 50
const waitSecondsByDefault = 25

/** So many readers are listed; of more only the number is told. */
const mostHandovers = 1_000

/** How long readers are waited for that have not come yet: some have gone away, or their connections are full. */
const readersMs = 2_000

/** A page shows the beginning of a message, not all of it. */
const longestText = 2_000

export async function messageRoutes(app: FastifyInstance, options: MessagesOptions): Promise<void> {
  const { scheduler, hub, hubWatch, draining, clock } = options

  function* history({ topic, before, limit = messagesByDefault }: HistoryQuery): Coroutine<object> {
    const { epoch, head, waiting, contentType, isClosed } = yield* hub.inform(topic)
    const end = Math.min(before ?? head + 1, head + 1)
    const from = Math.max(end - limit, 1)
    const { messages, oldest } = yield* hub.readHistory(topic, from, { messages: end - from + 1, bytes: 2 ** 20 })
    const kept = messages.filter(({ offset }) => offset < end).map(described)
    return { topic, epoch, head, oldest, waiting, contentType, closed: isClosed, messages: kept }
  }

  function* follow(
    { topic, wait = waitSecondsByDefault }: FollowQuery,
    admission: Admission,
  ): Coroutine<{ way: Way | null }> {
    const running = () => scheduler.running
    const followed = new FollowedMessage({ topic, most: mostHandovers, clock, running })
    using _watching = hubWatch.add(followed)
    const come = yield* select(
      { begun: followed.begun(), drain: draining.begun.wait(), late: admission.over(wait * 1_000) },
      { order: 'first' },
    )
    if (come.case === 'begun') {
      yield* select(
        { complete: followed.complete(), drain: draining.begun.wait(), late: admission.over(readersMs) },
        { order: 'first' },
      )
    }
    // Nothing is told to an operator whose token has ended meanwhile.
    return { way: admission.holds() ? followed.way() : null }
  }

  requireRight(app, 'administer')
  app.addHook('onSend', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get(
    '/admin/history',
    { schema: historySchema },
    inCoroutine<{ Querystring: HistoryQuery }>(scheduler, ({ query }) => history(query)),
  )
  app.get(
    '/admin/follow',
    { schema: followSchema },
    inCoroutine<{ Querystring: FollowQuery }>(scheduler, ({ query, method, admission }) =>
      // HEAD wants to know what GET would say, not to wait for it.
      follow(method === 'HEAD' ? { ...query, wait: 0 } : query, admission),
    ),
  )
}

function described({ offset, id, time, bytes, data }: Message): object {
  const text = typeof data === 'string' ? data.slice(0, longestText) : textOf(data.subarray(0, longestText))
  return { offset, id, time, bytes, text, isWhole: bytes <= longestText }
}

/** Bytes as text, or null where they are none; what is cut off at the end of a character is left out. */
function textOf(bytes: Uint8Array): string | null {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    return decoder.decode(bytes, { stream: true })
  } catch {
    return null
  }
}
