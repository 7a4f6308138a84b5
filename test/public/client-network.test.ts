// The client and what is between it and the server: slow links, silence, pages that go, other origins.

import { describe, expect, it } from 'vitest'
import { until } from '../server/http/live-app.ts'
import { HandPage, type HandTimers } from './hand-timers.ts'
import { answering, batch, broken, byHand, Reader } from './reader.ts'

const message = { topic: 'a', offset: 1, id: 'm', time: 0, data: 'hello' }

/** An answer that comes in pieces, when the test says so. */
class Slow {
  readonly #stream = new TransformStream<Uint8Array, Uint8Array>()
  readonly #writer = this.#stream.writable.getWriter()

  readonly answer = (): Response => new Response(this.#stream.readable)

  async send(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text))
  }

  async end(): Promise<void> {
    await this.#writer.close()
  }

  async cut(): Promise<void> {
    await this.#writer.abort(new TypeError('terminated'))
  }
}

/** The timer that ends a silence was set anew. */
async function untilSetAnew(timers: HandTimers, before: unknown): Promise<void> {
  await until('a timer anew', () => [...timers.pending].some((timer) => timer !== before))
}

describe('a slow link', () => {
  it('is no dead one: each piece of an answer gives it time', async () => {
    const slow = new Slow()
    const { client, timers } = byHand(answering([slow.answer]))
    const reader = new Reader(client, 'a')
    for (const piece of JSON.stringify({ messages: [message], cursor: 'c', more: false, topics: {} })) {
      const [before] = timers.pending
      await slow.send(piece)
      await untilSetAnew(timers, before)
    }
    await slow.end()
    await reader.untilRead(1)
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
  })

  it('that falls silent in the middle of an answer is given up, and so is a fetch that does not listen', async () => {
    const deaf = () => new Promise<Response>(() => {})
    const slow = new Slow()
    const { client, timers } = byHand(answering([slow.answer, deaf, batch()]))
    const reader = new Reader(client, 'a')
    await slow.send('{')
    await timers.ring(15_000)
    await timers.ring(250)
    await timers.ring(15_000)
    await timers.ring(500)
    await reader.untilState('live')
    expect(reader.states.flatMap(({ error }) => error?.message ?? [])).toEqual([
      'no answer in 15 s',
      'no answer in 15 s',
    ])
  })

  it('that is cut in an answer is asked for less, and then for more again', async () => {
    const asked: URL[] = []
    const cut = () => {
      const slow = new Slow()
      slow.send('{"messages"').then(() => slow.cut())
      return slow.answer()
    }
    const cuts = Array.from({ length: 5 }, () => cut)
    const whole = Array.from({ length: 8 }, (_, n) => batch([{ ...message, id: `${n}` }], { cursor: `${n}` }))
    const { client, timers } = byHand(answering([...cuts, ...whole], asked))
    const reader = new Reader(client, 'a', { limit: 20 })
    for (const ms of [250, 500, 1_000, 2_000, 4_000]) await timers.ring(ms)
    await reader.untilRead(8)
    await until('a poll that waits', () => asked.length === 14)
    const limits = asked.map(({ searchParams }) => Number(searchParams.get('limit')))
    expect(limits).toEqual([20, 10, 5, 3, 2, 1, 2, 4, 8, 16, 20, 20, 20, 20])
  })

  it('is listened to for as long as the server holds a poll, which its first answers show', async () => {
    const held = Promise.withResolvers<Response>()
    const { client, timers } = byHand(answering([batch(), () => held.promise]))
    new Reader(client, 'a')
    await until('a poll whose hold nobody knows', () => timers.waits.includes(120_000 + 15_000))
    timers.elapse(40_000)
    held.resolve(batch()())
    await until('a poll whose hold is known', () => timers.waits.includes(40_000 * 1.25 + 15_000))
  })
})

