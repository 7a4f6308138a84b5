// A task: the handle to a coroutine, and the coroutine's own control block.
//
// Invariants, between any two steps of the scheduler:
//   - a parked task stands in no run queue; a runnable one stands in exactly one, once;
//   - it holds the operation it is parked on, if that can be withdrawn, and none otherwise;
//   - it is linked among its scope's children until it has ended, and its outcome is set only then;
//   - `allowance` is above zero exactly when the innermost scope it is in is not cancelled.

import { Cancelled, Deadlock, failuresBeside, findCancelled, Misuse, TaskCancelled } from './errors.ts'
import type { Coroutine, Runner, Selectable } from './operation.ts'
import { running, SelectableOperation } from './operation.ts'
import type { Place } from './place.ts'
import { placeJustInside, spreadCancel } from './place.ts'
import type { Scheduler } from './scheduler.ts'
import type { Scope } from './scope.ts'
import { Link, WaitList } from './wait-list.ts'

export type TaskStatus = 'runnable' | 'running' | 'parked' | 'done' | 'failed' | 'cancelled'

/** The handle to a running coroutine. */
export interface Task<T> {
  /** What dumps call it: its body's name unless told otherwise. A function is asked only when somebody looks. */
  label: string | (() => string)
  readonly id: number
  readonly status: TaskStatus
  /**
   * Wait until the task and its finalizers are done, and give its result.
   *
   * @throws its failure as itself; TaskCancelled if it was cancelled; Misuse when a task joins itself
   */
  join(): Selectable<T>
  /** Ask it to stop: its next operation, or the one it is parked on, throws `Cancelled`. Does not wait. */
  cancel(reason?: unknown): void
  /** The same as `join`, for code outside coroutines. */
  readonly promise: Promise<T>
}

/** How many operations a coroutine may start without parking before it goes to the end of the run queue. */
const fullAllowance = 128

/** After so many swallowed cancels the coroutine is reported: it will not stop by itself. */
const swallowedLimit = 1_000

export class CoroutineTask<T> extends Link implements Task<T>, Runner, Place {
  // A million of these may be parked: what most tasks never need is in `watchers`, and what can be asked for is a getter.
  // Private methods by `#` would cost a field each.

  /** The scope it was spawned in. */
  readonly outer: Scope
  readonly id: number
  label: string | (() => string)
  /** The innermost generator being stepped: the body, or the body of the scope it is inside. */
  generator: Coroutine<unknown> | null
  /** The innermost scope that it is inside, or itself. */
  place: Place = this
  reason: Cancelled | null
  allowance: number
  state: TaskStatus = 'runnable'
  operation: Selectable<unknown> | null = null
  /** When it parked, in whole milliseconds since its scheduler was made, as fine as a slice: a small integer is free. */
  parkedAt = 0
  private outcome: unknown = undefined
  private watchers: Watchers | null = null

  constructor(outer: Scope, id: number, label: string, body: Coroutine<T>) {
    super()
    this.outer = outer
    this.id = id
    this.label = label
    this.generator = body
    this.reason = outer.reason
    this.allowance = this.reason === null ? fullAllowance : 0
  }

  get scheduler(): Scheduler {
    return this.outer.scheduler
  }

  get isShielded(): boolean {
    return false
  }

  get status(): TaskStatus {
    return this.state
  }

  get isCancelled(): boolean {
    return this.allowance <= 0
  }

  get hasEnded(): boolean {
    return this.state === 'done' || this.state === 'failed' || this.state === 'cancelled'
  }

  /** Whether somebody waits for the outcome, and so learns of a failure. */
  get isObserved(): boolean {
    return this.watchers !== null && (this.watchers.hasJoiners || this.watchers.deferred !== null)
  }

  get name(): string {
    const label = typeof this.label === 'function' ? this.label() : this.label
    return `${label || 'anonymous'}#${this.id}`
  }

  get promise(): Promise<T> {
    this.watchers ??= new Watchers()
    let { deferred } = this.watchers
    if (deferred === null) {
      deferred = Promise.withResolvers<unknown>()
      this.watchers.deferred = deferred
      if (this.hasEnded) this.settle(deferred)
    }
    return deferred.promise as Promise<T>
  }

  join(): Selectable<T> {
    return new Join(this)
  }

  cancel(reason?: unknown): void {
    if (this.hasEnded || this.reason !== null) return
    spreadCancel(this, new Cancelled(reason))
  }

  park(operation: Selectable<unknown> | null): void {
    this.state = 'parked'
    this.operation = operation
    this.parkedAt = this.scheduler.sliceTime
  }

  wake(_operation?: unknown): void {
    this.state = 'runnable'
    this.operation = null
    this.scheduler.wake(this)
  }

