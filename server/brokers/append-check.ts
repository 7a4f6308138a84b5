// Whether an append happens at all: keys, producers, the closed state, the content type and the writer's own order, in the
// order in which a client is told of them. What has happened before is answered also by a topic that is closed.

import { jsonType } from '../hub/append.ts'
import { unbornStanding } from '../hub/broker.ts'
import type {
  Append,
  Appended,
  IdempotencyKey,
  ProducerMark,
  Receipt,
  Refusal,
  Refused,
  Standing,
} from '../hub/index.ts'

/** A topic, as far as an append is compared with it. */
export interface CheckedTopic {
  readonly contentType: string
  readonly isClosed: boolean
  /** The writer's last mark. */
  readonly sequence: string | null
  readonly keys: { find(key: IdempotencyKey, now: number): RememberedAnswer | undefined } | null
  readonly producers: { last(id: string): ProducerState | undefined } | null
  standing(): Standing
}

/** What was answered to a key. */
export interface RememberedAnswer {
  readonly key: IdempotencyKey
  readonly receipts: readonly Receipt[]
}

/** The last append of a producer. */
export interface ProducerState {
  readonly epoch: number
  readonly sequence: number
}

/**
 * What is answered without anything being appended; undefined when there is no reason not to. `isHidden`: the topic was
 * removed, and only its forks need it.
 */
export function answerWithout(
  topic: CheckedTopic | undefined,
  isHidden: boolean,
  append: Append,
  now: number,
): Appended | Refused | undefined {
  const { producer, key, messages, sequence, contentType = jsonType } = append
  if (topic === undefined) {
    if (isHidden) return refuse(topic, { what: 'removed' })
    if (append.ifMissing === 'refuse') return refuse(topic, { what: 'missing' })
  }
  const answer = key && topic?.keys?.find(key, now)
  if (answer !== undefined) {
    if (answer.key.bodyHash !== key?.bodyHash) return refuse(topic, { what: 'keyReused' })
    return { outcome: 'replayed', standing: standingOf(topic), receipts: answer.receipts }
  }
  const produced = producer && judge(producer, topic?.producers?.last(producer.id))
  if (produced === 'duplicate') return duplicate(topic, append)
  if (produced?.what === 'producerFenced') return refuse(topic, produced)
  if (topic?.isClosed) {
    const isClosedAgain = messages.length === 0 && append.close === true
    return isClosedAgain ? duplicate(topic, append) : refuse(topic, { what: 'closed' })
  }
  if (topic !== undefined && messages.length > 0 && contentType !== topic.contentType) {
    return refuse(topic, { what: 'contentType', contentType: topic.contentType })
  }
  if (produced !== undefined) return refuse(topic, produced)
  const last = topic?.sequence ?? null
  return sequence !== undefined && last !== null && sequence <= last ? refuse(topic, { what: 'sequence' }) : undefined
}

/** `duplicate`: it has happened before. A refusal: it may not happen now. Undefined: it is the next. */
function judge({ epoch, sequence }: ProducerMark, last: ProducerState | undefined): 'duplicate' | Refusal | undefined {
  if (last !== undefined && epoch < last.epoch) return { what: 'producerFenced', epoch: last.epoch }
  const isNewEpoch = last === undefined || epoch > last.epoch
  const expected = isNewEpoch ? 0 : last.sequence + 1
  if (sequence < expected) return 'duplicate'
  return sequence > expected ? { what: 'producerGap', expected, isNewEpoch } : undefined
}

function refuse(topic: CheckedTopic | undefined, reason: Refusal): Refused {
  return { outcome: 'refused', standing: standingOf(topic), reason }
}

function duplicate(topic: CheckedTopic | undefined, append: Append): Appended {
  return { outcome: 'duplicate', standing: standingOf(topic), receipts: [], ...(topic && producerOf(topic, append)) }
}

function standingOf(topic: CheckedTopic | undefined): Standing {
  return topic?.standing() ?? unbornStanding
}

/** The last sequence of the producer that an append is of. */
export function producerOf(topic: CheckedTopic, { producer }: Append): { readonly producerSequence?: number } {
  const last = producer && topic.producers?.last(producer.id)
  return last === undefined ? {} : { producerSequence: last.sequence }
}
