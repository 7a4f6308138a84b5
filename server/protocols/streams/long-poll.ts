// GET with `live=long-poll`: what there is at once, else the request waits for more. Which way it has come does not matter
// here.
//
// Always true: those who wait at one place are answered with one batch, without the broker being asked for each.

import type { Coroutine } from '../../../runtime/index.ts'
import { select, sleep, trySelect } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import type { WaitingRoom } from '../../access/waiting-room.ts'
import { EnckeError } from '../../errors.ts'
import type { Draining } from '../../http/draining.ts'
import { PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Hub, TopicVerdict } from '../../hub/index.ts'
import { offsetAfter, type Reading, readPiece } from './catch-up.ts'
import { encodeShared } from './encoding.ts'
import { LiveReplies, type Made, type ReplyFor } from './live-replies.ts'
import { writeOffset } from './offsets.ts'

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
  /** Whether hooks of others want to see every reply: then none is prepared. */
  readonly hasOtherHooks: () => boolean
  /** Told when news was written that a poll has waited for, and when this node took that. */
  readonly wrote: (takenAt: number) => void
}

export type LongPoll = (poll: LivePoll) => Coroutine<PreparedReply>

/** Where a reader is that waits. */
interface Tail {
  readonly epoch: string
  readonly position: number
  readonly offset: string
  readonly contentType: string
}

/** A poll, for as long as it waits. */
interface Wait extends ReplyFor {
  readonly poll: LivePoll
  /** By the clock of its admission. */
  readonly endsAt: number
}

/** Waits are shortened by up to so much, so that clients who came together do not come back together. */
const jitter = 0.1

/** The most messages in one reply. */
const mostMessages = 10_000

/** How soon a reader looks again that was told of news where the broker has none yet, in milliseconds. */
const lookAgainMs = 50

export function longPolling({ hub, draining, waitingRoom, holdMs, hasOtherHooks, wrote }: LongPollParts): LongPoll {
  const replies = new LiveReplies({ isLast: () => draining.begun.isOpen || hasOtherHooks(), wrote })

  function* longPoll(poll: LivePoll): Coroutine<PreparedReply> {
    const { admission, offset, turn: sent, ifNoneMatch, isPersonal } = poll
    const waitMs = admission.shorten(Math.round(holdMs * (1 - Math.random() * jitter)))
    const isPlace = offset !== '-1' && offset !== 'now'
    const wait: Wait = { poll, endsAt: admission.clock() + waitMs, sent, isPlace, ifNoneMatch, isPersonal }
    let tail = knownTail(hub, poll) ?? (yield* findTail(wait, offset))
    if (tail instanceof PreparedReply) return tail
    if (draining.begun.isOpen) throw goingAway()
    if (waitMs > 0) waitingRoom.enter(admission.client)
    try {
      for (;;) {
        const reply = yield* waitAt(tail, wait)
        if (reply !== null) return reply
        tail = yield* findTail(wait, tail.offset)
        if (tail instanceof PreparedReply) return tail
        yield* sleep(lookAgainMs)
      }
    } finally {
      if (waitMs > 0) waitingRoom.leave(admission.client)
    }
  }

  /** The end of the stream, if that is where `offset` is; else the reply. @throws EnckeError when it is nowhere any more */
  function* findTail(wait: Wait, offset: string): Coroutine<Tail | PreparedReply> {
    const { topic } = wait.poll
    const piece = yield* readPiece(hub, { topic, offset })
    const { record, slice, to, isEnd } = piece
    const { contentType } = record
    if (slice.messages.length > 0)
      return replies.data(wait, { ...piece, contentType }, encodeShared(slice, contentType))
    if (isEnd) return replies.nothing(wait, to, true)
    return { epoch: slice.epoch, position: slice.head, offset: to, contentType }
  }

  /** Wait at the end for something to come after it; null when the end is not there any more. */
  function* waitAt(tail: Tail, wait: Wait): Coroutine<PreparedReply | null> {
    const { topic, admission } = wait.poll
    const subscription = hub.readAfter(topic, tail.epoch, tail.position)
    // Not by `using`: V8 leaves its own code for C++ twice for each.
    try {
      for (;;) {
        const quiet = admission.over(wait.endsAt - admission.clock())
        const woken = yield* select({ news: subscription.changed(), drain: draining.wait(), quiet }, { order: 'first' })
        const isOver = woken.case !== 'news'
        // Of many readers the last are woken somewhat later than the first: news outrank what has happened meanwhile.
        const hasNews = !isOver || trySelect({ news: subscription.changed() }) !== undefined
        if (!hasNews || !admission.holds()) return replies.nothing(wait, tail.offset, false)
        const hasWaited = subscription.isWoken
        const batch = yield* subscription.read(mostMessages)
        const made = { asking: wait, from: tail.offset, batch, hasWaited }
        const [about] = batch.verdicts as [TopicVerdict]
        if (about.verdict !== 'ok') return null
        if (batch.messages.length > 0 || about.isClosed) {
          return replies.known(made) ?? replyWith(made, yield* offsetAfter(hub, topic, batch), tail)
        }
        if (isOver) return replies.nothing(wait, tail.offset, false)
        // There would be no end to it while the node has been told of less than the broker has.
        if (trySelect({ news: subscription.changed() }) !== undefined) yield* sleep(lookAgainMs)
      }
    } finally {
      subscription[Symbol.dispose]()
    }
  }

  function replyWith(made: Made, to: string, { contentType }: Tail): PreparedReply {
    const { asking, from, batch } = made
    const { isClosed: isEnd } = batch.verdicts[0] as TopicVerdict
    if (batch.messages.length === 0) return replies.nothing(asking, to, true)
    return replies.news(made, { from, to, contentType, isUpToDate: !batch.more, isEnd })
  }

  return longPoll
}

/** A reader at the end of a stream that this node follows is known without the broker being asked. */
function knownTail(hub: Hub, { topic, offset }: LivePoll): Tail | undefined {
  const known = hub.followed(topic)
  if (known === undefined || known.isClosed || offset !== writeOffset(known.segment, known.head)) return undefined
  return { epoch: known.epoch, position: known.head, offset, contentType: known.contentType }
}

export function goingAway(): EnckeError {
  return new EnckeError('ENCKE_ERR_SERVER_DRAINING', 'the server is going away: ask again, whoever answers next')
}
