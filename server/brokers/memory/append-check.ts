// Whether an append happens at all: keys, producers, the closed state, the content type and the writer's own order, in the
// order in which a client is told of them. What has happened before is answered also by a topic that is closed.

import type { Append, Appended, Refusal, Refused, Standing } from '../../hub/index.ts'
import { jsonType, unbornStanding } from '../../hub/index.ts'
import { Producers } from './producers.ts'
import type { Topic } from './topic.ts'

/**
 * What is answered without anything being appended; undefined when there is no reason not to. `isHidden`: the topic was
 * removed, and only its forks need it.
 */
export function answerWithout(
  topic: Topic | undefined,
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
  const produced = producer && (topic?.producers ?? new Producers()).check(producer)
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

function refuse(topic: Topic | undefined, reason: Refusal): Refused {
  return { outcome: 'refused', standing: standingOf(topic), reason }
}

function duplicate(topic: Topic | undefined, append: Append): Appended {
  return { outcome: 'duplicate', standing: standingOf(topic), receipts: [], ...(topic && producerOf(topic, append)) }
}

function standingOf(topic: Topic | undefined): Standing {
  return topic?.standing() ?? unbornStanding
}

/** The last sequence of the producer that an append is of. */
export function producerOf(topic: Topic, { producer }: Append): { readonly producerSequence?: number } {
  const last = producer && topic.producers?.lastOf(producer.id)
  return last === undefined ? {} : { producerSequence: last }
}
