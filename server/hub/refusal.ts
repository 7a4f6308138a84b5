// What a publisher is told whose append was refused.

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
      return new EnckeError('ENCKE_ERR_TOPIC_REMOVED', `topic ${topic} was removed, and others go on from it`)
    case 'contentType':
      return new EnckeError(
        'ENCKE_ERR_TOPIC_CONTENT_TYPE',
        `topic ${topic} holds ${reason.contentType}, and what is published here is JSON: choose another topic`,
      )
    default:
      return new Error(`an append without a condition was refused: ${reason.what}`)
  }
}
