// Asynchronous iterables and streams of the platform, as something a coroutine receives from.
//
// Invariants, between any two steps of the scheduler:
//   - at most one pull is under way, and it was asked for by somebody who waited;
//   - what arrives while nobody waits any more is kept, and then nobody waits and nothing is pulled until it is taken;
//   - once it has ended, nobody waits; its source has been told to stop at most once, and not after ending by itself.
// `validate` asserts them.

import type { Selectable, Timekeeper } from './core/operation.ts'
import { currentTask, running } from './core/operation.ts'
import { unnamed } from './core/unnamed.ts'
import { WaitList } from './core/wait-list.ts'
import { UntilOutside } from './until.ts'

/** The part of a ReadableStream that the runtime reads. */
export interface ReadableStreamLike<T> {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: T | undefined }>
    cancel(reason?: unknown): Promise<void>
    releaseLock(): void
  }
}

export interface SourceOptions {
  /** What dumps call it. */
  readonly name?: string
}

/**
 * Receive in coroutines what an asynchronous iterable or a ReadableStream gives. A stream is locked by it.
 *
 * Nothing is asked of the source before somebody waits. Leave it with `using`, or with `cancel`.
 *
 * @throws TypeError if `source` is neither, or a stream that is locked
 */
export function from<T>(source: AsyncIterable<T> | ReadableStreamLike<T>, options: SourceOptions = {}): Source<T> {
  return new Source(pumpOf(source), options.name)
}

/** What comes of one pull: the next value, the end (null), or a failure, which is an end, too. */
type Arrival<T> = { readonly value: T } | { readonly error: unknown } | null

/** What both kinds of sources have in common. */
interface Pump<T> {
  pull(): PromiseLike<{ readonly done?: boolean; readonly value?: T | undefined }>
  /** The reader wants no more. */
  stop(reason: unknown): unknown
  /** The source has come to its end by itself. */
  finish(): void
}

/** What a waiting operation asks of its source. These operations alone call it. */
interface Pulled<T> {
  readonly name: string
  /** What has arrived while nothing waited; undefined when the only thing to do is to wait. */
  takeKept(): Arrival<T> | undefined
  /** Whether `takeKept` would give something. */
  readonly hasArrived: boolean
  addWaiting(next: Next<T>): void
}

export class Source<T> implements Disposable, Pulled<T> {
  readonly #name: string | undefined
  readonly #pump: Pump<T>
  readonly #waiting = new WaitList<Next<T>>()
  #isPulling = false
  #kept: Arrival<T> = null
  #hasEnded = false
  #stopping: Promise<void> | null = null
  /** Of whoever waited last. */
  #scheduler: Timekeeper | null = null

  constructor(pump: Pump<T>, name: string | undefined) {
    this.#pump = pump
    this.#name = name
  }

  get name(): string {
    return this.#name ?? unnamed(this, 'a source')
  }

  /**
   * Wait for the next value, or learn that there is none: `{ done: true }`.
   *
   * Waits in FIFO order. Cancelling while it waits loses nothing: a value that arrives afterwards is given to the next one.
   *
   * @throws what the source throws, once; it has ended then
   */
  next(): Selectable<IteratorResult<T, void>> {
    return new Next(this)
  }

  /**
   * Tell the source to stop: `return()` of an iterator, `cancel(reason)` of a stream. Whoever waits learns of the end.
   *
   * Does not wait; the promise is kept when the source has cleaned up: `yield* until(source.cancel())`. Idempotent, and
   * nothing happens to a source that has ended. The promise is rejected with what the cleaning up throws.
   */
  cancel(reason?: unknown): Promise<void> {
    this.#stopping ??= this.#stop(reason)
    return this.#stopping
  }

