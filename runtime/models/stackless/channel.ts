// A channel of Stackless: a rendezvous with one queue, whose balance says who stands in it.
//
// Invariants, between any two steps of the scheduler:
//   - the queue holds senders or receivers, never both; `balance` is their number, positive for senders;
//   - whoever leaves the queue unmet, by a cancel or an exception, has taken or given nothing;
//   - once closing, nobody joins the queue.
// `validate` asserts them; the tests call it after every operation.

import type { Coroutine, Operation } from '../../index.ts'
import { ChannelClosed, WaitList } from '../../index.ts'
import { BlockingOperation } from './tasklet.ts'

/** Who goes on at once when two meet: the receiver (-1), the sender (1), or whoever came second (0). */
export type Preference = -1 | 0 | 1

type Direction = -1 | 1
const sending: Direction = 1
const receiving: Direction = -1

export class Channel<T> {
  /**
   * Who goes on at once when a sender and a receiver meet; the other goes on when its turn comes. Who came second and is
   * not preferred goes to the end of the queue of all that are runnable, right behind the one it has met.
   */
  preference: Preference = -1
  /** Let whoever came second always go to the end of the queue, whatever the preference. */
  scheduleAll = false
  readonly name: string
  readonly #queue = new WaitList<Transfer<T, unknown>>()
  #balance = 0
  #closing = false

  constructor(name = 'a channel') {
    this.name = name
  }

  /** How many senders wait (above 0), or receivers (below 0). */
  get balance(): number {
    return this.#balance
  }

  /** Whether it was told to close. */
  get closing(): boolean {
    return this.#closing
  }

  /** Whether it was told to close, and nobody waits in it. */
  get closed(): boolean {
    return this.#closing && this.#balance === 0
  }

  /**
   * Give `value` to one receiver, waiting until there is one.
   *
   * Waits in FIFO order. Cancelled or thrown out of it while it waits, it has sent nothing.
   *
   * @throws ChannelClosed if the channel is closing and no receiver waits
   * @see Stackless Python documentation, "channel.send"
   */
  send(value: T): Operation<void> {
    return new Send(this, value, VALUE)
  }

  /** Throw `error` out of the `receive` of one receiver, waiting until there is one. @throws as `send` */
  sendException(error: unknown): Operation<void> {
    return new Send<T>(this, error, EXCEPTION)
  }

  /** Send one value after the other, and give their number. Waits for a receiver for each. @throws as `send` */
  *sendSequence(values: Iterable<T>): Coroutine<number> {
    let sent = 0
    for (const value of values) {
      yield* this.send(value)
      sent += 1
    }
    return sent
  }

  /**
   * Take a value from one sender, waiting until there is one.
   *
   * Waits in FIFO order. Cancelled or thrown out of it while it waits, it has taken nothing.
   *
   * @throws ChannelClosed if the channel is closing and no sender waits; the error that was sent by `sendException`
   * @see Stackless Python documentation, "channel.receive"
   */
  receive(): Operation<T> {
    return new Receive(this)
  }

  /** Receive as a loop over the channel does: once it is closing and no sender waits, `{ done: true }`. */
  next(): Operation<IteratorResult<T, void>> {
    return new Next(this)
  }

  /** Let nobody wait in it any more. Whoever waits already can still be met. Idempotent. */
  close(): void {
    this.#closing = true
  }

  /** Let them wait in it again. */
  open(): void {
    this.#closing = false
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#queue.validate()
    const directions = [...this.#queue].map(({ direction }) => direction)
    if (directions.some((direction) => direction !== directions[0])) throw new Error('senders and receivers both wait')
    const standing = directions.length === 0 ? 0 : directions.length * (directions[0] as Direction)
    if (this.#balance !== standing) throw new Error(`the balance is ${this.#balance}, in the queue ${standing}`)
  }

  // What follows is for its operations.

  hasPartnerOf({ direction }: Transfer<T, unknown>): boolean {
    return this.#balance * direction < 0
  }

  /** Whether `second` goes to the end of the queue when it has met its partner. */
  givesWay(second: Transfer<T, unknown>): boolean {
    return this.scheduleAll || this.preference === -second.direction
  }

  /** Let `second` and the partner that has waited longest meet, and wake the partner. */
  meet(second: Transfer<T, unknown>): void {
    const first = this.#queue.shift() as Transfer<T, unknown>
    this.#balance += second.direction
    if (second.direction === sending) first.parcelFrom(second)
    else second.parcelFrom(first)
    first.complete()
  }

  add(transfer: Transfer<T, unknown>): void {
    this.#queue.add(transfer)
    this.#balance += transfer.direction
  }

  remove(transfer: Transfer<T, unknown>): void {
    if (transfer.unlink()) this.#balance -= transfer.direction
  }
}

const VALUE = 0
const EXCEPTION = 1
const REFUSED = 2
type Kind = typeof VALUE | typeof EXCEPTION | typeof REFUSED

abstract class Transfer<T, Result> extends BlockingOperation<Result> {
  abstract readonly direction: Direction
  /** A value, or an error to throw, as `kind` says. */
  protected parcel: unknown
  protected kind: Kind
  protected readonly channel: Channel<T>

  constructor(channel: Channel<T>, parcel: unknown, kind: Kind) {
    super()
    this.channel = channel
    this.parcel = parcel
    this.kind = kind
  }

  parcelFrom({ parcel, kind }: Transfer<T, unknown>): void {
    this.parcel = parcel
    this.kind = kind
  }

  protected attempt(): boolean {
    const { channel } = this
    if (channel.hasPartnerOf(this)) {
      // Whoever gives way has to park for it: `wait` goes on from here.
      if (channel.givesWay(this)) return false
      channel.meet(this)
      return true
    }
    if (channel.closing) this.kind = REFUSED
    return channel.closing
  }

  protected wait(): void {
    if (!this.channel.hasPartnerOf(this)) {
      this.channel.add(this)
      return
    }
    this.channel.meet(this)
    this.complete()
  }

  protected retreat(): void {
    this.channel.remove(this)
  }

  protected refusal(): ChannelClosed {
    return new ChannelClosed(this.channel.name)
  }
}

class Send<T> extends Transfer<T, void> {
  get direction(): Direction {
    return sending
  }

  describe(): string {
    return `send ${this.channel.name}`
  }

  protected outcome(): void {
    if (this.kind === REFUSED) throw this.refusal()
  }
}

abstract class Receiving<T, Result> extends Transfer<T, Result> {
  constructor(channel: Channel<T>) {
    super(channel, undefined, VALUE)
  }

  get direction(): Direction {
    return receiving
  }

  describe(): string {
    return `receive ${this.channel.name}`
  }

  protected received(): T {
    if (this.kind === EXCEPTION) throw this.parcel
    return this.parcel as T
  }
}

class Receive<T> extends Receiving<T, T> {
  protected outcome(): T {
    if (this.kind === REFUSED) throw this.refusal()
    return this.received()
  }
}

class Next<T> extends Receiving<T, IteratorResult<T, void>> {
  protected outcome(): IteratorResult<T, void> {
    if (this.kind === REFUSED) return { done: true, value: undefined }
    return { done: false, value: this.received() }
  }
}
