// A channel hands each value to exactly one receiver.
//
// Invariants, between any two steps of the scheduler:
//   - senders and receivers never both wait, unless one select does both;
//   - a waiting receiver means an empty buffer, a waiting sender a full one;
//   - once closed, nobody waits and the buffer only shrinks.
// `validate` asserts them; the tests call it after every operation.
//
// The storage for each is made when it is first needed: most channels never buffer, and never see both sides wait.

import { ChannelClosed, ChannelFull } from './errors.ts'
import type { Selectable } from './operation.ts'
import { SelectableOperation } from './operation.ts'
import { Ring } from './ring.ts'
import { WaitList } from './wait-list.ts'

/** What a full channel does with one more value. */
export type Overflow = 'suspend' | 'dropOldest' | 'dropLatest' | 'error'

export interface ChannelOptions {
  /**
   * 'suspend' (the default) lets the sender wait; 'dropOldest' makes room by dropping what was sent first; 'dropLatest'
   * drops the value itself; 'error' throws ChannelFull.
   */
  readonly overflow?: Overflow
  /** What dumps and errors call it. */
  readonly name?: string
}

export type Received<T> =
  | { readonly status: 'value'; readonly value: T }
  | { readonly status: 'empty' }
  | { readonly status: 'closed' }

const empty = { status: 'empty' } as const
const closed = { status: 'closed' } as const

export class Channel<T> {
  /** How many values it holds without a receiver; 0 makes every send meet its receive. */
  readonly capacity: number
  readonly #options: ChannelOptions | undefined
  #buffer: Ring<T> | null = null
  #senders: WaitList<Send<T>> | null = null
  #receivers: WaitList<Receive<T> | Next<T>> | null = null
  #closed: { readonly cause: unknown } | null = null

  /** @throws RangeError unless `capacity` is a whole number or Infinity, or if there is no room to drop from */
  constructor(capacity = 0, options?: ChannelOptions) {
    if (capacity !== 0 || options !== undefined) check(capacity, options)
    this.capacity = capacity
    this.#options = options
  }

  /** How many values wait in the buffer. */
  get length(): number {
    return this.#buffer === null ? 0 : this.#buffer.length
  }

  get isClosed(): boolean {
    return this.#closed !== null
  }

  get name(): string {
    return this.#options?.name ?? 'a channel'
  }

  /**
   * Send `value` to one receiver, waiting while the channel is full.
   *
   * Waits in FIFO order. Cancelling while it waits withdraws the value: either it was received or it was never sent.
   *
   * @throws ChannelClosed if the channel is closed, before or while it waits; ChannelFull with `overflow: 'error'`
   * @see The Go Memory Model, "Channel communication"
   */
  send(value: T): Selectable<void> {
    return new Send(this, value)
  }

  /**
   * Receive one value, waiting while there is none.
   *
   * Waits in FIFO order. Cancelling while it waits takes nothing.
   *
   * @throws ChannelClosed once the channel is closed and its buffer drained
   */
  receive(): Selectable<T> {
    return new Receive<T>(this)
  }

  /** Receive one value, or learn that the channel is closed and drained: `{ done: true }`. Waits like `receive`. */
  next(): Selectable<IteratorResult<T, void>> {
    return new Next<T>(this)
  }

