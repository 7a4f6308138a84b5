// A channel hands each value to exactly one receiver.
//
// Invariants, between any two steps of the scheduler:
//   - senders and receivers never both wait, unless one select does both, and then nobody else waits;
//   - a waiting receiver means an empty buffer, a waiting sender a full one;
//   - once closed, nobody waits and the buffer only shrinks.
// `validate` asserts them; the tests call it after every operation.
//
// The buffer is made when it is first needed: most channels never buffer.

import type { ChannelWaiting, Receiving, WaitedOn } from './channel-operation.ts'
import { Next, OVERFLOWED, REFUSED, Receive, Send } from './channel-operation.ts'
import { ChannelClosed, ChannelFull } from './core/errors.ts'
import type { Selectable } from './core/operation.ts'
import { running } from './core/operation.ts'
import { Ring } from './core/ring.ts'
import { unnamed } from './core/unnamed.ts'
import { WaitList } from './core/wait-list.ts'

/** What a full channel does with one more value. */
export type Overflow = 'suspend' | 'dropOldest' | 'dropLatest' | 'error'

export interface ChannelOptions<T = never> {
  /**
   * 'suspend' (the default) lets the sender wait; 'dropOldest' makes room by dropping what was sent first; 'dropLatest'
   * drops the value itself; 'error' throws ChannelFull.
   */
  readonly overflow?: Overflow
  /**
   * Told of each value that 'dropOldest' or 'dropLatest' drops, in order. It is called when the step of the sender is over,
   * outside of coroutines, and what it throws is reported to the host; `trySend` outside of coroutines calls it at once.
   */
  onDropped?(value: T): void
  /** What dumps and errors call it. */
  readonly name?: string
}

export type Received<T> =
  | { readonly status: 'value'; readonly value: T }
  | { readonly status: 'empty' }
  | { readonly status: 'closed' }

/** A queue between coroutines that hands each value to exactly one receiver. */
export interface Channel<T> {
  /** How many values it holds without a receiver; 0 makes every send meet its receive, 2^31 - 1 and more is Infinity. */
  readonly capacity: number
  /** How many values wait in the buffer. */
  readonly length: number
  readonly isClosed: boolean
  readonly name: string

  /**
   * Send `value` to one receiver, waiting while the channel is full.
   *
   * Waits in FIFO order. Cancelling while it waits withdraws the value: either it was received or it was never sent.
   *
   * @throws ChannelClosed if the channel is closed, before or while it waits; ChannelFull with `overflow: 'error'`
   * @see The Go Memory Model, "Channel communication"
   */
  send(value: T): Selectable<void>

  /**
   * Receive one value, waiting while there is none.
   *
   * Waits in FIFO order. Cancelling while it waits takes nothing.
   *
   * @throws ChannelClosed once the channel is closed and its buffer drained
   */
  receive(): Selectable<T>

  /** Receive one value, or learn that the channel is closed and drained: `{ done: true }`. Waits like `receive`. */
  next(): Selectable<IteratorResult<T, void>>

  /**
   * Send without waiting. True when a receiver or the buffer took the value; false when it was not sent: there was no
   * room, or `dropLatest` dropped it.
   *
   * @throws ChannelClosed
   */
  trySend(value: T): boolean

  /** Receive without waiting. */
  tryReceive(): Received<T>

  /**
   * Close it: receivers drain what is buffered, senders throw. False when it was closed already.
   *
   * @param cause becomes the `cause` of every ChannelClosed it leads to
   */
  close(cause?: unknown): boolean

  /** Assert the invariants at the head of this file. */
  validate(): void
}

// V8 keeps a field that has held an Infinity, or more than 32 bits, as an object of its own, in every channel from then on.
const unbounded = 2 ** 31 - 1

const empty = { status: 'empty' } as const
const closed = { status: 'closed' } as const

