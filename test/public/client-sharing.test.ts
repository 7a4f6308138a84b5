// Subscriptions of one client share one poll, whatever comes and goes.

import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { eager, type Options, Reader } from './reader.ts'

/** `fetch` that counts how many polls are under way, and how many there were at most. */
class Counted {
  now = 0
  most = 0
  asked = 0

  readonly fetch: typeof fetch = async (input, init) => {
    if (!String(input).includes('/publish')) this.asked += 1
    this.now += 1
    this.most = Math.max(this.most, this.now)
    try {
      const response = await fetch(input, init)
      return new Response(await response.text(), response)
    } finally {
      this.now -= 1
    }
  }
}

/** `fetch` that knows which polls are under way that the server may hold, and how many there were at most. */
class Held {
  most = 0
  /** The topics of each. */
  readonly underWay = new Set<string[]>()

  readonly fetch: typeof fetch = async (input, init) => {
    const { searchParams } = new URL(String(input))
    if (searchParams.get('wait') === '0') return fetch(input, init)
    const topics = searchParams.getAll('topic').toSorted()
    this.underWay.add(topics)
    this.most = Math.max(this.most, this.underWay.size)
    try {
      const response = await fetch(input, init)
      return new Response(await response.text(), response)
    } finally {
      this.underWay.delete(topics)
    }
  }
}

/** How many topics are waited for; each request waits for all of its own. */
function waitingFor(app: LiveApp): number {
  return app.app.hub.statistics().waiting
}

