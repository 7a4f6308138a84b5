// Keys and tokens that a page gives by a function: when it is asked, what becomes of a token that ends, and what the tabs of
// a browser make of it.

import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, expectTypeOf, inject, it, onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { mintToken } from '../../server/access/mint-token.ts'
import { LiveApp, until } from '../server/http/live-app.ts'
import { launch } from './browser.ts'
import { soon } from './person.ts'
import { answering, batch, byHand, eager, Reader } from './reader.ts'
import { numbers, Tab, waitingAt } from './tab.ts'

const secret = 'the secret of these tests, long enough'

const mint = (subject: string, ttlSeconds = 600, wallClock = Date.now) =>
  mintToken({ secret, subject, ttlSeconds, wallClock, subscribe: ['**'], publish: ['**'] })
const mintEnded = () => mint('ann', 1, () => Date.now() - 2_000)

/** Gives these keys one after another, and writes down what it is told. */
function giving(...keys: (string | Error)[]) {
  const refusals: (string | undefined)[] = []
  const give = async (refused: string | undefined) => {
    refusals.push(refused)
    const key = keys.shift() ?? new Error('there is no other')
    if (key instanceof Error) throw key
    return key
  }
  return { give, refusals }
}

/** A server whose time passes when a test says so: a poll that waits hears of it with the next message. */
async function openWithClocks() {
  let shiftMs = 0
  const clocks = { clock: () => performance.now() + shiftMs, wallClock: () => Date.now() + shiftMs }
  const app = await LiveApp.open(['--token-secret', secret], clocks)
  const pass = (seconds: number) => {
    shiftMs += seconds * 1_000
  }
  return { app, pass }
}

const refusing = () =>
  Response.json({ code: 'ENCKE_ERR_TOKEN_EXPIRED', message: 'the token has expired' }, { status: 401 })

