// POST: data is appended to a stream, or the stream is closed, or both in one step.

import type { IncomingHttpHeaders } from 'node:http'
import type { Coroutine } from '../../../runtime/index.ts'
import { clip, EnckeError } from '../../errors.ts'
import type { PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Append, Appended, Hub, ProducerMark, Refused } from '../../hub/index.ts'
import { refusalError } from '../../hub/index.ts'
import type { AppendReplies } from './append-replies.ts'
import { draftsOf } from './bodies.ts'
import { writeOffset } from './offsets.ts'
import { contentTypeIn, isClosing, producerIn, sequenceIn } from './request-headers.ts'

/** An append was refused: why, and what its reply tells in headers beside that. */
export class AppendRefused extends Error {
  readonly why: Error
  readonly headers: Readonly<Record<string, string>>

  constructor(why: Error, headers: Readonly<Record<string, string>> = {}) {
    super(why.message)
    this.why = why
    this.headers = headers
  }
}

/** @throws AppendRefused, and what `Hub.append` throws */
export function* append(hub: Hub, topic: string, asked: Append, replies: AppendReplies): Coroutine<PreparedReply> {
  const answer = yield* appendOnce(hub, topic, asked)
  if (answer.outcome === 'refused') throw refuse(topic, asked, answer)
  const { standing } = answer
  const place = { offset: writeOffset(standing.segment, endOf(answer)), isEnd: standing.isClosed }
  if (asked.producer === undefined) return replies.of(204, place)
  const { epoch, sequence } = asked.producer
  const isNew = answer.outcome === 'appended' && asked.messages.length > 0
  return replies.of(isNew ? 200 : 204, place, { epoch, sequence: answer.producerSequence ?? sequence })
}

/** A producer may always send again: what it is told when the outcome is unknown is what makes it do so. */
function* appendOnce(hub: Hub, topic: string, asked: Append): Coroutine<Appended | Refused> {
  try {
    return yield* hub.append(topic, asked)
  } catch (error) {
    const isUnknown = error instanceof EnckeError && error.code === 'ENCKE_ERR_PUBLISH_UNKNOWN'
    if (!isUnknown || asked.producer === undefined) throw error
    const message = 'the broker has not answered in time: send the same again, it is appended once'
    throw new EnckeError('ENCKE_ERR_SERVER_BROKER', message, { cause: error })
  }
}

/** @throws EnckeError when there is nothing to append, or it is not what its type says */
export function readAppend(headers: IncomingHttpHeaders, body: Buffer | undefined): Append {
  const close = isClosing(headers)
  const contentType = contentTypeIn(headers)
  const isEmpty = (body?.length ?? 0) === 0
  const isOnlyClosing = close && isEmpty
  if (isEmpty && !close) throw noData('the body is empty')
  if (contentType === undefined && !isOnlyClosing) throw noData('there is no Content-Type')
  const messages = contentType === undefined || isOnlyClosing ? [] : draftsOf(body, contentType)
  if (messages.length === 0 && !isOnlyClosing) throw noData('the array is empty')
  const [producer, sequence] = [producerIn(headers), sequenceIn(headers)]
  return {
    messages,
    ifMissing: 'refuse',
    close,
    ...(contentType !== undefined && { contentType }),
    ...(producer !== undefined && { producer }),
    ...(sequence !== undefined && { sequence }),
  }
}

/** The position behind what was appended: others may have appended since. */
function endOf({ receipts, standing }: Appended): number {
  return receipts.at(-1)?.offset ?? standing.head
}

function refuse(topic: string, { producer, sequence }: Append, refused: Refused): AppendRefused {
  const { reason, standing } = refused
  switch (reason.what) {
    case 'closed': {
      const offset = writeOffset(standing.segment, standing.head)
      return new AppendRefused(refusalError(topic, refused), { 'stream-next-offset': offset, 'stream-closed': 'true' })
    }
    case 'contentType': {
      const message = `the stream holds ${reason.contentType}: append that`
      return new AppendRefused(new EnckeError('ENCKE_ERR_TOPIC_CONTENT_TYPE', message))
    }
    case 'sequence': {
      const message = `Stream-Seq must be above the last one of the stream, byte by byte (got ${clip(sequence)})`
      return new AppendRefused(new EnckeError('ENCKE_ERR_STREAM_SEQUENCE', message))
    }
    case 'producerFenced': {
      const message = `epoch ${reason.epoch} of the producer has begun: stop, or begin a later one (got ${producer?.epoch})`
      return new AppendRefused(new EnckeError('ENCKE_ERR_STREAM_FENCED', message), {
        'producer-epoch': String(reason.epoch),
      })
    }
    case 'producerGap':
      return refuseGap(reason.expected, reason.isNewEpoch && (producer?.epoch ?? 0) > 0, producer as ProducerMark)
    default:
      return new AppendRefused(refusalError(topic, refused))
  }
}

function refuseGap(expected: number, isNewEpoch: boolean, { sequence }: ProducerMark): AppendRefused {
  if (isNewEpoch) {
    const message = `a new epoch of a producer begins with Producer-Seq 0 (got ${sequence})`
    return new AppendRefused(new EnckeError('ENCKE_ERR_STREAM_HEADER', message))
  }
  const message = `Producer-Seq ${expected} was expected: send what is missing first (got ${sequence})`
  return new AppendRefused(new EnckeError('ENCKE_ERR_STREAM_GAP', message), {
    'producer-expected-seq': String(expected),
    'producer-received-seq': String(sequence),
  })
}

function noData(problem: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_STREAM_BODY',
    `${problem}: send data with its Content-Type, or only Stream-Closed: true`,
  )
}
