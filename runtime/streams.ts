// Out to the platform: a channel, a subscription or a coroutine, read as an asynchronous iterable or as a ReadableStream.
//
// Each value is fetched when it is asked for, by a coroutine of its own: a reader that stops asking leaves nothing running
// but the coroutine that produces, parked on its next `send`.

import { Channel } from './channel.ts'
import { Next } from './channel-operation.ts'
import type { Coroutine, Operation, Timekeeper, Waiter } from './core/operation.ts'
import { running, SelectableOperation } from './core/operation.ts'
import type { Scheduler } from './core/scheduler.ts'
import type { CoroutineTask } from './core/task.ts'
import type { Task } from './core/task-handle.ts'
import { MergedNext } from './merge.ts'
import { defaultScheduler } from './run.ts'
import { select } from './select.ts'
import type { ReadableStreamLike } from './source.ts'

/** What gives one value after another: a channel, a subscription (in batches), a source. */
export interface Supply<T> {
  next(): Operation<IteratorResult<T, void>>
  /** Told when the reader leaves before the end: what stands behind it may stop. */
  cancel?(reason?: unknown): PromiseLike<void>
  [Symbol.dispose]?(): void
}

/** A body that sends what is to be read. */
export type Producer<T> = (out: Channel<T>) => Coroutine<void>

export interface ReadOptions {
  /** Where the coroutines run. Default: where this is called, or outside of coroutines the default scheduler. */
  readonly scheduler?: Scheduler
}

/** The platform's own type of stream, where this is checked with the platform's types; its reader says what it gives. */
type PlatformStream<T> = ReadableStreamLike<T> &
  (typeof globalThis extends { ReadableStream: { prototype: infer Stream } } ? Stream : unknown)

/**
 * Read `source` with `for await`, outside of coroutines: what a channel, a subscription or a source gives, or what a body
 * sends: `toAsyncIterable(function* (out: Channel<number>) { yield* out.send(1) })`.
 *
 * A body is started by the first `next()`, and never gets ahead of its reader by more than the value it waits to hand
 * over. Leaving the loop cancels it and waits for its finalizers; a subscription or a source is disposed of. A channel
 * stays as it is. It can be read once. A body has the coroutine-local values of where this is called.
 *
 * `next()` is rejected with what the body throws, also behind the last value; so is `return()` when nobody has heard of it.
 */
export function toAsyncIterable<T>(source: Supply<T> | Producer<T>, options: ReadOptions = {}): Reading<T> {
  const scheduler = options.scheduler ?? schedulerHere()
  return new Reading(scheduler, typeof source === 'function' ? new Production(scheduler, source) : source)
}

/**
 * Make a ReadableStream of the platform that gives what `toAsyncIterable` would, with back-pressure: a value is fetched
 * when it is read, none before. Cancelling the stream is leaving the loop.
 */
export function toReadableStream<T>(source: Supply<T> | Producer<T>, options: ReadOptions = {}): PlatformStream<T> {
  const reading = toAsyncIterable(source, options)
  const { ReadableStream } = globalThis as unknown as { ReadableStream: StreamConstructor<T> }
  const pull = async (controller: StreamController<T>): Promise<void> => {
    const { done } = await reading.pull((value) => controller.enqueue(value))
    // On a stream that was cancelled meanwhile it throws, which the stream ignores.
    if (done === true) controller.close()
  }
  const cancel = (reason: unknown) => reading.leave(reason)
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 }) as PlatformStream<T>
}

interface StreamController<T> {
  enqueue(value: T): void
  close(): void
}

type StreamConstructor<T> = new (
  source: { pull(controller: StreamController<T>): PromiseLike<void>; cancel(reason: unknown): PromiseLike<void> },
  strategy: { highWaterMark: number },
) => ReadableStreamLike<T>

const over = { done: true, value: undefined } as const

/** One reading of a supply. */
export class Reading<T> implements AsyncIterableIterator<T, void, void> {
  readonly #scheduler: Scheduler
  readonly #supply: Supply<T>
  readonly #pulls = new Set<Task<IteratorResult<T, void>>>()
  #hasEnded = false
  #leaving: Promise<void> | null = null

  constructor(scheduler: Scheduler, supply: Supply<T>) {
    this.#scheduler = scheduler
    this.#supply = supply
  }

  next(): Promise<IteratorResult<T, void>> {
    return this.pull(() => {})
  }

