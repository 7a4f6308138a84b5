// POST: data is appended to a stream, or the stream is closed, or both in one step.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine } from '../../../runtime/index.ts'
import { clip, EnckeError } from '../../errors.ts'
import type { Append, Appended, Hub, ProducerMark, Refused } from '../../hub/index.ts'
import { refusalError } from '../../hub/index.ts'
import { draftsOf } from './bodies.ts'
import { writeOffset } from './offsets.ts'
import { tellPlace } from './replies.ts'
import { contentTypeIn, isClosing, producerIn, sequenceIn } from './request-headers.ts'

export function* append(
  hub: Hub,
  topic: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Coroutine<FastifyReply> {
  const asked = readAppend(request)
  const answer = yield* appendOnce(hub, topic, asked)
  if (answer.outcome === 'refused') throw refuse(topic, asked, answer, reply)
  const { standing } = answer
  tellPlace(reply, { offset: writeOffset(standing.segment, endOf(answer)), isEnd: standing.isClosed })
  if (asked.producer !== undefined) tellProducer(reply, asked.producer, answer)
  const isNew = asked.producer !== undefined && answer.outcome === 'appended' && asked.messages.length > 0
  return reply.code(isNew ? 200 : 204).send()
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
function readAppend({ headers, body }: FastifyRequest): Append {
  const close = isClosing(headers)
  const contentType = contentTypeIn(headers)
  const isEmpty = ((body as Buffer | undefined)?.length ?? 0) === 0
  const isOnlyClosing = close && isEmpty
  if (isEmpty && !close) throw noData('the body is empty')
  if (contentType === undefined && !isOnlyClosing) throw noData('there is no Content-Type')
  const messages = contentType === undefined || isOnlyClosing ? [] : draftsOf(body as Buffer, contentType)
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

function tellProducer(reply: FastifyReply, { epoch, sequence }: ProducerMark, { producerSequence }: Appended): void {
  reply.header('producer-epoch', String(epoch)).header('producer-seq', String(producerSequence ?? sequence))
}

function refuse(topic: string, { producer, sequence }: Append, refused: Refused, reply: FastifyReply): Error {
  const { reason, standing } = refused
  if (reason.what === 'closed') tellPlace(reply, { offset: writeOffset(standing.segment, standing.head), isEnd: true })
  switch (reason.what) {
    case 'contentType': {
      const message = `the stream holds ${reason.contentType}: append that`
      return new EnckeError('ENCKE_ERR_TOPIC_CONTENT_TYPE', message)
    }
    case 'sequence': {
      const message = `Stream-Seq must be above the last one of the stream, byte by byte (got ${clip(sequence)})`
      return new EnckeError('ENCKE_ERR_STREAM_SEQUENCE', message)
    }
    case 'producerFenced': {
      reply.header('producer-epoch', String(reason.epoch))
      const message = `epoch ${reason.epoch} of the producer has begun: stop, or begin a later one (got ${producer?.epoch})`
      return new EnckeError('ENCKE_ERR_STREAM_FENCED', message)
    }
    case 'producerGap':
      return gapError(reason.expected, reason.isNewEpoch && (producer?.epoch ?? 0) > 0, producer as ProducerMark, reply)
    default:
      return refusalError(topic, refused)
  }
}

function gapError(expected: number, isNewEpoch: boolean, { sequence }: ProducerMark, reply: FastifyReply): EnckeError {
  if (isNewEpoch) {
    const message = `a new epoch of a producer begins with Producer-Seq 0 (got ${sequence})`
    return new EnckeError('ENCKE_ERR_STREAM_HEADER', message)
  }
  reply.header('producer-expected-seq', String(expected)).header('producer-received-seq', String(sequence))
  const message = `Producer-Seq ${expected} was expected: send what is missing first (got ${sequence})`
  return new EnckeError('ENCKE_ERR_STREAM_GAP', message)
}

function noData(problem: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_STREAM_BODY',
    `${problem}: send data with its Content-Type, or only Stream-Closed: true`,
  )
}
