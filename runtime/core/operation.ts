// Operations: what `yield*` runs. And the protocol between an operation and the scheduler.
//
// An operation is an iterator, not a generator. Its first `next()` either ends it there and then, or parks the coroutine
// by handing `PARKED` up through every `yield*` to the scheduler. The scheduler only ever resumes through `next()`, so
// whatever an operation has to throw, its `next()` throws. States:
//
//   fresh ──► spent                           it was ready
//   fresh ──► parked ──► ready ──► spent      somebody woke it: the hand-over is the commit point
//   fresh ──► parked ──► (throws Cancelled)   withdrawn: it did not happen
//   fresh ──► held ──► as from fresh          a trip through the run queue first: the budget was spent, or to be cancelled

import { Misuse } from './errors.ts'
import { LinkBase } from './wait-list.ts'

declare const signal: unique symbol

/** What an operation hands to the scheduler. Opaque: only `yield*` on an operation makes one. */
export interface Signal {
  readonly [signal]: never
}

/** Something to run with `yield*` inside a coroutine. It may park, gives a `T`, and runs once. */
export interface Operation<T> {
  [Symbol.iterator](): Iterator<Signal, T, void>
}

/** What a coroutine's body returns: declare it as `function* (): Coroutine<T>`. */
export type Coroutine<T> = Generator<Signal, T, void>

/**
 * What all generators are instances of. Asking so costs the same for each; a property looked up on the generator of a
 * function* written inline, which is a new function with a prototype of its own every time, costs half a microsecond.
 */
export function AnyGenerator() {}
AnyGenerator.prototype = Object.getPrototypeOf(function* () {}).prototype

/** The `next` of all generators: not looked up on each of them, for the same reason. */
export const generatorNext = AnyGenerator.prototype.next as (
  this: Coroutine<unknown>,
) => IteratorResult<unknown, unknown>

/** Who is told when something it registered with happened: a parked coroutine, or the `select` it runs. */
export interface Waiter {
  /** Of the coroutine that waits, as far as it is known. */
  readonly scheduler?: Timekeeper | undefined
  /** Make runnable what waits on `operation`. Enqueues, never calls. */
  wake(operation: Selectable<unknown>): void
}

/** An operation that can be a case of `select`. */
export interface Selectable<T> extends Operation<T> {
  /** Whether `poll` would say true. Changes nothing. Asked by an explorer, which otherwise has to try. */
  isReady?(): boolean
  /** Do it now if that needs no waiting, and say whether it is done. Nothing is registered by it. */
  poll(): boolean
  /** Wait: stand in the wait lists it needs, and `waiter.wake(this)` once it is done. */
  register(waiter: Waiter): void
  /** Undo `register`, leaving no trace. Never called once it has woken its waiter. */
  withdraw(waiter: Waiter): void
  /** The outcome, once `poll` said true or the waiter was woken; throws what the operation throws. */
  take(): T
  /** What it waits for, in words, for `dump`. */
  describe(): string
}

export const FRESH = 0
export const HELD = 1
export const PARKED = 2
export const READY = 3
export const SPENT = 4
export type OperationState = typeof FRESH | typeof HELD | typeof PARKED | typeof READY | typeof SPENT

/** What an operation may ask of the coroutine that runs it. */
export interface Runner extends Waiter {
  readonly scheduler: Timekeeper
  readonly isCancelled: boolean
  /** Whether it was told of its cancel in this very step: to tell it once more costs a trip through the run queue. */
  readonly wasTold: boolean
  /** What the cancel was given, once it is cancelled. */
  readonly cancelReason: unknown
  /** Stop here until `operation` wakes it, or until it is cancelled, which withdraws the operation. */
  park(operation: Selectable<unknown> | null): void
  /** Take `park` back. False: it is too late, because something has woken it meanwhile. */
  goOn(): boolean
  /** The budget is spent. True: there is more, and one operation of it is spent. False: it hands over. */
  renewBudget(): boolean
  /** End the slice, and be the first to go on in the next one. */
  handOverFirst(): void
  /** The error to throw because of a cancel, counted. */
  cancellation(): Error
}