describe('a page', () => {
  it('that is left says nothing of the network, and goes on when it is shown again', async () => {
    const network = new EventTarget()
    const asked: URL[] = []
    const { client, timers } = byHand(answering([batch()], asked), { network })
    const reader = new Reader(client, 'a')
    await until('a poll that waits', () => asked.length === 2)
    network.dispatchEvent(new Event('pagehide'))
    await until('it waits', () => timers.waits.length === 1)
    expect(asked).toHaveLength(2)
    network.dispatchEvent(new Event('pageshow'))
    await timers.ring(100)
    await until('it asks', () => asked.length === 3)
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
  })

  it('that has not been away is not interrupted by being shown, as after its load', async () => {
    const network = new EventTarget()
    const asked: URL[] = []
    const held = Promise.withResolvers<Response>()
    const { client } = byHand(answering([() => held.promise], asked), { network })
    const reader = new Reader(client, 'a')
    await until('a first poll', () => asked.length === 1)
    network.dispatchEvent(new Event('pageshow'))
    held.resolve(batch()())
    await reader.untilState('live')
    await until('the next one goes on from it', () => asked.length === 2)
    expect(asked[1]?.searchParams.get('cursor')).toBe('c')
  })

  it('that is left just after its request was cut says nothing either', async () => {
    const network = new EventTarget()
    const { client, timers } = byHand(answering([batch(), broken]), { network, page: new HandPage() })
    const reader = new Reader(client, 'a')
    await until('a cut and its pause', () => timers.waits.length === 1 && timers.waits[0] === 100)
    network.dispatchEvent(new Event('pagehide'))
    await until('it waits', () => timers.waits.includes(30_000))
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
  })

  it.each(['poll()', 'online', 'shown'])('need not wait as long as a server said: %s', async (what) => {
    const network = new EventTarget()
    const page = new HandPage()
    const { client, timers } = byHand(answering([batch([], { retryAfterMs: 1e9 }), batch()]), { network, page })
    const reader = new Reader(client, 'a')
    await reader.untilState('waiting')
    expect(reader.states.at(-1)?.ms).toBe(300_000)
    network.dispatchEvent(new Event('offline'))
    expect(timers.waits).toEqual([300_000])
    if (what === 'poll()') reader.subscription.poll()
    else if (what === 'online') network.dispatchEvent(new Event('online'))
    else page.turn('visible')
    await reader.untilState('live')
  })

  const location = { origin: 'http://page.example' }
  const origin = 'http://encke.example'

  it('of another origin with a key asks one preflight: the URL of its polls never changes', async () => {
    const asked: URL[] = []
    const { client } = byHand(answering([batch(), batch()], asked), { location, origin, subscribeKey: 'key' })
    new Reader(client, 'a')
    await until('three polls', () => asked.length >= 2)
    expect(new Set(asked.map(String))).toEqual(new Set([`${origin}/poll`]))
  })

  it('of another origin is told what may be wrong when it may not read the answers', async () => {
    const { client } = byHand(answering([broken]), { location, origin })
    const reader = new Reader(client, 'a')
    await reader.untilState('waiting')
    const words = `no answer that this page may read: is ${origin} up, and does its --origins have ${location.origin}?`
    expect(reader.states.at(-1)?.error?.message).toBe(words)
  })

  it('of another origin sends cookies if it should', async () => {
    const sent: unknown[] = []
    const fetch: typeof globalThis.fetch = async (_, init) => {
      sent.push(init?.credentials)
      return batch()()
    }
    for (const credentials of [undefined, 'include'] as const) {
      const { client } = byHand(fetch, { ...(credentials && { credentials }) })
      await client.publish('a', 1)
    }
    expect(sent).toEqual([undefined, 'include'])
  })
})

describe('a time that is longer than a timer can be', () => {
  const longest = 2 ** 31 - 1

  it('is as long as a timer can be: of a poll', async () => {
    const { client, timers } = byHand(answering([batch()]))
    new Reader(client, 'a', { wait: 1e9 })
    await until('a poll that waits', () => timers.waits.includes(longest))
  })

  it('is as long as a timer can be: of the pause of a hidden page', async () => {
    const page = new HandPage()
    page.hidden = true
    const { client, timers } = byHand(answering([batch()]), { page })
    new Reader(client, 'a', { hiddenPauseMs: Number.POSITIVE_INFINITY })
    await until('it pauses', () => timers.waits.includes(longest))
  })
})

describe('an answer that is none of Encke', () => {
  it.each([
    null,
    [],
    'text',
    { messages: [], topics: {} },
    { messages: [], cursor: 'd' },
    { messages: {}, cursor: 'd', topics: {} },
    { messages: [null], cursor: 'd', topics: {} },
    { messages: [], cursor: 'd', topics: { a: null } },
  ])('is told, moves no cursor, and is asked for again: %j', async (answer) => {
    const asked: URL[] = []
    const { client, timers } = byHand(answering([batch(), () => Response.json(answer), batch([message])], asked))
    const reader = new Reader(client, 'a')
    await timers.ring(250)
    await reader.untilRead(1)
    expect(reader.states.flatMap(({ error }) => error?.message ?? [])).toEqual(['this is no answer of Encke'])
    expect(asked[2]?.searchParams.get('cursor')).toBe('c')
  })
})

describe('no cursor', () => {
  it.each([null, '', undefined])('may be written as %s', async (cursor) => {
    const asked: URL[] = []
    const { client } = byHand(answering([batch()], asked))
    new Reader(client, 'a', cursor === undefined ? {} : { cursor })
    await until('asked', () => asked.length > 0)
    expect(asked[0]?.searchParams.has('cursor')).toBe(false)
  })
})

describe('a server of before', () => {
  it('that refuses a wait or a limit is not sent one again', async () => {
    const asked: URL[] = []
    const refusing = (code: string) => () => Response.json({ code, message: 'no' }, { status: 400 })
    const answers = [refusing('ENCKE_ERR_LIMIT_VALUE'), batch(), refusing('ENCKE_ERR_WAIT_VALUE')]
    const { client, timers } = byHand(answering(answers, asked))
    const reader = new Reader(client, 'a', { wait: 50, limit: 5_000 })
    await timers.ring(100)
    await timers.ring(100)
    await until('four polls', () => asked.length === 4)
    const fields = asked.map(({ searchParams }) => [searchParams.get('wait'), searchParams.get('limit')])
    expect(fields).toEqual([
      ['0', '5000'],
      ['0', null],
      ['50', null],
      [null, null],
    ])
    expect(reader.state).toBe('live')
  })

  it('or of now that lowers a wait is asked for what it gives', async () => {
    const asked: URL[] = []
    const answers = [batch(), batch([message], { cursor: 'd', wait: 20 })]
    const { client, timers } = byHand(answering(answers, asked))
    new Reader(client, 'a', { wait: 50 })
    await until('three polls', () => asked.length === 3)
    expect(asked.map(({ searchParams }) => searchParams.get('wait'))).toEqual(['0', '50', '20'])
    expect(timers.waits).toEqual([35_000])
  })
})
