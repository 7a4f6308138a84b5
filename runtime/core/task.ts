// A task: the handle to a coroutine, and the coroutine's own control block.
//
// Invariants, between any two steps of the scheduler:
//   - a parked task stands in no run queue; a runnable one stands in exactly one, once;
//   - it holds the operation it is parked on, if that can be withdrawn, and none otherwise;
//   - it stands among its scope's children until it has ended, and its outcome is set only then;
//   - `allowance` is above zero exactly when the innermost scope it is in is not cancelled.

import { AbortTies } from './abort-ties.ts'
import type { CancelNode } from './cancel-node.ts'
import { nodeJustInside, spreadCancel } from './cancel-node.ts'
import type { Block, Seated } from './children.ts'
import type { Described } from './dump.ts'
import { Cancelled, Deadlock, failuresBeside, findCancelled, inWords, Misuse, TaskCancelled } from './errors.ts'
import type { AbortSignalLike } from './host.ts'
import { OpenPromise } from './open-promise.ts'
import type { Coroutine, Runner, Selectable } from './operation.ts'
import { running, SelectableOperation, withdrawSafely } from './operation.ts'
import type { Scheduler } from './scheduler.ts'
import type { Scope } from './scope.ts'
import { programFrame } from './spawn-site.ts'
import type { Task, TaskStatus } from './task-handle.ts'
import { throwing } from './throw-into.ts'
import { WaitList } from './wait-list.ts'

/** Coroutine-local values by the local that they belong to. The map never changes once a task holds it. */
export type Locals = ReadonlyMap<object, unknown>

/** How many operations a coroutine may start without parking before it goes to the end of the run queue. */
export const fullAllowance = 128

/** After so many swallowed cancels the coroutine is reported: it will not stop by itself. */
const swallowedLimit = 1_000

export class CoroutineTask<T> implements Task<T>, Runner, CancelNode, Seated<Scope>, Described {
  // A million of these may be parked: what most tasks never need is in `extras`, and what can be asked for is a getter.
  // Private methods by `#` would cost a field each.

  /** Where it stands among the children of its scope, which have set it; kept when it has ended. */
  declare block: Block<Scope>
  declare index: number
  declare readonly id: number
  /** What was spawned. Its name is read when somebody looks: reading it at every spawn costs more than the rest of it. */
  declare readonly body: Body
  /** The innermost generator being stepped: the body's, or that of the scope it is inside. */
  declare generator: Coroutine<unknown> | null
  /** The innermost scope that it is inside, or itself. */
  declare innermost: CancelNode
  declare allowance: number
  declare state: TaskStatus
  declare operation: Selectable<unknown> | null
  /** When it parked, in whole milliseconds since its scheduler was made, as fine as a slice: a small integer is free. */
  declare parkedAt: number
  declare extras: Extras | null
  // biome-ignore lint/suspicious/noThenProperty: a type alone; there is no such member
  declare then: Task<T>['then']

  constructor(outer: Scope, id: number, body: Body, generator: Coroutine<T>) {
    outer.children.add(this as CoroutineTask<unknown>)
    this.id = id
    this.body = body
    this.generator = generator
    this.innermost = this
    this.allowance = fullAllowance
    this.state = 'runnable'
    this.operation = null
    this.parkedAt = 0
    this.extras = null
    if (outer.reason !== null) {
      this.reason = outer.reason
      this.allowance = 0
    }
  }

  get label(): string | (() => string) {
    return this.extras?.label ?? this.body.name
  }

  set label(label: string | (() => string)) {
    this.withExtras().label = label
  }

  get reason(): Cancelled | null {
    return this.extras === null ? null : this.extras.reason
  }

  set reason(reason: Cancelled | null) {
    this.withExtras().reason = reason
  }

  /** Its coroutine-local values; the map never changes. */
  get locals(): Locals | null {
    return this.extras === null ? null : this.extras.locals
  }

  set locals(locals: Locals | null) {
    this.withExtras().locals = locals
  }

  get ties(): AbortTies {
    const extras = this.withExtras()
    extras.ties ??= new AbortTies()
    return extras.ties
  }

  /** In debug mode, the file and line in which it was spawned. */
  get spawnSite(): string | null {
    const at = this.extras === null ? null : this.extras.spawnedAt
    return at === null ? null : programFrame(at)
  }

