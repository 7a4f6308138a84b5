// A subscription: one reader of a broadcast with its position, and the operations that wait there.
//
// Invariant: `waiting` counts those of its operations that stand in the broadcast's wait list.

import { ChannelClosed } from './core/errors.ts'
import type { Selectable, Waiter } from './core/operation.ts'
import { SelectableOperation } from './core/operation.ts'

/** What a subscription asks of its broadcast. Subscriptions alone call its methods. */
export interface Shown<T> {
  readonly name: string
  readonly head: number
  readonly earliest: number
  readonly isClosed: boolean
  /** The values after position `from` up to position `to`, all of which are held. */
  slice(from: number, to: number): T[]
  addWaiting(waiting: BroadcastWaiting<T, unknown>): void
  /** `subscription` is disposed of: what waits on it gets ChannelClosed. */
  dismiss(subscription: object): void
  closedError(): ChannelClosed
}

/** What a waiting operation asks of its subscription. These operations alone call it. */
interface Awaited<T> {
  waiting: number
  addWaiting(waiting: BroadcastWaiting<T, unknown>): void
  closedError(): ChannelClosed
}

/** What one `read` gives. */
export interface BroadcastBatch<T> {
  /** In the order in which they were published. */
  readonly values: readonly T[]
  /** How many values between the last batch and this one are gone: the ring has lapped the reader. */
  readonly missed: number
  /** Whether there is more to read at once. */
  readonly more: boolean
}

/** One reader of a broadcast, and its position. */
export class BroadcastSubscription<T> implements Disposable, Awaited<T> {
  /** Mostly none: then disposing of it has nobody to look for. */
  waiting = 0
  readonly #name: string
  #broadcast: Shown<T> | null
  #position: number

  constructor(broadcast: Shown<T>, position: number) {
    this.#name = broadcast.name
    this.#broadcast = broadcast
    this.#position = position
  }

  get name(): string {
    return this.#broadcast?.name ?? this.#name
  }

  /** Up to where it has read. Another subscription can go on from here. */
  get position(): number {
    return this.#position
  }

  /** Whether there is something to read. */
  get hasNews(): boolean {
    return this.#broadcast !== null && this.#position < this.#broadcast.head
  }

  /** Whether there will never be anything to read again. */
  get hasEnded(): boolean {
    return this.#broadcast === null || (this.#broadcast.isClosed && !this.hasNews)
  }

  /**
   * Wait until there is something to read. Takes nothing: what there is, `read` gives.
   *
   * @throws ChannelClosed once the broadcast is closed and read to its end, or the subscription is disposed of
   */
  changed(): Selectable<void> {
    return new Changed(this)
  }

  /**
   * Read on, at most `limit` values. Never waits; with nothing to read, the batch is empty.
   *
   * @throws ChannelClosed once the subscription is disposed of; RangeError unless `limit` is a whole number above 0
   */
  read(limit = Number.POSITIVE_INFINITY): BroadcastBatch<T> {
    const broadcast = this.#broadcast
    if (broadcast === null) throw this.closedError()
    const from = Math.max(this.#position, broadcast.earliest)
    const to = Math.min(broadcast.head, from + checkedLimit(limit))
    const missed = from - this.#position
    this.#position = to
    return { values: broadcast.slice(from, to), missed, more: to < broadcast.head }
  }

  /**
   * Wait like `changed` and read in one, or learn that it has come to its end: `{ done: true }`.
   *
   * A batch is empty only when another coroutine, on the same subscription, was the faster one.
   *
   * @throws RangeError unless `limit` is a whole number above 0
   */
  next(limit = Number.POSITIVE_INFINITY): Selectable<IteratorResult<BroadcastBatch<T>, void>> {
    return new Next(this, checkedLimit(limit))
  }

  /** End it: operations that wait on it get ChannelClosed. Idempotent. */
  [Symbol.dispose](): void {
    const broadcast = this.#broadcast
    this.#broadcast = null
    if (this.waiting > 0) broadcast?.dismiss(this)
  }

  addWaiting(waiting: BroadcastWaiting<T, unknown>): void {
    this.#broadcast?.addWaiting(waiting)
  }

  closedError(): ChannelClosed {
    return this.#broadcast?.closedError() ?? new ChannelClosed(`a subscription to ${this.#name}`)
  }
}

/** Ready while there is something to read, or nothing ever again. */
export abstract class BroadcastWaiting<T, Result> extends SelectableOperation<Result> {
  readonly subscription: BroadcastSubscription<T>
  /** Which of the two it was when it committed. */
  protected isRefused = false

  constructor(subscription: BroadcastSubscription<T>) {
    super()
    this.subscription = subscription
  }

  poll(): boolean {
    this.isRefused = this.subscription.hasEnded
    return this.isRefused || this.subscription.hasNews
  }

  isReady(): boolean {
    return this.poll()
  }

  describe(): string {
    return `news of ${this.subscription.name}`
  }

  override complete(): void {
    this.subscription.waiting -= 1
    super.complete()
  }

  override withdraw(waiter: Waiter): void {
    if (this.isLinked) this.subscription.waiting -= 1
    super.withdraw(waiter)
  }

  refuse(): void {
    this.isRefused = true
    this.complete()
  }

  protected enlist(): void {
    this.subscription.waiting += 1
    this.subscription.addWaiting(this)
  }
}

class Changed<T> extends BroadcastWaiting<T, void> {
  take(): void {
    if (this.isRefused) throw this.subscription.closedError()
  }
}

class Next<T> extends BroadcastWaiting<T, IteratorResult<BroadcastBatch<T>, void>> {
  readonly #limit: number

  constructor(subscription: BroadcastSubscription<T>, limit: number) {
    super(subscription)
    this.#limit = limit
  }

  take(): IteratorResult<BroadcastBatch<T>, void> {
    // Since it committed, another coroutine may have read the rest, or ended it.
    if (this.subscription.hasEnded) return { done: true, value: undefined }
    return { done: false, value: this.subscription.read(this.#limit) }
  }
}

function checkedLimit(limit: number): number {
  if (limit === Number.POSITIVE_INFINITY || (Number.isInteger(limit) && limit > 0)) return limit
  throw new RangeError(`a limit is a whole number above 0, or Infinity (got ${String(limit)})`)
}
