import { describe, expect, it, onTestFinished } from 'vitest'
import { buildApp, readConfig } from '../../server/index.ts'
import type { PollReply } from './http/live-app.ts'
import { LiveApp, until } from './http/live-app.ts'

it('an app tells nothing of the delay of the event loop from before it listens: nobody has waited for its start', async () => {
  const app = await buildApp(readConfig(['--port', '0', '--broker', 'memory:', '--log-level', 'silent'], {}))
  onTestFinished(() => app.close())
  const { timeline } = app.observations
  await until('it is observed', () => timeline.samples.length > 0)
  // Node counts from its second look after a sample, and looks every 20 ms.
  const looksMs = performance.now() + 300
  await until('Node has looked twice', () => performance.now() > looksMs)
  const endMs = performance.now() + 3_000
  while (performance.now() < endMs);
  await until('that is seen', () => timeline.samples.some(({ loopDelayMaxMs }) => loopDelayMaxMs > 2_000))
  await app.http.listen({ port: 0, host: '127.0.0.1' })
  await until('it is observed again', () => timeline.samples.length > 0)
  for (const { loopDelayMaxMs } of timeline.samples) expect(loopDelayMaxMs).toBeLessThan(2_000)
})

describe('two apps on one broker', () => {
  it('give every message once to a client that goes from one to the other', async () => {
    await using first = await LiveApp.open()
    await using second = await LiveApp.open([], { broker: first.app.broker })
    const apps = [first, second] as const
    let cursor = (await first.poll('a', { wait: 0 })).body.cursor
    const seen: unknown[] = []
    for (let round = 0; round < 20; round += 1) {
      await apps[round % 2]!.publish('a', `${round} before`)
      await apps[(round + 1) % 2]!.publish('a', `${round} after`)
      const { body } = await apps[(round >> 1) % 2]!.poll('a', { cursor, wait: 60 })
      expect(body).toMatchObject({ more: false, topics: { a: { verdict: 'ok', missed: 0 } } })
      seen.push(...body.messages.map(({ data }) => data))
      cursor = body.cursor
    }
    expect(seen).toEqual(Array.from({ length: 20 }, (_, round) => [`${round} before`, `${round} after`]).flat())
  })

  it('wake each other’s polls', async () => {
    await using first = await LiveApp.open()
    await using second = await LiveApp.open([], { broker: first.app.broker })
    const polls = [first.poll('a', { wait: 60 }), second.poll('a', { wait: 60 })]
    await Promise.all([first.untilWaiting(1), second.untilWaiting(1)])
    await second.publish('a', 'news')
    const replies = await Promise.all(polls)
    for (const { body } of replies) expect(body.messages).toMatchObject([{ offset: 1, data: 'news' }])
    expect(replies[0]?.body.cursor).toBe(replies[1]?.body.cursor)
  })

  it('lose nothing when the first is drained: its clients go on at the second with the cursors they got', async () => {
    await using first = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '200'])
    await using second = await LiveApp.open([], { broker: first.app.broker })
    await first.publish('a', 'before anybody came')
    const polls = Array.from({ length: 200 }, () => first.poll('a', { wait: 60 }))
    await first.untilWaiting(200)
    const drained = first.app.drain()
    const published: number[] = []
    const following = polls.map(async (poll) => {
      const { body } = await poll
      const seen = body.messages.map(({ data }) => data as number)
      // Somebody publishes while others are still being sent away.
      if (published.length < 40) {
        published.push(published.length)
        await second.publish('a', published.length - 1)
      }
      return { cursor: body.cursor, seen }
    })
    const clients = await Promise.all(following)
    await drained
    for (const { cursor, seen } of clients) {
      const { body } = await second.poll('a', { cursor, wait: 0 })
      expect(body).toMatchObject({ more: false, topics: { a: { verdict: 'ok', missed: 0 } } })
      // They came by many connections at once, in whichever order those were read.
      const all = [...seen, ...body.messages.map(({ data }) => data as number)]
      expect(all.toSorted((a, b) => a - b)).toEqual(published)
    }
  })

  it('leave the broker alone when one of them closes', async () => {
    await using first = await LiveApp.open()
    const { body } = await first.poll('a', { wait: 0 })
    {
      await using second = await LiveApp.open([], { broker: first.app.broker })
      await second.publish('a', 1)
    }
    await first.publish('a', 2)
    const { body: next } = await first.poll('a', { cursor: body.cursor, wait: 60 })
    expect(next.messages.map(({ data }) => data)).toEqual([1, 2])
  })
})

describe('an app with a broker of its own', () => {
  async function cursorFromElsewhere(topics: readonly string[], messages: number): Promise<string> {
    await using other = await LiveApp.open()
    for (let at = 0; at < messages; at += 1) for (const topic of topics) await other.publish(topic, at)
    const { body } = await other.ask<PollReply>('POST', '/poll', { body: { topics, wait: 0, from: 'earliest' } })
    return body.cursor
  }

  it.each([1, 3])(
    'answers a cursor of another after %i messages with reset, at once, never with ok',
    async (messages) => {
      const cursor = await cursorFromElsewhere(['a'], messages)
      await using live = await LiveApp.open()
      const { body } = await live.poll('a', { cursor, wait: 60 })
      expect(body).toMatchObject({ messages: [], topics: { a: { verdict: 'reset', missed: null } } })
    },
  )

  it('goes on with ok where nothing had been published yet: the first message is still to come', async () => {
    const cursor = await cursorFromElsewhere(['a'], 0)
    await using live = await LiveApp.open()
    await live.publish('a', 'first')
    const { body } = await live.poll('a', { cursor, wait: 60 })
    expect(body).toMatchObject({ messages: [{ data: 'first' }], topics: { a: { verdict: 'ok', missed: 0 } } })
  })

  it('goes on from the oldest it has, also when it stands at the same offset', async () => {
    const cursor = await cursorFromElsewhere(['a', 'b'], 2)
    await using live = await LiveApp.open()
    for (const data of ['one', 'two']) await live.publish('a', data)
    const { body } = await live.ask<PollReply>('POST', '/poll', { body: { topics: ['a', 'b'], cursor, wait: 60 } })
    expect(body.topics).toEqual({ a: { verdict: 'reset', missed: null }, b: { verdict: 'reset', missed: null } })
    expect(body.messages.map(({ data }) => data)).toEqual(['one', 'two'])
  })

  it('says it to a topic of several that it does not know, and ok to one that the cursor lacks', async () => {
    const cursor = await cursorFromElsewhere(['a'], 1)
    await using live = await LiveApp.open()
    const { body } = await live.ask<PollReply>('POST', '/poll', { body: { topics: ['a', 'new'], cursor, wait: 60 } })
    expect(body.topics).toEqual({ a: { verdict: 'reset', missed: null }, new: { verdict: 'ok', missed: 0 } })
  })
})
