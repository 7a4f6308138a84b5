// Messages, in whichever protocol they come: what is asked of each before it is begun by its bytes.

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Coroutine, Operation } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import { isTopicName } from '../../hub/index.ts'
import type { Known } from './connection.ts'
import type { FastPath } from './fast-path.ts'
import type { MessageShape, MessageValues } from './message-template.ts'
import type { PreparedReply } from './prepared-reply.ts'

export interface MessageRoute {
  /** Undefined where every message is answered by Fastify. */
  readonly fastPath: FastPath | undefined
  readonly shape: MessageShape
  /** The longest body, in bytes. */
  readonly mostBytes: number
}

/** Begins a message that comes again. @throws what does not fit, which Fastify is then left to say */
export type BeginMessage = (values: MessageValues) => Operation<PreparedReply>

/**
 * Answer a request with a message to `topic` by what `begin` begins, unless it has begun already, and know it when it comes
 * again. `beginAgain` is kept by a connection that is idle: it should not hold the request.
 */
export function* answerMessage(
  { fastPath, shape, mostBytes }: MessageRoute,
  topic: string,
  request: FastifyRequest,
  reply: FastifyReply,
  begin: () => Operation<PreparedReply>,
  beginAgain: BeginMessage,
): Coroutine<FastifyReply> {
  const { raw, admission } = request
  const recognised = fastPath?.recogniseMessage(raw, topic, shape)
  const prepared = yield* fastPath?.underWay(request)?.reply() ?? begin()
  const head = prepared.sendTo(reply)
  if (head !== undefined) {
    const known = { admission, head, begin: whereItFits(admission, mostBytes, beginAgain) }
    fastPath?.answered(raw, reply.raw, recognised, known)
  }
  return reply
}

function whereItFits({ rights }: Admission, mostBytes: number, begin: BeginMessage): Known<MessageValues>['begin'] {
  return (values) => {
    const { topic, body } = values
    if (body.length > mostBytes || !isTopicName(topic) || rights.refusal('publish', topic) !== undefined) return null
    try {
      return begin(values)
    } catch {
      return null
    }
  }
}
