// The sequence that one reader sees of one topic: every offset once, in order, from the first message on.

import type { PolledMessage, PollReply } from './encke-requests.ts'
import type { Faults } from './faults.ts'

export class Sequence {
  readonly #topic: string
  readonly #faults: Faults
  #newest = 0

  constructor(topic: string, faults: Faults) {
    this.#topic = topic
    this.#faults = faults
  }

  /** The offset of the newest message it has seen. */
  get newest(): number {
    return this.#newest
  }

  /** Gives the messages that were due: new, and of this topic. */
  take({ messages, topics }: PollReply): PolledMessage[] {
    const verdict = topics[this.#topic]?.verdict
    if (verdict !== 'ok') this.#faults.add('verdict', `${verdict} on ${this.#topic}`)
    return messages.filter((message) => this.#takeOne(message))
  }

  #takeOne({ topic, offset }: PolledMessage): boolean {
    const due = this.#newest + 1
    const what = `${topic} ${offset}, where ${this.#topic} ${due} was due`
    if (topic !== this.#topic) this.#faults.add('stranger', what)
    else if (offset < due) this.#faults.add('duplicate', what)
    else {
      if (offset > due) this.#faults.add('lost', what, offset - due)
      this.#newest = offset
      return true
    }
    return false
  }
}
