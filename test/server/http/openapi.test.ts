import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import packageJson from '../../../package.json' with { type: 'json' }
import { errorTable } from '../../../server/errors.ts'
import { Served } from './served.ts'

interface Operation {
  readonly summary: string
  readonly tags: readonly string[]
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: object }
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>
}

describe('the OpenAPI document', () => {
  let served: Served
  let document: { openapi: string; info: { version: string }; paths: Record<string, Record<string, Operation>> }
  let operations: [name: string, operation: Operation][]

  beforeAll(async () => {
    served = await Served.start()
    document = (await served.get('/openapi.json')).json
    operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
      Object.entries(verbs).map(([verb, operation]): [string, Operation] => [
        `${verb.toUpperCase()} ${path}`,
        operation,
      ]),
    )
  })
  afterAll(() => served[Symbol.asyncDispose]())

  it('has these routes, and no others', () => {
    const names = operations.map(([name]) => name).filter((name) => !name.startsWith('HEAD '))
    expect(names.sort()).toEqual([
      'DELETE /topics/{topic}',
      'DELETE /v1/stream/{topic}',
      'GET /admin/benchmarks',
      'GET /admin/coroutines',
      'GET /admin/follow',
      'GET /admin/history',
      'GET /admin/log-level',
      'GET /admin/samples',
      'GET /admin/statistics',
      'GET /admin/topics',
      'GET /events',
      'GET /healthz',
      'GET /messages',
      'GET /metrics',
      'GET /presence',
      'GET /readyz',
      'GET /topics/{topic}',
      'GET /topics/{topic}/events',
      'GET /topics/{topic}/messages',
      'GET /topics/{topic}/presence',
      'GET /v1/stream/{topic}',
      'POST /admin/benchmarks/cancel',
      'POST /admin/benchmarks/chain',
      'POST /admin/benchmarks/hackysack',
      'POST /admin/drain',
      'POST /admin/log-level',
      'POST /poll',
      'POST /publish',
      'POST /topics/{topic}/messages',
      'POST /v1/stream/{topic}',
      'PUT /v1/stream/{topic}',
    ])
  })

  it('is of OpenAPI 3.1 and of this version', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: packageJson.version } })
  })

  it('says of every route what it does, what it answers and what an error looks like', () => {
    for (const [name, { summary, tags, responses }] of operations) {
      const [success, ...others] = Object.keys(responses)
      expect({ name, summary, tags, success, others }).toEqual({
        name,
        summary: expect.stringMatching(/^[A-Z].{10,}/),
        tags: [expect.any(String)],
        success: expect.stringMatching(/^20[014]$/),
        others: ['default'],
      })
      expect(responses['default']?.content['application/json']?.schema).toMatchObject({
        required: ['statusCode', 'code', 'error', 'message'],
      })
    }
  })

  it('wants the token for exactly the routes of administration', () => {
    const guarded = operations.filter(([, { security }]) => security !== undefined).map(([name]) => name)
    expect(guarded).toEqual(operations.map(([name]) => name).filter((name) => name.includes(' /admin/')))
  })

  it('names only codes that there are', () => {
    const codes = [...JSON.stringify(document).matchAll(/"x-code":"([^"]+)"/g)].map(([, code]) => code)
    expect(codes.length).toBeGreaterThan(10)
    for (const code of codes) expect(errorTable).toHaveProperty(code as string)
  })

  it('has every parameter of a poll, with its bounds', () => {
    const poll = document.paths['/messages']?.['get'] as Operation
    const parameters = Object.fromEntries(poll.parameters?.map(({ name, schema }) => [name, schema]) ?? [])
    expect(parameters).toMatchObject({
      topic: { type: 'array', minItems: 1, maxItems: 100 },
      cursor: { type: 'string' },
      wait: { type: 'number', minimum: 0, default: 25 },
      limit: { type: 'integer', minimum: 1, default: 100 },
      from: { enum: ['now', 'earliest', 'latest'], default: 'now' },
      client: { type: 'string' },
    })
    // Above its maximum a value is lowered, not refused.
    for (const name of ['wait', 'limit']) expect(parameters[name]).not.toHaveProperty('maximum')
    const about = JSON.stringify(poll.parameters)
    for (const words of ['Lowered to 120,', 'Lowered to 1000.']) expect(about).toContain(words)
  })

  it('says what may be published', () => {
    const publish = document.paths['/publish']?.['post'] as Operation
    expect(Object.keys(publish.requestBody?.content ?? {})).toEqual(['application/json', 'text/plain'])
  })
})
