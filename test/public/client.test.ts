// The client in Node, against real servers that are killed, restarted, drained and cut; and, where only waiting would
// show it, against answers and timers by hand.

import { readdirSync, readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { clientBundle, clientOutput } from '../../.ci/client-bundle.ts'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { ServerProcess } from '../server/server-process.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { HandPage, HandTimers } from './hand-timers.ts'
import {
  answering,
  batch,
  broken,
  byHand,
  eager,
  Reader,
  randomFrom,
  recording,
  type State,
  type Verdict,
} from './reader.ts'

describe('the client', () => {
  it('asks for a cursor first, without waiting, and goes on from each answer', async () => {
    await using app = await LiveApp.open()
    const asked: URL[] = []
    const reader = new Reader(createClient({ origin: app.origin, fetch: recording(asked) }), 'a')
    await app.untilWaiting(1)
    await app.publish('a', 1)
    await reader.untilRead(1)
    await app.untilWaiting(1)
    const questions = asked.map(({ searchParams }) => [searchParams.get('wait'), searchParams.has('cursor')])
    expect(questions).toEqual([
      ['0', false],
      [null, true],
      [null, true],
    ])
    expect(new Set(asked.map(({ searchParams }) => searchParams.get('client'))).size).toBe(1)
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
    expect(reader.data).toEqual([1])
  })

  it('publishes, and reads any JSON in the order in which it was published', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin })
    const reader = new Reader(client, 'a')
    await reader.untilState('live')
    const sent = [null, 0, '', 'ä€😀', [1, [2]], { a: { b: false } }]
    for (const data of sent) await client.publish('a', data)
    await reader.untilRead(sent.length)
    expect(reader.data).toEqual(sent)
    expect(await client.publish('a', 1)).toMatchObject({ topic: 'a', offset: 7 })
  })

  it('reads the history in as many answers as it takes, even on a hidden page', async () => {
    await using app = await LiveApp.open()
    for (let n = 0; n < 25; n += 1) await app.publishNow('a', n)
    const page = new HandPage()
    page.hidden = true
    const client = createClient({ origin: app.origin, page: page as never })
    const reader = new Reader(client, 'a', { from: 'earliest', limit: 2 })
    await reader.untilRead(25)
    expect(reader.data).toEqual(Array.from({ length: 25 }, (_, n) => n))
  })

  it('follows more topics than fit into a URL', async () => {
    await using app = await LiveApp.open()
    const topics = Array.from({ length: 250 }, (_, n) => `topic/${n}`)
    const reader = new Reader(createClient({ origin: app.origin }), topics)
    await until('all wait', () => app.app.hub.statistics().waiting > 0)
    for (const topic of ['topic/249', 'topic/0', 'topic/101']) await app.publish(topic, topic)
    await reader.untilRead(3)
    expect(reader.data).toEqual(['topic/249', 'topic/0', 'topic/101'])
  })

  it('goes on from a cursor that was kept', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin })
    const first = new Reader(client, 'a')
    await app.untilWaiting(1)
    await app.publish('a', 1)
    await first.untilRead(1)
    first.subscription.close()
    await app.publish('a', 2)
    const { cursor } = first.subscription
    const second = new Reader(client, 'a', cursor === undefined ? {} : { cursor })
    await second.untilRead(1)
    expect(second.data).toEqual([2])
    expect(first.data).toEqual([1])
  })

  it('waits for a handler that is async before it asks for more', async () => {
    await using app = await LiveApp.open()
    const asked: URL[] = []
    const client = createClient({ origin: app.origin, fetch: recording(asked) })
    onTestFinished(() => client.close())
    const handled = Promise.withResolvers<void>()
    client.subscribe('a', () => handled.promise, { from: 'earliest' })
    await until('asked', () => asked.length === 2)
    await app.publish('a', 1)
    await until('answered', () => app.app.hub.statistics().waiting === 0)
    expect(asked).toHaveLength(2)
    handled.resolve()
    await until('asked again', () => asked.length === 3)
  })

  it('stays small: what every page loads of the package is one file of less than 7 KB, however it is compressed', async () => {
    await using bundling = await rolldown(clientBundle)
    const { output } = await bundling.generate(clientOutput)
    const chunks = output.filter((file) => file.type === 'chunk')
    expect(chunks.map(({ fileName }) => fileName).toSorted()).toEqual([
      'client.js',
      'client/events.js',
      'client/tabs.js',
    ])
    const [early] = chunks.filter(({ isEntry }) => isEntry)
    expect(early?.imports).toEqual([])
    expect(brotliCompressSync(early?.code ?? '').length).toBeLessThan(6.3 * 1024)
    expect(gzipSync(early?.code ?? '').length).toBeLessThan(7 * 1024)
    const late = chunks.filter((chunk) => chunk !== early).map(({ code }) => brotliCompressSync(code).length)
    expect(late.reduce((sum, size) => sum + size)).toBeLessThan(3.2 * 1024)
  })

  it('stays small as it is written: what every page loads of a checkout, and what some load', () => {
    const folder = new URL('../../public/client/', import.meta.url)
    const files = [new URL('../client.js', folder), ...readdirSync(folder).map((name) => new URL(name, folder))]
    const isLate = ({ pathname }: URL) => /(tabs|replica|events)\.js$/.test(pathname)
    const plain = (code: string) => code.replaceAll(/\/\*\*[\s\S]*?\*\/|^ *\/\/.*$/gm, '').replaceAll(/\n\s*\n/g, '\n')
    const sizeOf = (some: URL[]) =>
      brotliCompressSync(some.map((file) => plain(readFileSync(file, 'utf8'))).join('')).length
    expect(sizeOf(files.filter((file) => !isLate(file)))).toBeLessThan(8.4 * 1024)
    expect(sizeOf(files)).toBeLessThan(11.1 * 1024)
  })
})

