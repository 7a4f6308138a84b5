// Client and server meet under every configuration that the server accepts: here under the extreme ones.

import { describe, expect, it } from 'vitest'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { ServerProcess } from '../server/server-process.ts'
import { type Client, eager, Reader } from './reader.ts'

const configurations = [
  '--wait-max-seconds 1 --wait-default-seconds 1',
  '--wait-max-seconds 0 --wait-default-seconds 0',
  '--wait-default-seconds 0',
  '--limit-max 10 --limit-default 10',
  '--limit-max 1 --limit-default 1',
  '--topics-per-get 1',
  '--topics-per-poll 1',
  '--topics-per-get 1 --topics-per-poll 5',
  '--topics-per-get 1 --topics-per-poll 1',
  '--batch-bytes 1',
  '--poll-body-bytes 1',
  '--poll-body-bytes 1 --topics-per-get 3',
  '--poll-body-bytes 200 --topics-per-get 1',
  '--max-waiting 1',
  '--history-messages 1 --history-bytes 70000',
  '--unfollow-ms 0 --slice-ms 1',
  '--wait-max-seconds 1 --wait-default-seconds 0 --limit-max 1 --limit-default 1 --topics-per-get 1 --topics-per-poll 1 --batch-bytes 1 --poll-body-bytes 1',
]

describe('a server started with', () => {
  it.each(configurations)('%s has its messages read, each once and in order', async (flags) => {
    await using app = await LiveApp.open(flags.split(' '))
    const topics = Array.from({ length: 12 }, (_, n) => `chat/room-${n}`)
    for (const topic of topics) await app.publishNow(topic, 'history')
    const client = createClient({ origin: app.origin, ...eager })
    const options = { from: 'earliest', limit: 1_000, wait: 25 } as const
    const together = new Reader(client, topics, options)
    const single = topics.slice(0, 3).map((topic) => new Reader(client, topic, options))
    await together.untilRead(12)
    for (const reader of single) await reader.untilRead(1)
    for (const topic of topics) await app.publishNow(topic, 'news')
    await together.untilRead(24)
    for (const reader of single) await reader.untilRead(2)
    expect(together.data.toSorted()).toEqual([...Array(12).fill('history'), ...Array(12).fill('news')])
    expect(single.map(({ data }) => data)).toEqual(Array(3).fill(['history', 'news']))
    expect([together, ...single].flatMap(({ verdicts }) => verdicts)).toEqual([])
    expect([together, ...single].map(({ state }) => state)).not.toContain('closed')
  })

  it.each([
    '--max-waiting-per-client 1 --topics-per-get 2 --topics-per-poll 2',
    '--requests-per-second 5 --topics-per-get 2 --topics-per-poll 2',
  ])('%s has its messages read, each once, although it refuses some requests', async (flags) => {
    await using server = await ServerProcess.serving(flags.split(' '))
    const topics = Array.from({ length: 6 }, (_, n) => `chat/room-${n}`)
    const client = createClient({ origin: server.origin })
    const publisher = createClient({ origin: server.origin })
    const reader = new Reader(client, topics, { from: 'earliest' })
    for (const topic of topics) await until(topic, () => isPublished(publisher, topic))
    await reader.untilRead(6)
    expect(reader.data.toSorted()).toEqual(topics)
    expect(reader.state).not.toBe('closed')
  })

  it('--wait-default-seconds is obeyed by a client that does not ask', async () => {
    await using app = await LiveApp.open(['--wait-default-seconds', '1'])
    let polls = 0
    const counting: typeof fetch = (input, init) => {
      polls += 1
      return fetch(input, init)
    }
    const reader = new Reader(createClient({ origin: app.origin, fetch: counting }), 'a')
    await reader.untilState('live')
    await expect.poll(() => polls).toBeGreaterThan(3)
  })
})

function isPublished(client: Client, topic: string): Promise<boolean> {
  return client.publish(topic, topic).then(
    () => true,
    () => false,
  )
}
