// The plugin in somebody's application: it adds routes below its prefix and one decorator, and changes nothing else.

import { once } from 'node:events'
import rateLimit from '@fastify/rate-limit'
import swagger from '@fastify/swagger'
import fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { type Delivery, encke } from '../../server/plugin.ts'
import { ScriptedBroker } from './brokers/scripted-broker.ts'

const json = { 'content-type': 'application/json' }

let app: FastifyInstance
let seen: string[]

beforeEach(async () => {
  seen = []
  app = await theirs()
})

afterEach(() => app.close())

/** An application with customs of its own. */
async function theirs(): Promise<FastifyInstance> {
  const app = fastify({ bodyLimit: 1_000, ajv: { customOptions: { coerceTypes: true } } })
  await app.register(rateLimit, { max: 1_000, timeWindow: 60_000 })
  await app.register(swagger)
  app.addHook('onRequest', async (request) => void seen.push(`onRequest ${request.url}`))
  app.addHook('onSend', async (_request, reply, payload) => {
    reply.header('x-theirs', 'yes')
    return payload
  })
  app.setErrorHandler((error, _request, reply) => {
    void reply.code(418).send({ theirs: (error as Error).message })
  })
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).send({ theirs: 'not found' })
  })
  const number = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] }
  app.get('/double', { schema: { querystring: number } }, async ({ query }) => (query as { n: number }).n * 2)
  app.get('/fail', async () => {
    throw new Error('theirs')
  })
  app.post('/echo', async ({ body }) => body)
  app.addContentTypeParser('text/theirs', { parseAs: 'string' }, async (_request: unknown, body: string) => ({
    theirs: body,
  }))
  return app
}

async function ask(method: 'GET' | 'POST' | 'PUT', url: string, payload?: object, headers = {}) {
  const reply = await app.inject({ method, url, ...(payload && { payload }), headers })
  return { status: reply.statusCode, headers: reply.headers, body: reply.json() }
}