describe('a connection that breaks', () => {
  it.each([1, 2, 3])('loses nothing and repeats nothing, wherever it is cut (seed %i)', async (seed) => {
    await using app = await LiveApp.open()
    const random = randomFrom(seed)
    await using proxy = await CuttingProxy.before(app.port, () => Math.floor(random() * 4_000))
    const reader = new Reader(createClient({ origin: proxy.origin, ...eager }), ['a', 'b'], {
      from: 'earliest',
      limit: 7,
    })
    const sent: string[] = []
    for (let n = 0; n < 300; n += 1) {
      const topic = random() < 0.5 ? 'a' : 'b'
      sent.push(`${topic}${n} ${'ü'.repeat(random() * 60)}`)
      await app.publishNow(topic, sent.at(-1))
      if (random() < 0.1) proxy.cutAll()
      if (random() < 0.2) await until('some were read', () => reader.data.length > n / 2)
    }
    await reader.untilRead(sent.length)
    const of = (topic: string, data: unknown[]) => data.filter((one) => String(one).startsWith(topic))
    expect(of('a', reader.data)).toEqual(of('a', sent))
    expect(of('b', reader.data)).toEqual(of('b', sent))
    expect(reader.verdicts).toEqual([])
    expect(proxy.cuts).toBeGreaterThan(10)
  })

  it('is told, and so is its end', async () => {
    await using app = await LiveApp.open()
    let lifeBytes = Number.POSITIVE_INFINITY
    await using proxy = await CuttingProxy.before(app.port, () => lifeBytes)
    const reader = new Reader(createClient({ origin: proxy.origin, ...eager }), 'a')
    await app.untilWaiting(1)
    lifeBytes = 0
    proxy.cutAll()
    await reader.untilState('waiting')
    expect(reader.states.at(-1)).toMatchObject({ error: expect.any(Error) })
    expect(reader.states.at(-1)?.error?.status).toBeUndefined()
    lifeBytes = Number.POSITIVE_INFINITY
    await reader.untilState('live')
    expect(reader.states.slice(0, 3).map(({ name }) => name)).toEqual(['connecting', 'live', 'waiting'])
  })

  it('is given up when it is dead and nobody says so', async () => {
    const { client, timers } = byHand(answering([batch()]))
    const reader = new Reader(client, 'a', { wait: 25 })
    await timers.ring(40_000)
    await reader.untilState('waiting')
    expect(reader.states.at(-1)?.error?.message).toBe('no answer in 40 s')
  })

  it('is tried again after random times that double, up to half a minute', async () => {
    const { client, timers } = byHand(answering(Array.from({ length: 9 }, () => broken)))
    const reader = new Reader(client, 'a')
    for (const ms of [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000]) await timers.ring(ms)
    expect(reader.states.flatMap(({ ms }) => ms ?? [])).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000])
  })

  it('starts with short pauses again after an answer', async () => {
    const { client, timers } = byHand(answering([broken, broken, batch(), broken]))
    const reader = new Reader(client, 'a')
    for (const ms of [250, 500, 250]) await timers.ring(ms)
    expect(reader.states.flatMap(({ ms }) => ms ?? [])).toEqual([250, 500, 250])
  })
})

