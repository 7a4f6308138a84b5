// What readers have found wrong: how often, and the first example of each kind. It goes from process to process as it stands.

import type { PolledMessage, PollReply } from '../dialects/dialect.ts'

export const faultKinds = {
  lost: 'messages lost',
  duplicate: 'messages delivered twice or out of order',
  stranger: 'messages of a topic that was not asked for',
  altered: 'messages or replies with other data than they should have',
  verdict: 'verdicts other than ok',
  status: 'replies other than 200 or 201',
  broken: 'connections or replies that broke',
  early: 'messages that arrived before they were due, so the clocks do not agree',
  missing: 'readers that did not get everything before the time was up',
} as const

export type FaultKind = keyof typeof faultKinds

export type FaultCounts = { [Kind in FaultKind]?: { count: number; example: string } }

export class Faults {
  readonly counts: FaultCounts = {}

  add(kind: FaultKind, example: string, count = 1): void {
    const known = this.counts[kind]
    if (known === undefined) this.counts[kind] = { count, example }
    else known.count += count
  }
}

/** One sentence for each kind of fault. */
export function complaintsOf(counts: FaultCounts): string[] {
  return Object.entries(counts).map(
    ([kind, { count, example }]) => `${count} ${faultKinds[kind as FaultKind]}, the first: ${example}`,
  )
}

/** The sequence that one reader sees of one topic: every offset once, in order, from the first message on. */
export class Sequence {
  readonly #topic: string
  readonly #faults: Faults
  /** The offset of the newest message it has seen. */
  newest = 0

  constructor(topic: string, faults: Faults) {
    this.#topic = topic
    this.#faults = faults
  }

  /** Gives the messages that were due: new, and of this topic. */
  take({ messages, topics }: PollReply): PolledMessage[] {
    const verdict = topics[this.#topic]?.verdict
    if (verdict !== 'ok') this.#faults.add('verdict', `${verdict} on ${this.#topic}`)
    return messages.filter((message) => this.#takeOne(message))
  }

  #takeOne({ topic, offset }: PolledMessage): boolean {
    const due = this.newest + 1
    const what = `${topic} ${offset}, where ${this.#topic} ${due} was due`
    const kind = topic !== this.#topic ? 'stranger' : offset < due ? 'duplicate' : undefined
    if (kind !== undefined) {
      this.#faults.add(kind, what)
      return false
    }
    if (offset > due) this.#faults.add('lost', what, offset - due)
    this.newest = offset
    return true
  }
}