describe('an application with the plugin', () => {
  it('serves below the prefix what the server serves', async () => {
    await app.register(encke, { prefix: '/push' })
    expect(await ask('POST', '/push/publish?topic=a', { n: 1 })).toMatchObject({ status: 201, body: { offset: 1 } })
    const { body } = await ask('GET', '/push/messages?topic=a&from=earliest&wait=0')
    expect(body).toMatchObject({ messages: [{ data: { n: 1 } }], topics: { a: { verdict: 'ok' } } })
    expect((await ask('POST', '/push/poll', { topics: ['a'], cursor: body.cursor, wait: 0 })).body.messages).toEqual([])
    expect((await ask('GET', '/push/topics/a')).body).toMatchObject({ head: 1 })
    expect((await ask('GET', '/push/healthz')).body).toEqual({ status: 'ok' })
  })

  it('keeps its own hooks, error handler, coercion, rate limit, documents and routes', async () => {
    const without = await theirs()
    await app.register(encke, { prefix: '/push' })
    expect(await answersOf(app)).toEqual(await answersOf(without))
    await without.close()
    expect(app.swagger()).toMatchObject({ info: { title: '@fastify/swagger' } })
  })

  it.each([
    ['its body parser', { headers: { 'content-type': 'text/theirs' }, payload: 'a body' }, 200, '{"theirs":"a body"}'],
    ['its body limit', { payload: { a: 'x'.repeat(1_000) } }, 418, 'too large'],
    [
      'what it does not parse',
      { headers: { 'content-type': 'text/none' }, payload: 'a' },
      418,
      'Unsupported Media Type',
    ],
    ['its error handler', { headers: json, payload: '{' }, 418, '"theirs"'],
  ])('keeps %s', async (_, request, status, text) => {
    const without = await theirs()
    await app.register(encke, { prefix: '/push', messageBytes: 100_000 })
    const post = { method: 'POST', url: '/echo', ...request } as const
    const [reply, other] = [await app.inject(post), await without.inject(post)]
    await without.close()
    expect([reply.statusCode, reply.body]).toEqual([other.statusCode, other.body])
    expect([reply.statusCode, reply.body]).toEqual([status, expect.stringContaining(text)])
  })

  it('has limits and parsers of its own below the prefix, whatever the application has', async () => {
    await app.register(encke, { prefix: '/push' })
    const large = await ask('POST', '/push/publish?topic=a', { text: 'x'.repeat(10_000) })
    expect(large).toMatchObject({ status: 201, body: { offset: 1 } })
    const theirType = { 'content-type': 'text/theirs' }
    const post = { method: 'POST', url: '/push/publish?topic=a', headers: theirType, payload: '1' } as const
    expect((await app.inject(post)).json()).toMatchObject({ statusCode: 415 })
    expect(await ask('GET', '/push/messages?topic=a&wait=soon')).toMatchObject({ status: 400 })
  })

  it('keeps its validator compiler, which the routes of the plugin do without', async () => {
    const other = fastify()
    const compiled: string[] = []
    other.setValidatorCompiler(({ url }) => {
      compiled.push(url as string)
      return (value) => (other.hasDecorator('encke') && value ? { value } : { error: new Error('not with us') })
    })
    other.setErrorHandler((error, _request, reply) => void reply.code(418).send({ theirs: (error as Error).message }))
    const schema = { querystring: { type: 'object', properties: { n: { type: 'integer' } } } }
    other.get('/before', { schema }, async ({ query }) => query)
    await other.register(encke, { prefix: '/push' })
    other.get('/after', { schema }, async ({ query }) => query)
    for (const url of ['/before?n=many', '/after?n=many']) {
      expect((await other.inject(url)).json()).toEqual({ n: 'many' })
    }
    expect((await other.inject('/push/messages?topic=a&wait=soon')).statusCode).toBe(400)
    expect(compiled.filter((url) => url.startsWith('/push'))).toEqual([])
    expect(new Set(compiled)).toEqual(new Set(['/before', '/after']))
    await other.close()
  })

  it('keeps its rate limit: where that is exhausted, so are the routes of the plugin, in their own shape', async () => {
    const other = fastify()
    await other.register(rateLimit, { max: 3, timeWindow: 60_000 })
    other.setErrorHandler((error, _request, reply) => {
      const { statusCode = 500, message } = error as Error & { statusCode?: number }
      void reply.code(statusCode).send({ theirs: message })
    })
    await other.register(encke, { prefix: '/push' })
    other.get('/mine', async () => 'mine')
    await other.ready()
    const statuses: number[] = []
    for (let n = 0; n < 4; n += 1) statuses.push((await other.inject('/mine')).statusCode)
    expect(statuses).toEqual([200, 200, 200, 429])
    expect((await other.inject('/mine')).json()).toEqual({ theirs: expect.stringContaining('Rate limit exceeded') })
    const poll = await other.inject('/push/messages?topic=a&wait=0')
    expect(poll.json()).toMatchObject({ statusCode: 429, code: 'ENCKE_ERR_CLIENT_RATE' })
    expect(poll.headers).toMatchObject({ 'x-ratelimit-remaining': '0', 'retry-after': expect.anything() })
    await other.close()
  })

  it('sees the requests of the plugin in its hooks, each of them', async () => {
    await app.register(encke, { prefix: '/push' })
    for (let poll = 0; poll < 4; poll += 1) {
      expect((await ask('GET', '/push/messages?topic=a&wait=0')).headers).toMatchObject({ 'x-theirs': 'yes' })
    }
    expect(seen).toEqual(Array(4).fill('onRequest /push/messages?topic=a&wait=0'))
  })

  it.each([
    [401, 'ENCKE_ERR_TOKEN', 'log in'],
    [403, 'ENCKE_ERR_RIGHT', 'not you'],
  ])(
    'refuses the requests of the plugin in its hooks, with its status and words: %i',
    async (statusCode, code, words) => {
      const other = fastify()
      other.addHook('onRequest', async (_request, reply) => {
        reply.header('www-authenticate', 'Basic')
        throw Object.assign(new Error(words), { statusCode })
      })
      await other.register(encke, { prefix: '/push' })
      for (const url of ['/push/messages?topic=a', '/push/v1/stream/a']) {
        const { headers, ...reply } = await other.inject(url)
        expect(reply.json()).toMatchObject({ statusCode, code, message: words })
        expect([reply.statusCode, headers['www-authenticate']]).toEqual([statusCode, 'Basic'])
      }
      await other.close()
    },
  )

  it('gets errors of the plugin in their own shape, and only below its prefix', async () => {
    await app.register(encke, { prefix: '/push' })
    expect(await ask('GET', '/push/messages?topic=')).toMatchObject({ body: { code: 'ENCKE_ERR_TOPIC_NAME' } })
    expect(await ask('GET', '/push/nowhere')).toMatchObject({ status: 404, body: { code: 'ENCKE_ERR_NOT_FOUND' } })
    expect(await ask('PUT', '/push/messages?topic=a')).toMatchObject({
      status: 405,
      body: { code: 'ENCKE_ERR_METHOD' },
    })
    expect(await ask('GET', '/nowhere')).toMatchObject({ status: 404, body: { theirs: 'not found' } })
    expect(await ask('GET', '/pushed')).toMatchObject({ status: 404, body: { theirs: 'not found' } })
  })

  it('has one decorator more, no listener for signals, and no other listener on its server', async () => {
    const names = Object.getOwnPropertyNames(app)
    const signals = process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')
    const listeners = app.server.eventNames().map((name) => [name, app.server.listenerCount(name)])
    await app.register(encke, { prefix: '/push' })
    await app.ready()
    expect(Object.getOwnPropertyNames(app).filter((name) => !names.includes(name))).toEqual(['encke'])
    expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(signals)
    expect(app.server.eventNames().map((name) => [name, app.server.listenerCount(name)])).toEqual(listeners)
  })

  it('has no admin routes until it gives them a token', async () => {
    await app.register(encke, { prefix: '/push' })
    expect((await ask('GET', '/push/admin/statistics', undefined, { authorization: 'Bearer x' })).status).toBe(404)
    const other = fastify()
    await other.register(encke, { prefix: '/push', adminToken: 'x' })
    const headers = { authorization: 'Bearer x' }
    expect((await other.inject({ url: '/push/admin/statistics', headers })).statusCode).toBe(200)
    await other.close()
  })

  it('is told what is wrong with its options, all of it', async () => {
    const wrong = { waitMaxSeconds: 10, waitDefaultSeconds: 11, historyMessages: -1, nonsense: 1 }
    await expect(async () => app.register(encke, wrong as object)).rejects.toThrow(
      /nonsense.*historyMessages must be.*-1.*waitDefaultSeconds \(11\) must not be above waitMaxSeconds \(10\)/s,
    )
  })

  it('may register it twice only where the decorators do not meet', async () => {
    await app.register(encke, { prefix: '/one' })
    await expect(async () => app.register(encke, { prefix: '/two' })).rejects.toThrow(/encke/)
  })

  it('answers the polls that wait when it closes', async () => {
    await app.register(encke, { prefix: '/push' })
    const polling = ask('GET', '/push/messages?topic=a')
    while (app.encke.statistics().waiting === 0) await new Promise(setImmediate)
    await app.close()
    expect((await polling).body).toMatchObject({ messages: [], retryAfterMs: expect.any(Number) })
  })
})