describe('a key that a function gives', () => {
  it('may come at once or later, and a constant may stand in its place', () => {
    type Given = NonNullable<Parameters<typeof createClient>[0]>
    type Source = string | ((refused: string | undefined) => string | Promise<string>)
    expectTypeOf<Given['subscribeKey']>().toEqualTypeOf<Source | undefined>()
    expectTypeOf<Given['publishKey']>().toEqualTypeOf<Source | undefined>()
  })

  it('is asked for once, before the first request, for reading and publishing together', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    const { give, refusals } = giving(await mint('ann'))
    const client = createClient({ origin: app.origin, subscribeKey: give, publishKey: give })
    const reader = new Reader(client, 'a', { from: 'earliest' })
    await Promise.all([client.publish('a', 1), client.presence('a')])
    await reader.untilRead(1)
    expect(refusals).toEqual([undefined])
  })

  it('is asked for again once the server has refused it, at which the client reads on and publishes', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    const ended = await mintEnded()
    const reading = giving(ended, await mint('ann'))
    const publishing = giving(ended, await mint('ann'))
    const keys = { subscribeKey: reading.give, publishKey: publishing.give }
    const client = createClient({ origin: app.origin, ...eager, ...keys })
    const reader = new Reader(client, 'a', { from: 'earliest' })
    await client.publish('a', 1)
    await reader.untilRead(1)
    expect(reading.refusals).toEqual([undefined, ended])
    expect(publishing.refusals).toEqual([undefined, ended])
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
  })

  it('is asked for again by who asks who is here', async () => {
    await using app = await LiveApp.open(['--token-secret', secret])
    const client = createClient({ origin: app.origin, subscribeKey: giving(await mintEnded(), await mint('ann')).give })
    expect(await client.presence('a')).toMatchObject({ members: [] })
  })

  it('ends while a poll waits, and nothing is missed or doubled', async () => {
    const { app, pass } = await openWithClocks()
    await using _ = app
    const tokens = [await mint('ann', 3_600), await mint('ann', 7_200), await mint('ann', 36_000)]
    const { give, refusals } = giving(...tokens)
    const client = createClient({ origin: app.origin, ...eager, subscribeKey: give })
    const reader = new Reader(client, 'a', { from: 'earliest' })
    for (const n of numbers(3)) {
      await app.publishNow('a', n)
      await reader.untilRead(n)
      await app.untilWaiting(1)
      pass(3_600)
    }
    expect(reader.data).toEqual(numbers(3))
    expect(reader.verdicts).toEqual([])
    expect(refusals).toEqual([undefined, ...tokens.slice(0, 2)])
  })

  it('closes a subscription when it is refused twice in a row', async () => {
    const asked: URL[] = []
    const { give, refusals } = giving('one', 'two', 'three')
    const { timers, client } = byHand(answering([refusing, refusing, batch()], asked), { subscribeKey: give })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => reader.state === 'closed')
    expect(reader.states.at(-1)).toMatchObject({ error: { status: 401, code: 'ENCKE_ERR_TOKEN_EXPIRED' } })
    expect(refusals).toEqual([undefined, 'one'])
    expect(asked).toHaveLength(2)
  })

  it('is asked for again after each good answer, however many tokens end', async () => {
    const { give, refusals } = giving('one', 'two', 'three', 'four')
    const answers = [batch(), refusing, batch(), refusing, batch(), refusing, batch([], { cursor: 'd' })]
    const { timers, client } = byHand(answering(answers), { subscribeKey: give })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => reader.subscription.cursor === 'd')
    expect(refusals).toEqual([undefined, 'one', 'two', 'three'])
    expect(reader.state).toBe('live')
  })

  it('is no storm: the second request at the same cursor comes a tenth of a second after the first', async () => {
    const asked: URL[] = []
    const { give } = giving('one', 'two')
    const { timers, client } = byHand(answering([refusing, batch()], asked), { subscribeKey: give })
    new Reader(client, 'a')
    await until('asked', () => asked.length === 1)
    await timers.ringUntil(() => asked.length >= 2)
    expect(timers.now()).toBeGreaterThanOrEqual(100)
  })

  it('is asked for once by several polls that were refused together', async () => {
    const { give, refusals } = giving('one', 'two')
    const bodies = new Map<string, number>()
    const fetch = async (_url: unknown, init: RequestInit = {}) => {
      const key = new Headers(init.headers).get('authorization') ?? ''
      bodies.set(key, (bodies.get(key) ?? 0) + 1)
      return key === 'Bearer one' ? refusing() : batch()()
    }
    const { timers, client } = byHand(fetch as typeof globalThis.fetch, { subscribeKey: give })
    const readers = [
      new Reader(client, 'a', { cursor: 'x' }),
      new Reader(client, 'b', { cursor: 'y' }),
      new Reader(client, 'c', { cursor: 'z' }),
    ]
    await timers.ringUntil(() => readers.every(({ state }) => state === 'live'))
    expect(bodies.get('Bearer one')).toBeGreaterThan(1)
    expect(refusals).toEqual([undefined, 'one'])
  })

  it('may fail to be given: the client says why, waits, and asks for it again', async () => {
    const { give, refusals } = giving(new Error('logged out'), new TypeError('fetch failed'), 'one')
    const { timers, client } = byHand(answering([batch()]), { subscribeKey: give, origin: 'http://elsewhere' })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => reader.state === 'live')
    const reasons = reader.states.flatMap(({ error }) => error?.message ?? [])
    expect(reasons).toEqual(['no key: logged out', 'no key: fetch failed'])
    expect(refusals).toHaveLength(3)
  })

  it('may fail to be given at once, without a promise', async () => {
    let isReady = false
    const give = () => {
      if (!isReady) throw new Error('logged out')
      return 'one'
    }
    const { timers, client } = byHand(answering([batch()]), { subscribeKey: give })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => reader.state === 'waiting')
    isReady = true
    await timers.ringUntil(() => reader.state === 'live')
  })

  it('is given by a function that never answers: after its time the client waits and asks again', async () => {
    const { timers, client } = byHand(answering([]), { subscribeKey: () => new Promise<string>(() => {}) })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => reader.state === 'waiting')
    expect(reader.states.at(-1)).toMatchObject({ error: { message: 'no answer in 15 s' } })
  })

  it('may be none', async () => {
    const headers: unknown[] = []
    const fetch = async (_url: unknown, init: RequestInit = {}) => {
      headers.push(init.headers)
      return batch()()
    }
    const client = createClient({ fetch: fetch as typeof globalThis.fetch, subscribeKey: () => '' })
    onTestFinished(() => client.close())
    await client.presence('a')
    expect(headers).toEqual([{}])
  })
})

