// Greenlets: a job queue, `go(callable)`, and channels whose `write` never blocks.
//
// The small scheduler that a post of 2009 put on CPython's greenlets, to run the chain of the Go announcement talk beside
// Go itself: a queue of jobs, each a greenlet; a channel with `write` and `read`; and the main greenlet, which switches to
// one job after the other. `greenlets(main)` is that program, with its loop; `main` runs in the main greenlet.
//
// The same as there: a write appends and wakes a reader; a read blocks while the channel is empty; who can run waits in one
// queue, first come, first served. And of greenlets: an exception that nobody catches comes out of the parent, where it
// waits, and the parent may catch it; `throw` throws into a greenlet from outside, and it may catch that; a GreenletExit
// ends one greenlet and nobody hears of it; what is thrown into a dead greenlet comes out of its parent; the main greenlet
// has no parent and is never dead.
//
// What differs, and why:
//   - Nobody switches. A greenlet that `throw` reaches comes to the end of the job queue, and its thrower goes on.
//   - A write hands its value to the reader that has waited longest. There a woken reader looks again, and may find that
//     another one came in between.
//   - Every greenlet is a child of main. There its parent is the one that made it, unless the loop is made its parent.
//   - The program ends after all of its greenlets: one that waits for ever is a deadlock that the scheduler reports. There
//     the loop ends with the last job, and what still waits is collected, with a GreenletExit.
//   - One that waits for something of the core (a sleep, a task), or is in a scope of it (a timeout), is cancelled by a
//     GreenletExit, and can catch nothing then; any other exception reaches it at its next `read`.
// Sources: the documentation of the package greenlet; the post gives the figures that stand in `benchmarks.md`.

import type { Coroutine, Operation, Scope } from '../index.ts'
import { Channel as Buffer, Misuse, scope, WaitList } from '../index.ts'
import { currentMicrothread, Microthread } from './microthread.ts'
import { MicrothreadOperation } from './microthread-operation.ts'

/**
 * Run `main` in a main greenlet, and give its result once every greenlet has ended.
 *
 * @throws what nobody has caught in main, or in another greenlet once main has returned
 */
export function greenlets<T>(main: (jobs: JobQueue) => Coroutine<T>): Operation<T> {
  return scope((all) => new JobQueue(all).start(main))
}

/** Ends a greenlet without being a failure. */
export class GreenletExit extends Error {
  readonly code = 'GREENLET_EXIT'

  constructor(message = 'the greenlet was told to exit') {
    super(message)
    this.name = 'GreenletExit'
  }
}

/** The greenlets of a program. The queue itself is the scheduler's. */
export class JobQueue {
  readonly #scope: Scope
  readonly #main = new Greenlet(null)

  /** Job queues are made by `greenlets(main)`. */
  constructor(scope: Scope) {
    this.#scope = scope
  }

  /** Make a greenlet that runs `callable`, and put it at the end of the queue. Does not wait. */
  go<Args extends unknown[]>(callable: (...args: Args) => Coroutine<unknown>, ...args: Args): Greenlet {
    const made = new Greenlet(this.#main)
    const task = this.#scope.spawn(greenlet, made, callable.name, callable(...args))
    task.label = callable.name || greenlet.name
    made.task = task
    return made
  }

  /** The greenlet that is running. @throws Misuse outside of the body of one, also inside a scope that it has opened */
  getCurrent(): Greenlet {
    const current = currentMicrothread()
    if (current instanceof Greenlet) return current
    throw new Misuse('no greenlet is running here: call getCurrent in its own body, not in a scope or task inside it')
  }

  getMain(): Greenlet {
    return this.#main
  }

  /** The coroutine of main. */
  start<T>(main: (jobs: JobQueue) => Coroutine<T>): Coroutine<T> {
    // Only a greenlet that was told to exit ends without a result, and of main that is a failure.
    return this.#main.coroutine(main.name, main(this)) as Coroutine<T>
  }
}

function greenlet(self: Greenlet, name: string, body: Coroutine<unknown>): Coroutine<unknown> {
  return self.coroutine(name, body)
}

export class Greenlet extends Microthread {
  /** Whether it has ended. */
  get dead(): boolean {
    return this.parent !== null && this.hasEnded
  }

  /**
   * Throw `error` into it, by default a GreenletExit, which ends it. Does not wait.
   *
   * It meets `error` in the `read` that it waits on, or else in its next one; one that has not begun never does. What is
   * thrown into a dead greenlet goes to its parent, an exit nowhere.
   *
   * @throws `error` if it is the running one, or nobody is left who could meet it
   * @see greenlet documentation, "greenlet.throw"
   */
  throw(error: unknown = new GreenletExit()): void {
    if (!this.hasEnded) this.throwInto(error)
    else if (!this.isExit(error)) (this.parent ?? this).throwInto(error)
  }

  protected isExit(error: unknown): boolean {
    return error instanceof GreenletExit
  }
}

/** Hands each value that was written to one reader. */
export class Channel<T> {
  readonly name: string
  readonly #readers = new WaitList<Read<T>>()
  /** Made when it is first needed: most channels are read before they are written. */
  #values: Buffer<T> | null = null

  constructor(name = 'a channel') {
    this.name = name
  }

  /** How many values wait for a reader. */
  get length(): number {
    return this.#values?.length ?? 0
  }

  /** Write `value`, and wake the reader that has waited longest, if there is one. Never blocks. */
  write(value: T): void {
    const reader = this.#readers.shift()
    if (reader !== undefined) {
      reader.deliver(value)
      return
    }
    this.#values ??= new Buffer(Number.POSITIVE_INFINITY)
    this.#values.trySend(value)
  }

  /** Read the oldest value, waiting while there is none. Cancelled or thrown out of it, it has read nothing. */
  read(): Operation<T> {
    return new Read(this)
  }

  /** Assert that nobody waits before a value. */
  validate(): void {
    this.#readers.validate()
    if (!this.#readers.isEmpty && this.length > 0) throw new Error('a reader waits before a value')
  }

  // What follows is for its operation.

  readNow(read: Read<T>): boolean {
    const received = this.#values?.tryReceive()
    if (received?.status !== 'value') return false
    read.value = received.value
    return true
  }

  addReader(read: Read<T>): void {
    this.#readers.add(read)
  }
}

class Read<T> extends MicrothreadOperation<T> {
  value: T | undefined = undefined
  readonly #channel: Channel<T>

  constructor(channel: Channel<T>) {
    super()
    this.#channel = channel
  }

  describe(): string {
    return `read ${this.#channel.name}`
  }

  deliver(value: T): void {
    this.value = value
    this.complete()
  }

  protected attempt(): boolean {
    return this.#channel.readNow(this)
  }

  protected wait(): void {
    this.#channel.addReader(this)
  }

  protected retreat(): void {
    this.unlink()
  }

  protected outcome(): T {
    return this.value as T
  }
}