describe('app.encke', () => {
  beforeEach(() => app.register(encke, { prefix: '/push' }))

  it('publishes, and says where a topic stands', async () => {
    expect(await app.encke.publish('a', { n: 1 })).toMatchObject({ topic: 'a', offset: 1, waiting: 0 })
    expect(await app.encke.topic('a')).toMatchObject({ topic: 'a', head: 1, oldest: 1, waiting: 0 })
    const once = { idempotencyKey: 'once' }
    const first = await app.encke.publish('keyed', 1, once)
    expect(await app.encke.publish('keyed', 1, once)).toEqual({ ...first, replayed: true })
    await expect(app.encke.publish('keyed', 2, once)).rejects.toMatchObject({ statusCode: 422 })
    await expect(app.encke.publish('a//b', 1)).rejects.toMatchObject({ code: 'ENCKE_ERR_TOPIC_NAME' })
    await expect(app.encke.publish('a', undefined)).rejects.toThrow(/JSON value/)
  })

  it('gives what is published, in batches, to a loop that goes on where its cursor was', async () => {
    await app.encke.publish('a', 'one')
    const got: unknown[] = []
    let cursor = ''
    for await (const delivery of app.encke.subscribe(['a'], { from: 'earliest' })) {
      expectTypeOf(delivery).toEqualTypeOf<Delivery>()
      got.push(...delivery.messages.map(({ data }) => data))
      cursor = delivery.cursor
      if (got.length === 1) await ask('POST', '/push/publish?topic=a', ['two'], json)
      else break
    }
    await app.encke.publish('a', 'three')
    for await (const { messages } of app.encke.subscribe(['a'], { cursor })) {
      got.push(...messages.map(({ data }) => data))
      break
    }
    expect(got).toEqual(['one', ['two'], 'three'])
    expect(app.encke.statistics().waiting).toBe(0)
  })

  it('ends a subscription by its signal, and when the application closes', async () => {
    const controller = new AbortController()
    const bySignal = collect(app.encke.subscribe(['a'], { signal: controller.signal }))
    const byClosing = collect(app.encke.subscribe(['a']))
    while (app.encke.statistics().waiting < 2) await new Promise(setImmediate)
    controller.abort()
    expect(await bySignal).toEqual([])
    await app.close()
    expect(await byClosing).toEqual([])
  })

  it.each([
    ['its signal', (controller: AbortController) => controller.abort()],
    ['the end of the application', (_controller: AbortController, app: FastifyInstance) => void app.close()],
  ])('ends a subscription by %s also while its broker hangs', async (_, end) => {
    const broker = new ScriptedBroker()
    broker.hanging.add('a')
    const other = fastify()
    await other.register(encke, { prefix: '/push', broker })
    const controller = new AbortController()
    const loop = collect(other.encke.subscribe(['a'], { signal: controller.signal }))
    while (broker.asked.length === 0) await new Promise(setImmediate)
    end(controller, other)
    expect(await loop).toEqual([])
    await other.close()
  })

  it('reaches polls over the network as well', async () => {
    await app.listen({ host: '127.0.0.1', port: 0 })
    const polling = fetch(`${app.listeningOrigin}/push/messages?topic=net`)
    while (app.encke.statistics().waiting === 0)
      await once(process, 'nothing', { signal: AbortSignal.timeout(5) }).catch(() => {})
    expect(await app.encke.publish('net', 1)).toMatchObject({ waiting: 1 })
    expect(await (await polling).json()).toMatchObject({ messages: [{ data: 1 }] })
  })
})

async function answersOf(app: FastifyInstance): Promise<unknown[]> {
  const payload = { a: 1 }
  const replies = [
    await app.inject('/double?n=21'),
    await app.inject('/double?n=many'),
    await app.inject('/fail'),
    await app.inject('/nowhere'),
    await app.inject({ method: 'POST', url: '/echo', payload }),
    await app.inject({ method: 'DELETE', url: '/echo' }),
  ]
  return replies.map(({ statusCode, headers, body }) => [statusCode, body, Object.keys(headers).sort()])
}

async function collect(deliveries: AsyncIterable<Delivery>): Promise<Delivery[]> {
  const got: Delivery[] = []
  for await (const delivery of deliveries) got.push(delivery)
  return got
}
