// What a greenlet and a tasklet have in common: a coroutine that others may throw an exception into.
//
// The core knows cancel, which never lets go again. Python's micro-threads know an exception that comes once, out of the
// operation that the thread waits on, and that it may catch. Invariants, between any two steps of the scheduler:
//   - nobody is current: `current` is the microthread whose own body is being stepped, and null in everything else;
//   - `waitsOn` is the operation of its model that a microthread is parked on, or null;
//   - what was thrown into it stands in `#thrown` until one of its operations throws it, oldest first.
//
// A hand-over stays the commit point: an operation that has given or taken something says so, and the next one throws.

import type { Coroutine, Operation, Signal, Task } from '../index.ts'
import { Cancelled, Misuse } from '../index.ts'
import type { MicrothreadOperation } from './microthread-operation.ts'

let current: Microthread | null = null

/** The microthread whose body is running; null outside of one, also in a scope that its body has opened. */
export function currentMicrothread(): Microthread | null {
  return current
}

export abstract class Microthread {
  /** Who hears of it when it fails; null for the one that was there first. */
  readonly parent: Microthread | null
  waitsOn: MicrothreadOperation<unknown> | null = null
  /** The coroutine it is; null for the one that was there first, which runs in that of its program. */
  task: Task<unknown> | null = null
  #state: 'new' | 'alive' | 'inScope' | 'dead' = 'new'
  #thrown: unknown[] | null = null

  constructor(parent: Microthread | null) {
    this.parent = parent
  }

  get hasEnded(): boolean {
    return this.#state === 'dead'
  }

  /** Whether `error` ends a microthread without being a failure. */
  protected abstract isExit(error: unknown): boolean

  /** Told that it can go on. */
  becameRunnable(): void {}

  /** Told that it has stopped: it waits, hands over, or has ended. */
  protected stopped(): void {}

  /** The coroutine to run: `body`, with this as the current microthread. */
  coroutine<T>(name: string, body: Coroutine<T>): Coroutine<T | undefined> {
    if (typeof body?.next === 'function') return stepping(new Steps(this, body))
    throw new Misuse(`${name || 'the body'} is no coroutine: write it as function* (…): Coroutine<…>`)
  }

  /**
   * Throw `error` into it, as soon as that does not undo what has happened. Does not wait.
   *
   * @throws `error` itself if it is the one that is running, or has ended and will never hear of it
   */
  throwInto(error: unknown): void {
    if (current === this || this.hasEnded) throw error
    this.#thrown ??= []
    this.#thrown.push(error)
    if (this.waitsOn === null) this.cancelOutOfReach()
    else this.waitsOn.interrupt()
  }

  /** @throws what was thrown into it and has not been thrown yet */
  throwPending(): void {
    if (this.#thrown !== null && this.#thrown.length > 0) throw this.#thrown.shift()
  }

  // What follows is for its steps.

  begin(): void {
    this.becameRunnable()
    const isFirst = this.#state === 'new'
    this.#state = 'alive'
    if (isFirst) this.throwPending()
  }

  pause(): void {
    // Still running without a step of its own: its body has opened a scope, whose body is what the core steps now.
    if (this.task?.status === 'running') this.#state = 'inScope'
    this.stopped()
    this.cancelOutOfReach()
  }

  /** @throws what its parent cannot be told */
  end(failure: Failure | null): void {
    this.#state = 'dead'
    this.stopped()
    const { parent } = this
    const unheard = this.withPending(failure)
    if (unheard === null || (parent !== null && this.isExit(unheard.error))) return
    // The core must see its own cancel come back. And with nobody above, or nobody who lives, the core is who is told.
    if (parent === null || isCancel(unheard.error)) throw unheard.error
    parent.throwInto(unheard.error)
  }

  /** What was thrown into it and met no operation: an exit has its way all the same, and the rest is a failure. */
  private withPending(failure: Failure | null): Failure | null {
    let whole = failure
    for (const error of this.#thrown ?? []) {
      if (!this.isExit(error)) whole = { error: whole === null ? error : new SuppressedError(error, whole.error) }
    }
    this.#thrown = null
    return whole
  }

  /** Whether it waits for something of the core, or is in a scope: what it does there is not to be seen from here. */
  protected get isElsewhere(): boolean {
    return this.waitsOn === null && (this.#state === 'inScope' || this.task?.status === 'parked')
  }

  /** Nothing can be thrown into one that is elsewhere. An exit arrives as the core's cancel there. */
  private cancelOutOfReach(): void {
    if (this.#thrown === null || this.task === null || !this.isElsewhere) return
    const exit = this.#thrown.findIndex((error) => this.isExit(error))
    if (exit < 0) return
    this.task.cancel(this.#thrown.splice(exit, 1)[0])
    if (this.task.status === 'runnable') this.becameRunnable()
  }
}

interface Failure {
  readonly error: unknown
}

function* stepping<T>(steps: Steps<T>): Coroutine<T | undefined> {
  return yield* steps
}

/** The body of a microthread as its coroutine steps it. Results are passed on as they are: they are known by identity. */
class Steps<T> implements Operation<T | undefined>, Iterator<Signal, T | undefined, void> {
  private readonly thread: Microthread
  private readonly body: Coroutine<T>

  constructor(thread: Microthread, body: Coroutine<T>) {
    this.thread = thread
    this.body = body
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, T | undefined> {
    return this.step(null)
  }

  throw(error: unknown): IteratorResult<Signal, T | undefined> {
    return this.step({ error })
  }

  private step(thrown: Failure | null): IteratorResult<Signal, T | undefined> {
    const { thread, body } = this
    const outer = current
    let result: IteratorResult<Signal, T | undefined> = { done: true, value: undefined }
    let failure: Failure | null = null
    current = thread
    try {
      thread.begin()
      result = thrown === null ? body.next() : body.throw(thrown.error)
    } catch (error) {
      failure = { error }
    }
    current = outer
    if (failure === null && result.done !== true) thread.pause()
    else thread.end(failure)
    return result
  }
}

/** The core also wraps its cancel in what a `using` throws whose disposal failed. */
function isCancel(error: unknown): boolean {
  if (error instanceof SuppressedError) return isCancel(error.suppressed) || isCancel(error.error)
  return error instanceof Cancelled
}
