// The shapes of what an operator asks about messages.

import Type from 'typebox'
import { closed, complaining, count, replies } from '../http/schemas.ts'
import { topicNamePattern } from '../hub/index.ts'

const topic = Type.String({
  pattern: topicNamePattern,
  description: 'The topic.',
  ...complaining('ENCKE_ERR_TOPIC_NAME', 'a topic: 1–200 characters of A–Z a–z 0–9 . _ ~ - /'),
})

const ofTopic = { tags: ['administration'], security: [{ adminToken: [] }] }

export const historySchema = {
  ...ofTopic,
  summary: 'Look at where a topic stands, and at the newest messages that it keeps',
  querystring: closed({
    topic,
    before: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Only messages before this offset.',
        ...complaining('ENCKE_ERR_VALIDATION', 'an offset'),
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1_000,
        default: 50,
        ...complaining('ENCKE_ERR_LIMIT_VALUE', 'a whole number of messages from 1 to 1000'),
      }),
    ),
  }),
  response: replies(
    200,
    closed(
      {
        topic: Type.String(),
        epoch: Type.String(),
        head: count,
        oldest: count,
        waiting: count,
        contentType: Type.Union([Type.String(), Type.Null()], { description: 'Null before it is born.' }),
        closed: Type.Boolean(),
        messages: Type.Array(
          closed({
            offset: count,
            id: Type.String(),
            time: Type.Integer({ description: 'In milliseconds since 1970.' }),
            bytes: count,
            text: Type.Union([Type.String(), Type.Null()], {
              description: 'The first 2,000 characters; null where it is no text.',
            }),
            isWhole: Type.Boolean(),
          }),
        ),
      },
      { description: 'Messages, oldest first, a mebibyte of them at most. Looking does not count as use.' },
    ),
  ),
}

export const followSchema = {
  ...ofTopic,
  summary: 'Wait for the next message of a topic, and tell which way it has taken',
  querystring: closed({
    topic,
    wait: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 120,
        default: 25,
        description: 'How many seconds to wait for the message.',
        ...complaining('ENCKE_ERR_WAIT_VALUE', 'a number of seconds from 0 to 120'),
      }),
    ),
  }),
  response: replies(
    200,
    closed(
      {
        way: Type.Union([
          Type.Null(),
          closed({
            topic: Type.String(),
            offset: count,
            id: Type.String(),
            time: Type.Integer({ description: 'When it was published, in milliseconds since 1970.' }),
            from: Type.String({ description: 'The coroutine that has published it.' }),
            waiting: Type.Integer({ minimum: 0, description: 'How many readers of this node waited for it.' }),
            handovers: Type.Array(
              closed({
                to: Type.String({ description: 'The coroutine that was given it.' }),
                afterMs: Type.Number({ minimum: 0, description: 'After it had been appended.' }),
              }),
            ),
            more: Type.Integer({ minimum: 0, description: 'How many readers there were beside the first thousand.' }),
          }),
        ]),
      },
      { description: 'The way of the message; null when none was published by this node in time.' },
    ),
  ),
}