  set spawnedAt(at: Error) {
    this.withExtras().spawnedAt = at
  }

  /** The scope it was spawned in. */
  get outer(): Scope {
    return this.block.scope
  }

  get scheduler(): Scheduler {
    return this.block.scheduler
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

  get wasTold(): boolean {
    // The step began with the allowance as its budget, and being told takes one away from the allowance alone.
    return running.budget > this.allowance
  }

  get cancelReason(): unknown {
    return this.innermost.reason?.reason
  }

  get hasEnded(): boolean {
    return this.state === 'done' || this.state === 'failed' || this.state === 'cancelled'
  }

  /** Whether somebody waits for the outcome, and so learns of a failure. */
  get isObserved(): boolean {
    return this.extras !== null && (this.extras.hasJoiners || this.extras.deferred !== null)
  }

  get name(): string {
    const { label } = this
    return `${inWords(() => (typeof label === 'function' ? label() : label)) || 'anonymous'}#${this.id}`
  }

  get promise(): Promise<T> {
    const extras = this.withExtras()
    let { deferred } = extras
    if (deferred === null) {
      deferred = new OpenPromise<unknown>()
      extras.deferred = deferred
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
    if (running.task === null) this.scheduler.callNow()
  }

  cancelOn(signal: AbortSignalLike): this {
    if (!this.hasEnded) this.ties.listen(signal, (reason) => this.cancel(reason))
    return this
  }

  park(operation: Selectable<unknown> | null): void {
    if (this.state !== 'running') throw this.steppedByHand()
    this.state = 'parked'
    this.operation = operation
    this.parkedAt = this.scheduler.sliceTime
  }

  goOn(): boolean {
    if (this.state !== 'parked') return false
    this.state = 'running'
    this.operation = null
    return true
  }

  wake(_operation?: unknown): void {
    this.state = 'runnable'
    this.operation = null
    this.scheduler.wake(this)
  }

  renewBudget(): boolean {
    if (this.allowance > 0 && this.scheduler.renewBudget(this as CoroutineTask<unknown>)) return true
    this.handOver()
    return false
  }

  /** Unless it has: the slice may be over, and then it is the first of the next one. */
  handOver(): void {
    if (this.state !== 'running') return
    this.state = 'runnable'
    this.scheduler.enqueue(this)
    this.scheduler.countHandOver()
  }

  handOverFirst(): void {
    if (this.state !== 'running') return
    this.state = 'runnable'
    this.scheduler.endSliceBefore(this)
  }

  /** Throw `error` where its generator has yielded, or behind its end, after a trip through the run queue. */
  goOnWith(error: unknown): void {
    this.leaveOperation()
    this.generator = throwing(this, this.generator as Coroutine<unknown>, error)
    this.handOver()
  }

  /**
   * Wait no more for what it has stepped by hand, as `const [value] = channel.receive()` does. False: that has woken it, and
   * it stands in the run queue.
   */
  leaveOperation(): boolean {
    if (this.state === 'parked') {
      this.withdrawOperation()
      this.goOn()
    }
    return this.state === 'running'
  }

  steppedByHand(): Misuse {
    this.leaveOperation()
    return new Misuse(`${this.name} has stepped an operation by hand: write yield* before it`)
  }

  forEachInner(visit: (inner: CancelNode) => void): void {
    const inner = nodeJustInside(this, this.innermost)
    if (inner !== null) visit(inner)
  }

  becameCancelled(): void {
    if (this.innermost === this) this.interrupt()
    const ties = this.extras?.ties
    if (ties) this.scheduler.callLater(() => ties.abort(this.reason?.reason))
  }

  validate(): void {
    if (this.isCancelled !== (this.innermost.reason !== null)) throw new Error(`${this.name} has not heard of a cancel`)
    if (this.operation !== null && this.state !== 'parked') throw new Error(`${this.name} holds on to an operation`)
  }

  spawned(): CoroutineTask<unknown>[] {
    const scopes: Scope[] = []
    for (let node = this.innermost; node !== this; node = node.outer as CancelNode) scopes.push(node as Scope)
    return scopes.reverse().flatMap((scope) => [...scope.children])
  }

  /** The innermost node has become cancelled: every operation from here on throws, the one it is parked on first. */
  interrupt(): void {
    this.adopt(this.innermost)
    this.scheduler.cancelled(this)
    // Without an operation it waits for the children of a closing scope, which is no cancel point.
    if (this.state !== 'parked' || this.operation === null) return
    this.withdrawOperation()
    this.wake()
  }

  /** Step into, or back out to, `node`. */
  adopt(node: CancelNode): void {
    this.innermost = node
    const isCancelled = node.reason !== null
    if (isCancelled === this.isCancelled) return
    this.allowance = isCancelled ? 0 : fullAllowance
    // A new budget comes only with a trip through the run queue, or a loop of scopes that fail would never make one.
    if (running.task === this) this.scheduler.takeBudget()
  }

  cancellation(): Error {
    this.allowance -= 1
    if (this.allowance === -swallowedLimit) {
      this.scheduler.report(
        new Misuse(`${this.name} has swallowed its cancellation ${swallowedLimit} times: let Cancelled pass`),
      )
    }
    return this.innermost.reason as Cancelled
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
    this.end(deadlock === null ? 'done' : 'failed', deadlock ?? value)
  }

  /** The body has thrown. */
  fail(error: unknown): void {
    if (this.reason !== null && findCancelled(error) !== undefined) {
      for (const failure of failuresBeside(error)) this.scheduler.report(failure)
      this.end(this.deadlock === null ? 'cancelled' : 'failed', this.deadlock ?? undefined)
    } else {
      this.end('failed', error)
    }
  }

  addJoiner(joiner: Join<unknown>): void {
    this.withExtras().addJoiner(joiner)
  }

  private withExtras(): Extras {
    this.extras ??= new Extras()
    return this.extras
  }

  private withdrawOperation(): void {
    if (this.operation !== null) withdrawSafely(this.operation, this, this)
  }

  private get outcome(): unknown {
    return this.extras?.outcome
  }

  /** The standstill that cancelled it, if it is a root: it fails of that, even if it swallows the cancel. */
  private get deadlock(): Deadlock | null {
    const isRoot = this.outer.host === null
    const reason = this.reason?.reason
    return isRoot && reason instanceof Deadlock ? reason : null
  }

  private end(status: 'done' | 'failed' | 'cancelled', outcome: unknown): void {
    this.state = status
    this.generator = null
    this.outer.children.remove(this as CoroutineTask<unknown>)
    // Most tasks give nothing, and nobody waits for them: those need no place for it.
    if (outcome !== undefined) this.withExtras().outcome = outcome
    if (this.extras !== null) {
      this.extras.ties?.loosen()
      this.extras.wakeJoiners()
      if (this.extras.deferred !== null) this.settle(this.extras.deferred)
    }
    this.scheduler.countEnded()
    this.outer.childEnded(this)
  }

  private settle(deferred: OpenPromise<unknown>): void {
    if (this.state === 'done') deferred.resolve(this.outcome)
    else deferred.reject(this.failure)
  }
}

/** A function that gave a coroutine, for its name. */
export interface Body {
  readonly name: string
}

/** What most tasks never need. */
class Extras {
  label: string | (() => string) | null = null
  /** What it gave, or what it failed of, once it has ended. */
  outcome: unknown = undefined
  reason: Cancelled | null = null
  deferred: OpenPromise<unknown> | null = null
  /** Whether anybody was there at the end: whoever left before, by a cancel or a lost select, learns of no failure. */
  hasJoiners = false
  /** Who waits for its end. */
  joiners: WaitList<SelectableOperation<unknown>> | null = null
  locals: Locals | null = null
  ties: AbortTies | null = null
  /** Put into words only when somebody looks. */
  spawnedAt: Error | null = null

  addJoiner(joiner: Join<unknown>): void {
    this.joiners ??= new WaitList()
    this.joiners.add(joiner)
  }

  wakeJoiners(): void {
    const { joiners } = this
    if (joiners === null) return
    this.hasJoiners = !joiners.isEmpty
    for (let joiner = joiners.shift(); joiner !== undefined; joiner = joiners.shift()) joiner.complete()
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

  isReady(): boolean {
    return this.#task.hasEnded || (this.#task as Runner) === running.task
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