const unpacked = inject('browser')
let browser: Browser

describe.skipIf(unpacked.missing !== '')('tabs whose tokens a function gives', { timeout: 90_000 }, () => {
  beforeAll(async () => {
    browser = await launch(unpacked)
  })
  afterAll(() => browser?.close())

  const optionsWith = (...tokens: string[]) =>
    `{ subscribeKey: (globalThis.tokens = ${JSON.stringify(tokens)}, globalThis.asked = 0, () => {
      asked += 1
      if (tokens.length === 0) throw new Error('logged out')
      return tokens.shift()
    }) }`

  it('share a poll when the tokens differ in their times alone, and go on together when one ends', async () => {
    const { app, pass } = await openWithClocks()
    await using _ = app
    const context = await browser.newContext()
    const own = optionsWith(await mint('ann', 3_600), await mint('ann', 36_000))
    const first = await Tab.open(context, app.origin, ['all'], own)
    const second = await Tab.open(context, app.origin, ['all'], optionsWith(await mint('ann', 40_000)))
    await soon(() => second.see('client.role')).toBe('follower')
    await soon(() => waitingAt(app)).toBe(1)
    pass(3_601)
    await app.publishNow('all', 1)
    await soon(() => first.see('asked')).toBe(2)
    await app.publishNow('all', 2)
    for (const tab of [first, second]) await soon(() => tab.read('all')).toEqual([1, 2])
    expect(await Promise.all([first, second].map((tab) => tab.see('client.role')))).toEqual(['leader', 'follower'])
    expect(await second.see('asked')).toBe(1)
    await context.close()
  })

  it('of another subject share nothing, nor does one that becomes another in between', async () => {
    const { app, pass } = await openWithClocks()
    await using _ = app
    const context = await browser.newContext()
    const own = optionsWith(await mint('ann', 3_600), await mint('bob', 36_000))
    const ann = await Tab.open(context, app.origin, ['all'], own)
    const follower = await Tab.open(context, app.origin, ['all'], optionsWith(await mint('ann', 36_000)))
    await soon(() => follower.see('client.role')).toBe('follower')
    const bob = await Tab.open(context, app.origin, ['all'], optionsWith(await mint('bob', 36_000)))
    await soon(() => waitingAt(app)).toBe(2)
    await soon(() => bob.see('client.role')).toBe('leader')
    pass(3_601)
    await app.publishNow('all', 1)
    await soon(() => ann.see('client.role')).toBe('follower')
    await soon(() => follower.see('client.role')).toBe('leader')
    await soon(() => waitingAt(app)).toBe(2)
    await app.publishNow('all', 2)
    for (const tab of [ann, follower, bob]) await soon(() => tab.read('all')).toEqual([1, 2])
    await context.close()
  })

  it('lose their leader when it gets no other token, and read on by those who have one', async () => {
    const { app, pass } = await openWithClocks()
    await using _ = app
    const context = await browser.newContext()
    const first = await Tab.open(context, app.origin, ['all'], optionsWith(await mint('ann', 3_600)))
    const second = await Tab.open(context, app.origin, ['all'], optionsWith(await mint('ann', 36_000)))
    await soon(() => second.see('client.role')).toBe('follower')
    await soon(() => waitingAt(app)).toBe(1)
    pass(3_601)
    await app.publishNow('all', 1)
    await soon(() => first.see<string[]>('states')).toContain('waiting')
    await soon(() => second.see('client.role')).toBe('leader')
    await soon(() => second.read('all')).toEqual([1])
    expect(await first.read('all')).toEqual([])
    await first.see(`tokens.push(${JSON.stringify(await mint('ann', 36_000))}); handles[0].poll()`)
    await soon(() => first.read('all')).toEqual([1])
    await soon(() => first.see('client.role')).toBe('follower')
    await context.close()
  })
})
