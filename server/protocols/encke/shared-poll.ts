// A poll that a cache answers for many readers. It waits like any other, but without jitter, so that a cache that asks for
// several URLs has its readers come back together; and everything in its reply is the same for all who share it.

import type { Coroutine } from '../../../runtime/index.ts'
import { after, select, trySelect } from '../../../runtime/index.ts'
import type { Batch, Cursor } from '../../hub/index.ts'
import { nextTurn, type SharedReply } from './cacheable.ts'
import { encodeBatch, encodeShared, withMembers } from './encoding.ts'
import type { Poll, PollParts } from './poll.ts'

/** Answer a poll whose last `turn` was this, 0 for none. */
export type SharedPoll = (poll: Poll, cursor: Cursor | undefined, turn: number) => Coroutine<SharedReply>

export type SharedPollParts = Pick<PollParts, 'hub' | 'draining' | 'waitingRoom' | 'wrote'>

/** All readers behind a cache come back at once, as one: not in a moment in which the server still goes away. */
const leastBackMs = 1_000

export function sharedPolling({ hub, draining, waitingRoom, wrote }: SharedPollParts): SharedPoll {
  function passing(batch: Batch, poll: Poll, turn: number): SharedReply {
    const { health } = hub.broker
    const failing = health.isOk ? '' : `,"brokerFailingSince":${health.since}`
    const away = draining.begun.isOpen ? `,"retryAfterMs":${Math.max(draining.retryAfterMs(), leastBackMs)}` : ''
    const next = `,"turn":${nextTurn(Date.now(), poll.waitSeconds, turn)}`
    return { body: withMembers(encodeBatch(batch), poll.lowered + failing + away + next), lasts: false }
  }

  return function* sharedPoll(poll, cursor, turn) {
    const { topics, waitSeconds, limit, from, admission } = poll
    const holdMs = waitSeconds * 1_000
    if (holdMs > 0) waitingRoom.enter(admission.client)
    const subscription = hub.subscribe(topics, cursor, from)
    try {
      if (!subscription.isLocated) {
        const cases = { located: subscription.located(), drain: draining.wait(), late: after(hub.locateMs(holdMs)) }
        if ((yield* select(cases, { order: 'first' })).case === 'late') subscription.requirePositions()
      }
      const cases = { news: subscription.changed(), drain: draining.wait(), quiet: after(holdMs) }
      const woken = yield* select(cases, { order: 'first' })
      if (woken.case !== 'news' && trySelect({ news: subscription.changed() }) === undefined) {
        return passing(subscription.nothing(), poll, turn)
      }
      const waited = subscription.isWoken
      const batch = yield* subscription.read(limit)
      if (waited && batch.oldestTakenAt > 0) wrote?.(batch.oldestTakenAt)
      // A reset is of the server as it is now; without a cursor, the URL says "now", which is another time each time.
      const isReset = batch.verdicts.some(({ verdict }) => verdict === 'reset')
      if (isReset || cursor === undefined || batch.messages.length === 0) return passing(batch, poll, turn)
      return { body: withMembers(encodeShared(batch), poll.lowered), lasts: true }
    } finally {
      subscription[Symbol.dispose]()
      if (holdMs > 0) waitingRoom.leave(admission.client)
    }
  }
}