describe('a server that goes away', () => {
  it('and comes back after a kill has begun anew: a reset, and everything since', async () => {
    const server = await ServerProcess.serving()
    const { origin, port } = server
    const client = createClient({ origin, ...eager })
    const reader = new Reader(client, 'a')
    await reader.untilState('live')
    await client.publish('a', 'before')
    await reader.untilRead(1)
    await server[Symbol.asyncDispose]()
    await reader.untilState('waiting')
    await using _server = new ServerProcess(['--port', String(port), '--log-level', 'silent'])
    await until('it serves', () =>
      createClient({ origin })
        .publish('a', 'after')
        .then(
          () => true,
          () => false,
        ),
    )
    await reader.untilRead(2)
    expect(reader.data).toEqual(['before', 'after'])
    expect(reader.verdicts).toEqual([{ topic: 'a', verdict: 'reset', missed: null }])
    expect(reader.state).toBe('live')
  })

  it('by draining says when to come back, and is taken at its word', async () => {
    await using app = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '60000'])
    const page = new HandPage()
    const reader = new Reader(createClient({ origin: app.origin, page: page as never }), 'a')
    await app.untilWaiting(1)
    const drained = app.app.drain()
    await reader.untilState('waiting')
    const { ms, error } = reader.states.at(-1) ?? {}
    expect(ms).toBeGreaterThanOrEqual(0)
    expect(ms).toBeLessThan(60_000)
    expect(error).toBeUndefined()
    reader.subscription.close()
    await drained
  })
})

describe('a server that says no', () => {
  it('for now is asked again no sooner than it says, and still not at the same time by everybody', async () => {
    const busy = () => new Response('', { status: 503, headers: { 'retry-after': '7' } })
    const { client, timers } = byHand(answering([busy, batch()]))
    const reader = new Reader(client, 'a')
    await reader.untilState('waiting')
    expect(reader.states.at(-1)).toMatchObject({ ms: 7_250, error: { status: 503, retryAfterMs: 7_000 } })
    await timers.ring(7_250)
    await reader.untilState('live')
  })

  it('understands a date, and does not trust a time above five minutes', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString()
    const answers = ['0', date, '1e12'].map(
      (after) => () => new Response('', { status: 429, headers: { 'retry-after': after } }),
    )
    const { client, timers } = byHand(answering(answers))
    const reader = new Reader(client, 'a')
    await timers.ring(250)
    await until('the date', () => reader.states.filter(({ name }) => name === 'waiting').length === 2)
    const { ms = 0 } = reader.states.at(-1) ?? {}
    expect(ms).toBeGreaterThan(50_000)
    expect(ms).toBeLessThan(61_000)
    await timers.ring(ms)
    await reader.untilState('waiting')
    expect(timers.waits).toEqual([5 * 60_000 + 1_000])
  })

  it('because it is full gets its messages read all the same, more rarely', async () => {
    await using app = await LiveApp.open(['--max-waiting', '1'])
    const place = new Reader(createClient({ origin: app.origin }), 'elsewhere')
    await app.untilWaiting(1)
    const { timers, client } = byHand((input, init) => fetch(new URL(String(input), app.origin), init))
    const reader = new Reader(client, 'a')
    await reader.untilState('waiting')
    expect(reader.states.at(-1)?.error).toMatchObject({ status: 503, code: 'ENCKE_ERR_SERVER_WAITING' })
    const ms = reader.states.at(-1)?.ms ?? 0
    expect(ms).toBeGreaterThanOrEqual(1_000)
    await app.publish('a', 'still')
    await timers.ring(ms)
    await reader.untilRead(1)
    expect(place.state).toBe('live')
  })

  it('for good is not asked again', async () => {
    await using app = await LiveApp.open(['--subscribe-key', 'secret'])
    const refused = new Reader(createClient({ origin: app.origin }), 'a')
    await refused.untilState('closed')
    expect(refused.states.at(-1)?.error).toMatchObject({ status: 401, code: 'ENCKE_ERR_SUBSCRIBE_KEY' })
    const admitted = new Reader(createClient({ origin: app.origin, subscribeKey: 'secret' }), 'a')
    await admitted.untilState('live')
  })

  it('through a proxy that knows nothing of Encke is asked again', async () => {
    const answers = [() => new Response('<h1>Not found</h1>', { status: 404 }), () => new Response('<h1>Log in</h1>')]
    const { client, timers } = byHand(answering([...answers, () => Response.json({ hello: 1 }), batch()]))
    const reader = new Reader(client, 'a')
    for (const ms of [250, 500, 1_000]) await timers.ring(ms)
    await reader.untilState('live')
  })

  it('to a poll because another took its place is asked again after a second, under another name', async () => {
    const asked: URL[] = []
    const answers = [batch(), batch([], { superseded: true })]
    const { client, timers } = byHand(answering(answers, asked), { random: Math.random })
    const reader = new Reader(client, 'a')
    await timers.ring(1_000)
    await until('a third poll', () => asked.length === 3)
    expect(new Set(asked.map(({ searchParams }) => searchParams.get('client'))).size).toBe(2)
    expect(reader.state).toBe('live')
  })
})

