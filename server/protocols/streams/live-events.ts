// GET with `live=sse`: a stream as Server-Sent Events: what there is, then what comes.
//
// Always true: every `data` event is followed by a `control` event, which says where the reader is then; a reader that is
// slow falls back on history, and where that is gone the stream ends, so that the client is told when it comes back.

import type { FastifyReply } from 'fastify'
import type { Coroutine, Selectable } from '../../../runtime/index.ts'
import { select } from '../../../runtime/index.ts'
import type { EventStream } from '../../http/event-stream.ts'
import type { EventStreams } from '../../http/event-streams.ts'
import { retryText } from '../../http/event-text.ts'
import type { Batch, Slice, Subscription, TopicVerdict } from '../../hub/index.ts'
import { offsetAfter, type Piece, readPiece } from './catch-up.ts'
import { isBinary } from './encoding.ts'
import { eventsOf } from './event-encoding.ts'
import { goingAway, type LivePoll, type LongPollParts } from './long-poll.ts'
import { nextTurn } from './turn.ts'

export interface LiveEventsParts extends Pick<LongPollParts, 'hub' | 'draining' | 'waitingRoom' | 'wrote'> {
  readonly eventStreams: EventStreams
}

type Told = Batch | Slice

/** So long a stream of events lasts: then the client comes back, and what stands between can share again. */
const lastsMs = 60_000

/** The most messages in one event. */
const mostMessages = 1_000

export function liveEvents({ hub, draining, waitingRoom, eventStreams, wrote }: LiveEventsParts) {
  function* tellAll(events: EventStream, poll: LivePoll, piece: Piece, subscription: Subscription): Coroutine<void> {
    const { contentType } = piece.record
    const tell = (told: Told, offset: string, isUpToDate: boolean, isEnd: boolean) => {
      events.push(eventsOf(told, contentType, { offset, isUpToDate, isEnd, turn: nextTurn(poll.turn, 0) }))
      return isEnd
    }
    const { admission } = poll
    const endsAt = admission.clock() + lastsMs
    if (tell(piece.slice, piece.to, piece.isUpToDate, piece.isEnd)) return
    for (;;) {
      const ready: Selectable<void> = events.isFull ? events.drained() : subscription.changed()
      const over = admission.over(endsAt - admission.clock())
      // First, or news without a pause would keep a reader whose token has ended.
      const woken = yield* select({ over, ready, drain: draining.wait() }, { order: 'first' })
      if (woken.case === 'drain') events.push(retryText(draining.retryAfterMs()))
      if (woken.case !== 'ready') return
      if (events.isFull) continue
      const waited = subscription.isWoken
      const batch = yield* subscription.read(mostMessages)
      const [about] = batch.verdicts as [TopicVerdict]
      if (about.verdict !== 'ok') return
      const offset = yield* offsetAfter(hub, poll.topic, batch)
      const isEnd = tell(batch, offset, !batch.more, about.isClosed)
      if (waited && batch.oldestTakenAt > 0) wrote?.(batch.oldestTakenAt)
      if (isEnd) return
    }
  }

  return function* tellEvents(poll: LivePoll, reply: FastifyReply): Coroutine<FastifyReply> {
    if (draining.begun.isOpen) throw goingAway()
    const piece = yield* readPiece(hub, poll)
    const { slice, record } = piece
    waitingRoom.enter(poll.admission.client)
    const position = slice.messages.at(-1)?.offset ?? positionBefore(piece)
    const subscription = hub.readAfter(poll.topic, slice.epoch, position)
    try {
      reply.header('content-type', 'text/event-stream').header('cache-control', 'no-cache, no-store')
      if (isBinary(record.contentType)) reply.header('stream-sse-data-encoding', 'base64')
      return yield* eventStreams.open(reply, (events) => tellAll(events, poll, piece, subscription))
    } finally {
      subscription[Symbol.dispose]()
      waitingRoom.leave(poll.admission.client)
    }
  }
}

/** A piece without messages is at the head of its stream. */
function positionBefore({ slice }: Piece): number {
  return slice.head
}
