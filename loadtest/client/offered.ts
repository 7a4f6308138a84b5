// Readers that poll on and on while messages are offered at a fixed rate, whether or not the server keeps up.

import type { DialectName } from '../dialects/index.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Generator } from '../processes/generator.ts'
import { type Ground, loopbackAddresses, type Row, type Stage } from '../scenario.ts'
import { complaintsOf } from './faults.ts'
import { Offering } from './offering.ts'

const catchUpMs = 60_000

export interface OfferPlace {
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

export class OfferedLoad {
  readonly #stage: Stage
  readonly #ground: Ground
  readonly #place: OfferPlace
  readonly #readers: Generator
  readonly #dialect: DialectName

  private constructor(stage: Stage, ground: Ground, place: OfferPlace, readers: Generator) {
    this.#stage = stage
    this.#ground = ground
    this.#place = place
    this.#readers = readers
    this.#dialect = ground.server.subject.dialect
  }

  /** Connect the readers, and have them poll. */
  static async start(stage: Stage, ground: Ground, place: OfferPlace): Promise<OfferedLoad> {
    const { origin, subject } = ground.server
    const readers = ground.startGenerator()
    stage.show(`${place.topics.length * place.readersPerTopic} readers connect`)
    await readers.order('open', { origin, ...place, localAddresses: loopbackAddresses, dialect: subject.dialect })
    await readers.order('follow')
    return new OfferedLoad(stage, ground, place, readers)
  }

  /** Offer messages while `work` lasts, and wait until the server has nothing left of them. @throws what `work` throws */
  async offer(perSecond: number, work: () => Promise<unknown>): Promise<Offered> {
    const { meter, server } = this.#ground
    const { topics } = this.#place
    const stretch = meter.begin()
    const startMs = nowMs()
    const offering = new Offering({ origin: server.publishOrigin, topics, perSecond, dialect: this.#dialect })
    const endMs = await work()
      .then(nowMs)
      .finally(() => offering.pause())
    const { published, lateness, faults } = await offering.stop()
    const use = stretch.end()
    this.#stage.signal.throwIfAborted()
    await untilQuiet(this.#stage, this.#ground, catchUpMs)
    const { dueMs, arrivedMs, faults: seen } = await this.#readers.order('heard')
    const latencies = new Latencies()
    dueMs.forEach((due, at) => {
      if (due >= startMs && due < endMs) latencies.record(arrivedMs[at]! - due)
    })
    const complaints = [faults.counts, seen].flatMap(complaintsOf)
    const lateMs = lateness.summary()?.p99
    return { perSecond, published, delivered: arrivedMs.length, complaints, latencies, lateMs, arrivedMs, use }
  }
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