// A channel is itself the head of the list of those who wait on it: with a million coroutines parked on a channel each, a
// list beside every channel is 48 bytes and a cache miss more.
class ChannelHead<T> extends WaitList<ChannelWaiting<T>> implements Channel<T>, WaitedOn<T> {
  /** How many values its buffer takes: a small integer, also where there is no bound. */
  declare private readonly room: number
  declare private buffer: Ring<T> | null
  /** What most channels never have. */
  declare private rare: Rare<T> | null

  constructor(capacity = 0, options?: ChannelOptions<T>) {
    super()
    if (capacity !== 0 || options !== undefined) check(capacity, options)
    this.room = capacity < unbounded ? capacity : unbounded
    this.buffer = null
    this.rare = options === undefined ? null : new Rare(options)
  }

  get capacity(): number {
    return this.room === unbounded ? Number.POSITIVE_INFINITY : this.room
  }

  get length(): number {
    return this.buffer === null ? 0 : this.buffer.length
  }

  get isClosed(): boolean {
    return this.rare !== null && this.rare.closed !== null
  }

  get name(): string {
    return this.rare?.options?.name ?? unnamed(this, 'a channel')
  }

  send(value: T): Selectable<void> {
    return new Send(this, value)
  }

  receive(): Selectable<T> {
    return new Receive<T>(this)
  }

  next(): Selectable<IteratorResult<T, void>> {
    return new Next<T>(this)
  }

  trySend(value: T): boolean {
    if (this.isClosed) throw this.closedError()
    const receiver = this.takeReceiver()
    if (receiver !== undefined) {
      receiver.deliver(value)
      return true
    }
    if (this.length < this.room) {
      this.buffer ??= new Ring()
      this.buffer.push(value)
      return true
    }
    const overflow = this.rare?.options?.overflow
    if (overflow === 'dropOldest') {
      const oldest = this.buffer?.shift() as T
      this.buffer?.push(value)
      this.tellDropped(oldest)
      return true
    }
    if (overflow === 'dropLatest') this.tellDropped(value)
    return false
  }

  tryReceive(): Received<T> {
    if (this.length > 0) return { status: 'value', value: this.takeBuffered() }
    const sender = this.takeSender()
    if (sender !== undefined) {
      const value = sender.value as T
      sender.complete()
      return { status: 'value', value }
    }
    return this.isClosed ? closed : empty
  }

  close(cause?: unknown): boolean {
    if (this.isClosed) return false
    this.rare ??= new Rare(undefined)
    this.rare.closed = { cause }
    for (let waiting = this.shift(); waiting !== undefined; waiting = this.shift()) waiting.refuse()
    return true
  }

  override validate(): void {
    super.validate()
    this.buffer?.validate()
    const { first } = this
    if (first === undefined) return
    if (this.isClosed) throw new Error('somebody waits on a closed channel')
    for (const waiting of this) {
      const isOtherSide = waiting.isSend !== first.isSend
      if (isOtherSide && waiting.waiter !== first.waiter) throw new Error('a sender and a receiver both wait')
      if (waiting.isSend) {
        if (this.length < this.room) throw new Error('a sender waits before a buffer with room')
      } else if (this.length > 0) throw new Error('a receiver waits before a buffer with something in it')
    }
  }

  sendNow(operation: Send<T>): boolean {
    if (this.isClosed) {
      operation.value = REFUSED
      return true
    }
    if (this.trySend(operation.value as T)) return true
    const overflow = this.rare?.options?.overflow
    if (overflow === undefined || overflow === 'suspend') return false
    if (overflow === 'error') operation.value = OVERFLOWED
    return true
  }

  /** The same as `tryReceive`, without making an object of what is received. */
  receiveNow(operation: Receiving<T>): boolean {
    if (this.length > 0) {
      operation.value = this.takeBuffered()
      return true
    }
    const sender = this.takeSender()
    if (sender !== undefined) {
      operation.value = sender.value
      sender.complete()
      return true
    }
    if (!this.isClosed) return false
    operation.value = REFUSED
    return true
  }

