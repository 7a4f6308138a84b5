// Nothing is lost and nothing comes twice, whatever happens on the way: client.js against a server, through a proxy that
// loses, cuts, repeats and delays what it carries.

import { describe, expect, it } from 'vitest'
import { createClient } from '../../public/client.js'
import { Random } from '../../runtime/index.ts'
import { LiveApp, turns, until } from '../server/http/live-app.ts'
import { Reader } from './reader.ts'
import { UnreliableProxy } from './unreliable-proxy.ts'

const messages = 60
const fewestTroubles = 10

/** The numbers of each topic, in the order in which they were delivered. */
function byTopic(reader: Reader): Record<string, number[]> {
  const found: Record<string, number[]> = {}
  for (const datum of reader.data as { topic: string; n: number }[]) (found[datum.topic] ??= []).push(datum.n)
  return found
}

describe('messages on their way through a proxy that loses, cuts, repeats and delays', () => {
  it.each([1, 2, 3, 4, 5, 6])('are delivered once and in order (seed %i)', async (seed) => {
    await using live = await LiveApp.open(['--limit-max', '7', '--limit-default', '7'])
    const random = new Random(seed)
    const chance = () => random.below(1_000_000) / 1_000_000
    await using proxy = await UnreliableProxy.before(live.origin, chance)
    proxy.trouble = 0
    const client = createClient({ origin: proxy.origin, random: () => 0.001 })
    const options = { from: 'earliest', limit: 50 } as const
    const readers: [Reader, string[]][] = [['a'], ['b'], ['a', 'b', 'c']].map((topics) => [
      new Reader(client, topics, options),
      topics,
    ])
    for (const [reader] of readers) await reader.untilState('live')
    proxy.trouble = 0.6
    const expected: Record<string, number[]> = { a: [], b: [], c: [] }
    const troubles = () =>
      Object.entries(proxy.counts).reduce((sum, [kind, count]) => sum + (kind === 'none' ? 0 : count), 0)
    let n = 0
    // A slow machine asks more rarely: as long as it takes for trouble enough.
    for (; n < messages || troubles() < fewestTroubles; n += 1) {
      const topic = 'abc'[random.below(3)] as string
      await live.publishNow(topic, { topic, n })
      expected[topic]?.push(n)
      if (random.below(3) === 0) await turns(random.below(200))
      if (random.below(10) === 0) await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const untilAll = () =>
      until('all are read', () =>
        readers.every(([{ data }, topics]) => data.length >= topics.flatMap((name) => expected[name] ?? []).length),
      )
    await untilAll().catch(() => {})
    // However long it lasts, no reader may need it to end for more than this.
    proxy.trouble = 0
    await untilAll()
    // What would come twice would come now.
    await live.publishNow('a', { topic: 'a', n })
    expected['a']?.push(n)
    await untilAll()
    for (const [reader, topics] of readers) {
      expect(byTopic(reader)).toEqual(Object.fromEntries(topics.map((name) => [name, expected[name]])))
      expect(reader.verdicts).toEqual([])
      expect(reader.state).not.toBe('closed')
    }
    client.close()
    await live.untilWaiting(0)
  })
})
