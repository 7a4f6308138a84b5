// The shapes of what an operator does.

import Type from 'typebox'
import { closed, complaining, count, replies } from '../http/schemas.ts'

export const topicsByDefault = 100
const mostTopics = 1_000

const forAdministrators = { tags: ['administration'], security: [{ adminToken: [] }], querystring: closed({}) }

const nothing = closed({}, { description: 'Nothing is needed.' })

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']
const level = Type.Enum(levels, {
  description: 'The least important log lines that are written.',
  ...complaining('ENCKE_ERR_VALIDATION', `one of ${levels.join(', ')}`),
})
const logLevel = closed({ level }, { description: 'What is logged from now on, until the server ends.' })

export const topicsSchema = {
  ...forAdministrators,
  summary: 'List the topics, page by page, in the order of their names',
  querystring: closed({
    after: Type.Optional(Type.String({ description: 'The page begins behind this name: `next` of the page before.' })),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: mostTopics,
        default: topicsByDefault,
        ...complaining('ENCKE_ERR_LIMIT_VALUE', `a whole number of topics from 1 to ${mostTopics}`),
      }),
    ),
  }),
  response: replies(
    200,
    closed(
      {
        topics: Type.Array(
          closed({
            topic: Type.String(),
            epoch: Type.String(),
            head: Type.Integer({ minimum: 0, description: 'The offset of the newest message; 0 before the first.' }),
            oldest: Type.Integer({ minimum: 1, description: 'The offset of the oldest message kept.' }),
            contentType: Type.String(),
            retention: Type.Enum(['bounded', 'all'], {
              description: 'bounded: it was born by a publish. all: it was made by PUT, and nothing of it is dropped.',
            }),
            closed: Type.Boolean({ description: 'Nothing more can be published to it.' }),
            waiting: Type.Integer({ minimum: 0, description: 'How many requests wait for its next message here.' }),
          }),
        ),
        next: Type.Union([Type.String(), Type.Null()], {
          description: 'What to give as `after` for the next page; null after the last.',
        }),
      },
      { description: 'A page of topics.' },
    ),
  ),
}

export const drainSchema = {
  ...forAdministrators,
  summary: 'Send the readers away, spread over the drain window; the process stays until it is stopped',
  body: nothing,
  response: replies(
    200,
    closed(
      { draining: Type.Literal(true), waiting: count },
      { description: 'It has begun: `/readyz` says 503, and so many requests were waiting.' },
    ),
  ),
}

export const readLogLevelSchema = {
  ...forAdministrators,
  summary: 'Tell which log lines are written',
  response: replies(200, logLevel),
}

export const logLevelSchema = {
  ...forAdministrators,
  summary: 'Change which log lines are written',
  body: logLevel,
  response: replies(200, logLevel),
}

export const cancelSchema = {
  ...forAdministrators,
  summary: 'End the benchmark that runs',
  body: nothing,
  response: replies(
    200,
    closed({ cancelled: Type.Boolean({ description: 'Whether one was running.' }) }, { description: 'None runs now.' }),
  ),
}