/** What an operation may ask of the scheduler. */
export interface Timekeeper {
  now(): number
  addTimer(timer: TimerEntry): void
  removeTimer(timer: TimerEntry): void
  random(bound: number): number
  /** Whether a select draws among the ready cases only: an explorer would else try each order of those that are not. */
  readonly picksAmongReady: boolean
  isSliceSpent(): boolean
  hold(reason: string): Disposable
  report(error: unknown): void
  /**
   * Run `call`, which is other people's code, once the present step is over: outside of coroutines, and never in the
   * middle of a hand-over or a cancel.
   */
  callLater(call: () => void): void
}

/** Something in a scheduler's timer heap. `due` is in milliseconds on its host's clock; `place` is the heap's own. */
export interface TimerEntry {
  due: number
  order: number
  place: number
  fire(now: number): void
}

/**
 * The coroutine that is running, and how many more operations it may start before it hands over. There is one such
 * place for all schedulers, because there is one thread. With nobody running, or once the running coroutine is
 * cancelled, the budget is spent: so one comparison on entry stands for all three checks. The scheduler gives it in parts.
 */
export const running: {
  task: Runner | null
  budget: number
  audit: Audit | null
  entered: Enclosing | null
  mourned: Runner | null
} = {
  task: null,
  budget: 0,
  audit: null,
  /** The scope whose `next` has said `enteredResult`. */
  entered: null,
  /** Of whose failure a supervisor is told. Nothing runs then: it has ended, and all that is asked of it are its locals. */
  mourned: null,
}

/** In debug mode, told of every operation that is made. */
export interface Audit {
  created(operation: AuditedOperation): void
}

export interface AuditedOperation {
  readonly state: OperationState
  describe(): string
}

/** A scope, as the scheduler sees it, which steps its body. */
export interface Enclosing {
  /** `host` goes on with the body. */
  open(host: Runner): void
  /** The body has returned. True: the coroutine goes on at once; false: it waits for the children. */
  bodyReturned(value: unknown): boolean
  /** The body has thrown; the same answer. */
  bodyThrew(error: unknown): boolean
}

// Shared results, told apart by identity: `yield*` reads them at once and passes those that are not done on as they are.

/** The result of a `next()` that parked its coroutine, or put it into the run queue. */
export const parkedResult: IteratorYieldResult<Signal> = { done: false, value: undefined as never }

/** The result of a `next()` that gave its coroutine another generator to step: the body of a scope. */
export const enteredResult: IteratorYieldResult<Signal> = { done: false, value: undefined as never }

/**
 * The result of a `next()` by a coroutine that steps the generator of another one: it fails, without touching what the
 * other one waits for.
 */
export const strayedResult: IteratorYieldResult<Signal> = { done: false, value: undefined as never }

const doneResult: { done: true; value: unknown } = { done: true, value: undefined }

/** The result of a `next()` that is done. */
export function done<T>(value: T): IteratorReturnResult<T> {
  doneResult.value = value
  return doneResult as IteratorReturnResult<T>
}

/** Let go of the last value: the shared result would retain it. */
export function forgetLastResult(): void {
  doneResult.value = undefined
}

/**
 * The entry of every operation, before it takes or gives anything. False: it is held, return `parkedResult` and come back
 * here when resumed. Delivering a cancel always costs a trip through the run queue, so that `catch {}` in a loop cannot
 * freeze the host.
 *
 * @throws Cancelled; Misuse for an operation that was run
 */
export function enter(state: OperationState): boolean {
  if (state === FRESH) {
    if (running.budget > 0) {
      running.budget -= 1
      return true
    }
    return currentTask().renewBudget()
  }
  return enterAgain(state)
}

// A function of its own: V8 makes `enter` part of each `next`, as long as it is small.
function enterAgain(state: OperationState): boolean {
  const task = currentTask()
  if (task.isCancelled) {
    if (task.wasTold) return task.renewBudget()
    throw task.cancellation()
  }
  if (state === HELD) return true
  // It costs what an operation costs: the same one again and again, in a loop that swallows this, cannot freeze the host.
  if (running.budget > 0) running.budget -= 1
  else if (!task.renewBudget()) return false
  throw runsOnce()
}

