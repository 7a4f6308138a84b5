// An application that decides itself who may do what, by `authorize` of the plugin.

import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Asked, type Authorize, encke } from '../../../server/plugin.ts'

let app: FastifyInstance
let asked: [user: unknown, asked: Asked][]
let decide: Authorize

const json = { 'content-type': 'application/json' }
const user = ({ headers }: FastifyRequest) => headers['x-user']

async function start(options: object = {}): Promise<void> {
  app = fastify()
  await app.register(encke, {
    prefix: '/push',
    adminToken: 'administrator',
    authorize: (request: FastifyRequest, wanted: Asked) => {
      asked.push([user(request), wanted])
      return decide(request, wanted)
    },
    ...options,
  })
}

beforeEach(() => {
  asked = []
  decide = () => true
})
afterEach(() => app.close())

async function ask(method: 'GET' | 'POST', url: string, payload?: object | string, headers: object = {}) {
  const reply = await app.inject({
    method,
    url: `/push${url}`,
    ...(payload !== undefined && { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
    headers: { ...(payload !== undefined && json), 'x-user': 'ann', ...headers },
  })
  return { status: reply.statusCode, body: reply.json() }
}

describe('authorize', () => {
  it('is asked about all topics of a request, once, with what it wants to do', async () => {
    await start()
    await ask('POST', '/publish?topic=a', '1')
    await ask('POST', '/topics/a%2Fb/messages', '1')
    await ask('POST', '/publish', {
      messages: [
        { topic: 'c', data: 1 },
        { topic: 'd', data: 1 },
      ],
    })
    await ask('GET', '/messages?topic=a&topic=b&wait=0')
    await ask('GET', '/topics/a%2Fb/messages?wait=0')
    await ask('GET', '/topics/a')
    await ask('POST', '/poll', { topics: ['a', 'b'], wait: 0 })
    expect(asked).toEqual([
      ['ann', { topics: ['a'], action: 'publish' }],
      ['ann', { topics: ['a/b'], action: 'publish' }],
      ['ann', { topics: ['c', 'd'], action: 'publish' }],
      ['ann', { topics: ['a', 'b'], action: 'subscribe' }],
      ['ann', { topics: ['a/b'], action: 'subscribe' }],
      ['ann', { topics: ['a'], action: 'subscribe' }],
      ['ann', { topics: ['a', 'b'], action: 'subscribe' }],
    ])
  })

  it.each([
    ['false', () => false],
    ['a promise of false', async () => false],
    ['nothing', () => undefined as unknown as boolean],
    ['null', () => null as unknown as boolean],
    ['a list', () => [] as unknown as boolean],
    ['a word', () => 'yes' as unknown as boolean],
    ['an error with the status 403', () => Promise.reject(Object.assign(new Error('not you'), { statusCode: 403 }))],
  ] as [string, Authorize][])('refuses by %s', async (_what, refuse) => {
    await start()
    decide = refuse
    const requests = [
      ask('POST', '/publish?topic=a', '1'),
      ask('POST', '/publish', { messages: [{ topic: 'a', data: 1 }] }),
      ask('GET', '/messages?topic=a'),
      ask('GET', '/events?topic=a'),
      ask('POST', '/poll', { topics: ['a'] }),
    ]
    for (const { status, body } of await Promise.all(requests)) {
      expect([status, body.code]).toEqual([403, 'ENCKE_ERR_RIGHT'])
      expect(body.message).toMatch(/not you|the application does not let you (read|publish to) "a"/)
    }
    expect(app.encke.statistics()).toMatchObject({ published: 0, waiting: 0 })
  })

  it('refuses by an error with the status 401, and fails by any other', async () => {
    await start()
    decide = () => {
      throw Object.assign(new Error('log in first'), { statusCode: 401 })
    }
    expect(await ask('GET', '/messages?topic=a')).toMatchObject({ status: 401, body: { message: 'log in first' } })
    decide = () => {
      throw new Error('a secret of the application')
    }
    const { status, body } = await ask('GET', '/messages?topic=a')
    expect([status, body.code]).toEqual([500, 'ENCKE_ERR_INTERNAL'])
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  it('says who it is, and until when: polls end then, and idempotency keys are their own', async () => {
    await start()
    decide = (request) => ({ subject: String(user(request)), until: Date.now() + 300 })
    const startMs = performance.now()
    expect(await ask('GET', '/messages?topic=a&wait=20')).toMatchObject({ status: 200, body: { messages: [] } })
    expect(performance.now() - startMs).toBeLessThan(15_000)
    decide = (request) => ({ subject: String(user(request)), until: new Date(Date.now() + 60_000) })
    const keyed = { 'idempotency-key': 'k' }
    const messages = { messages: [{ topic: 'b', data: 1 }] }
    expect((await ask('POST', '/publish?topic=a', '1', keyed)).body.offset).toBe(1)
    expect((await ask('POST', '/publish?topic=a', '1', { ...keyed, 'x-user': 'bob' })).body.offset).toBe(2)
    expect((await ask('POST', '/publish', messages, keyed)).body.receipts).toMatchObject([{ offset: 1 }])
    const asBob = await ask('POST', '/publish', messages, { ...keyed, 'x-user': 'bob' })
    expect(asBob.body.receipts).toMatchObject([{ offset: 2 }])
  })

  it('lets nothing in by a permission that is over already', async () => {
    await start()
    const ends = Date.now() - 1
    decide = () => ({ subject: 'ann', until: ends })
    const requests = [
      ask('POST', '/publish?topic=a', '1'),
      ask('POST', '/publish', { messages: [{ topic: 'a', data: 1 }] }),
      ask('GET', '/messages?topic=a'),
      ask('GET', '/events?topic=a'),
      ask('GET', '/topics/a'),
      ask('POST', '/poll', { topics: ['a'] }),
    ]
    for (const { status, body } of await Promise.all(requests)) {
      expect([status, body.code]).toEqual([401, 'ENCKE_ERR_TOKEN'])
      expect(body.message).toBe(`the application let you in until ${new Date(ends).toISOString()}: log in again`)
    }
    expect(app.encke.statistics()).toMatchObject({ published: 0, waiting: 0 })
  })

  it.each([
    ['a time that is none', { until: new Date(Number.NaN) }],
    ['a subject that is no text', { subject: 5 as unknown as string }],
    ['a subject of two lines', { subject: 'ann\nbob' }],
  ])('does nothing for a permission with %s, which is a failure of the application', async (_what, permission) => {
    await start()
    decide = () => permission
    for (const { status, body } of [
      await ask('POST', '/publish?topic=a', '1'),
      await ask('GET', '/messages?topic=a'),
      await ask('GET', '/events?topic=a'),
    ]) {
      expect([status, body.code]).toEqual([500, 'ENCKE_ERR_INTERNAL'])
    }
    expect(app.encke.statistics()).toMatchObject({ published: 0, waiting: 0 })
  })

  it('is not asked about reserved topics, but about the topic whose presence is read', async () => {
    await start()
    const admin = { authorization: 'Bearer administrator' }
    expect((await ask('POST', '/publish?topic=__a', '1')).body.code).toBe('ENCKE_ERR_TOPIC_RESERVED')
    expect((await ask('GET', '/messages?topic=__a')).body.code).toBe('ENCKE_ERR_TOPIC_RESERVED')
    expect((await ask('GET', '/messages?topic=__encke/samples&wait=0')).status).toBe(401)
    expect((await ask('GET', '/messages?topic=__encke/samples&wait=0', undefined, admin)).status).toBe(200)
    expect(asked).toEqual([])
    expect((await ask('GET', '/messages?topic=__presence/a&wait=0')).status).toBe(200)
    expect(asked).toEqual([['ann', { topics: ['a'], action: 'subscribe' }]])
  })

  it('is not asked about administration, nor about what everybody may read', async () => {
    await start({ anonymousSubscribe: ['public/*'] })
    decide = () => false
    expect((await ask('GET', '/admin/statistics')).status).toBe(401)
    expect((await ask('GET', '/admin/statistics', undefined, { authorization: 'Bearer administrator' })).status).toBe(
      200,
    )
    expect((await ask('GET', '/messages?topic=public/a&wait=0')).status).toBe(200)
    expect((await ask('POST', '/publish?topic=public/a', '1')).status).toBe(403)
    expect((await ask('GET', '/messages?topic=public/a&topic=b&wait=0')).status).toBe(403)
    expect(asked.map(([, { topics }]) => topics)).toEqual([['public/a'], ['b']])
  })

  it('stands instead of keys and tokens, not beside them', async () => {
    await expect(start({ publishKey: 'p', tokenSecret: 's' })).rejects.toMatchObject({
      complaints: ['authorize decides instead of keys and tokens: leave out it, or publishKey and tokenSecret'],
    })
  })
})

describe('a cache in front of the application', () => {
  it('may keep nothing of what one was let in to read, by whichever header that was', async () => {
    await start()
    await app.inject({ method: 'PUT', url: '/push/v1/stream/s', headers: json })
    const read = (url: string) => app.inject({ url: `/push/v1/stream/${url}`, headers: { 'x-user': 'ann' } })
    expect((await read('s')).headers['cache-control']).toMatch(/^private,/)
    await app.encke.publish('s', 1)
    expect((await read('s?offset=-1')).headers['cache-control']).toMatch(/^private,/)
    expect((await read('s?offset=-1&live=long-poll')).headers['cache-control']).toMatch(/^private,/)
  })
})

describe('the plugin without authorize', () => {
  it('takes keys and tokens as the server does', async () => {
    app = fastify()
    await app.register(encke, { prefix: '/push', tokenSecret: 'a secret of these tests, long enough' })
    expect((await ask('GET', '/messages?topic=a')).body.code).toBe('ENCKE_ERR_TOKEN_MISSING')
  })
})