describe('subscriptions of one client', () => {
  it('share one poll, so that there are connections to publish with', async () => {
    await using app = await LiveApp.open()
    const counted = new Counted()
    const client = createClient({ origin: app.origin, fetch: counted.fetch })
    const readers = ['a', 'b', 'c', 'd', 'e', 'f'].map((topic) => new Reader(client, topic))
    for (const reader of readers) await reader.untilState('live')
    await app.untilWaiting(1)
    for (const topic of ['a', 'c', 'f']) await client.publish(topic, topic)
    for (const index of [0, 2, 5]) await readers[index]?.untilRead(1)
    expect(readers.map(({ data }) => data)).toEqual([['a'], [], ['c'], [], [], ['f']])
    expect(counted.most).toBe(2)
  })

  it('of which one comes later or goes earlier go on without a loss or a double', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, ...eager, ...leaping() })
    const always = new Reader(client, 'a', { from: 'earliest' })
    let published = 0
    const passing: { reader: Reader; from: Options['from']; begun: number }[] = []
    for (let step = 0; step < 60; step += 1) {
      await app.publishNow('a', ++published)
      if (step % 3 === 0) {
        const from = step % 2 === 0 ? 'earliest' : 'now'
        const topics = step % 4 === 0 ? ['a'] : ['a', `b${step}`]
        passing.push({ reader: new Reader(client, topics, { from }), from, begun: published })
      }
      if (step % 5 === 4) passing.shift()?.reader.subscription.close()
      if (step % 7 === 0) await always.untilRead(published)
    }
    await always.untilRead(published)
    for (const { reader } of passing) await reader.untilState('live')
    await app.publishNow('a', ++published)
    for (const { reader, from, begun } of passing) {
      await until('the last', () => reader.data.includes(published))
      const first = Number(reader.data[0])
      expect(reader.data).toEqual(Array.from({ length: published - first + 1 }, (_, n) => first + n))
      if (from === 'earliest') expect(first).toBe(1)
      else expect(first).toBeGreaterThan(begun - 15)
    }
    expect(always.data).toEqual(Array.from({ length: published }, (_, n) => n + 1))
    await app.untilWaiting(1)
  })

  it('come to share a poll also where messages never stop, and are given each once', async () => {
    await using app = await LiveApp.open()
    await app.publishNow('a', 1)
    const names: (string | null)[] = []
    const client = createClient({
      origin: app.origin,
      fetch: (input, init) => {
        names.push(new URL(String(input)).searchParams.get('client'))
        return fetch(input, init)
      },
    })
    const readers = ['now', 'earliest', 'latest'].map((from) => new Reader(client, 'a', { from: from as 'now' }))
    for (const reader of readers) await reader.untilState('live')
    let published = 1
    await until('one asks', async () => {
      await app.publishNow('a', ++published)
      for (const reader of readers) await until(`${published}`, () => reader.data.at(-1) === published)
      return new Set(names.slice(-12)).size === 1
    })
    for (const { data } of readers)
      expect(data).toEqual(Array.from({ length: data.length }, (_, n) => published - data.length + 1 + n))
  })

  it('each begin at the cursor that they were given, and share a poll when they have caught up', async () => {
    await using app = await LiveApp.open()
    const topics = ['a', 'b', 'c', 'd', 'e']
    const cursors: Record<string, string> = {}
    for (const topic of topics) {
      await app.publishNow(topic, 'before')
      cursors[topic] = (await app.poll(topic, { from: 'earliest', wait: 0 })).body.cursor
      await app.publishNow(topic, 'after')
    }
    const counted = new Counted()
    const client = createClient({ origin: app.origin, fetch: counted.fetch })
    const readers = topics.map((topic) => new Reader(client, topic, { cursor: cursors[topic] ?? '' }))
    for (const reader of readers) await reader.untilRead(1)
    await until('one poll', () => waitingFor(app) === 1 && counted.now === 1)
    expect(counted.most).toBeLessThan(6)
    for (const topic of topics) await app.publishNow(topic, 'news')
    for (const reader of readers) await reader.untilRead(2)
    expect(readers.map(({ data }) => data)).toEqual(topics.map(() => ['after', 'news']))
    expect(readers.flatMap(({ states }) => states.map(({ name }) => name))).not.toContain('waiting')
  })

  it('have one poll wait, also while some of them catch up', async () => {
    await using app = await LiveApp.open()
    await app.publishNow('a', 1)
    const { cursor } = (await app.poll('b', { from: 'earliest', wait: 0 })).body
    const held = new Held()
    // However slow the machine is: one that waits for another waits until that one was answered.
    const setTimeout = ((ring: () => void, ms: number) => (ms === 1_000 ? 0 : globalThis.setTimeout(ring, ms))) as never
    const client = createClient({ origin: app.origin, fetch: held.fetch, setTimeout })
    await new Reader(client, 'a').untilState('live')
    await app.untilWaiting(1)
    const readers = [new Reader(client, 'b', { cursor }), new Reader(client, 'a', { from: 'earliest' })]
    for (const reader of readers) await reader.untilState('live')
    await until('they share it', () => [...held.underWay].join() === 'a,b')
    for (const topic of ['a', 'b']) await app.publishNow(topic, 2)
    await until('the last', () => readers.every(({ data }) => data.at(-1) === 2))
    expect(readers.map(({ data }) => data)).toEqual([[2], [1, 2]])
    expect(held.most).toBe(1)
  })

  it('have one poll wait, though one that began later was answered first', async () => {
    await using app = await LiveApp.open(['--wait-default-seconds', '120', '--wait-max-seconds', '120'])
    const { cursor } = (await app.poll('b', { from: 'earliest', wait: 0 })).body
    const first = Promise.withResolvers<void>()
    const held = new Held()
    let asked = 0
    const client = createClient({
      origin: app.origin,
      fetch: async (input, init) => {
        asked += 1
        if (asked === 1) await first.promise
        return held.fetch(input, init)
      },
    })
    const elder = new Reader(client, 'a')
    const younger = new Reader(client, 'b', { cursor })
    await younger.untilState('live')
    await app.untilWaiting(1)
    first.resolve()
    await elder.untilState('live')
    await until('one waits for both', () => [...held.underWay].join() === 'a,b')
  })

  it('begin each where it says, now or with the history, also in a topic that is read already', async () => {
    await using app = await LiveApp.open()
    await app.publishNow('a', 1)
    const client = createClient({ origin: app.origin })
    const now = new Reader(client, 'a')
    const earliest = new Reader(client, 'a', { from: 'earliest' })
    await now.untilState('live')
    await earliest.untilRead(1)
    const later = new Reader(client, ['a', 'b'], { from: 'earliest' })
    await later.untilRead(1)
    await app.publishNow('a', 2)
    for (const [reader, data] of [
      [now, [2]],
      [earliest, [1, 2]],
      [later, [1, 2]],
    ] as const) {
      await reader.untilRead(data.length)
      expect(reader.data).toEqual(data)
    }
  })

  it('begin where they say, also when others move to the same poll at that moment', async () => {
    await using app = await LiveApp.open()
    const cursors: Record<string, string> = {}
    for (const topic of ['t', 'u']) {
      await app.publishNow(topic, 'before')
      cursors[topic] = (await app.poll(topic, { from: 'earliest', wait: 0 })).body.cursor
    }
    const client = createClient({ origin: app.origin })
    const handled = Promise.withResolvers<void>()
    const given = Promise.withResolvers<void>()
    const states: string[] = []
    const handle = () => {
      given.resolve()
      return handled.promise
    }
    client.subscribe('a', handle, { onState: ({ name }) => states.push(name) })
    await until('live', () => states.includes('live'))
    await app.publishNow('a', 1)
    await given.promise
    new Reader(client, 'u', { cursor: cursors['u'] ?? '' })
    await app.untilWaiting(1)
    const earliest = new Reader(client, 't', { from: 'earliest' })
    new Reader(client, 't', { cursor: cursors['t'] ?? '' })
    await app.untilWaiting(2)
    handled.resolve()
    await earliest.untilRead(1)
    expect(earliest.data).toEqual(['before'])
  })

  it('are closed alone when the server refuses only one of them', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, ...eager })
    const good = new Reader(client, 'a')
    await good.untilState('live')
    const bad = new Reader(client, 'a//b')
    const other = new Reader(client, 'b')
    await bad.untilState('closed')
    expect(bad.states.at(-1)?.error).toMatchObject({ code: 'ENCKE_ERR_TOPIC_NAME' })
    await other.untilState('live')
    await app.publishNow('a', 1)
    await app.publishNow('b', 2)
    await good.untilRead(1)
    await other.untilRead(1)
    expect([good.state, other.state]).toEqual(['live', 'live'])
  })

  it.each([
    ['of one poll', []],
    ['of several polls', ['--topics-per-get', '1', '--topics-per-poll', '2']],
  ])('have a cursor to go on from: %s', async (_, flags) => {
    await using app = await LiveApp.open(flags)
    const topics = ['a', 'b', 'c', 'd', 'e']
    const client = createClient({ origin: app.origin, ...eager })
    new Reader(client, ['x', 'y'])
    const first = new Reader(client, topics, { from: 'earliest' })
    for (const topic of topics) await app.publishNow(topic, `${topic}1`)
    await first.untilRead(5)
    const { cursor } = first.subscription
    client.close()
    expect(first.subscription.cursor).toBe(cursor)
    for (const topic of topics) await app.publishNow(topic, `${topic}2`)
    const again = createClient({ origin: app.origin, ...eager })
    onTestFinished(() => again.close())
    const second = new Reader(again, topics, { cursor: cursor ?? '' })
    await second.untilRead(5)
    expect(second.data.toSorted()).toEqual(['a2', 'b2', 'c2', 'd2', 'e2'])
    expect(second.verdicts).toEqual([])
  })
})

/** A clock by which there is always time enough between two polls. */
function leaping(): { now: () => number } {
  let at = 0
  return { now: () => (at += 1_000) }
}
