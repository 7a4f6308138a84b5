// A tube: what one task pushes into it, another pops out, in the order in which it was pushed.
//
// Invariants, between any two steps of the scheduler:
//   - pushes and pops never both wait, unless one select does both;
//   - what was pushed and not popped stands in `pushed` in its order, whether its task waits for that or has gone on;
//   - once closed, no task waits.
// `validate` asserts them; the tests call it after every operation.

import type { Selectable } from '../../index.ts'
import { SelectableOperation, WaitList } from '../../index.ts'

/** Popped without waiting, and nothing was there. */
export class EmptyTube extends Error {
  readonly code = 'EMPTY_TUBE'

  constructor(tube: string) {
    super(`nothing is in ${tube}: pop it with waiting, or look at its length`)
    this.name = 'EmptyTube'
  }
}

/** Pushed into a closed tube, or popped after the last of it. */
export class ClosedTube extends Error {
  readonly code = 'CLOSED_TUBE'

  constructor(tube: string) {
    super(`${tube} is closed`)
    this.name = 'ClosedTube'
  }
}

/** @see fibra, "Implements 'pipe' like functionality" */
export class Tube<T> {
  readonly #name: string | undefined
  // Made when they are first needed: a tube seldom sees both wait, and there may be millions of tubes.
  #pushed: WaitList<Push<T>> | null = null
  #popping: WaitList<Pop<T>> | null = null
  #length = 0
  #isClosed = false

  constructor(name?: string) {
    this.#name = name
  }

  get name(): string {
    return this.#name ?? 'a tube'
  }

  /** How much was pushed and not popped, also by tasks that wait for that. */
  get length(): number {
    return this.#length
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /**
   * Push `value`, and go on; or with `wait` be there until it is popped. Cancelled while it waits, it was never pushed.
   *
   * @throws ClosedTube if it is closed, before or while it waits
   */
  push(value: T, wait = false): Selectable<void> {
    return new Push(this, value, wait)
  }

  /**
   * Pop what was pushed first, and wait for it; or with `wait` false have it now. Cancelled while it waits, it takes nothing.
   *
   * @throws EmptyTube if nothing is there and it may not wait; ClosedTube once it is closed and empty
   */
  pop(wait = true): Selectable<T> {
    return new Pop(this, wait)
  }

  /** Let nobody push any more. Who waits gets ClosedTube, and what it pushed is withdrawn; the rest can be popped. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const push of [...(this.#pushed ?? [])]) if (push.isWaiting) push.refuse()
    for (let pop = this.#popping?.shift(); pop !== undefined; pop = this.#popping?.shift()) pop.refuse()
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#pushed?.validate()
    this.#popping?.validate()
    const pushed = [...(this.#pushed ?? [])]
    const pop = this.#popping?.first
    if (pushed.length !== this.#length)
      throw new Error(`the tube holds ${pushed.length}, and has counted ${this.#length}`)
    if (pop !== undefined && pushed.some((push) => push.waiter !== pop.waiter))
      throw new Error('a pop waits at a full tube')
    if (this.#isClosed && (pop !== undefined || pushed.some((push) => push.isWaiting))) {
      throw new Error('a task waits at a closed tube')
    }
  }

  // What follows is for its operations.

  /** Give the value of `push` to the task that has waited longest, if one waits. */
  handOver(value: T): boolean {
    const pop = this.#popping?.shift()
    pop?.deliver(value)
    return pop !== undefined
  }

  /** Take out what was pushed first, if anything was. */
  takeFirst(): Push<T> | undefined {
    const push = this.#pushed?.shift()
    if (push === undefined) return undefined
    this.#length -= 1
    if (push.isWaiting) push.complete()
    return push
  }

  addPush(push: Push<T>): void {
    this.#pushed ??= new WaitList()
    this.#pushed.add(push)
    this.#length += 1
  }

  removePush(push: Push<T>): void {
    if (push.unlink()) this.#length -= 1
  }

  addPop(pop: Pop<T>): void {
    this.#popping ??= new WaitList()
    this.#popping.add(pop)
  }
}

class Push<T> extends SelectableOperation<void> {
  readonly value: T
  readonly #tube: Tube<T>
  readonly #waits: boolean
  #isRefused = false

  constructor(tube: Tube<T>, value: T, waits: boolean) {
    super()
    this.#tube = tube
    this.value = value
    this.#waits = waits
  }

  /** Whether its task is there until it is popped; the value of one that has gone on only stays behind. */
  get isWaiting(): boolean {
    return this.waiter !== null
  }

  poll(): boolean {
    if (this.#tube.isClosed) this.#isRefused = true
    else if (!this.#tube.handOver(this.value)) {
      if (this.#waits) return false
      this.#tube.addPush(this)
    }
    return true
  }

  take(): void {
    if (this.#isRefused) throw new ClosedTube(this.#tube.name)
  }

  refuse(): void {
    this.#isRefused = true
    this.#tube.removePush(this)
    this.complete()
  }

  override withdraw(): void {
    this.#tube.removePush(this)
    this.waiter = null
  }

  describe(): string {
    return `push ${this.#tube.name}`
  }

  protected enlist(): void {
    this.#tube.addPush(this)
  }
}

// What stands in a pop's `value` when there is none: no value of any T is one of these.
const CLOSED = Symbol('closed')
const EMPTY = Symbol('empty')

class Pop<T> extends SelectableOperation<T> {
  #value: unknown = EMPTY
  readonly #tube: Tube<T>
  readonly #waits: boolean

  constructor(tube: Tube<T>, waits: boolean) {
    super()
    this.#tube = tube
    this.#waits = waits
  }

  poll(): boolean {
    const push = this.#tube.takeFirst()
    if (push !== undefined) this.#value = push.value
    else if (this.#tube.isClosed) this.#value = CLOSED
    else if (this.#waits) return false
    return true
  }

  take(): T {
    if (this.#value === CLOSED) throw new ClosedTube(this.#tube.name)
    if (this.#value === EMPTY) throw new EmptyTube(this.#tube.name)
    return this.#value as T
  }

  deliver(value: T): void {
    this.#value = value
    this.complete()
  }

  refuse(): void {
    this.#value = CLOSED
    this.complete()
  }

  describe(): string {
    return `pop ${this.#tube.name}`
  }

  protected enlist(): void {
    this.#tube.addPop(this)
  }
}
