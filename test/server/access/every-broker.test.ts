// Who may do what, on every broker: rights by topic, what ends with a token on both ways into the server, removing a topic and
// what its readers are told, and the list of topics. A broker that parks puts time between the right and the deed.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { mintToken, type TokenRequest } from '../../../server/access/mint-token.ts'
import { RedisServer, redisIsMissing } from '../brokers/redis-server.ts'
import { rawRequest } from '../http/live-app.ts'
import { Served } from '../http/served.ts'
import { KeyServer } from './key-server.ts'

const secret = 'the secret of these tests, long enough'
let redis: RedisServer | undefined
let prefixes = 0

beforeAll(async () => {
  if (redisIsMissing === undefined) redis = await RedisServer.start()
})
afterAll(() => redis?.[Symbol.asyncDispose]())

function fileOfItsOwn(): string {
  const folder = mkdtempSync(join(tmpdir(), 'encke-rights-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return `sqlite:${join(folder, 'encke.db')}`
}

const brokers: [string, string | undefined, () => string[]][] = [
  ['memory', undefined, () => ['--broker', 'memory:']],
  ['sqlite', undefined, () => ['--broker', fileOfItsOwn()]],
  ['redis', redisIsMissing, () => ['--broker', redis?.url ?? '', '--redis-prefix', `rights${(prefixes += 1)}:`]],
]

describe.each(brokers)('on %s', (_name, isMissing, flags) => {
  describe.skipIf(isMissing !== undefined)('a token', () => {
    let served: Served
    let shiftMs: number
    const clock = () => performance.now() + shiftMs
    const wallClock = () => Date.now() + shiftMs

    beforeEach(async () => {
      shiftMs = 0
      const usual = ['--token-secret', secret, '--client-limits', 'off']
      served = await Served.start([...usual, ...flags()], { clock, wallClock })
    })
    afterEach(() => served[Symbol.asyncDispose]())

    async function as(request: Partial<TokenRequest>) {
      const token = await mintToken({ secret, ttlSeconds: 3_600, wallClock, ...request })
      return { token, question: { headers: { authorization: `Bearer ${token}` } } }
    }

    /** Move the clocks to so long before it ends. */
    function moveTo(token: string, beforeMs: number): void {
      const { exp } = JSON.parse(String(Buffer.from(token.split('.')[1] as string, 'base64url'))) as { exp: number }
      shiftMs += exp * 1_000 - beforeMs - wallClock()
    }

    /** Page by page; those that the nodes of a broker share are their own. */
    async function topics(question?: { headers: Record<string, string> }): Promise<string[]> {
      const names: string[] = []
      let after: string | undefined = ''
      while (after !== undefined) {
        const path: string = `/admin/topics?limit=2${after && `&after=${after}`}`
        const answer = question ? await served.get(path, question) : await served.administrate('GET', path)
        const page = (answer.json.topics as { topic: string }[]).map(({ topic }) => topic)
        names.push(...page)
        after = page.length === 2 ? page[1] : undefined
      }
      return names.filter((name) => !name.startsWith('__'))
    }

    it('publishes to its topics and reads its topics, and no others', async () => {
      const { question } = await as({ publish: ['out/*'], subscribe: ['in/**'] })
      const publish = async (topic: string) =>
        (await served.post(`/publish?topic=${topic}`, '1', question.headers)).status
      expect([await publish('out/a'), await publish('out/a/b'), await publish('in/a')]).toEqual([201, 403, 403])
      const read = async (path: string) => (await served.get(path, question)).status
      expect([await read('/messages?topic=in/a&wait=0'), await read('/messages?topic=out/a&wait=0')]).toEqual([
        200, 403,
      ])
      expect(await read('/messages?topic=in/a&topic=out/a&wait=0')).toBe(403)
      const several = {
        messages: [
          { topic: 'out/a', data: 1 },
          { topic: 'in/a', data: 1 },
        ],
      }
      expect((await served.post('/publish', several, question.headers)).status).toBe(403)
      expect(await topics()).toEqual(['out/a'])
    })

    it('ends what waits, on both ways into the server, with its cursor; the next is refused, and another goes on', async () => {
      const { token, question } = await as({ publish: ['**'], subscribe: ['**'], manage: ['**'] })
      const json = { ...question.headers, 'content-type': 'application/json' }
      expect((await served.send('PUT', '/v1/stream/a', { headers: json })).status).toBe(201)
      await served.post('/publish?topic=a', '1', question.headers)
      const { cursor } = (await served.get('/messages?topic=a&from=earliest', question)).json
      const offset = (await served.get('/v1/stream/a', question)).headers['stream-next-offset']
      const wire = await served.wire()
      const request = (from: string) =>
        rawRequest('GET', `/messages?topic=a&cursor=${from}&wait=60`, '', [`Authorization: Bearer ${token}`])
      await served.post('/publish?topic=a', '2', question.headers)
      for (let round = 0; round < 4; round += 1) {
        await wire.write(request(cursor))
        expect((await wire.reply()).status).toBe(200)
      }
      const { cursor: newest } = (await served.get('/messages?topic=a&wait=0', question)).json
      moveTo(token, 600)
      let wholeWay = 0
      served.app.http.server.on('request', () => {
        wholeWay += 1
      })
      await wire.write(request(newest))
      const waiting = [
        served.get(`/messages?topic=a&cursor=${newest}&wait=60`, question),
        served.get(`/events?topic=a&cursor=${newest}`, question),
        served.get(`/v1/stream/a?offset=${offset}&live=long-poll`, question),
      ] as const
      expect((await wire.reply()).json).toMatchObject({ messages: [], cursor: newest })
      expect(wholeWay).toBe(3)
      const [poll, events, stream] = await Promise.all(waiting)
      expect(poll).toMatchObject({ status: 200, json: { messages: [], cursor: newest } })
      expect(events.text).toMatch(/event: expired\n/)
      // Where the stream has moved on since, it has something to read.
      expect([200, 204]).toContain(stream.status)
      await wire.write(request(newest))
      expect(await wire.reply()).toMatchObject({ status: 401, json: { code: 'ENCKE_ERR_TOKEN_EXPIRED' } })
      const late = await as({ subscribe: ['**'], publish: ['**'] })
      await served.post('/publish?topic=a', '3', late.question.headers)
      const { json: next } = await served.get(`/messages?topic=a&cursor=${newest}`, late.question)
      expect(next).toMatchObject({ messages: [{ data: 3 }], topics: { a: { verdict: 'ok' } } })
    })

    it('removes its topics, whose readers are told, and told of a reset when they come again', async () => {
      const all = await as({ publish: ['**'], subscribe: ['**'] })
      const manager = await as({ manage: ['mine/*'] })
      for (const topic of ['mine/a', 'theirs']) await served.post(`/publish?topic=${topic}`, '1', all.question.headers)
      const { cursor } = (await served.get('/messages?topic=mine/a&from=earliest', all.question)).json
      const poll = served.get(`/messages?topic=mine/a&cursor=${cursor}&wait=60`, all.question)
      await served.waiting(1)
      const remove = async (topic: string, { question }: typeof all) =>
        (await served.send('DELETE', `/topics/${encodeURIComponent(topic)}`, question)).status
      expect([await remove('mine/a', all), await remove('theirs', manager)]).toEqual([403, 403])
      expect(await remove('mine/a', manager)).toBe(204)
      const told = (await poll).json
      expect(told.topics).toMatchObject({ 'mine/a': { removed: true } })
      await served.post('/publish?topic=mine/a', '2', all.question.headers)
      const again = (await served.get(`/messages?topic=mine/a&cursor=${cursor}`, all.question)).json
      expect(again).toMatchObject({ messages: [{ data: 2 }], topics: { 'mine/a': { verdict: 'reset' } } })
    })

    it('of an administrator lists the topics page by page, and no other does', async () => {
      const all = await as({ publish: ['**'], subscribe: ['**'], manage: ['**'] })
      const { question } = await as({ admin: true })
      for (const topic of ['a', 'b', 'c']) await served.post(`/publish?topic=${topic}`, '1', all.question.headers)
      expect((await served.get('/admin/topics', all.question)).status).toBe(403)
      expect(await topics(question)).toEqual(['a', 'b', 'c'])
    })
  })

  it.skipIf(isMissing !== undefined)('a key that is withdrawn ends what waits', async () => {
    await using keys = await KeyServer.start('old')
    const jwks = ['--token-jwks', keys.address, '--token-keys-max-age-ms', '1000']
    await using served = await Served.start([...jwks, ...flags()])
    const authorization = `Bearer ${await keys.sign('old', { encke: { subscribe: ['**'] } })}`
    const poll = served.get('/messages?topic=a&wait=60', { headers: { authorization } })
    const events = served.get('/events?topic=a', { headers: { authorization } })
    await served.waiting(2)
    keys.published = []
    expect((await poll).json).toMatchObject({ messages: [] })
    expect((await events).text).toContain('event: expired')
    expect((await served.get('/messages?topic=a', { headers: { authorization } })).status).toBe(401)
  })

  it.skipIf(isMissing !== undefined)('keys let in those who have them, and topics that anybody may read', async () => {
    const keys = ['--publish-key', 'p', '--subscribe-key', 's', '--anonymous-subscribe', 'public/**']
    await using served = await Served.start([...keys, ...flags()])
    const publish = async (key: string) =>
      (await served.post('/publish?topic=public/a', '1', { authorization: `Bearer ${key}` })).status
    expect([await publish('p'), await publish('s')]).toEqual([201, 401])
    const read = async (topic: string, headers = {}) =>
      (await served.get(`/messages?topic=${topic}&wait=0`, { headers })).status
    expect([await read('public/a'), await read('a'), await read('a', { authorization: 'Bearer s' })]).toEqual([
      200, 401, 200,
    ])
  })
})
