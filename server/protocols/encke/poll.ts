// A poll: what is asked for, and how it is answered. Which way it has come does not matter here.

import type { Coroutine } from '../../../runtime/index.ts'
import { after, select, trySelect } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import type { WaitingRoom } from '../../access/waiting-room.ts'
import type { Draining } from '../../http/draining.ts'
import { PreparedReplies, type PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Batch, Cursor, From, Hub, Subscription } from '../../hub/index.ts'
import { encodeBatch, encodeShared, withMembers } from './encoding.ts'
import type { Participant, PresenceStore } from './presence.ts'
import { Superseding } from './superseding.ts'

export interface Poll {
  readonly topics: readonly string[]
  readonly waitSeconds: number
  /** The most messages in the reply. */
  readonly limit: number
  readonly from: From
  /** Members of the reply that say what was lowered to its maximum, as JSON; empty for nearly every poll. */
  readonly lowered: string
  /** By which name it takes part in its topics; null for nearly every poll. */
  readonly participant: Participant | null
  /** By what its reader is known, whose older poll it supersedes; null where the reader has no name of its own. */
  readonly reader: string | null
  /** Whose seat it takes in the waiting room, and when it ends at the latest. */
  readonly admission: Admission
}

export interface PollParts {
  readonly hub: Hub
  readonly draining: Draining
  readonly waitingRoom: WaitingRoom
  readonly presence: PresenceStore
  /** Whether hooks of others want to see every reply: then none is prepared. */
  readonly hasOtherHooks: () => boolean
  /** What caches are told. Default: to keep nothing. */
  readonly cacheControl?: string
  /** Told when news was written that a poll has waited for, and when this node took that. */
  readonly wrote?: (takenAt: number) => void
}

/** Wait until one more reply may be made: earlier ones of the connection have not been read. */
export type Room = () => Coroutine<void>

/** Answer a poll, when there is `room`. */
export type LongPoll = (poll: Poll, cursor: Cursor | undefined, room?: Room) => Coroutine<PreparedReply>

/** Waits are shortened by up to so much, so that clients who came together do not come back together. */
const jitter = 0.1

export function longPolling(parts: PollParts): LongPoll {
  const { hub, draining, waitingRoom, presence, hasOtherHooks, wrote, cacheControl = 'no-store' } = parts
  const headers = { 'cache-control': cacheControl, 'content-type': 'application/json; charset=utf-8' }
  const isLast = () => draining.begun.isOpen || hasOtherHooks()
  const superseding = new Superseding()
  const replies = new PreparedReplies({ headers, isLast, ...(wrote && { wrote }) })
  let last: LastReply | undefined

  // A herd is ten thousand that are answered with the same batch, one after the other.
  function replyWith(waited: boolean, batch: Batch, lowered: string): PreparedReply {
    if (last?.batch !== batch || last.lowered !== lowered || last.waited !== waited) {
      const text = withMembers(encodeShared(batch), lowered)
      last = { batch, lowered, waited, reply: replies.of(text, undefined, waited ? batch.oldestTakenAt : 0) }
    }
    return last.reply
  }

  function comeBack(): string {
    return `,"retryAfterMs":${draining.retryAfterMs()}`
  }

  function failing(): string {
    const { health } = hub.broker
    return health.isOk ? '' : `,"brokerFailingSince":${health.since}`
  }

  /** Why there is no news, as members of the reply. */
  function reasonOf(woken: 'news' | 'drain' | 'quiet' | 'superseded'): string {
    if (woken === 'superseded') return ',"superseded":true'
    return woken === 'drain' ? comeBack() : failing()
  }

  /** Wait until the broker has said where the topics stand, for as long as that may take. */
  function* locate(subscription: Subscription, holdMs: number): Coroutine<void> {
    const located = yield* select(
      { located: subscription.located(), drain: draining.wait(), late: after(hub.locateMs(holdMs)) },
      { order: 'first' },
    )
    if (located.case === 'late') subscription.requirePositions()
  }

  // While it waits it holds room for each of its variables, and there are ten thousand of it: few, and what is done but once
  // stands elsewhere.
  function* longPoll(poll: Poll, cursor: Cursor | undefined, room?: Room): Coroutine<PreparedReply> {
    const { admission } = poll
    const holdMs = admission.shorten(Math.round(poll.waitSeconds * 1_000 * (1 - Math.random() * jitter)))
    if (holdMs > 0) waitingRoom.enter(admission.client)
    const subscription = hub.subscribe(poll.topics, cursor, poll.from)
    const lease = poll.participant === null ? null : presence.enter(poll.participant, poll.topics)
    const turn = poll.reader === null || holdMs === 0 ? null : superseding.begin(poll.reader)
    // Not by `using`: V8 leaves its own code for C++ twice for each, which is a twentieth of what a poll costs.
    try {
      if (!subscription.isLocated) yield* locate(subscription, holdMs)
      const woken = yield* select(
        {
          news: subscription.changed(),
          drain: draining.wait(),
          quiet: admission.over(holdMs),
          superseded: turn === null ? null : turn.passed(),
        },
        { order: 'first' },
      )
      // Of many readers the last are woken somewhat later than the first: news outrank what has happened meanwhile.
      const hasNews = woken.case === 'news' || trySelect({ news: subscription.changed() }) !== undefined
      // Nothing is told to a reader whose token has ended meanwhile; its cursor keeps its place.
      if (hasNews && admission.holds()) {
        if (room !== undefined) yield* room()
        return replyWith(subscription.isWoken, yield* subscription.read(poll.limit), poll.lowered)
      }
      const nothing = encodeBatch(subscription.nothing())
      return replies.of(withMembers(nothing, poll.lowered + reasonOf(woken.case)))
    } finally {
      subscription[Symbol.dispose]()
      turn?.[Symbol.dispose]()
      lease?.[Symbol.dispose]()
      if (holdMs > 0) waitingRoom.leave(admission.client)
    }
  }

  return longPoll
}

/** The last reply with news. One for a reader that has waited is told apart: how long it took is observed. */
interface LastReply {
  readonly batch: Batch
  readonly lowered: string
  readonly waited: boolean
  readonly reply: PreparedReply
}
