// What a client is told that asked a topic for what it does not do.

import { EnckeError } from '../errors.ts'
import type { Refused } from './append.ts'

export function refusalError(topic: string, { reason }: Refused): Error {
  switch (reason.what) {
    case 'keyReused':
      return new EnckeError(
        'ENCKE_ERR_KEY_REUSED',
        'this Idempotency-Key came with another body before: take a new key for another message',
      )
    case 'closed':
      return new EnckeError('ENCKE_ERR_TOPIC_CLOSED', `topic ${topic} is closed: nothing more can be published to it`)
    case 'removed':
      return removedTopic(topic)
    case 'missing':
      return unknownTopic(topic)
    case 'contentType':
      return new EnckeError(
        'ENCKE_ERR_TOPIC_CONTENT_TYPE',
        `topic ${topic} holds ${reason.contentType}, and what is published here is JSON: choose another topic`,
      )
    default:
      return new Error(`an append without a condition was refused: ${reason.what}`)
  }
}

export function unknownTopic(topic: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_TOPIC_UNKNOWN',
    `there is no topic ${topic}: it was never made, was removed or has expired`,
  )
}

export function removedTopic(topic: string): EnckeError {
  return new EnckeError('ENCKE_ERR_TOPIC_REMOVED', `topic ${topic} was removed, and its forks still need it`)
}