  handOver(): void {
    this.state = 'runnable'
    this.scheduler.enqueue(this)
    this.scheduler.countHandOver()
  }

  handOverFirst(): void {
    this.state = 'runnable'
    this.scheduler.endSliceBefore(this)
  }

  forEachInner(visit: (inner: Place) => void): void {
    const inner = placeJustInside(this, this.place)
    if (inner !== null) visit(inner)
  }

  becameCancelled(): void {
    if (this.place === this) this.interrupt()
  }

  /** The innermost place has become cancelled: every operation from here on throws, the one it is parked on first. */
  interrupt(): void {
    this.adopt(this.place)
    this.scheduler.cancelled(this)
    // Without an operation it waits for the children of a closing scope, which is no cancel point.
    const { operation } = this
    if (this.state !== 'parked' || operation === null) return
    operation.withdraw(this)
    this.wake()
  }

  /** Step into, or back out to, `place`. */
  adopt(place: Place): void {
    this.place = place
    const isCancelled = place.reason !== null
    if (isCancelled === this.isCancelled) return
    this.allowance = isCancelled ? 0 : fullAllowance
    // A new budget comes only with a trip through the run queue, or a loop of scopes that fail would never make one.
    if (running.task === this) running.budget = 0
  }

  cancellation(): Error {
    this.allowance -= 1
    if (this.allowance === -swallowedLimit) {
      this.scheduler.report(
        new Misuse(`${this.name} has swallowed its cancellation ${swallowedLimit} times: let Cancelled pass`),
      )
    }
    return this.place.reason as Cancelled
  }

  /** What it gave, once it has ended. @throws its failure, or TaskCancelled */
  result(): T {
    if (this.state === 'done') return this.outcome as T
    throw this.failure
  }

  /** What waiting for it throws. */
  get failure(): unknown {
    return this.state === 'failed' ? this.outcome : new TaskCancelled(this.name, this.reason?.reason)
  }

  /** The body has returned. */
  succeed(value: T): void {
    const { deadlock } = this
    this.outcome = deadlock ?? value
    this.end(deadlock === null ? 'done' : 'failed')
  }

  /** The body has thrown. */
  fail(error: unknown): void {
    if (this.reason !== null && findCancelled(error) !== undefined) {
      for (const failure of failuresBeside(error)) this.scheduler.report(failure)
      this.outcome = this.deadlock
      this.end(this.deadlock === null ? 'cancelled' : 'failed')
    } else {
      this.outcome = error
      this.end('failed')
    }
  }

  addJoiner(joiner: SelectableOperation<unknown>): void {
    this.watchers ??= new Watchers()
    this.watchers.joiners.add(joiner)
  }

  /** The standstill that cancelled it, if it is a root: it fails of that, even if it swallows the cancel. */
  private get deadlock(): Deadlock | null {
    const isRoot = this.outer.host === null
    const reason = this.reason?.reason
    return isRoot && reason instanceof Deadlock ? reason : null
  }

  private end(status: 'done' | 'failed' | 'cancelled'): void {
    this.state = status
    this.generator = null
    this.unlink()
    if (this.watchers !== null) {
      this.watchers.wakeJoiners()
      if (this.watchers.deferred !== null) this.settle(this.watchers.deferred)
    }
    this.scheduler.countEnded()
    this.outer.childEnded(this)
  }

  private settle(deferred: PromiseWithResolvers<unknown>): void {
    if (this.state === 'done') deferred.resolve(this.outcome)
    else deferred.reject(this.failure)
  }
}

/** Who waits for a task's end. */
class Watchers {
  readonly joiners = new WaitList<SelectableOperation<unknown>>()
  deferred: PromiseWithResolvers<unknown> | null = null
  /** Whether anybody was there at the end: whoever left before, by a cancel or a lost select, learns of no failure. */
  hasJoiners = false

  wakeJoiners(): void {
    this.hasJoiners = !this.joiners.isEmpty
    for (let joiner = this.joiners.shift(); joiner !== undefined; joiner = this.joiners.shift()) joiner.complete()
  }
}

class Join<T> extends SelectableOperation<T> {
  readonly #task: CoroutineTask<T>

  constructor(task: CoroutineTask<T>) {
    super()
    this.#task = task
  }

  poll(): boolean {
    if ((this.#task as Runner) === running.task) {
      throw new Misuse(`${this.#task.name} joins itself, which would wait for ever`)
    }
    return this.#task.hasEnded
  }

  take(): T {
    return this.#task.result()
  }

  describe(): string {
    return `join ${this.#task.name}`
  }

  protected enlist(): void {
    this.#task.addJoiner(this)
  }
}
