// client.js by event streams where they pass, and by polls where something on the way holds them back.

import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { answering, batch, broken, byHand, eager, Reader, recording } from './reader.ts'

describe('a client that asks for event streams', () => {
  it('reads by one, in order and once, with verdicts, through a cut', async () => {
    await using app = await LiveApp.open(['--history-messages', '5'])
    const asked: URL[] = []
    const client = createClient({ origin: app.origin, events: true, fetch: recording(asked), ...eager })
    const reader = new Reader(client, ['a', 'b'])
    await until('a stream', () => asked.some(({ pathname }) => pathname === '/events'))
    await app.untilWaiting(1)
    const polls = asked.length
    for (let n = 1; n <= 20; n += 1) {
      await app.publishNow(n % 2 === 0 ? 'a' : 'b', n)
      await reader.untilRead(n)
    }
    expect(asked.length).toBe(polls)
    for (const socket of app.sockets) socket.destroy()
    for (let n = 21; n <= 24; n += 1) await app.publishNow('a', n)
    await reader.untilRead(24)
    expect(reader.data).toEqual(Array.from({ length: 24 }, (_, n) => n + 1))
    expect(reader.verdicts).toEqual([])
  })

  it('adds a topic while it streams, and goes on by one stream', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, events: true, ...eager })
    const reader = new Reader(client, 'a')
    await reader.untilState('live')
    await app.untilWaiting(1)
    reader.subscription.add('b')
    await until('both', () => reader.subscription.topics.length === 2)
    await until('it reads both', async () => {
      await app.publishNow('b', 'x')
      return reader.data.length > 0
    })
    await app.untilWaiting(1)
  })

  it('polls where a stream begins and is then held back, but not where one dies that had come further', async () => {
    for (const [more, next] of [
      ['', '/messages'],
      [': still here\n\n', '/events'],
    ] as const) {
      const asked: URL[] = []
      const read = Promise.withResolvers<void>()
      const others = answering([batch(), batch()], asked)
      const { client, timers } = byHand(
        (input, init) => {
          if (asked.length !== 1) return others(input, init)
          asked.push(new URL(String(input), 'http://127.0.0.1'))
          return Promise.resolve(new Response(chunks(init?.signal, read.resolve, 'id: c\n\n', more)))
        },
        { events: true },
      )
      new Reader(client, 'a')
      await read.promise
      await timers.ring(30_000)
      await timers.ring(100)
      await until('it waits again', () => asked.length === 4)
      expect(paths(asked)).toEqual(['/messages', '/events', '/messages', next])
      client.close()
    }
  })

  it('asks for another key when a stream is refused, and then for a stream again', async () => {
    const refused: (string | undefined)[] = []
    const tokens = ['one', 'two']
    const subscribeKey = (token: string | undefined) => {
      refused.push(token)
      return tokens.shift() ?? ''
    }
    const asked: URL[] = []
    const { client, timers } = byHand(answering([batch(), refusing(401, 'TOKEN_EXPIRED'), batch()], asked), {
      events: true,
      subscribeKey,
    })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => asked.length === 4)
    expect(paths(asked)).toEqual(['/messages', '/events', '/messages', '/events'])
    expect(refused).toEqual([undefined, 'one'])
    expect(reader.states.map(({ name }) => name)).toEqual(['connecting', 'live'])
  })

  it('is closed when its key is refused and there is no other', async () => {
    const asked: URL[] = []
    const { client, timers } = byHand(answering([batch(), refusing(401, 'TOKEN_EXPIRED'), batch()], asked), {
      events: true,
      subscribeKey: 'one',
    })
    const reader = new Reader(client, 'a')
    await timers.ringUntil(() => reader.state === 'closed')
    expect(reader.states.at(-1)?.error).toMatchObject({ status: 401, code: 'ENCKE_ERR_TOKEN_EXPIRED' })
    expect(paths(asked)).toEqual(['/messages', '/events'])
  })

  it('waits as long as a server asks that refuses a stream for now, and then asks for one again', async () => {
    for (const [status, code] of [
      [429, 'CLIENT_WAITING'],
      [503, 'SERVER_WAITING'],
    ] as const) {
      const asked: URL[] = []
      const { client, timers } = byHand(answering([batch(), refusing(status, code), batch()], asked), { events: true })
      const reader = new Reader(client, 'a')
      await timers.ringUntil(() => reader.state === 'waiting')
      expect(reader.states.at(-1)).toMatchObject({ ms: 7_250, error: { status } })
      await timers.ringUntil(() => asked.length === 4)
      expect(paths(asked)).toEqual(['/messages', '/events', '/messages', '/events'])
      client.close()
    }
  })

  it('asks for a stream again when the network has failed in between, but not after three in a row', async () => {
    const asked: URL[] = []
    const answers = [batch(), broken, batch(), broken, batch(), broken, batch()]
    const { client, timers } = byHand(answering(answers, asked), { events: true })
    new Reader(client, 'a')
    await timers.ringUntil(() => asked.length === 8)
    const [poll, stream] = ['/messages', '/events']
    expect(paths(asked)).toEqual([poll, stream, poll, stream, poll, stream, poll, poll])
  })

  it('polls where there are no event streams', async () => {
    const asked: URL[] = []
    const { client, timers } = byHand(answering([batch(), refusing(404, 'ROUTE_NOT_FOUND'), batch()], asked), {
      events: true,
    })
    new Reader(client, 'a')
    await timers.ringUntil(() => asked.length === 4)
    expect(paths(asked)).toEqual(['/messages', '/events', '/messages', '/messages'])
  })

  it('polls where a proxy holds the stream back', async () => {
    await using app = await LiveApp.open()
    await using proxy = createServer((asking, reply) => {
      const { method, url, headers } = asking
      const passed = request({ host: '127.0.0.1', port: app.port, method, path: url, headers, agent: false })
      passed.on('response', (answer) => {
        const chunks: Buffer[] = []
        answer.on('data', (chunk: Buffer) => chunks.push(chunk))
        answer.on('error', () => reply.destroy())
        answer.on('end', () => reply.writeHead(answer.statusCode ?? 502, answer.headers).end(Buffer.concat(chunks)))
      })
      passed.on('error', () => reply.destroy())
      reply.on('close', () => passed.destroy())
      asking.pipe(passed)
    })
    await once(proxy.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(() => proxy.closeAllConnections())
    const origin = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
    const asked: URL[] = []
    const client = createClient({ origin, events: true, fetch: recording(asked), ...eager })
    const reader = new Reader(client, 'a')
    await reader.untilState('live')
    await app.publishNow('a', 1)
    await reader.untilRead(1)
    await until(
      'a poll that waits',
      () => asked.at(-1)?.pathname === '/messages' && !asked.at(-1)?.search.includes('wait=0'),
    )
    await app.publishNow('a', 2)
    await reader.untilRead(2)
    expect(asked.filter(({ pathname }) => pathname === '/events')).toHaveLength(1)
    client.close()
  })
})

const paths = (asked: readonly URL[]) => asked.map(({ pathname }) => pathname)

const refusing = (status: number, code: string) => () =>
  Response.json({ code: `ENCKE_ERR_${code}` }, { status, headers: { 'retry-after': '7' } })

/** A body that gives these pieces, one after the other, and never ends by itself. */
function chunks(signal: AbortSignal | null | undefined, read: () => void, ...pieces: string[]) {
  const given = pieces.filter((piece) => piece !== '')
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
      pull(controller) {
        const piece = given.shift()
        if (piece === undefined) read()
        else controller.enqueue(new TextEncoder().encode(piece))
      },
    },
    { highWaterMark: 0 },
  )
}
