// Readers find what is wrong: against the real server nothing, against one that lies each of its lies.

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { complaintsOf, type FaultCounts, Faults, Sequence } from '../../loadtest/client/faults.ts'
import { Offering } from '../../loadtest/client/offered.ts'
import { type Heard, Herd } from '../../loadtest/generator/herd.ts'
import { type App, buildApp } from '../../server/app.ts'
import { readConfig } from '../../server/config.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function realServer(): Promise<{ app: App; origin: string }> {
  const app = await buildApp(readConfig(['--port', '0', '--log-level', 'error', '--client-limits', 'off'], {}))
  ends.push(() => app.close())
  return { app, origin: await app.http.listen({ host: '127.0.0.1', port: 0 }) }
}

async function lyingServer(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  ends.push(
    () => server.closeAllConnections(),
    () => server.close(),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function herdOf(origin: string, topics: readonly string[], readersPerTopic: number): Promise<Herd> {
  const herd = new Herd()
  ends.push(() => herd.leave())
  await herd.open({ origin, topics, readersPerTopic, localAddresses: [], dialect: 'encke' })
  return herd
}

async function publish(origin: string, topic: string, data: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  await fetch(`${origin}/publish?topic=${topic}`, { method: 'POST', headers, body: JSON.stringify(data) })
}

/** What readers that follow have got once it is so many messages, or the time is up. */
async function heard(herd: Herd, count: number, timeoutMs: number): Promise<Heard> {
  const endMs = performance.now() + timeoutMs
  const [dueMs, arrivedMs]: [number[], number[]] = [[], []]
  for (;;) {
    const some = herd.heard()
    dueMs.push(...some.dueMs)
    arrivedMs.push(...some.arrivedMs)
    if (arrivedMs.length >= count || performance.now() > endMs) {
      return { dueMs: Float64Array.from(dueMs), arrivedMs: Float64Array.from(arrivedMs), faults: some.faults }
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function untilWaiting({ hub }: App, count: number): Promise<void> {
  while (hub.statistics().waiting !== count) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a herd that is parked', () => {
  it('gets one reply for each reader, round after round', async () => {
    const { app, origin } = await realServer()
    const herd = await herdOf(origin, ['a'], 50)
    for (const round of [1, 2, 3]) {
      await herd.park()
      await untilWaiting(app, 50)
      const collecting = herd.collect(5_000)
      await publish(origin, 'a', { round })
      const { replies, arrivedMs, faults } = await collecting
      expect(faults).toEqual({})
      expect(arrivedMs.length).toBe(50)
      expect(replies).toEqual([{ status: 200, count: 50, body: expect.stringContaining(`"data":{"round":${round}}`) }])
    }
  })

  it('reads all topics with each reader, when it is to', async () => {
    const { app, origin } = await realServer()
    const herd = new Herd()
    ends.push(() => herd.leave())
    const place = { topics: ['a', 'b', 'c'], readersPerTopic: 4, localAddresses: [], isTogether: true }
    expect(await herd.open({ ...place, origin, dialect: 'encke' })).toEqual({ readers: 4 })
    await herd.park()
    await untilWaiting(app, 4)
    const collecting = herd.collect(5_000)
    await publish(origin, 'c', 1)
    const { replies } = await collecting
    expect(replies.map(({ count, body }) => [count, Object.keys(JSON.parse(body).topics).toSorted()])).toEqual([
      [4, ['a', 'b', 'c']],
    ])
  })

  it('says who got no reply when the time is up', async () => {
    const { app, origin } = await realServer()
    const herd = await herdOf(origin, ['a', 'b'], 2)
    herd.park()
    await untilWaiting(app, 4)
    const collecting = herd.collect(300)
    await publish(origin, 'a', 1)
    const { replies, faults } = await collecting
    expect(replies.reduce((sum, { count }) => sum + count, 0)).toBe(2)
    expect(faults).toEqual({ missing: { count: 2, example: 'a reader of b got no reply' } })
  })

  it('cannot begin where the first poll is refused', async () => {
    const origin = await lyingServer((_request, response) => response.writeHead(429, { 'content-length': 0 }).end())
    await expect(herdOf(origin, ['a'], 1)).rejects.toThrow('answered with 429')
  })
})

describe('a herd that follows', () => {
  it('sees every message of its topics, and how long each took from when it was due', async () => {
    const { origin } = await realServer()
    const topics = ['a', 'b', 'c']
    const herd = await herdOf(origin, topics, 2)
    herd.follow()
    const offering = new Offering({ origin, topics, perSecond: 200, dialect: 'encke' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const { published, lateness, faults } = await offering.stop()
    expect(faults.counts).toEqual({})
    expect(published).toBeGreaterThan(10)
    expect(lateness.count).toBe(published)
    const followed = await heard(herd, published * 2, 5_000)
    expect(followed.faults).toEqual({})
    expect(followed.arrivedMs.length).toBe(published * 2)
    for (const [at, ms] of followed.arrivedMs.entries()) expect(ms).toBeGreaterThan(followed.dueMs[at]!)
  })

  const message = (offset: number, topic = 'a') => ({ topic, offset, data: { dueMs: 0 } })
  const reply = (messages: object[], verdict = 'ok') =>
    JSON.stringify({ messages, cursor: 'c', more: false, topics: { a: { verdict, missed: 0 } } })
  const lies: [what: string, said: string[], kind: keyof FaultCounts][] = [
    ['is ahead of its time', [reply([{ ...message(1), data: { dueMs: Number.MAX_VALUE } }])], 'early'],
    ['leaves one out', [reply([message(1)]), reply([message(3)])], 'lost'],
    ['says one twice', [reply([message(1)]), reply([message(1)])], 'duplicate'],
    ['turns two around', [reply([message(2), message(1)])], 'duplicate'],
    ['tells of another topic', [reply([message(1, 'b')])], 'stranger'],
    ['reports a gap', [reply([message(1)], 'gap')], 'verdict'],
    ['answers with no JSON', ['nonsense'], 'broken'],
  ]
  it.each(lies)('finds out a server that %s', async (_, said, kind) => {
    const answers = [reply([]), ...said]
    const origin = await lyingServer((_request, response) => {
      const body = answers.shift()
      if (body !== undefined) response.writeHead(200, { 'content-length': body.length }).end(body)
    })
    const herd = await herdOf(origin, ['a'], 1)
    herd.follow()
    const found = async () => Object.keys((await heard(herd, 0, 0)).faults)
    await expect.poll(found).toContain(kind)
  })

  it('finds out a server that answers with an error, or hangs up', async () => {
    for (const [status, kind] of [
      [503, 'status'],
      [0, 'broken'],
    ] as const) {
      let isFirst = true
      const origin = await lyingServer((_request, response) => {
        const body = reply([])
        if (!isFirst && status === 0) response.destroy()
        else response.writeHead(isFirst ? 200 : status, { 'content-length': body.length }).end(body)
        isFirst = false
      })
      const herd = await herdOf(origin, ['a'], 1)
      herd.follow()
      await expect.poll(async () => Object.keys((await heard(herd, 0, 0)).faults)).toContain(kind)
    }
  })
})

describe('an offering', () => {
  it('goes on at its rate when the server stalls, and dates each message to when it was due', async () => {
    const due: number[] = []
    const origin = await lyingServer((request, response) => {
      request.on('data', (data) => due.push(JSON.parse(String(data)).dueMs))
      setTimeout(() => response.writeHead(201, { 'content-length': 0 }).end(), 250)
    })
    const offering = new Offering({ origin, topics: ['a'], perSecond: 100, dialect: 'encke' })
    await new Promise((resolve) => setTimeout(resolve, 300))
    const { published, faults } = await offering.stop()
    expect(faults.counts).toEqual({})
    // A publisher that waited for its answers would have sent one or two.
    expect(published).toBeGreaterThan(20)
    due.sort((a, b) => a - b)
    for (const [at, ms] of due.slice(1).entries()) expect(ms - due[at]!).toBeCloseTo(10, 3)
  })

  it('reports every answer that is not 201', async () => {
    const origin = await lyingServer((_request, response) => response.writeHead(503, { 'content-length': 0 }).end())
    const offering = new Offering({ origin, topics: ['a'], perSecond: 100, dialect: 'encke' })
    await new Promise((resolve) => setTimeout(resolve, 50))
    const { published, faults } = await offering.stop()
    expect(published).toBe(0)
    expect(complaintsOf(faults.counts)).toEqual([
      expect.stringMatching(/replies other than 200 or 201, the first: 503/),
    ])
  })
})

describe('a sequence', () => {
  it('counts how many were lost, and goes on after them', () => {
    const faults = new Faults()
    const sequence = new Sequence('a', faults)
    const topics = { a: { verdict: 'ok', missed: 0 } }
    const polled = [1, 5, 6].map((offset) => ({ topic: 'a', offset, data: null }))
    expect(sequence.take({ messages: polled, cursor: 'c', topics })).toEqual(polled)
    expect(sequence.newest).toBe(6)
    expect(faults.counts).toEqual({ lost: { count: 3, example: 'a 5, where a 2 was due' } })
  })
})
