// The protocol's own client, unmodified, through what networks and operators do to it: each message once, and in order.

import { setTimeout as sleep } from 'node:timers/promises'
import { DurableStream, IdempotentProducer, type StreamResponse, stream } from '@durable-streams/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryBroker } from '../../../../server/brokers/memory/memory-broker.ts'
import { Served, until } from '../../http/served.ts'
import { TroubledProxy } from './troubled-proxy.ts'

const backoffOptions = { initialDelay: 5, maxDelay: 50, multiplier: 1.3 }
const count = 300

let nodes: Served[]
let proxy: TroubledProxy

/** Two nodes on one broker, as behind a balancer. */
beforeEach(async () => {
  let seed = 7
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed / 2_147_483_647
  }
  const broker = new MemoryBroker({
    history: { messages: 1_000, bytes: 1_000_000, ageMs: 86_400_000 },
    totalBytes: 1e9,
    streamsTotalBytes: 1e9,
    idempotencyKeys: 1_000,
    maxTopics: 1_000,
    topicTtlMs: 86_400_000,
    clock: Date.now,
    now: () => performance.now(),
    randomId: () => crypto.randomUUID(),
  })
  const flags = ['--client-limits', 'off', '--wait-default-seconds', '1', '--drain-pause-ms', '0', '--drain-ms', '50']
  nodes = [await Served.start(flags, { broker }), await Served.start(flags, { broker })]
  proxy = await TroubledProxy.before((nodes[0] as Served).origin, random)
})

afterEach(async () => {
  await proxy[Symbol.asyncDispose]()
  for (const node of nodes) await node[Symbol.asyncDispose]()
})

/** Where a stream is, through the proxy. */
const at = (topic: string) => `${proxy.origin}/v1/stream/${topic}`

/** Make a stream, without the proxy. */
async function create(topic: string): Promise<void> {
  const url = `${nodes[1]?.origin}/v1/stream/${topic}`
  await DurableStream.create({ url, contentType: 'application/json' })
}

function numbers(): number[] {
  return Array.from({ length: count }, (_, index) => index)
}

/** The client leaves it to what it fetches with to send an append again when no answer came. */
const persistently: typeof fetch = async (input, init) => {
  for (;;) {
    try {
      const reply = await fetch(input, init)
      if (reply.status !== 503) return reply
    } catch (error) {
      if (init?.signal?.aborted) throw error
    }
    await sleep(5)
  }
}

/** Write so many numbers with a producer whose batches overtake each other. */
async function produce(topic: string, between: (written: number) => Promise<void> | void = () => {}): Promise<void> {
  const handle = new DurableStream({ url: at(topic), contentType: 'application/json', backoffOptions })
  const errors: Error[] = []
  const producer = new IdempotentProducer(handle, 'writer', {
    maxInFlight: 4,
    lingerMs: 1,
    maxBatchBytes: 40,
    fetch: persistently,
    onError: (error) => void errors.push(error),
  })
  for (const number of numbers()) {
    producer.append(JSON.stringify({ number }))
    if (number % 20 === 19) await producer.flush()
    await between(number)
  }
  await producer.flush()
  expect(errors).toEqual([])
}

/** Read a stream to its end, beginning again where a reader was cut off, and give the numbers that came. */
async function readAll(topic: string, live: 'long-poll' | 'sse'): Promise<number[]> {
  const seen: number[] = []
  let offset = '-1'
  while (seen.length < count) {
    const leaving = new AbortController()
    try {
      const response: StreamResponse<{ number: number }> = await stream<{ number: number }>({
        url: at(topic),
        offset,
        live,
        signal: leaving.signal,
        backoffOptions,
      })
      response.subscribeJson(async (batch) => {
        seen.push(...batch.items.map(({ number }) => number))
        offset = batch.offset
        if (seen.length >= count) leaving.abort()
      })
      await response.closed
    } catch {
      // It was cut off: what it has had says where to go on.
    }
    leaving.abort()
  }
  return seen
}

describe('through a proxy that loses, cuts and repeats', () => {
  it('a producer with several appends in flight writes each message once', async () => {
    await create('produced')
    await produce('produced')
    expect(Math.min(...Object.values(proxy.counts))).toBeGreaterThan(0)
    proxy.trouble = 0
    const response = await stream<{ number: number }>({ url: at('produced'), live: false })
    expect((await response.json()).map(({ number }) => number)).toEqual(numbers())
  })

  it.each(['long-poll', 'sse'] as const)(
    'a reader by %s gets each message once, while they are written',
    async (live) => {
      await create(live)
      const reading = readAll(live, live)
      await produce(live)
      expect(await reading).toEqual(numbers())
    },
  )
})

describe('when a node drains', () => {
  it.each(['long-poll', 'sse'] as const)(
    'a reader by %s and a producer go on with the other, and miss nothing',
    async (live) => {
      proxy.trouble = 0
      await create(live)
      const reading = readAll(live, live)
      await produce(live, async (written) => {
        if (written !== count / 2) return
        const [first, second] = nodes as [Served, Served]
        await until(() => first.app.hub.statistics().waiting > 0)
        proxy.target = second.origin
        await first.app.drain()
      })
      expect(await reading).toEqual(numbers())
      expect(nodes[1]?.app.hub.statistics().published).toBeGreaterThan(0)
    },
  )
})
