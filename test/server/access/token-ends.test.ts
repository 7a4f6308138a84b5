// What a token has let in ends when the token does: polls of both ways into the server, event streams, and whatever waits
// when a key is withdrawn. The clocks are moved to just before the end, and the rest is waited for.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sleep } from '../../../runtime/index.ts'
import { mintToken } from '../../../server/access/mint-token.ts'
import { rawRequest } from '../http/live-app.ts'
import { Served, until, type Wire } from '../http/served.ts'
import { KeyServer } from './key-server.ts'

const secret = 'the secret of these tests, long enough'
const ttlSeconds = 3_600

let shiftMs: number
const wallClock = () => Date.now() + shiftMs
const clock = () => performance.now() + shiftMs

beforeEach(() => {
  shiftMs = 0
})

/** Long enough for a request to arrive meanwhile, on a busy machine too. */
const soonMs = 1_500
/** Much longer than that, and much shorter than what would end a poll, or a stream, all the same. */
const longMs = 15_000

const serve = (...flags: string[]) =>
  Served.start(['--token-secret', secret, '--client-limits', 'off', ...flags], { clock, wallClock })
const mint = () => mintToken({ secret, ttlSeconds, wallClock, subject: 'ann', subscribe: ['**'], publish: ['**'] })
const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

/** Move the clocks to so long before the token ends. */
function moveTo(token: string, beforeMs: number): void {
  const { exp } = JSON.parse(String(Buffer.from(token.split('.')[1] as string, 'base64url'))) as { exp: number }
  shiftMs += exp * 1_000 - beforeMs - wallClock()
}

/** A connection whose next poll is one that repeats. */
async function warm(served: Served, authorization: string, cursor: string): Promise<{ wire: Wire; request: string }> {
  const wire = await served.wire()
  const request = rawRequest('GET', `/messages?topic=a&cursor=${cursor}&wait=60`, '', [
    `Authorization: ${authorization}`,
  ])
  for (let round = 0; round < 4; round += 1) {
    await wire.write(request)
    expect((await wire.reply()).status).toBe(200)
  }
  return { wire, request }
}

