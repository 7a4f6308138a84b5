// A broadcast shows each value to every receiver: a ring of the newest values, and a cursor for each receiver.
//
// Values are numbered 1, 2, 3 …; a position is the number of the last value that a receiver has been told of.
// Invariants, between any two steps of the scheduler:
//   - the ring holds the newest `capacity` values, or all there are, and none that is older: value n in slot (n - 1) % capacity;
//   - no position is past the head, which is the number of the newest value;
//   - whoever waits has been told everything up to the head, and nobody waits once it is closed.
// `validate` asserts them; the tests call it after every operation.
//
// A subscription that does not wait is known to its owner alone: publishing costs what waking those who wait costs.

import type { BroadcastWaiting, Shown } from './broadcast-subscription.ts'
import { BroadcastSubscription } from './broadcast-subscription.ts'
import { ChannelClosed } from './core/errors.ts'
import { unnamed } from './core/unnamed.ts'
import { WaitList } from './core/wait-list.ts'

export interface BroadcastOptions {
  /** What dumps and errors call it. */
  readonly name?: string
}

export interface SubscribeOptions {
  /**
   * 'now' (the default) gives only what is published from now on; 'earliest' everything that is still held; a position
   * everything after it, as far as it is still held.
   */
  readonly from?: 'now' | 'earliest' | number
}

export class Broadcast<T> implements Shown<T> {
  /** How many values it holds: so far a receiver may be behind without missing any. */
  readonly capacity: number
  readonly #name: string | undefined
  readonly #slots: T[] = []
  readonly #waiting = new WaitList<BroadcastWaiting<T, unknown>>()
  #head = 0
  #closed: { readonly cause: unknown } | null = null

  /** @throws RangeError unless `capacity` is a whole number above 0 */
  constructor(capacity: number, { name }: BroadcastOptions = {}) {
    if (!(Number.isInteger(capacity) && capacity > 0)) {
      throw new RangeError(`a broadcast's capacity is a whole number above 0 (got ${String(capacity)})`)
    }
    this.capacity = capacity
    this.#name = name
  }

  get name(): string {
    return this.#name ?? unnamed(this, 'a broadcast')
  }

  get isClosed(): boolean {
    return this.#closed !== null
  }

  /** The position after the newest value: how many have been published. */
  get head(): number {
    return this.#head
  }

  /** The position before the oldest value that is still held. */
  get earliest(): number {
    return this.#head - this.#slots.length
  }

  /**
   * Show `value` to every subscription, and give its position. Never waits: the oldest value makes room, whether or not
   * everybody has read it.
   *
   * @throws ChannelClosed
   */
  publish(value: T): number {
    if (this.#closed !== null) throw this.closedError()
    this.#slots[this.#head % this.capacity] = value
    this.#head += 1
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) waiting.complete()
    return this.#head
  }

  /**
   * Begin to read. A subscription costs nothing while no operation waits on it, and need not be disposed of to be forgotten.
   *
   * A closed broadcast can still be read to its end.
   *
   * @throws RangeError unless `from` is 'now', 'earliest' or a position from 0 to `head`
   */
  subscribe({ from = 'now' }: SubscribeOptions = {}): BroadcastSubscription<T> {
    return new BroadcastSubscription(this, this.#positionOf(from))
  }

  /**
   * Close it: receivers drain what is held, publishers throw. False when it was closed already.
   *
   * @param cause becomes the `cause` of every ChannelClosed it leads to
   */
  close(cause?: unknown): boolean {
    if (this.#closed !== null) return false
    this.#closed = { cause }
    for (let waiting = this.#waiting.shift(); waiting !== undefined; waiting = this.#waiting.shift()) waiting.refuse()
    return true
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#waiting.validate()
    if (this.#slots.length !== Math.min(this.#head, this.capacity)) throw new Error('the ring does not hold the newest')
    if (this.isClosed && !this.#waiting.isEmpty) throw new Error('somebody waits on a closed broadcast')
    const subscriptions = [...this.#waiting].map(({ subscription }) => subscription)
    for (const subscription of new Set(subscriptions)) {
      if (subscription.position !== this.#head) throw new Error('a receiver waits behind the head, or past it')
      const waiting = subscriptions.filter((other) => other === subscription).length
      if (subscription.waiting !== waiting) throw new Error(`${waiting} wait on it, not ${subscription.waiting}`)
    }
  }

  slice(from: number, to: number): T[] {
    const values: T[] = []
    for (let position = from; position < to; position += 1) values.push(this.#slots[position % this.capacity] as T)
    return values
  }

  addWaiting(waiting: BroadcastWaiting<T, unknown>): void {
    this.#waiting.add(waiting)
  }

  dismiss(subscription: object): void {
    for (const waiting of [...this.#waiting]) {
      // A select with several of them has withdrawn the others by now.
      if (waiting.subscription === subscription && waiting.unlink()) waiting.refuse()
    }
  }

  closedError(): ChannelClosed {
    return new ChannelClosed(this.name, this.#closed?.cause)
  }

  #positionOf(from: 'now' | 'earliest' | number): number {
    if (from === 'now') return this.#head
    if (from === 'earliest') return this.earliest
    if (Number.isInteger(from) && from >= 0 && from <= this.#head) return from
    throw new RangeError(`from is 'now', 'earliest' or a position from 0 to ${this.#head} (got ${String(from)})`)
  }
}
