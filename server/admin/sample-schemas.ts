// The shapes of what a node tells about itself.

import Type from 'typebox'
import { closed, count, replies } from '../http/schemas.ts'

const perSecond = Type.Number({ minimum: 0 })
const ms = Type.Number({ minimum: 0 })
const latency = Type.Union([ms, Type.Null()], {
  description: 'From publish to written; null where nothing was written.',
})

const sample = closed({
  time: Type.Number({ description: 'The end of the second, in milliseconds since 1970.' }),
  publishedPerSecond: perSecond,
  deliveredPerSecond: perSecond,
  requestsPerSecond: perSecond,
  errorsPerSecond: perSecond,
  latencyP50Ms: latency,
  latencyP99Ms: latency,
  loopDelayP50Ms: ms,
  loopDelayP99Ms: ms,
  loopDelayMaxMs: ms,
  waiting: count,
  connections: count,
  coroutines: count,
  topics: count,
  rssBytes: count,
  heapUsedBytes: count,
})

export const samplesSchema = {
  summary: 'Tell the last ten minutes, second by second',
  description:
    'Each new second is a message of the topic `__encke/samples`, with the same members, while that topic has readers.',
  tags: ['administration'],
  security: [{ adminToken: [] }],
  querystring: closed({}),
  response: replies(
    200,
    closed(
      {
        samples: Type.Array(sample),
        isDraining: Type.Boolean(),
        health: Type.Object(
          { isOk: Type.Boolean(), since: Type.Optional(Type.Number()), reason: Type.Optional(Type.String()) },
          { description: 'Of the broker: what fails, and since when.' },
        ),
        busiest: Type.Array(closed({ topic: Type.String(), publishedPerSecond: perSecond, waiting: count })),
      },
      { description: 'Samples, oldest first, how the server is, and its five busiest topics while somebody looks.' },
    ),
  ),
}
