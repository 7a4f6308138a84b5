// The shapes of the benchmarks' requests and replies.

import type { FastifySchemaCompiler } from 'fastify'
import type { TProperties, TSchema } from 'typebox'
import Type from 'typebox'
import { models } from '../benchmarks/models.ts'
import { limits, variants } from '../benchmarks/request.ts'
import { closed, count, replies } from '../http/schemas.ts'
import { compileValidator } from '../http/validation.ts'

const resources = closed({
  wallMs: Type.Number(),
  userMs: Type.Number(),
  systemMs: Type.Number(),
  cpuPercent: Type.Number(),
  majorFaults: count,
  minorFaults: count,
  swaps: count,
})

function parameter(name: keyof typeof limits, description: string) {
  const { smallest, largest, default: fallback } = limits[name]
  return Type.Optional(Type.Integer({ minimum: smallest, maximum: largest, default: fallback, description }))
}

const repeat = parameter('repeat', 'How many times; the best run is reported beside all of them.')
const model = Type.Optional(
  Type.Enum([...models], {
    default: models[0],
    description:
      'The concurrency model. Some have no variant `rendezvous`; `threads` and `axon-busy` take, and have as defaults, smaller sizes: the refusal says which.',
  }),
)

/**
 * The validator of the benchmarks' routes. Their bodies are described for the document and checked by the benchmarks
 * themselves, which know how the parameters limit each other.
 */
export const compileBenchmarkValidator: FastifySchemaCompiler<TSchema> = (part) =>
  part.httpPart === 'body' ? () => ({}) : compileValidator(part)

function benchmarkSchema(summary: string, body: TProperties, parameters: TProperties) {
  return {
    summary,
    description:
      'Runs beside the polls. With `Accept: text/event-stream` progress is sent as events and the result is the last one. ' +
      'One benchmark runs at a time; a client that goes away cancels it.',
    tags: ['administration'],
    security: [{ adminToken: [] }],
    querystring: closed({}),
    body: closed(body, { description: 'All of it may be left out.' }),
    response: replies(
      200,
      Type.Object(
        {
          benchmark: Type.String(),
          model: Type.String(),
          ...parameters,
          answer: count,
          runs: Type.Array(resources),
          best: resources,
          counters: Type.Record(Type.String(), count, {
            description: 'Those that the model has: threads are not resumed or parked by anybody who counts.',
          }),
          memory: closed(
            { peakBytes: Type.Number(), perCoroutineBytes: Type.Number() },
            {
              description: 'The most between two slices, less that before: of the heap; of the process with `threads`.',
            },
          ),
          machine: Type.Record(Type.String(), Type.Unknown()),
          published: Type.Array(Type.Record(Type.String(), Type.Unknown())),
        },
        { description: 'What the runs took, what they counted, and the published figures beside them.' },
      ),
    ),
  }
}

export const chainSchema = benchmarkSchema(
  'Run the chain',
  { n: parameter('n', 'How many coroutines.'), repeat, model },
  { n: count },
)

export const hackysackSchema = benchmarkSchema(
  'Run hackysack',
  {
    players: parameter('players', 'How many players.'),
    turns: parameter('turns', 'How many times the ball is received.'),
    variant: Type.Optional(Type.Enum([...variants], { default: variants[0] })),
    seed: parameter('seed', 'Of the draw of targets.'),
    repeat,
    model,
  },
  { players: count, turns: count, variant: Type.String(), seed: Type.Integer() },
)

const sizes = Type.Record(Type.String(), Type.Record(Type.String(), Type.Number()))
const ofEach = (schema: TSchema) => Type.Record(Type.String(), schema)

export const catalogueSchema = {
  summary: 'List the benchmarks: models, limits, and the published figures',
  tags: ['administration'],
  security: [{ adminToken: [] }],
  querystring: closed({}),
  response: replies(
    200,
    closed(
      {
        models: Type.Array(Type.String()),
        limits: sizes,
        smallerSizes: sizes,
        published: ofEach(Type.Array(Type.Record(Type.String(), Type.Unknown()))),
        notes: ofEach(Type.String()),
        underWay: Type.Union([Type.Record(Type.String(), Type.Unknown()), Type.Null()], {
          description: 'The one that runs now.',
        }),
      },
      { description: 'What may be asked for, and what was published in 2007–2009.' },
    ),
  ),
}
