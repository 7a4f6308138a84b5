// A hub in virtual time, used as the server uses it: what the tests of the hub stand on. Every step ends in `validate`.

import { createHash } from 'node:crypto'
import type { Coroutine, Operation, Scheduler } from '../../../runtime/index.ts'
import { after, select, VirtualHost } from '../../../runtime/index.ts'
import { MemoryBroker } from '../../../server/brokers/memory/memory-broker.ts'
import type { Batch, Broker, From, Hash, HistoryLimits, Published } from '../../../server/hub/index.ts'
import { decodeCursor, Hub } from '../../../server/hub/index.ts'
import { draftOf } from '../brokers/conformance.ts'
import { SlowBroker } from '../brokers/slow-broker.ts'

export interface RigOptions {
  readonly history?: Partial<HistoryLimits>
  readonly ring?: Partial<HistoryLimits>
  readonly maxTopics?: number
  readonly batchBytes?: number
  readonly seed?: number
  readonly order?: 'fifo' | 'shuffle'
  readonly hash?: Hash
  readonly unfollowMs?: number
  /** Make the broker park so at every stop. */
  readonly park?: (rig: Rig) => Operation<void>
  /** Stand something else between the hub and the memory broker. */
  readonly wrap?: (broker: Broker, scheduler: Scheduler) => Broker
}

export interface Ask {
  readonly topics: readonly string[]
  readonly cursor?: string | undefined
  readonly from?: From
  readonly limit?: number
  readonly holdMs?: number
}

export const unfollowMs = 30_000
export const brokerTimeoutMs = 5_000

export function hash(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}

export class Rig {
  readonly host = new VirtualHost()
  readonly scheduler: Scheduler
  readonly memory: MemoryBroker
  readonly broker: Broker
  readonly hub: Hub
  readonly #options: RigOptions
  #ids = 0

  constructor(options: RigOptions = {}) {
    const { seed = 1, order = 'fifo', history, maxTopics = 100_000, park, wrap = (broker) => broker } = options
    this.#options = options
    this.scheduler = this.host.scheduler({ deadlock: 'ignore', seed, order })
    this.memory = new MemoryBroker({
      history: { messages: 1_000, bytes: 1_000_000, ageMs: 86_400_000, ...history },
      totalBytes: 100_000_000,
      maxTopics,
      streamsTotalBytes: 100_000_000,
      idempotencyKeys: 1_000,
      topicTtlMs: 86_400_000,
      clock: () => this.host.now(),
      now: () => this.host.now(),
      randomId: () => `id${(this.#ids += 1)}`,
    })
    const { memory, scheduler } = this
    this.broker = wrap(park === undefined ? memory : new SlowBroker(memory, scheduler, () => park(this)), scheduler)
    this.hub = this.anotherHub()
  }

  /** Another node, one may say, on the same broker. */
  anotherHub(): Hub {
    const { ring, batchBytes = 1_000_000, hash: hashed = hash, unfollowMs: idleMs = unfollowMs } = this.#options
    const { scheduler, broker } = this
    return new Hub({
      scheduler,
      broker,
      hash: hashed,
      ring: { messages: 1_000, bytes: 1_000_000, ...ring },
      batchBytes,
      unfollowMs: idleMs,
      brokerTimeoutMs,
    })
  }

  /** Let everybody run, and look whether all is sound. */
  settle(ms = 0): void {
    this.host.advance(ms)
    this.validate()
  }

  validate(): void {
    this.hub.validate()
    this.memory.validate()
    this.scheduler.validate()
    if (this.host.reported.length > 0) throw this.host.reported[0]
  }

  /** Run `body` to its end, moving the time as far as it takes, and give what it gives. */
  complete<T>(body: () => Operation<T>): T {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined
    this.scheduler.run(function* test() {
      try {
        outcome = { value: yield* body() }
      } catch (error) {
        outcome = { error }
      }
    })
    this.settle()
    for (let ms = 0; outcome === undefined && ms < 10_000; ms += 1) this.settle(1)
    if (outcome === undefined) throw new Error(`it never ended:\n${this.scheduler.dump()}`)
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  publish(topic: string, ...data: string[]): Published[] {
    return data.map((text) => this.complete(() => this.hub.publish(topic, draftOf(text))))
  }

  publishNumbers(topic: string, first: number, last: number): void {
    for (let number = first; number <= last; number += 1) this.publish(topic, `${number}`)
  }

  /** The server's handler. */
  *poll({ topics, cursor, from = 'now', limit = 100, holdMs = 0 }: Ask, hub = this.hub): Coroutine<Batch> {
    using place = hub.subscribe(topics, cursor === undefined ? undefined : decodeCursor(cursor), from)
    if (!place.isLocated) {
      const late = after(hub.locateMs(holdMs))
      const located = yield* select({ located: place.located(), late }, { order: 'first' })
      if (located.case === 'late') place.requirePositions()
    }
    const woken = yield* select({ news: place.changed(), quiet: after(holdMs) }, { order: 'first' })
    return woken.case === 'news' ? yield* place.read(limit) : place.nothing()
  }

  /** Poll, and go on until it is answered. */
  ask(ask: Ask, hub = this.hub): Batch {
    return this.complete(() => this.poll(ask, hub))
  }

  /** Poll, and leave it waiting; its batch is in `answer` once there is one. */
  startPoll(ask: Ask, hub = this.hub) {
    const poll = this.poll.bind(this)
    const started: { answer: Batch | undefined; error: unknown } = { answer: undefined, error: undefined }
    const task = this.scheduler.run(function* reader() {
      try {
        started.answer = yield* poll(ask, hub)
      } catch (error) {
        started.error = error
      }
    })
    return Object.assign(started, { cancel: () => task.cancel(), task })
  }
}

export function dataOf(batch: Batch | undefined): string[] | undefined {
  return batch?.messages.map(({ data }) => data as string)
}

/** `ok`, `gap 3`, `reset`, by topic. */
export function verdictsOf(batch: Batch | undefined): Record<string, string> {
  return Object.fromEntries(
    (batch?.verdicts ?? []).map(({ topic, verdict, missed }) => [topic, verdict === 'gap' ? `gap ${missed}` : verdict]),
  )
}

/**
 * What a client keeps account of: that it is given every message of a topic once and in order, or told how many it
 * missed. Throws where it is not.
 */
export class Account {
  readonly next = new Map<string, number>()

  enter(batch: Batch): void {
    for (const { topic, verdict, missed } of batch.verdicts) {
      if (verdict === 'reset') throw new Error(`${topic} was reset`)
      if (verdict === 'ok' && missed !== 0) throw new Error(`${topic} is ok and misses ${missed}`)
      this.next.set(topic, this.nextOf(topic) + (missed ?? 0))
    }
    for (const { topic, offset } of batch.messages) {
      if (offset !== this.nextOf(topic)) throw new Error(`${topic}: ${offset} came, not ${this.nextOf(topic)}`)
      this.next.set(topic, offset + 1)
    }
  }

  nextOf(topic: string): number {
    return this.next.get(topic) ?? 1
  }
}