function runsOnce(): Misuse {
  return new Misuse('an operation runs once: make a new one for every yield*')
}

/** The coroutine that is running. @throws Misuse outside of one */
export function currentTask(): Runner {
  const { task } = running
  if (task === null) {
    throw new Misuse('an operation ran outside a coroutine: start one with run(function* () { … yield* … })')
  }
  return task
}

/** Whether the coroutine that runs steps the very generator that `other` steps. */
function isGeneratorOf(other: object): boolean {
  const { generator } = other as { readonly generator?: unknown }
  return generator != null && generator === (running.task as { readonly generator?: unknown } | null)?.generator
}

/** Withdraw `operation` from `waiter`. What it throws must stop neither whoever hands over nor what else is withdrawn. */
export function withdrawSafely(operation: Selectable<unknown>, waiter: Waiter, outer: Waiter | null): void {
  try {
    operation.withdraw(waiter)
  } catch (error) {
    outer?.scheduler?.report(error)
  }
}

/** What a selectable is, its fields still to be set by the class itself. @see LinkBase */
export abstract class OperationBase<T> extends LinkBase implements Selectable<T> {
  declare state: OperationState
  declare waiter: Waiter | null

  abstract poll(): boolean
  abstract take(): T
  abstract describe(): string
  protected abstract enlist(): void

  register(waiter: Waiter): void {
    this.state = PARKED
    this.waiter = waiter
    this.enlist()
  }

  withdraw(_waiter: Waiter): void {
    this.unlink()
    this.waiter = null
  }

  /** Commit: what it waited for has happened. The owner of the wait list has already taken it off. */
  complete(): void {
    const { waiter } = this
    this.state = READY
    this.waiter = null
    ;(waiter as Waiter).wake(this)
  }

  /** Reserve it for a select, so that it cannot also run elsewhere. */
  claim(): void {
    if (this.state !== FRESH) {
      throw new Misuse(`${this.describe()} was run already: make a new operation for every select`)
    }
    this.state = SPENT
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, T> {
    const { state } = this
    if (state === READY) return this.finish()
    if (state === PARKED) return this.fail()
    if (!enter(state)) return this.holdOn()
    return this.poll() ? this.finish() : this.standInLine()
  }

  protected finish(): IteratorReturnResult<T> {
    this.state = SPENT
    return done(this.take())
  }

  protected holdOn(): IteratorYieldResult<Signal> {
    if (this.state === FRESH) this.state = HELD
    return parkedResult
  }

  protected standInLine(): IteratorYieldResult<Signal> {
    const task = running.task as Runner
    task.park(this)
    this.register(task)
    return parkedResult
  }

  protected fail(): IteratorYieldResult<Signal> {
    // Another coroutine is parked on it, and must find it as it left it.
    if (this.waiter !== null) {
      if (this.waiter !== running.task && isGeneratorOf(this.waiter)) return strayedResult
      enter(PARKED) // throws, now or after a trip through the run queue
      return parkedResult
    }
    this.state = SPENT
    const task = currentTask()
    throw task.isCancelled ? task.cancellation() : runsOnce()
  }
}

/** The base of selectables: subclasses say how to poll, register, withdraw and take. */
export abstract class SelectableOperation<T> extends OperationBase<T> {
  constructor() {
    super()
    this.ahead = null
    this.behind = null
    this.state = FRESH
    this.waiter = null
    if (running.audit !== null) running.audit.created(this)
  }

  // `enlist` may be anybody's code, or call it: it may throw, and it may cancel the very coroutine that is about to park.

  override register(waiter: Waiter): void {
    this.state = PARKED
    this.waiter = waiter
    try {
      this.enlist()
    } catch (error) {
      this.withdraw(waiter)
      throw error
    }
    // It was withdrawn before all of it was there. Without this, a later hand-over would find no waiter.
    if (this.waiter === null && this.state === PARKED) this.withdraw(waiter)
  }

  protected override standInLine(): IteratorYieldResult<Signal> {
    const task = running.task as Runner
    task.park(this)
    try {
      this.register(task)
    } catch (error) {
      if (task.goOn()) {
        this.state = SPENT
        throw error
      }
      task.scheduler.report(error)
    }
    return parkedResult
  }
}
