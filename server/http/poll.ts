// A poll: what is asked for, and how it is answered. Which way it has come does not matter here.

import type { Coroutine } from '../../runtime/index.ts'
import { after, select, trySelect } from '../../runtime/index.ts'
import type { Admission } from '../access/admission.ts'
import type { WaitingRoom } from '../access/waiting-room.ts'
import type { Batch, Cursor, From, Hub } from '../hub/index.ts'
import { encodeBatch, encodeShared } from '../protocols/encke/encoding.ts'
import type { Draining } from './draining.ts'
import { PreparedReplies, type PreparedReply } from './fast-path/prepared-reply.ts'

export interface Poll {
  readonly topics: readonly string[]
  readonly waitSeconds: number
  /** The most messages in the reply. */
  readonly limit: number
  readonly from: From
  /** Whose place it takes in the waiting room, and when it ends at the latest. */
  readonly admission: Admission
}

export interface PollParts {
  readonly hub: Hub
  readonly draining: Draining
  readonly waitingRoom: WaitingRoom
  /** Whether hooks of others want to see every reply: then none is prepared. */
  readonly hasOtherHooks: () => boolean
}

/** Answer a poll. */
export type LongPoll = (poll: Poll, cursor: Cursor | undefined) => Coroutine<PreparedReply>

const headers = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }

/** Waits are shortened by up to so much, so that clients who came together do not come back together. */
const jitter = 0.1

export function longPolling({ hub, draining, waitingRoom, hasOtherHooks }: PollParts): LongPoll {
  const replies = new PreparedReplies({ headers, isLast: () => draining.begun.isOpen || hasOtherHooks() })
  let last: { readonly batch: Batch; readonly reply: PreparedReply } | undefined

  // A herd is ten thousand that are answered with the same batch, one after the other.
  function replyWith(batch: Batch): PreparedReply {
    if (last?.batch !== batch) last = { batch, reply: replies.of(encodeShared(batch)) }
    return last.reply
  }

  function* longPoll(poll: Poll, cursor: Cursor | undefined): Coroutine<PreparedReply> {
    const { topics, waitSeconds, limit, from, admission } = poll
    const holdMs = Math.min(Math.round(waitSeconds * 1_000 * (1 - Math.random() * jitter)), admission.leftMs)
    const place = holdMs > 0 ? waitingRoom.enter(admission.client) : null
    const subscription = hub.subscribe(topics, cursor, from)
    // Not by `using`: V8 leaves its own code for C++ twice for each, which is a twentieth of what a poll costs.
    try {
      if (!subscription.isLocated) {
        const located = yield* select(
          { located: subscription.located(), drain: draining.wait(), late: after(hub.locateMs(holdMs)) },
          { order: 'first' },
        )
        if (located.case === 'late') subscription.requirePositions()
      }
      const woken = yield* select(
        { news: subscription.changed(), drain: draining.wait(), quiet: after(holdMs) },
        { order: 'first' },
      )
      // Of many readers the last are woken somewhat later than the first: news outrank what has happened meanwhile.
      if (woken.case === 'news' || trySelect({ news: subscription.changed() })) {
        return replyWith(yield* subscription.read(limit))
      }
      const nothing = encodeBatch(subscription.nothing())
      if (woken.case === 'drain') return replies.of(withMember(nothing, 'retryAfterMs', draining.retryAfterMs()))
      const { health } = hub.broker
      return replies.of(health.isOk ? nothing : withMember(nothing, 'brokerFailingSince', health.since))
    } finally {
      subscription[Symbol.dispose]()
      place?.[Symbol.dispose]()
    }
  }

  return longPoll
}

function withMember(json: string, name: string, value: number): string {
  return `${json.slice(0, -1)},"${name}":${value}}`
}
