// The shapes of what an operator asks for.

import Type from 'typebox'
import { closed, complaining, count, replies } from '../http/schemas.ts'

export const statisticsSchema = {
  summary: 'Count what the server holds',
  tags: ['administration'],
  security: [{ adminToken: [] }],
  querystring: closed({}),
  response: replies(
    200,
    closed(
      {
        runtime: closed({ coroutines: count, runnable: count, parked: count, timers: count, resumes: count }),
        hub: closed({
          topics: count,
          waiting: count,
          messages: count,
          bytes: count,
          published: count,
          delivered: count,
        }),
        http: closed({ connections: count, requests: count }),
      },
      { description: 'Counts at this moment, and since the start.' },
    ),
  ),
}

export const coroutinesSchema = {
  summary: 'List every coroutine, what it waits for and since when',
  tags: ['administration'],
  security: [{ adminToken: [] }],
  querystring: closed({
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100_000,
        default: 1_000,
        ...complaining('ENCKE_ERR_LIMIT_VALUE', 'a whole number of coroutines from 1 to 100000'),
      }),
    ),
  }),
  response: replies(
    200,
    closed(
      {
        total: count,
        coroutines: Type.Array(
          closed({
            id: count,
            parent: Type.Union([count, Type.Null()], { description: 'The id of the one that has spawned it.' }),
            name: Type.String({ description: 'What it is: for a request its method, URL and client.' }),
            path: Type.String({ description: 'The names from its root down to itself.' }),
            status: Type.Enum(['runnable', 'running', 'parked', 'done', 'failed', 'cancelled']),
            waitsFor: Type.Union([Type.String(), Type.Null()]),
            parkedMs: Type.Union([count, Type.Null()]),
          }),
        ),
      },
      { description: 'Coroutines, parents before their children.' },
    ),
  ),
}