  /** Read on. `taken` gets a channel's value in the very step that hands it over: a reader that leaves later has had it. */
  async pull(taken: (value: T) => void): Promise<IteratorResult<T, void>> {
    if (this.#hasEnded) return over
    const pull = this.#scheduler.run(readNext, this.#supply, taken)
    this.#pulls.add(pull)
    try {
      const result = await pull.promise
      if (result.done === true) this.#hasEnded = true
      return result
    } catch (error) {
      this.#hasEnded = true
      if (pull.status === 'cancelled') return over
      throw error
    } finally {
      this.#pulls.delete(pull)
    }
  }

  async return(): Promise<IteratorReturnResult<void>> {
    await this.leave()
    return over
  }

  /** Want no more. Waits until what stands behind it has stopped. Idempotent. @throws what stopping throws */
  leave(reason?: unknown): Promise<void> {
    if (this.#hasEnded && this.#leaving === null) return Promise.resolve()
    this.#leaving ??= this.#leave(reason)
    return this.#leaving
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.leave()
  }

  async #leave(reason: unknown): Promise<void> {
    this.#hasEnded = true
    for (const pull of this.#pulls) pull.cancel(reason)
    if (this.#supply.cancel !== undefined) await this.#supply.cancel(reason)
    else this.#supply[Symbol.dispose]?.()
  }
}

function* readNext<T>(supply: Supply<T>, taken: (value: T) => void): Coroutine<IteratorResult<T, void>> {
  const next = supply.next()
  if (next instanceof Next || next instanceof MergedNext) return yield* new Taking<T>(next, taken)
  const result = yield* next
  if (result.done !== true) taken(result.value)
  return result
}

/** A receive whose value is taken as soon as it commits, not when its coroutine is resumed. */
class Taking<T> extends SelectableOperation<IteratorResult<T, void>> implements Waiter {
  readonly #next: Next<T> | MergedNext<T>
  readonly #taken: (value: T) => void
  #result: IteratorResult<T, void> = over

  constructor(next: Next<T> | MergedNext<T>, taken: (value: T) => void) {
    super()
    next.claim()
    this.#next = next
    this.#taken = taken
  }

  /** Of the coroutine that waits. */
  get scheduler(): Timekeeper | undefined {
    return this.waiter?.scheduler
  }

  poll(): boolean {
    if (!this.#next.poll()) return false
    this.#commit()
    return true
  }

  isReady(): boolean {
    return this.#next.isReady()
  }

  take(): IteratorResult<T, void> {
    return this.#result
  }

  describe(): string {
    return this.#next.describe()
  }

  wake(): void {
    this.#commit()
    this.complete()
  }

  override withdraw(waiter: Waiter): void {
    this.#next.withdraw(this)
    super.withdraw(waiter)
  }

  protected enlist(): void {
    this.#next.register(this)
  }

  #commit(): void {
    const result = this.#next.take()
    this.#result = result
    if (result.done !== true) this.#taken(result.value)
  }
}

/** A coroutine as a supply: started when it is first asked, cancelled when nobody will ask again. */
class Production<T> implements Supply<T> {
  readonly #scheduler: Scheduler
  readonly #body: Producer<T>
  readonly #out = new Channel<T>(0, { name: 'the reader' })
  /** Of where it was made: it is started by whoever reads. */
  readonly #locals = (running.task as CoroutineTask<unknown> | null)?.locals ?? null
  #task: Task<void> | null = null
  #asking = 0
  /** While nobody asks, the reader outside is what it waits for: no standstill. */
  #hold: Disposable | null = null

  constructor(scheduler: Scheduler, body: Producer<T>) {
    this.#scheduler = scheduler
    this.#body = body
  }

  *next(): Coroutine<IteratorResult<T, void>> {
    const task = this.#started()
    this.#asking += 1
    this.#release()
    try {
      const { case: which, value } = yield* select({ value: this.#out.next(), end: task.join() }, { order: 'first' })
      if (which === 'value' && value.done !== true) return value
      // A body that has closed its channel may have more to do: the end is the end of all of it.
      yield* task.join()
      return over
    } finally {
      this.#asking -= 1
      if (this.#asking === 0 && isUnderWay(task)) this.#hold = this.#scheduler.hold('the reader of a stream')
    }
  }

  async cancel(reason?: unknown): Promise<void> {
    const task = this.#task
    if (task === null) return
    task.cancel(reason)
    try {
      await task.promise
    } catch (error) {
      if (task.status !== 'cancelled') throw error
    }
  }

  #started(): Task<void> {
    if (this.#task !== null) return this.#task
    const task = this.#scheduler.run(this.#body, this.#out)
    ;(task as CoroutineTask<void>).locals = this.#locals
    const release = () => this.#release()
    // Its failure is told to whoever reads on or leaves, and to nobody else.
    task.promise.then(release, release)
    this.#task = task
    return task
  }

  #release(): void {
    this.#hold?.[Symbol.dispose]()
    this.#hold = null
  }
}

function isUnderWay({ status }: Task<unknown>): boolean {
  return status === 'runnable' || status === 'running' || status === 'parked'
}

function schedulerHere(): Scheduler {
  return (running.task as CoroutineTask<unknown> | null)?.scheduler ?? defaultScheduler()
}