  canSend(): boolean {
    if (this.isClosed || this.length < this.room) return true
    const overflow = this.rare?.options?.overflow ?? 'suspend'
    return overflow !== 'suspend' || [...this].some((waiting) => !waiting.isSend)
  }

  canReceive(): boolean {
    return this.isClosed || this.length > 0 || [...this].some((waiting) => waiting.isSend)
  }

  private tellDropped(value: T): void {
    const options = this.rare?.options
    if (options?.onDropped === undefined) return
    if (running.task === null) options.onDropped(value)
    else running.task.scheduler.callLater(() => options.onDropped?.(value))
  }

  closedError(): ChannelClosed {
    return new ChannelClosed(this.name, this.rare?.closed?.cause)
  }

  fullError(): ChannelFull {
    return new ChannelFull(this.name, this.capacity)
  }

  // Where one side waits, the first of them says which. Both wait only if one select does both, and then nobody else does:
  // whoever came would have met it.

  private takeReceiver(): Receiving<T> | undefined {
    const { first } = this
    if (first === undefined) return undefined
    if (!first.isSend) return this.shift() as Receiving<T>
    const receiver = this.besides(first, (waiting) => !waiting.isSend)
    receiver?.unlink()
    return receiver as Receiving<T> | undefined
  }

  private takeSender(): Send<T> | undefined {
    const { first } = this
    if (first === undefined) return undefined
    if (first.isSend) return this.shift() as Send<T>
    const sender = this.besides(first, (waiting) => waiting.isSend)
    sender?.unlink()
    return sender as Send<T> | undefined
  }

  /** The first of the other cases of `first`'s select that is of the side asked for. */
  private besides(
    first: ChannelWaiting<T>,
    isOfSide: (waiting: ChannelWaiting<T>) => boolean,
  ): ChannelWaiting<T> | undefined {
    for (const waiting of this) {
      if (waiting.waiter !== first.waiter) return undefined
      if (isOfSide(waiting)) return waiting
    }
    return undefined
  }

  /** Take the oldest value, and let the sender that has waited longest put its own in. */
  private takeBuffered(): T {
    const buffer = this.buffer as Ring<T>
    const value = buffer.shift() as T
    const sender = this.takeSender()
    if (sender !== undefined) {
      buffer.push(sender.value as T)
      sender.complete()
    }
    return value
  }
}

/** @throws RangeError unless `capacity` is a whole number or Infinity, or if there is no room to drop from */
export const Channel: new <T>(capacity?: number, options?: ChannelOptions<T>) => Channel<T> = ChannelHead

class Rare<T> {
  readonly options: ChannelOptions<T> | undefined
  closed: { readonly cause: unknown } | null = null

  constructor(options: ChannelOptions<T> | undefined) {
    this.options = options
  }
}

const overflows: ReadonlySet<Overflow> = new Set<Overflow>(['suspend', 'dropOldest', 'dropLatest', 'error'])

function check(capacity: number, options: ChannelOptions<never> | undefined): void {
  if (capacity !== Number.POSITIVE_INFINITY && !(Number.isInteger(capacity) && capacity >= 0)) {
    throw new RangeError(`a channel's capacity is a whole number or Infinity (got ${String(capacity)})`)
  }
  const overflow = options?.overflow ?? 'suspend'
  if (!overflows.has(overflow)) {
    throw new RangeError(`overflow is one of ${[...overflows].join(', ')} (got ${String(overflow)})`)
  }
  const drops = overflow === 'dropOldest' || overflow === 'dropLatest'
  if (options?.onDropped !== undefined && !drops) {
    throw new RangeError(
      `nothing is dropped with overflow '${overflow}': leave out onDropped, or choose another overflow`,
    )
  }
  if (capacity === 0 && drops) {
    throw new RangeError(
      `a channel without a buffer has nothing to drop: give it a capacity, or leave out '${overflow}'`,
    )
  }
}
