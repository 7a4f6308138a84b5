// A mailbox as users of Stackless build it: a channel with a queue beside it, so that a send never blocks.
//
// stacklesslib has one under this name. Always true: a receiver waits in the channel only while the queue is empty.

import type { Coroutine } from '../../index.ts'
import { Channel } from '../../models/stackless.ts'

export class QueueChannel<T> {
  readonly #channel = new Channel<T>()
  readonly #queue: T[] = []

  constructor() {
    // The sender goes on, as it does when it has only put something into the queue.
    this.#channel.preference = 1
  }

  /** How many values wait for a receiver. */
  get length(): number {
    return this.#queue.length
  }

  /** Send `value` to a receiver that waits, or put it into the queue. Never blocks. */
  *send(value: T): Coroutine<void> {
    if (this.#channel.balance < 0) yield* this.#channel.send(value)
    else this.#queue.push(value)
  }

  /** Receive the oldest value, waiting while there is none. */
  *receive(): Coroutine<T> {
    if (this.#queue.length > 0) return this.#queue.shift() as T
    return yield* this.#channel.receive()
  }
}
