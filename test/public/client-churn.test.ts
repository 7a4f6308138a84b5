// Subscriptions come and go at random, over a connection that is cut at random, from servers that take few topics in a
// request: whatever a subscription began with, it is given every message from there on, once and in order.

import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createClient } from '../../public/client.js'
import { LiveApp, until } from '../server/http/live-app.ts'
import { CuttingProxy } from './cutting-proxy.ts'
import { type Client, type Options, randomFrom } from './reader.ts'

const topics = ['a', 'b', 'c', 'd', 'e', 'f']
const configurations = [
  [],
  ['--topics-per-get', '2', '--topics-per-poll', '3'],
  ['--limit-max', '3', '--limit-default', '3'],
  ['--topics-per-get', '1', '--topics-per-poll', '1', '--batch-bytes', '400'],
]

/** A subscription, and what it was given of each of its topics: their messages are 1, 2, 3 … */
class Churned {
  readonly given = new Map<string, number[]>()
  readonly troubles: string[] = []
  readonly topics: readonly string[]
  /** The message after which each topic begins; none for a subscription that begins now. */
  readonly after: ReadonlyMap<string, number> | undefined
  readonly handle: ReturnType<Client['subscribe']>
  /** The cursor it was given last, and the last message of each topic before it. */
  kept: { readonly cursor: string; readonly after: ReadonlyMap<string, number> } | undefined
  isClosed = false

  constructor(client: Client, topics: readonly string[], options: Options, after?: ReadonlyMap<string, number>) {
    this.topics = topics
    this.after = after
    for (const topic of topics) this.given.set(topic, [])
    this.handle = client.subscribe(
      [...topics],
      async (messages, cursor) => {
        if (this.isClosed) this.troubles.push('given after it was closed')
        for (const { topic, data } of messages) this.given.get(topic)?.push(data as number)
        const last = topics.map((topic) => [topic, this.lastOf(topic)] as const)
        if (last.every(([, n]) => n !== undefined)) this.kept = { cursor, after: new Map(last as [string, number][]) }
        if (Math.random() < 0.2) await sleep(Math.random() * 20)
      },
      { ...options, onVerdict: (told) => this.troubles.push(JSON.stringify(told)) },
    )
  }

  lastOf(topic: string): number | undefined {
    return this.given.get(topic)?.at(-1) ?? this.after?.get(topic)
  }

  hasRead(heads: ReadonlyMap<string, number>): boolean {
    if (this.isClosed || this.after === undefined) return true
    return this.topics.every((topic) => (this.lastOf(topic) ?? 0) === heads.get(topic))
  }

  close(): void {
    this.isClosed = true
    this.handle.close()
  }

  check(heads: ReadonlyMap<string, number>): void {
    expect(this.troubles).toEqual([])
    for (const [topic, given] of this.given) {
      const first = this.after === undefined ? (given[0] ?? 1) : (this.after.get(topic) ?? 0) + 1
      const last = this.isClosed || this.after === undefined ? (given.at(-1) ?? first - 1) : (heads.get(topic) ?? 0)
      expect(given).toEqual(Array.from({ length: last - first + 1 }, (_, n) => first + n))
    }
  }
}

describe('subscriptions that come and go', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])('lose nothing and repeat nothing (seed %i)', async (seed) => {
    const random = randomFrom(seed)
    await using app = await LiveApp.open(configurations[seed % configurations.length])
    const isCut = random() < 0.5
    const lifeBytes = () => (isCut ? 200 + Math.floor(random() * 6_000) : Number.POSITIVE_INFINITY)
    await using proxy = await CuttingProxy.before(app.port, lifeBytes)
    const client = createClient({ origin: proxy.origin, random: () => 0.001 + Math.random() * 0.01 })
    const heads = new Map(topics.map((topic) => [topic, 0]))
    const beginning = new Map<string, number>()
    const all: Churned[] = []
    for (let step = 0; step < 100; step += 1) {
      const topic = topics[Math.floor(random() * topics.length)] ?? ''
      heads.set(topic, (heads.get(topic) ?? 0) + 1)
      await app.publishNow(topic, heads.get(topic))
      const some = topics.filter(() => random() < 0.4)
      const one = all[Math.floor(random() * all.length)]
      const what = random()
      if (what < 0.07 && some.length > 0) all.push(new Churned(client, some, { from: 'earliest', limit: 5 }, beginning))
      else if (what < 0.12 && some.length > 0) all.push(new Churned(client, some, {}))
      else if (what < 0.17) one?.close()
      else if (what < 0.24 && one?.kept) {
        all.push(new Churned(client, one.topics, { cursor: one.kept.cursor, from: 'earliest' }, one.kept.after))
      } else if (what < 0.3) one?.handle.poll()
      else if (what < 0.33) proxy.cutAll()
      if (random() < 0.5) await sleep(random() * 15)
    }
    await until('all is read', () => all.every((one) => one.hasRead(heads)))
    client.close()
    for (const one of all) one.check(heads)
  })
})
