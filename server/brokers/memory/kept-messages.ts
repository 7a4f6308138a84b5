// What the memory broker keeps of messages: a history for each topic, and all that may be dropped in one chain.
//
// Invariants:
//   - `aging` chains every message that may be dropped, oldest first, except newest ones that were passed over when their
//     time was up: those go as soon as they are newest no more;
//   - `messages` and `bytes` are the sums over all histories that drop messages, `heldBytes` over those that do not.

import { Link, WaitList } from '../../../runtime/index.ts'
import type { HistoryLimits } from '../../hub/index.ts'
import { History, Message } from '../../hub/index.ts'

/** A message in a history. */
export class Kept extends Link {
  readonly message: Message
  readonly history: KeptHistory
  /** What it takes: nothing for one that a fork shares with its source. */
  readonly bytes: number

  constructor(message: Message, history: KeptHistory, bytes: number) {
    super()
    this.message = message
    this.history = history
    this.bytes = bytes
  }

  get offset(): number {
    return this.message.offset
  }
}

/** The messages of one topic. */
export class KeptHistory extends History<Kept> {
  /** Whether nothing of it is ever dropped. */
  readonly isWhole: boolean

  constructor(isWhole: boolean, next = 1) {
    super(next)
    this.isWhole = isWhole
  }

  /** As many messages from offset `from` on as `limits` allow, one at least. */
  read(from: number, limits: HistoryLimits): Message[] {
    const messages: Message[] = []
    let bytes = 0
    for (const { message } of this.slice(from, limits.messages)) {
      bytes += message.bytes
      if (bytes > limits.bytes && messages.length > 0) break
      messages.push(message)
    }
    return messages
  }
}

export class KeptMessages {
  readonly #limits: HistoryLimits & { readonly ageMs: number }
  readonly #now: () => number
  readonly #aging = new WaitList<Kept>()
  messages = 0
  bytes = 0
  heldMessages = 0
  heldBytes = 0

  constructor(limits: HistoryLimits & { readonly ageMs: number }, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  add(history: KeptHistory, message: Message): void {
    const last = history.last
    history.push(new Kept(message, history, message.bytes))
    if (history.isWhole) {
      this.heldMessages += 1
      this.heldBytes += message.bytes
      return
    }
    this.#aging.add(history.last as Kept)
    this.messages += 1
    this.bytes += message.bytes
    if (last?.isLinked === false) this.#drop(history)
    while (history.exceeds(this.#limits)) this.#drop(history)
    this.trimOld(history, message.takenAt)
  }

  /** Put what a source has into the history of its fork, under the fork's name. */
  share(fork: KeptHistory, name: string, messages: readonly Message[]): void {
    for (const message of messages) {
      const { offset, id, time, takenAt } = message
      fork.push(new Kept(new Message(name, offset, id, time, message, takenAt), fork, 0))
      this.heldMessages += 1
    }
  }

  clear(history: KeptHistory): void {
    while (history.length > 0) this.#drop(history)
  }

  trimOld(history: KeptHistory, now = this.#now()): void {
    if (history.isWhole) return
    const oldest = now - this.#limits.ageMs
    while (history.length > 1 && (history.first as Kept).message.takenAt <= oldest) this.#drop(history)
  }

  /** Drop the oldest message of all if its time is up; false when there is none. */
  dropOneOld(): boolean {
    const kept = this.#aging.first
    return kept !== undefined && kept.message.takenAt <= this.#now() - this.#limits.ageMs && this.dropOldest()
  }

  /** Drop the oldest message of all, unless it is the newest of its topic; false when nothing is left to look at. */
  dropOldest(): boolean {
    const kept = this.#aging.first
    if (kept === undefined) return false
    if (kept.history.length > 1) this.#drop(kept.history)
    else kept.unlink()
    return true
  }

  /** The bytes that go as soon as `history` has a newer message: it was passed over. */
  leaving(history: KeptHistory | undefined): number {
    return history?.last?.isLinked === false && !history.isWhole ? history.last.bytes : 0
  }

  /** Assert the invariants at the head of this file. */
  validate(histories: readonly KeptHistory[]): void {
    this.#aging.validate()
    const sums = { messages: 0, bytes: 0, heldMessages: 0, heldBytes: 0 }
    for (const history of histories) {
      history.validate()
      sums[history.isWhole ? 'heldMessages' : 'messages'] += history.length
      sums[history.isWhole ? 'heldBytes' : 'bytes'] += history.bytes
    }
    const { messages, bytes, heldMessages, heldBytes } = this
    const own = { messages, bytes, heldMessages, heldBytes }
    if (JSON.stringify(sums) !== JSON.stringify(own)) throw new Error('the sums over all histories are wrong')
  }

  /** Drop the oldest message of a history. */
  #drop(history: KeptHistory): void {
    const kept = history.shift()
    if (kept === undefined) return
    kept.unlink()
    this[history.isWhole ? 'heldMessages' : 'messages'] -= 1
    this[history.isWhole ? 'heldBytes' : 'bytes'] -= kept.bytes
  }
}