describe('what was missed', () => {
  it('is told before what comes after it, with the number', async () => {
    await using app = await LiveApp.open(['--history-messages', '2'])
    const client = createClient({ origin: app.origin })
    const first = new Reader(client, 'a')
    await first.untilState('live')
    first.subscription.close()
    for (let n = 0; n < 50; n += 1) await app.publishNow('a', n)
    const events: unknown[] = []
    const { cursor = '' } = first.subscription
    client.subscribe('a', (messages) => events.push(messages.length), {
      cursor,
      onVerdict: (told) => events.push(told),
    })
    await until('both', () => events.length === 2)
    expect(events[0]).toMatchObject({ topic: 'a', verdict: 'gap' })
    expect((events[0] as Verdict).missed).toBe(50 - Number(events[1]))
    client.close()
  })
})

describe('a page', () => {
  it('that is hidden asks more rarely, and at once when it is shown', async () => {
    const asked: URL[] = []
    const page = new HandPage()
    page.hidden = true
    const { client, timers } = byHand(answering([batch(), batch()], asked), { page })
    const reader = new Reader(client, 'a')
    await timers.ring(5_000)
    await until('a second poll and its pause', () => asked.length === 2 && timers.waits.includes(5_000))
    page.turn('visible')
    await timers.ring(100)
    await until('a third poll', () => asked.length === 3)
    expect(asked[2]?.searchParams.get('wait')).toBe('0')
    expect(timers.waits).toEqual([15_000])
    expect(reader.state).toBe('live')
  })

  it.each(['online', 'offline'])('that goes %s asks at once whether that is so', async (change) => {
    const asked: URL[] = []
    const network = new EventTarget()
    const { client, timers } = byHand(answering([batch()], asked), { network })
    const reader = new Reader(client, 'a')
    await until('a poll that waits', () => asked.length === 2)
    network.dispatchEvent(new Event(change))
    await timers.ring(100)
    await until('a poll that does not', () => asked.length === 3)
    expect(asked.map(({ searchParams }) => searchParams.get('wait'))).toEqual(['0', null, '0'])
    expect(reader.state).toBe('live')
  })
})

describe('closing', () => {
  it('leaves nothing at the server, no timer, and says nothing more', async () => {
    await using app = await LiveApp.open()
    const timers = new HandTimers()
    const page = new HandPage()
    const setTimeout = timers.setTimeout as never
    const client = createClient({
      origin: app.origin,
      setTimeout,
      clearTimeout: timers.clearTimeout as never,
      page: page as never,
    })
    const readers = ['a', 'b', 'c'].map((topic) => new Reader(client, topic))
    await app.untilWaiting(1)
    client.close()
    expect(readers.map(({ states }) => states.at(-1))).toEqual([
      { name: 'closed' },
      { name: 'closed' },
      { name: 'closed' },
    ])
    await app.untilWaiting(0)
    page.turn('visible')
    await app.publish('a', 'unheard')
    await vi.waitUntil(() => timers.pending.size === 0, { timeout: 60_000 })
    expect(readers.map(({ states }) => states.length)).toEqual([3, 3, 3])
    expect(readers.flatMap(({ data }) => data)).toEqual([])
  })

  it('is possible at every word the client says', async () => {
    for (const name of ['connecting', 'live', 'waiting'] as const) {
      const { client, timers } = byHand(answering([batch(), broken]))
      const states: string[] = []
      const onState = (state: State) => {
        states.push(state.name)
        if (state.name === name) client.close()
      }
      client.subscribe('a', () => {}, { onState })
      await until('closed', () => states.includes('closed'))
      expect(states.at(-1)).toBe('closed')
      await until('no timer', () => timers.pending.size === 0)
    }
  })
})

describe('publishing', () => {
  it('is tried once, and fails without a status when nobody knows what became of it', async () => {
    await using app = await LiveApp.open()
    await using proxy = await CuttingProxy.before(app.port, () => 1)
    const failure = await createClient({ origin: proxy.origin })
      .publish('a', 1)
      .catch((error) => error)
    expect(failure).toBeInstanceOf(Error)
    expect(failure.status).toBeUndefined()
    const { head } = (await app.ask<{ head: number }>('GET', '/topics/a')).body
    expect(head).toBe(1)
  })

  it('fails with what the server says', async () => {
    await using app = await LiveApp.open(['--publish-key', 'secret', '--message-bytes', '10'])
    const failure = await createClient({ origin: app.origin })
      .publish('a', 1)
      .catch((error) => error)
    expect(failure).toMatchObject({ status: 401, code: 'ENCKE_ERR_PUBLISH_KEY' })
    const client = createClient({ origin: app.origin, publishKey: 'secret' })
    const large = await client.publish('a', 'more than ten bytes').catch((error) => error)
    expect(large).toMatchObject({ status: 413, code: 'ENCKE_ERR_MESSAGE_TOO_LARGE' })
    expect(await client.publish('a', 'less')).toMatchObject({ offset: 1 })
  })
})
