// GET with `live=long-poll`: what there is at once, else the request waits for more.

import type { FastifyReply } from 'fastify'
import type { Coroutine } from '../../../runtime/index.ts'
import { select, trySelect } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import type { WaitingRoom } from '../../access/waiting-room.ts'
import { EnckeError } from '../../errors.ts'
import type { Draining } from '../../http/draining.ts'
import { type Hub, oldestTimeOf } from '../../hub/index.ts'
import { type Reading, readPiece, sendPiece } from './catch-up.ts'
import { writeOffset } from './offsets.ts'
import { tellPlace } from './replies.ts'
import { nextTurn } from './turn.ts'

export interface LivePoll extends Reading {
  readonly offset: string
  /** What the client sent as `cursor`. */
  readonly turn: string | undefined
  readonly admission: Admission
}

export interface LongPollParts {
  readonly hub: Hub
  readonly draining: Draining
  readonly waitingRoom: WaitingRoom
  readonly holdMs: number
  /** Told when news was written that a poll has waited for, and when that was published. */
  readonly wrote?: (publishedAt: number) => void
}

/** What has come after the end: nothing, something while the reader waited, or before it could wait. */
type News = 'none' | 'waited' | 'at once'

/** Where a reader is that waits. */
interface Tail {
  readonly epoch: string
  readonly position: number
  readonly offset: string
}

/** Waits are shortened by up to so much, so that clients who came together do not come back together. */
const jitter = 0.1

export function longPolling({ hub, draining, waitingRoom, holdMs, wrote }: LongPollParts) {
  function* longPoll(poll: LivePoll, reply: FastifyReply): Coroutine<FastifyReply> {
    reply.header('stream-cursor', nextTurn(poll.turn, Date.now()))
    const tail = knownTail(hub, poll) ?? (yield* findTail(poll, reply))
    if (tail === undefined) return reply
    if (draining.begun.isOpen) throw goingAway()
    const news = yield* awaitNews(poll, tail)
    if (news === 'none') return sendNothing(reply, tail.offset, false)
    const piece = yield* readPiece(hub, { topic: poll.topic, offset: tail.offset })
    if (piece.slice.messages.length === 0) return sendNothing(reply, piece.to, piece.isEnd)
    sendPiece(piece, { ...poll, offset: tail.offset }, reply)
    if (news === 'waited') wrote?.(oldestTimeOf(piece.slice.messages))
    return reply
  }

  /** The end of the stream, if that is where the reader is; undefined when it has been answered. */
  function* findTail(poll: LivePoll, reply: FastifyReply): Coroutine<Tail | undefined> {
    const piece = yield* readPiece(hub, poll)
    const { slice, to, isEnd } = piece
    if (slice.messages.length > 0) sendPiece(piece, poll, reply)
    else if (isEnd) sendNothing(reply, to, true)
    else return { epoch: slice.epoch, position: slice.head, offset: to }
    return undefined
  }

  /** Wait for something to come after the end. */
  function* awaitNews({ topic, admission }: LivePoll, { epoch, position }: Tail): Coroutine<News> {
    const waitMs = admission.shorten(Math.round(holdMs * (1 - Math.random() * jitter)))
    const seat = waitMs > 0 ? waitingRoom.enter(admission.client) : null
    const subscription = hub.readAfter(topic, epoch, position)
    try {
      const woken = yield* select(
        { news: subscription.changed(), drain: draining.wait(), quiet: admission.over(waitMs) },
        { order: 'first' },
      )
      const isThere = woken.case === 'news' || trySelect({ news: subscription.changed() }) !== undefined
      if (!isThere || !admission.holds()) return 'none'
      return subscription.isWoken ? 'waited' : 'at once'
    } finally {
      subscription[Symbol.dispose]()
      seat?.[Symbol.dispose]()
    }
  }

  return longPoll
}

/** A reader at the end of a stream that this node follows is known without the broker being asked. */
function knownTail(hub: Hub, { topic, offset }: LivePoll): Tail | undefined {
  const known = hub.followed(topic)
  if (known === undefined || known.isClosed || offset !== writeOffset(known.segment, known.head)) return undefined
  return { epoch: known.epoch, position: known.head, offset }
}

function sendNothing(reply: FastifyReply, offset: string, isEnd: boolean): FastifyReply {
  tellPlace(reply, { offset, isEnd }).header('stream-up-to-date', 'true').header('cache-control', 'no-store')
  return reply.code(204).send()
}

export function goingAway(): EnckeError {
  return new EnckeError('ENCKE_ERR_SERVER_DRAINING', 'the server is going away: ask again, whoever answers next')
}
