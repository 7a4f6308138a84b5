// The operation that runs a body inside a scope, under `scope`, `timeout`, `moveOn` and `shield`.
//
// The body runs in the same coroutine, but the scheduler steps its generator directly: the coroutine's stack of
// generators is this chain of operations, so that a resume costs the same at every depth and no nesting is too deep.

import type { CancelNode } from './cancel-node.ts'
import type { Finalizer } from './endings.ts'
import { Deadlock, failuresBeside, findCancelled, Misuse, TaskCancelled, TimeoutError } from './errors.ts'
import type { Coroutine, Enclosing, Operation, OperationState, Signal } from './operation.ts'
import {
  done,
  enter,
  enteredResult,
  FRESH,
  HELD,
  PARKED,
  parkedResult,
  READY,
  running,
  SPENT,
  strayedResult,
} from './operation.ts'
import type { OnFailure } from './scope.ts'
import { isCoroutine, Scope } from './scope.ts'
import { addCallers } from './spawn-site.ts'
import type { CoroutineTask } from './task.ts'

/**
 * Where it runs thousands of times a second, rather a function that calls a `function*` written elsewhere: one written inline is a
 * new one each time, whose hidden class V8 makes in the old generation.
 */
export type ScopeBody<T> = (scope: Scope) => Coroutine<T>

export class ScopeOperation<Inner, Outer> extends Scope implements Operation<Outer>, Enclosing {
  #state: OperationState = FRESH
  readonly #body: ScopeBody<Inner>
  #bodyHasEnded = false
  /** Whether it was cancelled, not by its own body, while it had children. */
  #wasCutOff = false
  /** Before it is entered its body's; then the one that its coroutine goes on with behind it. */
  #outerGenerator: Coroutine<unknown> | null = null
  #value: Inner | undefined = undefined
  #unwoundBy: unknown = undefined
  /** In debug mode, an error that was made where it was. */
  readonly #opened: Error | null
  readonly #limitMs: number
  /** What its coroutine was allowed outside: a shield gives it more, and must not make it forget how often it was told. */
  #allowanceOutside = 0

  constructor(
    body: ScopeBody<Inner>,
    supervision: boolean | OnFailure,
    limitMs = Number.POSITIVE_INFINITY,
    isShielded = false,
  ) {
    super(null, supervision, isShielded)
    this.#body = body
    this.#limitMs = limitMs
    if (running.audit !== null) running.audit.created(this)
    this.#opened = running.audit === null ? null : new Error('opened here')
  }

  get state(): OperationState {
    return this.#state
  }

  describe(): string {
    return this.#limitMs === Number.POSITIVE_INFINITY
      ? 'the end of a scope'
      : `the end of a scope of ${this.#limitMs} ms`
  }