  /**
   * Send without waiting. True when a receiver or the buffer took the value; false when it was not sent: there was no
   * room, or `dropLatest` dropped it.
   *
   * @throws ChannelClosed
   */
  trySend(value: T): boolean {
    if (this.#closed !== null) throw this.closedError()
    const receiver = this.#receivers?.shift()
    if (receiver !== undefined) {
      receiver.deliver(value)
      return true
    }
    if (this.length < this.capacity) {
      this.#buffer ??= new Ring()
      this.#buffer.push(value)
      return true
    }
    if (this.#options?.overflow !== 'dropOldest') return false
    this.#buffer?.shift()
    this.#buffer?.push(value)
    return true
  }

  /** Receive without waiting. */
  tryReceive(): Received<T> {
    if (this.length > 0) return { status: 'value', value: this.takeBuffered() }
    const sender = this.#senders?.shift()
    if (sender !== undefined) {
      const value = sender.value as T
      sender.complete()
      return { status: 'value', value }
    }
    return this.#closed === null ? empty : closed
  }

  /**
   * Close it: receivers drain what is buffered, senders throw. False when it was closed already.
   *
   * @param cause becomes the `cause` of every ChannelClosed it leads to
   */
  close(cause?: unknown): boolean {
    if (this.#closed !== null) return false
    this.#closed = { cause }
    for (let receiver = this.#receivers?.shift(); receiver; receiver = this.#receivers?.shift()) receiver.refuse()
    for (let sender = this.#senders?.shift(); sender; sender = this.#senders?.shift()) sender.refuse()
    return true
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#senders?.validate()
    this.#receivers?.validate()
    this.#buffer?.validate()
    const sender = this.#senders?.first
    const receiver = this.#receivers?.first
    if (sender !== undefined && receiver !== undefined && sender.waiter !== receiver.waiter) {
      throw new Error('a sender and a receiver both wait')
    }
    if (receiver !== undefined && this.length > 0)
      throw new Error('a receiver waits before a buffer with something in it')
    if (sender !== undefined && this.length < this.capacity) throw new Error('a sender waits before a buffer with room')
    if (this.isClosed && (sender ?? receiver) !== undefined) throw new Error('somebody waits on a closed channel')
  }

  // What follows is for its operations.

  /** The send of `operation`, if it need not wait. */
  sendNow(operation: Send<T>): boolean {
    if (this.#closed !== null) {
      operation.value = REFUSED
      return true
    }
    if (this.trySend(operation.value as T)) return true
    const overflow = this.#options?.overflow
    if (overflow === undefined || overflow === 'suspend') return false
    if (overflow === 'error') operation.value = OVERFLOWED
    return true
  }

  /** The receive of `operation`, if it need not wait. The same as `tryReceive`, without making an object of it. */
  receiveNow(operation: Receive<T> | Next<T>): boolean {
    if (this.length > 0) {
      operation.value = this.takeBuffered()
      return true
    }
    const sender = this.#senders?.shift()
    if (sender !== undefined) {
      operation.value = sender.value
      sender.complete()
      return true
    }
    if (this.#closed === null) return false
    operation.value = REFUSED
    return true
  }

  addSender(sender: Send<T>): void {
    this.#senders ??= new WaitList()
    this.#senders.add(sender)
  }

  addReceiver(receiver: Receive<T> | Next<T>): void {
    this.#receivers ??= new WaitList()
    this.#receivers.add(receiver)
  }

  closedError(): ChannelClosed {
    return new ChannelClosed(this.name, this.#closed?.cause)
  }

  fullError(): ChannelFull {
    return new ChannelFull(this.name, this.capacity)
  }

  /** Take the oldest value, and let the sender that has waited longest put its own in. */
  private takeBuffered(): T {
    const buffer = this.#buffer as Ring<T>
    const value = buffer.shift() as T
    const sender = this.#senders?.shift()
    if (sender !== undefined) {
      buffer.push(sender.value as T)
      sender.complete()
    }
    return value
  }
}

// What stands in an operation's `value` when the channel did not take or give one: no value of any T is one of these, and
// a field less makes a parked coroutine smaller.
const REFUSED = Symbol('refused')
const OVERFLOWED = Symbol('overflowed')

class Send<T> extends SelectableOperation<void> {
  value: unknown
  readonly #channel: Channel<T>

  constructor(channel: Channel<T>, value: T) {
    super()
    this.#channel = channel
    this.value = value
  }

  poll(): boolean {
    return this.#channel.sendNow(this)
  }

  take(): void {
    if (this.value === REFUSED) throw this.#channel.closedError()
    if (this.value === OVERFLOWED) throw this.#channel.fullError()
  }

  describe(): string {
    return `send ${this.#channel.name}`
  }

  refuse(): void {
    this.value = REFUSED
    this.complete()
  }

  protected enlist(): void {
    this.#channel.addSender(this)
  }
}

abstract class Receiving<T, Result> extends SelectableOperation<Result> {
  value: unknown = undefined
  protected readonly channel: Channel<T>

  constructor(channel: Channel<T>) {
    super()
    this.channel = channel
  }

  deliver(value: T): void {
    this.value = value
    this.complete()
  }

  refuse(): void {
    this.value = REFUSED
    this.complete()
  }

  describe(): string {
    return `receive ${this.channel.name}`
  }
}

class Receive<T> extends Receiving<T, T> {
  poll(): boolean {
    return this.channel.receiveNow(this)
  }

  take(): T {
    if (this.value === REFUSED) throw this.channel.closedError()
    return this.value as T
  }

  protected enlist(): void {
    this.channel.addReceiver(this)
  }
}

class Next<T> extends Receiving<T, IteratorResult<T, void>> {
  poll(): boolean {
    return this.channel.receiveNow(this)
  }

  take(): IteratorResult<T, void> {
    return this.value === REFUSED ? { done: true, value: undefined } : { done: false, value: this.value as T }
  }

  protected enlist(): void {
    this.channel.addReceiver(this)
  }
}

const overflows: ReadonlySet<Overflow> = new Set<Overflow>(['suspend', 'dropOldest', 'dropLatest', 'error'])

function check(capacity: number, options: ChannelOptions | undefined): void {
  if (capacity !== Number.POSITIVE_INFINITY && !(Number.isInteger(capacity) && capacity >= 0)) {
    throw new RangeError(`a channel's capacity is a whole number or Infinity (got ${String(capacity)})`)
  }
  const overflow = options?.overflow ?? 'suspend'
  if (!overflows.has(overflow)) {
    throw new RangeError(`overflow is one of ${[...overflows].join(', ')} (got ${String(overflow)})`)
  }
  if (capacity === 0 && (overflow === 'dropOldest' || overflow === 'dropLatest')) {
    throw new RangeError(
      `a channel without a buffer has nothing to drop: give it a capacity, or leave out '${overflow}'`,
    )
  }
}
