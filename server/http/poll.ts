// A poll: what is asked for, and how it is answered. Which way it has come does not matter here.

import type { Coroutine } from '../../runtime/index.ts'
import { after, select, trySelect } from '../../runtime/index.ts'
import type { Batch, Cursor, From, Hub } from '../hub/index.ts'
import type { Draining } from './draining.ts'
import { PreparedReplies, type PreparedReply } from './prepared-reply.ts'
import type { WaitingRoom } from './waiting-room.ts'

export interface Poll {
  readonly topics: readonly string[]
  readonly waitSeconds: number
  /** The most messages in the reply. */
  readonly limit: number
  readonly from: From
  /** Whose place it takes in the waiting room. */
  readonly address: string
}

export interface PollParts {
  readonly hub: Hub
  readonly draining: Draining
  readonly waitingRoom: WaitingRoom
}

/** Wait until one more reply may be made: earlier ones of the connection have not been read. */
type Room = () => Coroutine<void>

/** Answer a poll, when there is `room`. A text, and not a reply, is for a client that is sent away. */
export type LongPoll = (poll: Poll, cursor: Cursor | undefined, room?: Room) => Coroutine<PreparedReply | string>

export const pollHeaders = { 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' }

/** Waits are shortened by up to so much, so that clients who came together do not come back together. */
const jitter = 0.1

export function longPolling({ hub, draining, waitingRoom }: PollParts): LongPoll {
  const replies = new PreparedReplies(pollHeaders, () => draining.begun.isOpen)
  let last: { readonly batch: Batch; readonly reply: PreparedReply } | undefined

  // A herd is ten thousand that are answered with the same batch, one after the other.
  function replyWith(batch: Batch): PreparedReply {
    if (last?.batch !== batch) last = { batch, reply: replies.of(batch.json) }
    return last.reply
  }

  function* longPoll(poll: Poll, cursor: Cursor | undefined, room?: Room): Coroutine<PreparedReply | string> {
    const { topics, waitSeconds, limit, from, address } = poll
    const holdMs = Math.round(waitSeconds * 1_000 * (1 - Math.random() * jitter))
    const place = holdMs > 0 ? waitingRoom.enter(address) : null
    const subscription = hub.subscribe(topics, cursor, from)
    // Not by `using`: V8 leaves its own code for C++ twice for each, which is a twentieth of what a poll costs.
    try {
      yield* subscription.located()
      const woken = yield* select(
        { news: subscription.changed(), drain: draining.wait(), quiet: after(holdMs) },
        { order: 'first' },
      )
      // Of many readers the last are woken somewhat later than the first: news outrank what has happened meanwhile.
      if (woken.case === 'news' || trySelect({ news: subscription.changed() })) {
        if (room !== undefined) yield* room()
        return replyWith(yield* subscription.read(limit))
      }
      if (woken.case === 'quiet') return replies.of(subscription.nothing().json)
      return withRetry(subscription.nothing(), draining.retryAfterMs())
    } finally {
      subscription[Symbol.dispose]()
      place?.[Symbol.dispose]()
    }
  }

  return longPoll
}

function withRetry(batch: Batch, retryAfterMs: number): string {
  return `${batch.json.slice(0, -1)},"retryAfterMs":${retryAfterMs}}`
}
