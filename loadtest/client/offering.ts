// Messages published at a fixed rate, whether or not the server keeps up.
//
// Every message carries the moment at which it was due, and latencies count from there: a server that stalls for a second is
// then seen to delay all the messages of that second, and not only the one that was on its way (the others would have
// been sent late and have looked fast: coordinated omission).

import type { DialectName } from '../dialects/index.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import { Faults } from './faults.ts'
import { Publishers } from './publishers.ts'

/** What a published message carries. */
export interface Stamp {
  readonly dueMs: number
}

interface OfferPlan {
  readonly origin: string
  /** Taken in turn. */
  readonly topics: readonly string[]
  readonly perSecond: number
  /** Encke's when it is left out. */
  readonly dialect?: DialectName
}

/** Enough for the replies that are on their way; more would only be a herd of publishers. */
const connections = 32

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
    this.#publishers = new Publishers(plan.origin, plan.dialect ?? 'encke', connections)
    this.#sendDue()
  }

  /** Send no more. */
  pause(): void {
    clearTimeout(this.#timer)
  }

  /** Send no more, and wait for the replies that are on their way. */
  async stop(): Promise<this> {
    this.pause()
    await Promise.all(this.#underWay)
    this.#publishers[Symbol.dispose]()
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