  override get name(): string {
    return this.#body.name === '' ? super.name : `${this.#body.name} in ${this.host?.name}`
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, Outer> {
    if (this.#state === READY) return done(this.#conclude())
    if (this.#isSteppedByAnother()) return strayedResult
    if (!this.mayEnter(this.#state)) {
      if (this.#state === FRESH) this.#state = HELD
      return parkedResult
    }
    this.#outerGenerator = this.#makeBody()
    this.#state = PARKED
    running.entered = this
    return enteredResult
  }

  /** Not by `next`: one who steps an operation by hand would be inside without having waited for anything. */
  open(host: CoroutineTask<unknown>): void {
    this.enteredBy(host)
    const body = this.#outerGenerator
    this.#outerGenerator = host.generator
    host.generator = body
    this.#allowanceOutside = host.allowance
    host.adopt(this)
    if (this.#limitMs !== Number.POSITIVE_INFINITY) this.setLimit(this.#limitMs)
  }

  bodyReturned(value: Inner): boolean {
    this.#value = value
    // An allowance of 0: cancelled, and never told. Its value is not all of the work that was asked of the scope.
    const isUnaware = (this.host as CoroutineTask<unknown>).allowance === 0
    if (isUnaware && this.#wasCutOff) this.#unwoundBy = this.reason
    return this.#bodyEnded()
  }

  bodyThrew(error: unknown): boolean {
    if (this.reason !== null && findCancelled(error) !== undefined) {
      this.#unwoundBy = error
    } else {
      if (this.#opened !== null) addCallers(error, this.#opened)
      this.fail(error)
    }
    return this.#bodyEnded()
  }

  override childEnded(child: CoroutineTask<unknown>): void {
    super.childEnded(child)
    if (!this.#bodyHasEnded || !this.#hasCome()) return
    const host = this.host as CoroutineTask<unknown>
    this.#close(host)
    host.wake()
  }

  /**
   * The wait for the children goes on all the same. But a cancel cuts them off, and a scope that gave its value as if
   * nothing had happened would pass half of the work for all of it. A body that cancels its own scope, as one does that
   * needs its helpers no more, means to.
   */
  override becameCancelled(): void {
    super.becameCancelled()
    const isByBody = running.task === this.host && this.deadline?.error == null
    this.#wasCutOff = this.#hasWorkers && !isByBody
    if (this.#bodyHasEnded && this.endings?.hasBegun !== true) this.#unwoundBy ??= this.reason
  }

  protected mayEnter(state: OperationState): boolean {
    return enter(state)
  }

  protected outcomeOf(value: Inner): Outer {
    return value as unknown as Outer
  }

  /** The outcome after a cancel of this very scope. */
  protected stopped(): Outer {
    const reason = this.reason?.reason
    if (reason instanceof Deadlock || (reason instanceof TimeoutError && reason === this.deadline?.error)) throw reason
    throw new TaskCancelled('the scope', reason)
  }

  #makeBody(): Coroutine<Inner> {
    const body = this.#body(this)
    if (isCoroutine(body)) return body
    throw new Misuse('the body of a scope is no coroutine: write it as function* (scope): Coroutine<…>')
  }

  /** Another coroutine is inside it, and the one that runs steps the generator of that one. */
  #isSteppedByAnother(): boolean {
    const task = running.task as CoroutineTask<unknown> | null
    return this.#state === PARKED && task !== this.host && task?.generator === this.#outerGenerator
  }

  #bodyEnded(): boolean {
    const host = this.host as CoroutineTask<unknown>
    this.#bodyHasEnded = true
    host.generator = this.#outerGenerator
    this.#outerGenerator = null
    if (this.#hasCome()) {
      this.#close(host)
      return true
    }
    host.park(null)
    return false
  }

  /** Whether it has children that keep it open. */
  get #hasWorkers(): boolean {
    return this.children.size > (this.endings?.daemons.size ?? 0)
  }

  /** Whether it has come to its end. With nobody but daemons left they are cancelled, and then the finalizers run. */
  #hasCome(): boolean {
    const { endings } = this
    if (endings === null) return this.children.isEmpty
    if (this.#hasWorkers) return false
    endings.hasBegun = true
    endings.cancelDaemons()
    if (!this.children.isEmpty) return false
    const finalizer = endings.finalizers.pop()
    if (finalizer === undefined) return true
    const task = this.spawn(finalize, finalizer) as CoroutineTask<void>
    task.label = finalizer.body.name || 'a finalizer'
    // Spawned in the last step of a child, it would inherit what that one has set.
    task.locals = (this.host as CoroutineTask<unknown>).locals
    return false
  }

  #close(host: CoroutineTask<unknown>): void {
    this.hasEnded = true
    this.#state = READY
    this.leftBy(host)
    host.adopt(this.outer as CoroutineTask<unknown>)
    if (this.isShielded && host.isCancelled) host.allowance = Math.min(this.#allowanceOutside, 0)
  }

  #conclude(): Outer {
    this.#state = SPENT
    if (this.failure !== null) {
      if (this.#unwoundBy !== undefined) this.#reportFailuresBeside(this.#unwoundBy)
      throw this.failure.error
    }
    if (this.#unwoundBy === undefined) return this.outcomeOf(this.#value as Inner)
    // Cancelled from around it as well: the cancel goes on outward, whatever this scope's own reason was.
    if (!this.isShielded && (this.outer as CancelNode).reason !== null) {
      // The body around it is told by this, if it was not yet.
      const host = this.host as CoroutineTask<unknown>
      if (host.allowance === 0) host.allowance = -1
      throw this.#unwoundBy
    }
    this.#reportFailuresBeside(this.#unwoundBy)
    return this.stopped()
  }

  #reportFailuresBeside(unwoundBy: unknown): void {
    for (const failure of failuresBeside(unwoundBy)) this.scheduler.report(failure)
  }
}

export class ShieldOperation<T> extends ScopeOperation<T, T> {
  // A shield is entered also while cancelled: a `finally` may have nothing else left. But as every operation it costs a
  // trip through the run queue then, so that shields in a loop cannot freeze the host.
  protected override mayEnter(state: OperationState): boolean {
    return state === HELD || enter(state)
  }
}

function* finalize({ body, limitMs }: Finalizer<Scope>): Coroutine<void> {
  yield* new ShieldOperation(body, false, limitMs, true)
}
