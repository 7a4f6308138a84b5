// Readers that poll on and on while messages are offered at a fixed rate, whether or not the server keeps up.
//
// Every message carries the moment at which it was due, and latencies count from there: a server that stalls for a second is
// then seen to delay all the messages of that second, and not only the one that was on its way (the others would have
// been sent late and have looked fast: coordinated omission).

import type { DialectName } from '../dialects/index.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import { type Ground, loopbackAddresses, type Row, type Stage } from '../scenario.ts'
import { complaintsOf, Faults } from './faults.ts'
import { Publishers } from './publishers.ts'

const catchUpMs = 60_000
/** Enough for the replies that are on their way; more would only be a herd of publishers. */
const connections = 32

/** What a published message carries. */
export interface Stamp {
  readonly dueMs: number
}

interface OfferPlan {
  readonly origin: string
  /** Taken in turn. */
  readonly topics: readonly string[]
  readonly perSecond: number
  readonly dialect: DialectName
}

/** Messages that are published at a fixed rate from now on. */
export class Offering {
  /** Messages that the server has said it has. */
  published = 0
  /** How much later than due messages left: what the load test itself was late, which counts in every latency. */
  readonly lateness = new Latencies()
  readonly faults = new Faults()
  readonly #plan: OfferPlan
  readonly #publishers: Publishers
  readonly #startMs = nowMs()
  readonly #underWay = new Set<Promise<void>>()
  #timer: NodeJS.Timeout | undefined
  #sent = 0

  constructor(plan: OfferPlan) {
    this.#plan = plan
    this.#publishers = new Publishers(plan.origin, plan.dialect, connections)
    this.#sendDue()
  }

  /** Send no more, and wait for the replies that are on their way. */
  async stop(): Promise<this> {
    clearTimeout(this.#timer)
    await Promise.all(this.#underWay)
    await this.#publishers[Symbol.asyncDispose]()
    return this
  }

  #sendDue(): void {
    const { topics, perSecond } = this.#plan
    for (;;) {
      const dueMs = this.#startMs + (this.#sent * 1_000) / perSecond
      if (dueMs > nowMs()) break
      const sending = this.#send(topics[this.#sent % topics.length]!, dueMs)
      this.#underWay.add(sending)
      void sending.then(() => this.#underWay.delete(sending))
      this.#sent += 1
    }
    this.#timer = setTimeout(() => this.#sendDue(), 1)
  }

  async #send(topic: string, dueMs: number): Promise<void> {
    this.lateness.record(nowMs() - dueMs)
    try {
      const { isAccepted, reply } = await this.#publishers.publish(topic, JSON.stringify({ dueMs } satisfies Stamp))
      if (isAccepted) this.published += 1
      else this.faults.add('status', `${reply.status} for a publish to ${topic}`)
    } catch (error) {
      this.faults.add('broken', `a publish to ${topic}: ${(error as Error).message}`)
    }
  }
}

interface OfferPlace {
  readonly topics: readonly string[]
  readonly readersPerTopic: number
}

/** What became of the messages that were due in one stretch of time. */
export interface Offered {
  readonly perSecond: number
  /** Publishes that were accepted, and messages that readers have got of them. */
  readonly published: number
  readonly delivered: number
  readonly complaints: readonly string[]
  /** From when each message was due to its delivery. */
  readonly latencies: Latencies
  /** How late the publisher itself was: 99 % of messages left at most so late. */
  readonly lateMs: number | undefined
  readonly arrivedMs: Float64Array
  readonly use: Use
}

export type OfferedLoad = Awaited<ReturnType<typeof startReaders>>

/** Connect readers, and have them poll; gives what offers them messages. */
export async function startReaders(stage: Stage, ground: Ground, { topics, readersPerTopic }: OfferPlace) {
  const { meter, server } = ground
  const { origin, publishOrigin, subject } = server
  const { dialect } = subject
  const readers = ground.startGenerator()
  stage.show(`${topics.length * readersPerTopic} readers connect`)
  await readers.order('open', { origin, topics, readersPerTopic, localAddresses: loopbackAddresses, dialect })
  await readers.order('follow')

  /** Offer messages while `work` lasts, and wait until the server has nothing left of them. @throws what `work` throws */
  const offer = async (perSecond: number, work: () => Promise<unknown>): Promise<Offered> => {
    const stretch = meter.begin()
    const startMs = nowMs()
    const offering = new Offering({ origin: publishOrigin, topics, perSecond, dialect })
    const endMs = await work().then(nowMs, async (error) => {
      await offering.stop()
      throw error
    })
    const { published, lateness, faults } = await offering.stop()
    const use = stretch.end()
    stage.signal.throwIfAborted()
    await untilQuiet(stage, ground, catchUpMs)
    const { dueMs, arrivedMs, faults: seen } = await readers.order('heard')
    const latencies = new Latencies()
    dueMs.forEach((due, at) => {
      if (due >= startMs && due < endMs) latencies.record(arrivedMs[at]! - due)
    })
    const complaints = [faults.counts, seen].flatMap(complaintsOf)
    const lateMs = lateness.summary()?.p99
    return { perSecond, published, delivered: arrivedMs.length, complaints, latencies, lateMs, arrivedMs, use }
  }
  return { offer }
}

/** Each message that was accepted is to reach each reader of its topic once. */
export function judgeOffered(
  steps: readonly Pick<Offered, 'perSecond' | 'published' | 'delivered' | 'complaints'>[],
  readersPerTopic: number,
): string[] {
  return steps.flatMap(({ perSecond, published, delivered, complaints }) => {
    const due = published * readersPerTopic
    const lost = delivered === due ? [] : [`${due} deliveries were due and there were ${delivered}`]
    const nothing = published === 0 ? ['nothing was published'] : []
    return [...complaints, ...lost, ...nothing].map((complaint) => `at ${perSecond} a second: ${complaint}`)
  })
}

export function offeredRow(label: string, { delivered, latencies, use }: Offered, what = 'deliveries'): Row {
  return { label, what, count: delivered, seconds: use.wallMs / 1_000, latency: latencies.summary(), use }
}