  /** The same as `cancel`; what the cleaning up throws is reported to the host. */
  [Symbol.dispose](): void {
    const scheduler = running.task?.scheduler ?? this.#scheduler
    const stopping = this.cancel()
    // With no scheduler to tell, the platform hears of it, as of any promise that nobody looks at.
    if (scheduler !== null) stopping.catch((error: unknown) => scheduler.report(error))
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#waiting.validate()
    if (this.#waiting.isEmpty) return
    if (this.#hasEnded) throw new Error('somebody waits for a source that has ended')
    if (this.#kept !== null) throw new Error('somebody waits while a value is kept')
    if (!this.#isPulling) throw new Error('somebody waits and nothing is pulled')
  }

  takeKept(): Arrival<T> | undefined {
    const kept = this.#kept
    this.#kept = null
    return kept === null && !this.#hasEnded ? undefined : kept
  }

  get hasArrived(): boolean {
    return this.#kept !== null || this.#hasEnded
  }

  addWaiting(next: Next<T>): void {
    this.#scheduler = currentTask().scheduler
    this.#waiting.add(next)
    if (!this.#isPulling) this.#pull()
  }

  #pull(): void {
    this.#isPulling = true
    // What it throws at once is its failure like any other.
    new Promise<Awaited<ReturnType<Pump<T>['pull']>>>((resolve) => resolve(this.#pump.pull())).then(
      ({ done, value }) => this.#arrived(done === true ? null : { value: value as T }),
      (error: unknown) => this.#arrived({ error }),
    )
  }

  #arrived(arrival: Arrival<T>): void {
    this.#isPulling = false
    if (this.#hasEnded) return
    const isLast = arrival === null || 'error' in arrival
    if (isLast) this.#hasEnded = true
    const next = this.#waiting.shift()
    if (next === undefined) this.#kept = arrival
    else next.deliver(arrival)
    if (isLast) this.#finish()
    else if (!this.#waiting.isEmpty) this.#pull()
  }

  #finish(): void {
    this.#endWaits()
    this.#pump.finish()
  }

  async #stop(reason: unknown): Promise<void> {
    if (this.#hasEnded) {
      this.#kept = null
      return
    }
    this.#hasEnded = true
    this.#kept = null
    this.#endWaits()
    await this.#pump.stop(reason)
  }

  #endWaits(): void {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) next.deliver(null)
  }
}

class Next<T> extends UntilOutside<IteratorResult<T, void>> {
  readonly #source: Pulled<T>
  #arrival: Arrival<T> = null

  constructor(source: Pulled<T>) {
    super()
    this.#source = source
  }

  poll(): boolean {
    const kept = this.#source.takeKept()
    if (kept === undefined) return false
    this.#arrival = kept
    return true
  }

  isReady(): boolean {
    return this.#source.hasArrived
  }

  take(): IteratorResult<T, void> {
    const arrival = this.#arrival
    if (arrival === null) return { done: true, value: undefined }
    if ('error' in arrival) throw arrival.error
    return { done: false, value: arrival.value }
  }

  describe(): string {
    return `next of ${this.#source.name}`
  }

  deliver(arrival: Arrival<T>): void {
    this.#arrival = arrival
    this.complete()
    this.release()
  }

  protected override enlist(): void {
    super.enlist()
    this.#source.addWaiting(this)
  }
}

function pumpOf<T>(source: AsyncIterable<T> | ReadableStreamLike<T>): Pump<T> {
  // A stream first: not on every platform is it iterable, and a reader can be cancelled while it reads.
  if (typeof (source as ReadableStreamLike<T> | null)?.getReader === 'function') {
    return pumpOfStream(source as ReadableStreamLike<T>)
  }
  if (typeof (source as AsyncIterable<T> | null)?.[Symbol.asyncIterator] === 'function') {
    return pumpOfIterable(source as AsyncIterable<T>)
  }
  throw new TypeError(`from takes an asynchronous iterable or a ReadableStream (got ${typeof source})`)
}

function pumpOfStream<T>(stream: ReadableStreamLike<T>): Pump<T> {
  const reader = stream.getReader()
  return {
    pull: () => reader.read(),
    stop: async (reason) => {
      await reader.cancel(reason)
      reader.releaseLock()
    },
    finish: () => reader.releaseLock(),
  }
}

function pumpOfIterable<T>(iterable: AsyncIterable<T>): Pump<T> {
  const iterator = iterable[Symbol.asyncIterator]()
  return {
    pull: () => iterator.next(),
    stop: () => iterator.return?.(),
    finish: () => {},
  }
}
