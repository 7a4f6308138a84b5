// The way of one message: from its publish to each reader that it was given to.

import { Latch, type Selectable } from '../../runtime/index.ts'
import type { Appended, Batch, HubWatcher } from '../hub/index.ts'

/** One reader that was given the message. */
export interface Handover {
  /** The coroutine: for a request its method, URL and client. */
  readonly to: string
  /** After the message had been appended. */
  readonly afterMs: number
}

export interface Way {
  readonly topic: string
  readonly offset: number
  readonly id: string
  /** When it was published, in milliseconds since 1970. */
  readonly time: number
  /** The coroutine that has published it. */
  readonly from: string
  /** How many readers of this node waited for it. */
  readonly waiting: number
  /** In the order in which they were given it. */
  readonly handovers: readonly Handover[]
  /** How many more there were than are listed. */
  readonly more: number
}

export interface FollowedMessageOptions {
  readonly topic: string
  /** The most handovers to list. */
  readonly most: number
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** What the coroutine that runs is called. */
  readonly running: () => string | null
}

/** Follows the next message of a topic. */
export class FollowedMessage implements HubWatcher {
  readonly #options: FollowedMessageOptions
  readonly #appended = new Latch('the next message')
  readonly #complete = new Latch('its readers')
  readonly #handovers: Handover[] = []
  #begin: Omit<Way, 'handovers' | 'more'> | undefined
  #beganAt = 0
  #more = 0

  constructor(options: FollowedMessageOptions) {
    this.#options = options
  }

  appended(topic: string, { receipts }: Appended, waiting: number): void {
    const first = receipts[0]
    if (topic !== this.#options.topic || first === undefined || this.#begin !== undefined) return
    const { offset, id, time } = first
    this.#begin = { topic, offset, id, time, from: this.#options.running() ?? 'another node', waiting }
    this.#beganAt = this.#options.clock()
    this.#appended.open()
    this.#lookWhetherComplete()
  }

  delivered({ messages }: Batch): void {
    const begin = this.#begin
    if (begin === undefined) return
    if (!messages.some(({ id, topic }) => id === begin.id && topic === begin.topic)) return
    const afterMs = Math.round((this.#options.clock() - this.#beganAt) * 1_000) / 1_000
    if (this.#handovers.length < this.#options.most) {
      this.#handovers.push({ to: this.#options.running() ?? 'a coroutine', afterMs })
    } else this.#more += 1
    this.#lookWhetherComplete()
  }

  /** Wait until a message has come. */
  begun(): Selectable<void> {
    return this.#appended.wait()
  }

  /** Wait until as many readers have it as waited for it. */
  complete(): Selectable<void> {
    return this.#complete.wait()
  }

  /** What is known so far; null before the message has come. */
  way(): Way | null {
    return this.#begin === undefined ? null : { ...this.#begin, handovers: this.#handovers, more: this.#more }
  }

  #lookWhetherComplete(): void {
    const waiting = this.#begin?.waiting ?? 0
    if (this.#handovers.length + this.#more >= waiting) this.#complete.open()
  }
}
