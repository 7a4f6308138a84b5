// The idempotency keys of one topic: what was answered to each in the last ten minutes.

import { Link, type WaitList } from '../../../runtime/index.ts'
import type { IdempotencyKey, Receipt } from '../../hub/index.ts'

/** How long the same key gives the same answer, in milliseconds. */
export const keyMs = 600_000

/** It is a link, so that the broker can chain the keys of all topics, oldest first. */
export class Answer extends Link {
  readonly keys: IdempotencyKeys
  readonly key: IdempotencyKey
  readonly receipts: readonly Receipt[]
  readonly since: number

  constructor(keys: IdempotencyKeys, key: IdempotencyKey, receipts: readonly Receipt[], since: number) {
    super()
    this.keys = keys
    this.key = key
    this.receipts = receipts
    this.since = since
  }
}

export class IdempotencyKeys {
  readonly #most: number
  readonly #all: WaitList<Answer>
  readonly #answers = new Map<string, Answer>()
  /** How many messages the answers are about. */
  #messages = 0

  /** Of one topic: `most` messages that had keys. `all` chains the answers of all topics. */
  constructor(most: number, all: WaitList<Answer>) {
    this.#most = most
    this.#all = all
  }

  find(key: IdempotencyKey, now: number): Answer | undefined {
    const answer = this.#answers.get(key.text)
    return answer !== undefined && answer.since > now - keyMs ? answer : undefined
  }

  /** Keep an answer, and forget the oldest ones that are too many with it. */
  keep(key: IdempotencyKey, receipts: readonly Receipt[], now: number): void {
    this.drop(key.text)
    for (const text of this.#answers.keys()) {
      if (this.#messages + receipts.length <= this.#most) break
      this.drop(text)
    }
    // The messages themselves would do, but they would keep their data.
    const answer = new Answer(this, key, receipts.map(toReceipt), now)
    this.#messages += receipts.length
    this.#answers.set(key.text, answer)
    this.#all.add(answer)
  }

  drop(text: string): void {
    const answer = this.#answers.get(text)
    if (answer === undefined) return
    answer.unlink()
    this.#messages -= answer.receipts.length
    this.#answers.delete(text)
  }

  clear(): void {
    for (const text of this.#answers.keys()) this.drop(text)
  }
}

function toReceipt({ offset, id, time }: Receipt): Receipt {
  return { offset, id, time }
}
