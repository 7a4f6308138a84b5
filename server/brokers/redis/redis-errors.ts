// What a publisher or a reader is told when Redis does not do what it is asked. No message names a server: it reaches clients.

import { EnckeError } from '../../errors.ts'
import { isComplaint, NotSent } from './connection.ts'
import { Refusal } from './shards.ts'

export function overHistory(bytes: number, historyBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_MESSAGE_OVER_HISTORY',
    `the message has ${bytes} bytes and a topic keeps at most ${historyBytes}: send less, or raise --history-bytes`,
  )
}

export function streamsFull(totalBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_STREAMS_FULL',
    `the topics that keep everything have ${totalBytes} bytes together: remove some, or raise --streams-total-bytes`,
  )
}

export function newerRecord(topic: string, version: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_SERVER_OUTDATED',
    `topic ${topic} was written by a newer server (layout ${version}), and this one may only read it: upgrade it`,
  )
}

/** Of something that only reads, and may be asked for again. */
export function readingError(error: unknown): unknown {
  return error instanceof EnckeError ? error : unavailable('come back later', error)
}

/** Of something that writes: refused, or of an unknown outcome. */
export function writingError(error: unknown): unknown {
  if (error instanceof EnckeError) return error
  if (isComplaint(error) && error.message.startsWith('OOM ')) {
    return new EnckeError('ENCKE_ERR_SERVER_HISTORY', 'the memory of the broker is full: come back later', {
      cause: error,
    })
  }
  if (error instanceof NotSent || error instanceof Refusal)
    return unavailable('nothing was written, try again later', error)
  const message =
    'the broker has gone: what was sent may have been written or not; send it again only with the same Idempotency-Key'
  return new EnckeError('ENCKE_ERR_PUBLISH_UNKNOWN', message, { cause: error })
}

export function unconfirmed(confirmed: number, asked: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_PUBLISH_UNKNOWN',
    `${confirmed} of ${asked} replicas have confirmed in time (--redis-wait-replicas): readers may see it already; send it again only with the same Idempotency-Key`,
  )
}

function unavailable(what: string, cause: unknown): EnckeError {
  return new EnckeError('ENCKE_ERR_SERVER_BROKER', `the broker cannot be reached: ${what}`, { cause })
}
