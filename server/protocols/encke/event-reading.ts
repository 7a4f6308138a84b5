// A reader of events: what is told to it, in which order, and when that ends. Which request it came by does not matter here.
//
// Order: an id without an event (where the reader begins), then batches. Between two batches there is room in the
// stream: a reader who is slow falls back on history, and where that was trimmed is told a gap, with the count.

import type { FastifyReply } from 'fastify'
import type { Coroutine, Selectable } from '../../../runtime/index.ts'
import { after, select } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import type { WaitingRoom } from '../../access/waiting-room.ts'
import type { Draining } from '../../http/draining.ts'
import type { EventStream } from '../../http/event-stream.ts'
import type { EventStreams } from '../../http/event-streams.ts'
import { eventText, retryText } from '../../http/event-text.ts'
import type { Cursor, From, Hub, Subscription } from '../../hub/index.ts'
import { encodeClosings, encodeEvents } from './event-encoding.ts'
import type { Participant, PresenceStore } from './presence.ts'

interface EventReader {
  readonly topics: readonly string[]
  readonly cursor: Cursor | undefined
  readonly from: From
  readonly participant: Participant | null
  /** Whose seat it takes in the waiting room, and when it ends at the latest. */
  readonly admission: Admission
}

export interface EventReadingParts {
  readonly hub: Hub
  readonly draining: Draining
  readonly waitingRoom: WaitingRoom
  readonly presence: PresenceStore
  readonly eventStreams: EventStreams
  /** The most messages that are read at once. */
  readonly limit: number
  /** Told when news was written that the reader has waited for, and when this node took that. */
  readonly wrote?: (takenAt: number) => void
}

export type ReadEvents = (reader: EventReader, reply: FastifyReply) => Coroutine<FastifyReply>

/** A client that has lost its stream comes back after so long, at random between once and twice as much, in milliseconds. */
const comeBackMs = 1_000

/** How long the broker is given to say where the topics stand, at the most, in milliseconds. */
const locateMs = 60_000

export function eventReading(parts: EventReadingParts): ReadEvents {
  const { hub, draining, waitingRoom, presence, eventStreams, limit, wrote } = parts

  function* goAway(events: EventStream): Coroutine<void> {
    events.push(retryText(draining.retryAfterMs()))
  }

  function* tell(events: EventStream, subscription: Subscription, { admission }: EventReader): Coroutine<void> {
    // Also for those who are cut off before the first message: without it they would begin later than here.
    events.push(retryText(comeBack()) + eventText({ id: subscription.nothing().cursor }))
    const closed = new Set<string>()
    for (;;) {
      const ready: Selectable<void> = events.isFull ? events.drained() : subscription.changed()
      // First, or news without a pause would keep a reader whose token has ended.
      const woken = yield* select({ expired: admission.ended(), ready, drain: draining.wait() }, { order: 'first' })
      if (woken.case === 'drain') return yield* goAway(events)
      if (woken.case === 'expired') {
        events.push(eventText({ event: 'expired', data: `{"cursor":"${subscription.nothing().cursor}"}` }))
        return
      }
      if (events.isFull) continue
      const before = subscription.positions()
      const waited = subscription.isWoken
      const batch = yield* subscription.read(limit)
      events.push(encodeEvents(batch, () => subscription.cursorsWithin(batch, before)))
      if (waited && batch.oldestTakenAt > 0) wrote?.(batch.oldestTakenAt)
      const closings = encodeClosings(batch, closed)
      if (closings !== '') events.push(closings)
      if (subscription.isOver) return
    }
  }

  return function* readEvents(reader, reply) {
    const { topics, cursor, from, participant, admission } = reader
    waitingRoom.enter(admission.client)
    const subscription = hub.subscribe(topics, cursor, from)
    const lease = participant === null ? null : presence.enter(participant, topics)
    try {
      if (!subscription.isLocated) {
        const cases = {
          located: subscription.located(),
          drain: draining.wait(),
          late: after(hub.locateMs(locateMs)),
        }
        const located = yield* select(cases, { order: 'first' })
        if (located.case === 'drain') return yield* eventStreams.open(reply, goAway)
        if (located.case === 'late') subscription.requirePositions()
      }
      // All of it was told before it came back: no content is what tells a browser to leave it at that.
      if (cursor !== undefined && subscription.isOver) return reply.code(204).header('cache-control', 'no-store').send()
      return yield* eventStreams.open(reply, (events) => tell(events, subscription, reader))
    } finally {
      subscription[Symbol.dispose]()
      lease?.[Symbol.dispose]()
      waitingRoom.leave(admission.client)
    }
  }
}

function comeBack(): number {
  return Math.round(comeBackMs * (1 + Math.random()))
}
