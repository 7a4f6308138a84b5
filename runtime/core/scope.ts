// A scope owns tasks and ends only after all of them.
//
// Invariants, between any two steps of the scheduler:
//   - a scope that has ended has no children and gets none;
//   - after the first failure it is cancelled, unless it supervises and the failure is a child's;
//   - once its body has ended and the last child has, it has ended: nobody can be admitted in between.

import { AbortTies } from './abort-ties.ts'
import type { CancelNode } from './cancel-node.ts'
import { spreadCancel } from './cancel-node.ts'
import { Children } from './children.ts'
import { checkedLimit, Deadline } from './deadline.ts'
import { Endings } from './endings.ts'
import { Cancelled, Misuse } from './errors.ts'
import type { AbortSignalLike } from './host.ts'
import type { Coroutine } from './operation.ts'
import { AnyGenerator, running } from './operation.ts'
import type { Scheduler } from './scheduler.ts'
import type { Body } from './task.ts'
import { CoroutineTask } from './task.ts'
import type { Task } from './task-handle.ts'

/** A finalizer that hangs must not keep its scope, and all around it, for ever. */
const defaultFinalizerMs = 10_000

/**
 * Told of a child of `scope` that has failed. What it throws, the scope fails of. It cannot wait: a generator function or
 * an asynchronous one is refused, by its type and with Misuse.
 */
export type OnFailure = (failure: unknown, task: Task<unknown>, scope: Scope) => Ignored

/** What is ignored when it is returned: nothing, or what one short expression gives. Not what would have to be waited for. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is what most are
type Ignored = void | undefined | null | boolean | number | string | Task<unknown>

export interface DeferOptions {
  /** Stop the finalizer after so many milliseconds, with a TimeoutError; `Infinity` lets it wait for ever. Default 10,000. */
  readonly limitMs?: number
}

export class Scope implements CancelNode {
  reason: Cancelled | null = null
  readonly isShielded: boolean
  readonly children = new Children<Scope, CoroutineTask<unknown>>(this)
  /** Whether a child that fails leaves its siblings alone, and who is told of it. */
  readonly supervision: boolean | OnFailure
  protected hasEnded = false
  protected failure: { readonly error: unknown; readonly child: Task<unknown> | null } | null = null
  protected deadline: Deadline | null = null
  protected endings: Endings<Scope> | null = null
  #ties: AbortTies | null = null
  #scheduler: Scheduler | null
  #outer: CancelNode | null = null
  #host: CoroutineTask<unknown> | null = null
  /** The scope that its own coroutine has open just inside it. */
  #inner: Scope | null = null

  constructor(scheduler: Scheduler | null, supervision: boolean | OnFailure, isShielded = false) {
    this.#scheduler = scheduler
    this.supervision = supervision
    this.isShielded = isShielded
  }

  get outer(): CancelNode | null {
    return this.#outer
  }

  /** The coroutine whose body opened it; none for the root scope of a scheduler. */
  get host(): CoroutineTask<unknown> | null {
    return this.#host
  }

  get ties(): AbortTies {
    this.#ties ??= new AbortTies()
    return this.#ties
  }

  get scheduler(): Scheduler {
    if (this.#scheduler === null) throw new Misuse('the scope has not been entered yet')
    return this.#scheduler
  }

  /**
   * Start a coroutine that belongs to this scope. Enqueues it; the spawner goes on.
   *
   * @throws Misuse once the scope has ended
   */
  spawn<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): Task<T> {
    if (this.hasEnded) throw new Misuse(`${body.name || 'a coroutine'} was spawned into a scope that has ended`)
    // Spread here and nowhere else: an array of arguments that is only spread is never made.
    return this.admit(body, body(...args))
  }

