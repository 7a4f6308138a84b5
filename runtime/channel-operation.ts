// The operations of a channel: send, receive and next.
//
// There are millions of these, so each class sets all of its fields itself, and has its protocol to itself. @see LinkBase

import type { ChannelClosed, ChannelFull } from './core/errors.ts'
import type { Signal } from './core/operation.ts'
import { enter, FRESH, OperationBase, PARKED, READY, running } from './core/operation.ts'

/** What the operations of a channel ask of it. They alone call it. */
export interface WaitedOn<T> {
  readonly name: string
  /** The send of `operation`, if it need not wait. */
  sendNow(operation: Send<T>): boolean
  /** The receive of `operation`, if it need not wait. */
  receiveNow(operation: Receiving<T>): boolean
  /** Whether a send need not wait. */
  canSend(): boolean
  /** Whether a receive need not wait. */
  canReceive(): boolean
  /** Let it wait. */
  add(operation: ChannelWaiting<T>): void
  closedError(): ChannelClosed
  fullError(): ChannelFull
}

export type ChannelWaiting<T> = Send<T> | Receiving<T>

// What stands in an operation's `value` when the channel did not take or give one: no value of any T is one of these, and
// a field less makes a parked coroutine smaller.
export const REFUSED = Symbol('refused')
export const OVERFLOWED = Symbol('overflowed')

export class Send<T> extends OperationBase<void> {
  declare value: unknown
  declare private readonly channel: WaitedOn<T>

  constructor(channel: WaitedOn<T>, value: T) {
    super()
    this.ahead = null
    this.behind = null
    this.state = FRESH
    this.waiter = null
    this.channel = channel
    this.value = value
    if (running.audit !== null) running.audit.created(this)
  }

  // The same as its base's, for V8 to see one class here instead of all: a tenth of the time of a chain.
  override next(): IteratorResult<Signal, void> {
    const { state } = this
    if (state === READY) return this.finish()
    if (state === PARKED) return this.fail()
    if (!enter(state)) return this.holdOn()
    return this.poll() ? this.finish() : this.standInLine()
  }

  /** Which side of its channel it is on: asked in place of `instanceof`, which walks up the prototypes. */
  get isSend(): true {
    return true
  }

  poll(): boolean {
    return this.channel.sendNow(this)
  }

  isReady(): boolean {
    return this.channel.canSend()
  }

  take(): void {
    if (this.value === REFUSED) throw this.channel.closedError()
    if (this.value === OVERFLOWED) throw this.channel.fullError()
  }

  describe(): string {
    return `send ${this.channel.name}`
  }

  refuse(): void {
    this.value = REFUSED
    this.complete()
  }

  protected enlist(): void {
    this.channel.add(this)
  }
}

export abstract class Receiving<T, Result = unknown> extends OperationBase<Result> {
  declare value: unknown
  declare protected readonly channel: WaitedOn<T>

  constructor(channel: WaitedOn<T>) {
    super()
    this.ahead = null
    this.behind = null
    this.state = FRESH
    this.waiter = null
    this.value = undefined
    this.channel = channel
    if (running.audit !== null) running.audit.created(this)
  }

  get isSend(): false {
    return false
  }

  poll(): boolean {
    return this.channel.receiveNow(this)
  }

  isReady(): boolean {
    return this.channel.canReceive()
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

  protected enlist(): void {
    this.channel.add(this)
  }
}

export class Receive<T> extends Receiving<T, T> {
  // The same as its base's, for V8 to see one class here instead of all: a tenth of the time of a chain.
  override next(): IteratorResult<Signal, T> {
    const { state } = this
    if (state === READY) return this.finish()
    if (state === PARKED) return this.fail()
    if (!enter(state)) return this.holdOn()
    return this.poll() ? this.finish() : this.standInLine()
  }

  take(): T {
    if (this.value === REFUSED) throw this.channel.closedError()
    return this.value as T
  }
}

export class Next<T> extends Receiving<T, IteratorResult<T, void>> {
  take(): IteratorResult<T, void> {
    return this.value === REFUSED ? { done: true, value: undefined } : { done: false, value: this.value as T }
  }
}
