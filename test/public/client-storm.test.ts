// What the client does when answers lead back: two servers that take turns, old answers that are kept on the way.

import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { HandTimers } from './hand-timers.ts'
import { answering, batch, byHand, Reader, randomFrom } from './reader.ts'

function message(offset: number, data: unknown = offset) {
  return { topic: 'a', offset, id: `id-${offset}`, time: 0, data }
}

const reset = { topics: { a: { verdict: 'reset', missed: null } } }

describe('two servers behind one address', () => {
  it('get few requests, and their messages are delivered once', async () => {
    await using one = await LiveApp.open()
    await using other = await LiveApp.open()
    for (let n = 0; n < 20; n += 1) await one.publishNow('a', `one ${n}`)
    for (let n = 0; n < 19; n += 1) await other.publishNow('a', `other ${n}`)
    const asked: { cursor: string | null; at: number }[] = []
    const alternating: typeof fetch = (input, init) => {
      const url = new URL(String(input), (asked.length % 2 === 0 ? one : other).origin)
      asked.push({ cursor: url.searchParams.get('cursor'), at: performance.now() })
      return fetch(url, init)
    }
    const client = createClient({ fetch: alternating, random: () => 0.2 })
    const reader = new Reader(client, 'a', { from: 'earliest' })
    await until('it knows', () => reader.states.some(({ error }) => error !== undefined))
    const told = reader.states.find(({ error }) => error !== undefined)
    expect(told?.name).toBe('waiting')
    expect(told?.error?.message).toContain('two servers seem to answer in turn')
    await reader.untilRead(39)
    for (let n = 20; n < 22; n += 1) await one.publishNow('a', `one ${n}`)
    await reader.untilRead(41)
    expect(new Set(reader.data).size).toBe(41)
    expect(reader.data).toHaveLength(41)
    expect(reader.verdicts).toEqual([{ topic: 'a', verdict: 'reset', missed: null }])
    expect(asked.length).toBeLessThan(20)
    expectPaced(asked)
  })

  it('are told from one that began anew, which is asked on at once', async () => {
    const answers = [batch([message(1)]), batch([message(2)], { cursor: 'd', ...reset })]
    const { client, timers } = byHand(answering(answers))
    const reader = new Reader(client, 'a')
    await reader.untilRead(2)
    await until('a poll that waits', () => timers.waits.includes(135_000))
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
    expect(reader.verdicts).toHaveLength(1)
  })

  it('are told from one that began anew with many topics, whose history comes in many answers', async () => {
    const topics = Array.from({ length: 9 }, (_, n) => `t${n}`)
    const answers = topics.map((name, n) =>
      batch([], { cursor: `c${n}`, more: true, topics: { [name]: { verdict: 'reset', missed: null } } }),
    )
    const { client, timers } = byHand(answering([batch(), ...answers]))
    const reader = new Reader(client, topics)
    await until('all are told', () => reader.verdicts.length === 9)
    expect(timers.waits).toEqual([15_000])
  })
})

describe('an old answer', () => {
  it('that comes again and again is delivered once, and said to be old', async () => {
    const old = batch([message(1)])
    const { client, timers } = byHand(answering([old, old, old]))
    const reader = new Reader(client, 'a')
    await timers.ring(100)
    await reader.untilState('waiting')
    expect(reader.states.at(-1)?.error?.message).toContain('something on the way keeps old answers')
    expect(reader.data).toEqual([1])
  })

  it('without messages, which a cache gives at once, is asked for ever more rarely', async () => {
    const asked: URL[] = []
    const { client, timers } = byHand(
      answering(
        Array.from({ length: 20 }, () => batch()),
        asked,
      ),
    )
    const reader = new Reader(client, 'a')
    for (const ms of [200, 400, 800, 1_600, 3_200, 5_000, 5_000]) await timers.ring(ms)
    expect(asked).toHaveLength(8 + 1)
    expect(reader.state).toBe('live')
  })

  it.each([1, 2, 3, 4, 5])('among new ones makes no storm and no double (seed %i)', async (seed) => {
    const random = randomFrom(seed)
    const timers = new HandTimers()
    const replies = [batch([], { cursor: 'c0' })]
    const asked: { cursor: string | null; at: number }[] = []
    let head = 0
    const stale: typeof fetch = async (input) => {
      asked.push({ cursor: new URL(String(input), 'http://a').searchParams.get('cursor'), at: timers.now() })
      if (random() < 0.5) return (replies[Math.floor(random() * replies.length)] as () => Response)()
      head += 1
      replies.push(batch([message(head)], { cursor: `c${head}`, ...(random() < 0.1 ? reset : {}) }))
      return (replies.at(-1) as () => Response)()
    }
    const { setTimeout, clearTimeout, now } = timers
    const client = createClient({
      fetch: stale,
      setTimeout: setTimeout as never,
      clearTimeout: clearTimeout as never,
      now,
      random,
    })
    onTestFinished(() => client.close())
    const reader = new Reader(client, 'a', { from: 'earliest' })
    for (let rounds = 0; asked.length < 200 && rounds < 2_000; rounds += 1) {
      for (let turns = 0; turns < 3; turns += 1) await turn()
      const ms = Math.min(...timers.waits)
      if (Number.isFinite(ms) && ms <= 30_000 && ms !== 15_000) await timers.ring(ms)
    }
    expect(asked.length).toBeGreaterThan(100)
    expectPaced(asked)
    expect(new Set(reader.data).size).toBe(reader.data.length)
  })
})

/** No two requests at one cursor within 100 ms. */
function expectPaced(asked: readonly { cursor: string | null; at: number }[]): void {
  const last = new Map<string | null, number>()
  for (const { cursor, at } of asked) {
    expect(at - (last.get(cursor) ?? Number.NEGATIVE_INFINITY)).toBeGreaterThan(99)
    last.set(cursor, at)
  }
}