  /**
   * Start a coroutine that does not keep this scope open: it is cancelled when the body and all other children have ended,
   * and the scope ends after it. Enqueues it; the spawner goes on.
   *
   * @throws Misuse once the scope has ended
   */
  spawnDaemon<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): Task<T> {
    const task = this.spawn(body, ...args)
    this.withEndings().daemons.add(task)
    return task
  }

  /**
   * Run `finalizer` when the body and all children have ended, however they have, and before the scope ends. It may wait,
   * also when the scope is cancelled: it runs under a shield, whose scope it gets, for at most `limitMs`.
   *
   * Does not wait. Of several, the one that was deferred last runs first, one after the other; a failure is that of a
   * child, and keeps none from running.
   *
   * @throws Misuse once the scope has ended; RangeError if `limitMs` is not a number
   * @see The Go Programming Language Specification, "Defer statements"
   */
  defer(finalizer: (own: Scope) => Coroutine<unknown>, { limitMs = defaultFinalizerMs }: DeferOptions = {}): void {
    checkedLimit('defer', limitMs)
    if (this.hasEnded) throw new Misuse('a finalizer was deferred in a scope that has ended: defer it in its body')
    this.withEndings().finalizers.push({ body: finalizer, limitMs })
  }

  /** Ask the body and all children to stop. Idempotent; the first reason stays. */
  cancel(reason?: unknown): void {
    this.stop(reason)
    if (running.task === null) this.#scheduler?.callNow()
  }

  /** Cancel it with the reason of `signal` once that aborts. When it ends, its listener is gone. */
  cancelOn(signal: AbortSignalLike): void {
    if (!this.hasEnded) this.ties.listen(signal, (reason) => this.cancel(reason))
  }

  /** What errors call it. */
  get name(): string {
    return this.host === null ? 'the scope' : `a scope of ${this.host.name}`
  }

  /** How many milliseconds it has left: `Infinity` without a limit, 0 or less once it has been stopped by it. */
  get remainingMs(): number {
    return this.deadline === null ? Number.POSITIVE_INFINITY : this.deadline.due - this.scheduler.now()
  }

  /**
   * Stop it `limitMs` milliseconds from now, as `timeout`, `moveOn` and `shield` do, and not when it was to be stopped
   * before. 0 or less stops it at once; `Infinity` lets it go on for ever. A scope that had no limit throws TimeoutError then.
   *
   * False, and nothing happens, when it is too late: its limit has stopped it, or it is cancelled, or has ended.
   *
   * @throws RangeError if `limitMs` is not a number
   */
  setLimit(limitMs: number): boolean {
    checkedLimit('setLimit', limitMs)
    if (this.hasEnded || this.reason !== null) return false
    this.deadline ??= new Deadline(this)
    this.deadline.set(limitMs)
    return true
  }

  forEachInner(visit: (inner: CancelNode) => void): void {
    for (const child of this.children) visit(child)
    if (this.#inner !== null) visit(this.#inner)
  }

  becameCancelled(): void {
    if (this.#host?.innermost === this) this.#host.interrupt()
    const ties = this.#ties
    if (ties !== null) this.scheduler.callLater(() => ties.abort(this.reason?.reason))
  }

  validate(): void {
    this.children.validate()
  }

  /** Told by a child that has ended and left. */
  childEnded(child: CoroutineTask<unknown>): void {
    this.endings?.daemons.delete(child)
    if (child.state !== 'failed') return
    const { supervision } = this
    if (supervision === false) this.fail(child.failure, child)
    else if (supervision !== true) this.#tell(supervision, child)
    else if (!child.isObserved) this.scheduler.report(child.failure)
  }

  protected enteredBy(host: CoroutineTask<unknown>): void {
    this.#host = host
    this.#outer = host.innermost
    this.#scheduler = host.scheduler
    this.reason = this.isShielded ? null : host.innermost.reason
    if (this.#outer !== host) (this.#outer as Scope).#inner = this
  }

  protected leftBy(host: CoroutineTask<unknown>): void {
    if (this.#outer !== host) (this.#outer as Scope).#inner = null
    if (this.deadline !== null) this.scheduler.removeTimer(this.deadline)
    this.#ties?.loosen()
  }

  /** The first failure is kept, to be thrown as itself, and cancels the rest; later ones are reported. */
  protected fail(error: unknown, child: CoroutineTask<unknown> | null = null): void {
    if (this.failure !== null) {
      if (!this.#isKnown(error)) this.scheduler.report(error)
      return
    }
    this.failure = { error, child }
    this.stop(error)
  }

  /**
   * Whether it is the first failure once more: what joins the child that failed throws the very same error. Primitives
   * have no identity: two equal ones are one failure only if something has joined the first.
   */
  #isKnown(error: unknown): boolean {
    const { error: first, child } = this.failure as { error: unknown; child: CoroutineTask<unknown> | null }
    if (!Object.is(first, error)) return false
    return (typeof error === 'object' && error !== null) || typeof error === 'function' || child?.isObserved === true
  }

  /** Cancel it. What hears of that, other people's code, is left to the scheduler. */
  stop(reason: unknown): void {
    if (!this.hasEnded && this.reason === null) spreadCancel(this, new Cancelled(reason))
  }

  private withEndings(): Endings<Scope> {
    this.endings ??= new Endings()
    return this.endings
  }

  private admit<T>(body: Body, generator: Coroutine<T>): Task<T> {
    if (!isCoroutine(generator)) {
      throw new Misuse(`${body.name || 'the body'} is no coroutine: write it as function* (…): Coroutine<…>`)
    }
    const { scheduler } = this
    const task = new CoroutineTask<T>(this, scheduler.nextTaskId(), body, generator)
    const spawner = (running.task as CoroutineTask<unknown> | null) ?? this.#host
    if (spawner !== null && spawner.locals !== null) task.locals = spawner.locals
    scheduler.start(task)
    return task
  }

  #tell(onFailure: OnFailure, child: CoroutineTask<unknown>): void {
    running.mourned = child
    try {
      const given: unknown = onFailure(child.failure, child, this)
      if (!mustBeWaitedFor(given)) return
      this.scheduler.report(child.failure)
      throw new Misuse(
        'supervise takes a function that does not wait: a generator function or an asynchronous one would hear of no failure',
      )
    } catch (error) {
      this.fail(error)
    } finally {
      running.mourned = null
    }
  }
}

function mustBeWaitedFor(given: unknown): boolean {
  if (typeof given !== 'object' || given === null) return false
  return 'next' in given || Symbol.asyncIterator in given || 'then' in given
}

/** Whether a body gave a generator. An asynchronous one would be stepped for ever, and an iterator made by hand is none. */
export function isCoroutine(generator: Coroutine<unknown>): boolean {
  return generator instanceof AnyGenerator
}
