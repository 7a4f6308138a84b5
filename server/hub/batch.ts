// A batch: what one poll is answered with. Readers at the same position share one, and what protocols make of it.

import type { Message } from './message.ts'
import type { Position } from './position.ts'
import { isOwnTopic } from './topic-name.ts'

/**
 * What a reader has to know about a topic's messages in a batch: `ok`, nothing is missing; `gap`, history was trimmed
 * past the cursor and `missed` messages are gone; `reset`, the cursor belongs to no message of this topic, and the batch
 * begins with the oldest kept.
 */
export type Verdict = 'ok' | 'gap' | 'reset'

export interface TopicVerdict {
  readonly topic: string
  readonly verdict: Verdict
  /** How many messages are gone: exact for a gap, 0 for ok, null for a reset, where the number is unknown. */
  readonly missed: number | null
  /** Nothing comes any more: the topic was closed, and this batch reaches its end. */
  readonly isClosed: boolean
  /** The topic that the reader was in was removed, or has expired. If it comes again, the reader is reset. */
  readonly isRemoved: boolean
  /** Of the topic's messages, where that is known. */
  readonly contentType: string | null
  /** The number of the topic's newest segment; 0 where that is not known. */
  readonly segment: number
}

export class Batch {
  readonly messages: readonly Message[]
  readonly cursor: string
  /** Whether there is more to read at once. */
  readonly more: boolean
  readonly verdicts: readonly TopicVerdict[]
  /** Where each topic's reader now is, in the subscription's order of topics. */
  readonly positions: readonly (Position | null)[]
  /** Which topic, in that order, the next batch begins with. */
  readonly start: number
  /** How many of its messages count as delivered: not those in which a node tells about itself. */
  readonly delivered: number
  /** When the oldest of those was published, in milliseconds since 1970; 0 without any. */
  readonly oldestTime: number
  /** When this node took the oldest of those, in milliseconds on the clock that never goes back; 0 without any. */
  readonly oldestTakenAt: number
  /** How many of its topics have a gap or a reset, and how many messages the gaps have missed. */
  readonly gaps: number
  readonly resets: number
  readonly missed: number
  /** Not in a WeakMap: what is in one survives every collection of the young generation, a megabyte of text at a time. */
  #made: Made | undefined

  constructor(batch: Pick<Batch, 'messages' | 'cursor' | 'more' | 'verdicts' | 'positions' | 'start'>) {
    this.messages = batch.messages
    this.cursor = batch.cursor
    this.more = batch.more
    this.verdicts = batch.verdicts
    this.positions = batch.positions
    this.start = batch.start
    // Those topics are read by dashboards, alone: looking at a server that is quiet must not make it look busy.
    const isOwn = isOwnTopic(batch.messages[0]?.topic ?? '')
    this.delivered = isOwn ? 0 : batch.messages.length
    this.oldestTime = isOwn ? 0 : oldestOf(batch.messages, 'time')
    this.oldestTakenAt = isOwn ? 0 : oldestOf(batch.messages, 'takenAt')
    let [gaps, resets, missed] = [0, 0, 0]
    for (const { verdict, missed: its } of batch.verdicts) {
      if (verdict === 'ok') continue
      if (verdict === 'gap') gaps += 1
      else resets += 1
      missed += its ?? 0
    }
    this.gaps = gaps
    this.resets = resets
    this.missed = missed
  }

  /** What `make` makes of it, once for all who share it: by whoever asks first, from what that one gives. */
  once<T, Given>(make: (batch: Batch, given: Given) => T, given: Given): T {
    for (let made = this.#made; made !== undefined; made = made.before) if (made.by === make) return made.what as T
    const what = make(this, given)
    this.#made = { by: make, what, before: this.#made }
    return what
  }
}

interface Made {
  readonly by: unknown
  readonly what: unknown
  readonly before: Made | undefined
}

function oldestOf(messages: readonly Message[], clock: 'time' | 'takenAt'): number {
  let oldest = messages[0]?.[clock] ?? 0
  for (const message of messages) if (message[clock] < oldest) oldest = message[clock]
  return oldest
}