describe('a token that ends', () => {
  let served: Served
  let token: string
  let wholeWay: number

  beforeEach(async () => {
    served = await serve()
    token = await mint()
    wholeWay = 0
    served.app.http.server.on('request', () => {
      wholeWay += 1
    })
  })
  afterEach(() => served[Symbol.asyncDispose]())

  const publish = () => served.post('/publish?topic=a', '1', bearer(token).headers)
  const refused = { status: 401, json: { code: 'ENCKE_ERR_TOKEN_EXPIRED' } }

  /** How long something takes, in milliseconds. */
  async function timed<T>(promise: Promise<T>): Promise<[T, number]> {
    const startMs = performance.now()
    return [await promise, performance.now() - startMs]
  }

  it.each([
    ['GET /messages', () => served.get('/messages?topic=a&wait=60', bearer(token))],
    ['GET /topics/a/messages', () => served.get('/topics/a/messages?wait=60', bearer(token))],
    ['POST /poll', () => served.post('/poll', { topics: ['a', 'b'], wait: 60 }, bearer(token).headers)],
    ['a cookie', () => served.get('/messages?topic=a&wait=60', { headers: { cookie: `encke_token=${token}` } })],
  ])('ends a poll at that moment, 200 and empty, and the next is refused: %s', async (_what, poll) => {
    expect((await publish()).status).toBe(201)
    moveTo(token, soonMs)
    const [answer, tookMs] = await timed(poll())
    expect(answer).toMatchObject({ status: 200, json: { messages: [], cursor: expect.any(String), more: false } })
    expect(tookMs).toBeGreaterThan(soonMs / 2)
    expect(tookMs).toBeLessThan(longMs)
    expect(await poll()).toMatchObject(refused)
    expect((await publish()).json.code).toBe('ENCKE_ERR_TOKEN_EXPIRED')
  })

  it('ends a poll of the fast path at that moment, and the next is refused', async () => {
    await publish()
    const { cursor } = (await served.get('/messages?topic=a&from=earliest', bearer(token))).json
    await publish()
    const { wire, request } = await warm(served, `Bearer ${token}`, cursor)
    moveTo(token, soonMs)
    const { cursor: newest } = (await served.get('/messages?topic=a&wait=0', bearer(token))).json
    wholeWay = 0
    await wire.write(request.replace(cursor, newest))
    const [answer, tookMs] = await timed(wire.reply())
    expect(answer).toMatchObject({ status: 200, json: { messages: [] } })
    expect(tookMs).toBeGreaterThan(soonMs / 2)
    expect(tookMs).toBeLessThan(longMs)
    expect(wholeWay).toBe(0)
    await wire.write(request)
    expect(await wire.reply()).toMatchObject(refused)
  })

  it('ends an event stream at that moment, with an event that says so', async () => {
    moveTo(token, soonMs)
    const [{ text }, tookMs] = await timed(served.get('/events?topic=a', bearer(token)))
    expect(text).toMatch(/event: expired\n/)
    expect(tookMs).toBeGreaterThan(soonMs / 2)
    expect(tookMs).toBeLessThan(longMs)
    expect(await served.get('/events?topic=a', bearer(token))).toMatchObject(refused)
  })

  it('ends an operator who follows a message at that moment, and tells nothing', async () => {
    const administrator = await mintToken({ secret, ttlSeconds, wallClock, admin: true })
    moveTo(administrator, soonMs)
    const [answer, tookMs] = await timed(served.get('/admin/follow?topic=a&wait=60', bearer(administrator)))
    expect(answer).toMatchObject({ status: 200, json: { way: null } })
    expect(tookMs).toBeLessThan(longMs)
    expect(served.app.hub.watcher).toBeNull()
  })

  it('ends a benchmark at that moment, which says why, and another may run', async () => {
    const administrator = await mintToken({ secret, ttlSeconds, wallClock, admin: true })
    const { headers } = bearer(administrator)
    const run = (more = {}) =>
      served.post('/admin/benchmarks/hackysack', { players: 500, turns: 10_000_000 }, { ...headers, ...more })
    moveTo(administrator, 400)
    expect(await run()).toMatchObject(refused)
    shiftMs -= 2_000
    moveTo(administrator, 400)
    const { status, text } = await run({ accept: 'text/event-stream' })
    expect([status, text]).toEqual([200, expect.stringMatching(/event: error\ndata: .*ENCKE_ERR_TOKEN_EXPIRED/)])
    const { json } = await served.administrate('GET', '/admin/benchmarks')
    expect(json.underWay).toBeNull()
  })

  it('ends an event stream that never comes to rest', async () => {
    moveTo(token, soonMs)
    const { scheduler, hub } = served.app
    const stream = served.get('/events?topic=a', bearer(token))
    await served.waiting(1)
    const publishing = scheduler.run(function* () {
      for (;;) {
        yield* hub.publish('a', { data: '1', bytes: 1 })
        const { published, delivered } = hub.statistics()
        if (published - delivered > 300) yield* sleep(5)
      }
    })
    const ended = expect(publishing.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED' })
    // It would end after a while all the same: when its reader has had enough.
    const giveUp = setTimeout(() => publishing.cancel(), longMs)
    const [{ text }, tookMs] = await timed(stream)
    clearTimeout(giveUp)
    publishing.cancel()
    await ended
    expect(text).toContain('event: expired')
    expect(tookMs).toBeLessThan(longMs)
  })

  it('is let in to its last second, and refused from its end on', async () => {
    const fixed = { wallClock: () => 1_000_000_000_000, clock: () => 0 }
    await using still = await Served.start(['--token-secret', secret], fixed)
    const endingIn = (seconds: number) =>
      mintToken({
        secret,
        ttlSeconds: 10,
        subscribe: ['**'],
        wallClock: () => 1_000_000_000_000 + (seconds - 10) * 1_000,
      })
    expect((await still.get('/topics/a', bearer(await endingIn(1)))).status).toBe(200)
    expect(await still.get('/topics/a', bearer(await endingIn(0)))).toMatchObject(refused)
    expect(await still.get('/topics/a', bearer(await endingIn(-1)))).toMatchObject(refused)
  })

  it('is not prolonged by a wall clock that is set back, nor ended by one that is set forward', async () => {
    expect((await served.get('/topics/a', bearer(token))).status).toBe(200)
    let wallShiftMs = 0
    const clocks = { clock, wallClock: () => wallClock() + wallShiftMs }
    await using other = await Served.start(['--token-secret', secret], clocks)
    expect((await other.get('/topics/a', bearer(token))).status).toBe(200)
    wallShiftMs = 2 * ttlSeconds * 1_000
    expect((await other.get('/topics/a', bearer(token))).status).toBe(200)
    wallShiftMs = 0
    moveTo(token, -1)
    expect(await other.get('/topics/a', bearer(token))).toMatchObject(refused)
  })

  it('tells nothing of what came before its reader was woken too late', async () => {
    moveTo(token, 60_000)
    const poll = served.get('/messages?topic=a&wait=60', bearer(token))
    await served.waiting(1)
    moveTo(token, -1)
    await served.app.scheduler.run(() => served.app.hub.publish('a', { data: '1', bytes: 1 })).promise
    expect((await poll).json.messages).toEqual([])
  })
})

describe('a key that is withdrawn', () => {
  it('ends what its tokens let in, within the time that keys are kept, and nothing else', async () => {
    await using keys = await KeyServer.start('old', 'new')
    await using served = await Served.start([
      ...['--token-jwks', keys.address, '--token-keys-max-age-ms', '1000', '--client-limits', 'off'],
    ])
    const encke = { subscribe: ['**'] }
    const [old, young] = [await keys.sign('old', { encke, sub: 'ann' }), await keys.sign('new', { encke, sub: 'bob' })]
    const { cursor } = (await served.get('/messages?topic=a&wait=0', bearer(old))).json
    await served.app.scheduler.run(() => served.app.hub.publish('a', { data: '1', bytes: 1 })).promise
    const { wire, request } = await warm(served, `Bearer ${old}`, cursor)
    const { cursor: newest } = (await served.get('/messages?topic=a&wait=0', bearer(old))).json
    await wire.write(request.replace(cursor, newest))
    const stays = served.get('/messages?topic=stays&wait=60', bearer(young))
    const poll = served.get('/messages?topic=a&wait=60', bearer(old))
    const stream = served.get('/events?topic=a', bearer(old))
    await served.waiting(4)

    keys.published = ['new']
    const startMs = performance.now()
    expect(await poll).toMatchObject({ status: 200, json: { messages: [] } })
    expect(await wire.reply()).toMatchObject({ status: 200, json: { messages: [] } })
    expect((await stream).text).toContain('event: expired')
    expect(performance.now() - startMs).toBeLessThan(longMs)
    for (const path of ['/messages?topic=a', '/events?topic=a']) {
      expect(await served.get(path, bearer(old))).toMatchObject({ status: 401, json: { code: 'ENCKE_ERR_TOKEN' } })
    }
    await wire.write(request)
    expect((await wire.reply()).status).toBe(401)

    await until(() => served.app.hub.statistics().waiting === 1)
    await served.app.scheduler.run(() => served.app.hub.publish('stays', { data: '1', bytes: 1 })).promise
    expect((await stays).json.messages).toHaveLength(1)
  })
})

describe('the subject of a token', () => {
  it('is the client for limits, wherever it comes from, and others at its address are not', async () => {
    await using served = await Served.start(['--token-secret', secret, '--requests-per-second', '2'], {
      clock: () => 0,
    })
    const as = async (subject: string) => bearer(await mintToken({ secret, ttlSeconds, subject, subscribe: ['**'] }))
    const [ann, bob] = [await as('ann'), await as('bob')]
    const ask = async (question: object) => (await served.get('/topics/a', question)).status
    expect([await ask(ann), await ask(ann), await ask(ann)]).toEqual([200, 200, 429])
    expect([await ask(bob), await ask(bob), await ask(bob)]).toEqual([200, 200, 429])
    expect((await served.get('/topics/a', bob)).json.message).toContain('from sub:bob')
    // Tokens that are not sound count for the address, and so does what has none.
    expect([await ask(bearer('a.b.c')), await ask({}), await ask(bearer('d.e.f')), await ask({})]).toEqual([
      401, 401, 429, 429,
    ])
    expect(await ask(await as('carol'))).toBe(429)
  })

  it('has seats of its own in the waiting room', async () => {
    await using served = await Served.start(['--token-secret', secret, '--max-waiting-per-client', '1'])
    const as = async (subject: string) => bearer(await mintToken({ secret, ttlSeconds, subject, subscribe: ['**'] }))
    const [ann, bob] = [await as('ann'), await as('bob')]
    const polls = [served.get('/messages?topic=a', ann), served.get('/messages?topic=a', bob)]
    await served.waiting(2)
    expect((await served.get('/messages?topic=a', ann)).json.code).toBe('ENCKE_ERR_CLIENT_WAITING')
    served.app.hurry()
    await Promise.all(polls)
  })

  it('has idempotency keys of its own', async () => {
    await using served = await serve()
    const as = async (subject?: string) =>
      bearer(await mintToken({ secret, ttlSeconds, publish: ['**'], ...(subject && { subject }) })).headers
    const publish = async (headers: Record<string, string>, data: string) =>
      (await served.post('/publish?topic=a', data, { ...headers, 'idempotency-key': 'k' })).json
    const [ann, bob, nobody] = [await as('ann'), await as('bob'), await as()]
    expect(await publish(ann, '1')).toMatchObject({ offset: 1 })
    expect(await publish(bob, '2')).toMatchObject({ offset: 2 })
    expect(await publish(nobody, '3')).toMatchObject({ offset: 3 })
    expect(await publish(ann, '1')).toMatchObject({ offset: 1, replayed: true })
    expect(await publish(bob, '1')).toMatchObject({ code: 'ENCKE_ERR_KEY_REUSED' })
    const several = async (headers: Record<string, string>) =>
      (await served.post('/publish', { messages: [{ topic: 'b', data: 1 }] }, { ...headers, 'idempotency-key': 'k' }))
        .json
    expect((await several(ann)).receipts).toMatchObject([{ offset: 1 }])
    expect((await several(bob)).receipts).toMatchObject([{ offset: 2 }])
    expect((await several(ann)).receipts).toMatchObject([{ offset: 1, replayed: true }])
  })
})
