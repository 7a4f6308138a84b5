// What the server says about the end of things: topics that are closed or removed, polls that are superseded, signals.

import { describe, expect, it, onTestFinished } from 'vitest'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { answering, batch, byHand, type Client, eager, type Options, Reader } from './reader.ts'

const message = (topic: string, offset: number) => ({ topic, offset, id: `${topic}${offset}`, time: 0, data: offset })
type End = Parameters<NonNullable<Options['onEnd']>>[0]

describe('a subscription', () => {
  it('leaves a topic that is closed once it is read, and closes with its last one', async () => {
    const asked: URL[] = []
    const open = { verdict: 'ok', missed: 0 }
    const closed = { ...open, closed: true }
    const { client } = byHand(
      answering(
        [
          batch([message('a', 1)], { cursor: 'c1', more: true, topics: { a: closed, b: open } }),
          batch([message('a', 2)], { cursor: 'c2', topics: { a: closed, b: open } }),
          batch([message('b', 1)], { cursor: 'c3', topics: { b: closed } }),
        ],
        asked,
      ),
    )
    const ends: End[] = []
    const reader = new Reader(client, ['a', 'b'], { onEnd: (end) => ends.push(end) })
    await reader.untilState('closed')
    expect(reader.data).toEqual([1, 2, 1])
    expect(ends).toEqual([
      { topic: 'a', reason: 'closed' },
      { topic: 'b', reason: 'closed' },
    ])
    expect(asked.map(({ searchParams }) => searchParams.getAll('topic'))).toEqual([['a', 'b'], ['a', 'b'], ['b']])
    expect(reader.states.at(-1)).toEqual({ name: 'closed' })
  })

  it('tells once that a topic was removed, follows it, and tells it again when it comes and goes again', async () => {
    const gone = { verdict: 'ok', missed: 0, removed: true }
    const { client, timers } = byHand(
      answering([
        batch([], { cursor: 'c1', topics: { a: gone } }),
        batch([], { cursor: 'c2', topics: { a: gone } }),
        batch([message('a', 1)], { cursor: 'c3', topics: { a: { verdict: 'reset', missed: null } } }),
        batch([], { cursor: 'c4', topics: { a: gone } }),
      ]),
    )
    const ends: End[] = []
    new Reader(client, 'a', { onEnd: (end) => ends.push(end) })
    await timers.ring(200)
    await until('all', () => ends.length === 2)
    expect(ends).toEqual([
      { topic: 'a', reason: 'removed' },
      { topic: 'a', reason: 'removed' },
    ])
  })

  it('that is superseded goes on a second later, by another name', async () => {
    const asked: URL[] = []
    let given = 0
    const random = () => (given += 0.1) % 1
    const { client, timers } = byHand(
      answering([batch(), batch([], { superseded: true }), batch([message('a', 1)], { cursor: 'd' })], asked),
      { random },
    )
    const reader = new Reader(client, 'a')
    await timers.ring(1_000)
    await reader.untilRead(1)
    const names = asked.map(({ searchParams }) => searchParams.get('client'))
    expect(names[1]).toBe(names[0])
    expect(names[2]).not.toBe(names[1])
  })

  it('says by one poll who is here, however many there are', async () => {
    const asked: URL[] = []
    const { client } = byHand(answering([batch()], asked), { presence: 'ann', random: Math.random })
    onTestFinished(() => client.close())
    const first = new Reader(client, 'a')
    await first.untilState('live')
    new Reader(client, 'b', { cursor: 'kept' })
    new Reader(client, 'c', { cursor: 'kept too' })
    await until('a poll of each', () => new Set(asked.map(({ searchParams }) => searchParams.get('client'))).size === 3)
    const present = asked.filter(({ searchParams }) => searchParams.has('presence'))
    expect(new Set(present.map(({ searchParams }) => searchParams.getAll('topic').join()))).toEqual(new Set(['a']))
    expect(new Set(present.map(({ searchParams }) => searchParams.get('client'))).size).toBe(1)
  })

  it('is closed by its signal, and is never begun by one that was aborted before', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, ...eager })
    const abort = new AbortController()
    const reader = new Reader(client, 'a', { signal: abort.signal })
    await reader.untilState('live')
    await app.untilWaiting(1)
    abort.abort()
    await reader.untilState('closed')
    await app.untilWaiting(0)
    const late = new Reader(client, 'a', { signal: abort.signal })
    expect(late.state).toBe('closed')
  })

  it('adds and leaves topics without a loss or a double, while messages come', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, ...eager })
    const reader = new Reader(client, 'a', { from: 'earliest' })
    const sent: string[] = []
    for (let n = 0; n < 60; n += 1) {
      for (const topic of ['a', 'b']) await app.publishNow(topic, `${topic}${n}`)
      sent.push(`a${n}`)
      if (n % 20 === 5) reader.subscription.add('b')
      if (n % 20 === 15) reader.subscription.leave('b')
      if (n % 4 === 0) await reader.untilRead(1)
    }
    await until('the last', () => reader.data.includes('a59'))
    expect(reader.data.filter((data) => String(data).startsWith('a'))).toEqual(sent)
    const others = reader.data.filter((data) => String(data).startsWith('b'))
    expect(new Set(others).size).toBe(others.length)
    expect(reader.subscription.topics).toEqual(['a'])
  })

  it.each([
    [
      'a loop that is left in its middle',
      async (client: Client, given: () => void) => {
        for await (const _ of client.subscribe('a')) return given()
      },
    ],
    [
      'one that was closed before its batch was read',
      async (client: Client, given: () => void, reader: Reader) => {
        const unread = client.subscribe('a')
        await reader.untilRead(1)
        unread.close()
        given()
      },
    ],
    [
      'a handler that never ends, once it is closed',
      async (client: Client, given: () => void) => {
        const handed = Promise.withResolvers<void>()
        const handler = () => {
          handed.resolve()
          return new Promise(() => {})
        }
        const hanging = client.subscribe('a', handler)
        await handed.promise
        hanging.close()
        given()
      },
    ],
  ])('does not hold up the others: %s', async (_, go) => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, ...eager })
    const reader = new Reader(client, 'a')
    const given = Promise.withResolvers<void>()
    // What begins at the same moment shares a poll at once.
    const going = go(client, given.resolve, reader)
    await reader.untilState('live')
    await app.untilWaiting(1)
    await app.publishNow('a', 1)
    await given.promise
    await app.publishNow('a', 2)
    await reader.untilRead(2)
    expect(reader.data).toEqual([1, 2])
    await going
  })

  it('throws a refusal into the loop that goes through it', async () => {
    await using app = await LiveApp.open()
    const client = createClient({ origin: app.origin, ...eager })
    onTestFinished(() => client.close())
    const going = (async () => {
      for await (const { messages } of client.subscribe('a//b')) expect(messages).toEqual([])
    })()
    await expect(going).rejects.toMatchObject({ code: 'ENCKE_ERR_TOPIC_NAME' })
  })
})
