import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ReadableStreamLike, Selectable, Source, Task } from '../../runtime/index.ts'
import { after, from, Latch, moveOn, select, trySelect, until, VirtualHost } from '../../runtime/index.ts'
import { catching, running } from './outcomes.ts'

describe('a source from an asynchronous iterable', () => {
  it('gives its values one after the other, and says when there are no more', async () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const source = from(asyncValues(1, 2, 3))
      expectTypeOf(source).toEqualTypeOf<Source<number>>()
      expectTypeOf(source.next()).toEqualTypeOf<Selectable<IteratorResult<number, void>>>()
      return yield* drained(source)
    })
    expect(await host.play(task)).toEqual([1, 2, 3])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })

  it('is asked for nothing before somebody waits, and then for one value at a time', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed, { name: 'feed' })
    expect(feed.asked).toBe(0)
    expect(trySelect({ next: source.next() })).toBeUndefined()
    expect(feed.asked).toBe(0)
    const tasks = [1, 2].map(() => scheduler.run(() => running(source.next())))
    host.settle()
    source.validate()
    expect(feed.asked).toBe(1)
    expect(scheduler.statistics().awaited).toBe(2)
    expect(scheduler.dump().split('\n')[0]).toBe('anonymous#1  parked 0 ms on next of feed')
    await feed.give(1)
    source.validate()
    expect(feed.asked).toBe(2)
    await feed.give(2)
    host.settle()
    expect(feed.asked).toBe(2)
    expect(await Promise.all(tasks.map((task) => task.promise))).toEqual([value(1), value(2)])
  })

  it('throws what the iterable throws, once and as itself, and has ended then', async () => {
    const { host, scheduler } = hosted()
    const failure = new Error('failure')
    const feed = new Feed<number>()
    const source = from(feed)
    const tasks = [1, 2].map(() => scheduler.run(() => outcomeOf(source.next())))
    host.settle()
    await feed.fail(failure)
    source.validate()
    host.settle()
    expect(await Promise.all(tasks.map((task) => task.promise))).toEqual([failure, over])
    const later = scheduler.run(() => running(source.next()))
    host.settle()
    expect(await later.promise).toEqual(over)
    await source.cancel()
    expect(feed).toMatchObject({ asked: 1, returns: 0 })
  })

  it('takes what an iterator throws at once for its failure', async () => {
    const { host, scheduler } = hosted()
    const failure = new Error('at once')
    const broken: AsyncIterable<number> = {
      [Symbol.asyncIterator]: () => ({
        next() {
          throw failure
        },
      }),
    }
    const source = from(broken)
    expect(await host.play(scheduler.run(() => catching(source.next())))).toBe(failure)
  })

  it('lets several wait, in order, and tells all of them of the end', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed)
    const tasks = [1, 2, 3].map(() => scheduler.run(() => running(source.next())))
    host.settle()
    await feed.give(1)
    await feed.finish()
    source.validate()
    host.settle()
    expect(await Promise.all(tasks.map((task) => task.promise))).toEqual([value(1), over, over])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })

  it('refuses what is neither an asynchronous iterable nor a stream', () => {
    for (const wrong of [undefined, null, 5, [1, 2], {}] as unknown as AsyncIterable<number>[]) {
      expect(() => from(wrong)).toThrow(`from takes an asynchronous iterable or a ReadableStream (got ${typeof wrong})`)
    }
  })
})

describe('a value that arrives after its wait was cancelled', () => {
  it('is given to the next one who asks', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed)
    const cancelled = scheduler.run(() => running(source.next()))
    host.settle()
    cancelled.cancel()
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
    await feed.give(1)
    source.validate()
    const task = scheduler.run(() => running(source.next()))
    host.settle()
    expect(await task.promise).toEqual(value(1))
    expect(feed.asked).toBe(1)
  })

  it('or lost its select, is not lost, and somebody who waits meanwhile gets it', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed)
    const selecting = scheduler.run(() => running(select({ next: source.next(), late: after(10) })))
    host.advance(10)
    expect(await selecting.promise).toEqual({ case: 'late', value: undefined })
    const task = scheduler.run(() => running(source.next()))
    host.settle()
    expect(feed.asked).toBe(1)
    await feed.give(1)
    host.settle()
    expect(await task.promise).toEqual(value(1))
  })

  it('and is a failure, is thrown to the next one who asks', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed)
    scheduler.run(() => running(moveOn(10, () => running(source.next()))))
    host.advance(10)
    const failure = new Error('late')
    await feed.fail(failure)
    const task = scheduler.run(function* () {
      return [yield* catching(source.next()), yield* source.next()]
    })
    host.settle()
    expect(await task.promise).toEqual([failure, over])
  })

  it('that had been handed over before the cancel comes too late: the value is given', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed)
    const seen: unknown[] = []
    const task = scheduler.run(function* (): Coroutine<void> {
      seen.push(yield* source.next())
      yield* new Latch('never').wait()
    })
    host.settle()
    await feed.give(1)
    task.cancel()
    host.settle()
    expect(seen).toEqual([value(1)])
    expect(task.status).toBe('cancelled')
  })
})

describe('leaving a source', () => {
  it('calls return() exactly once, however often and in whichever way it is left', async () => {
    const ways: ((source: Source<number>) => Coroutine<void>)[] = [
      function* (source) {
        using _ = source
        yield* source.next()
      },
      function* (source) {
        using _ = source
        yield* source.next()
        yield* until(source.cancel())
        source[Symbol.dispose]()
      },
      function* (source) {
        using _ = source
        yield* source.next()
        throw new Error('failure')
      },
      function* (source) {
        using _ = source
        yield* source.next()
        yield* moveOn(10, () => running(source.next()))
      },
    ]
    for (const way of ways) {
      const { host, scheduler } = hosted()
      const feed = new Feed<number>()
      const task = scheduler.run(way, from(feed))
      task.promise.catch(() => {})
      host.settle()
      await feed.give(1)
      host.settle()
      await turn()
      host.advance(10)
      expect(feed.returns).toBe(1)
      expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
    }
  })

  it('by a cancel calls return() as well, also while the iterator is busy', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const task = scheduler.run(function* (): Coroutine<void> {
      using source = from(feed)
      yield* source.next()
    })
    host.settle()
    task.cancel()
    host.settle()
    await feed.give(1)
    expect(feed.returns).toBe(1)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })

  it('that has ended by itself calls nothing', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const task = scheduler.run(function* () {
      using source = from(feed)
      return yield* drained(source)
    })
    host.settle()
    await feed.finish()
    host.settle()
    expect(await task.promise).toEqual([])
    expect(feed.returns).toBe(0)
  })

  it('of which nothing was asked calls return(), and is fine without one', async () => {
    const feed = new Feed<number>()
    await from(feed).cancel()
    expect(feed).toMatchObject({ asked: 0, returns: 1 })
    await from({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(over) }) }).cancel()
  })

  it('tells whoever waits, and drops what had arrived for nobody', async () => {
    const { host, scheduler } = hosted()
    const feed = new Feed<number>()
    const source = from(feed)
    const waiting = [1, 2].map(() => scheduler.run(() => running(source.next())))
    host.settle()
    source.cancel()
    source.validate()
    host.settle()
    expect(await Promise.all(waiting.map((task) => task.promise))).toEqual([over, over])
    await feed.give(1)
    const late = scheduler.run(() => running(source.next()))
    host.settle()
    expect(await late.promise).toEqual(over)
    expect(feed.asked).toBe(1)

    const other = new Feed<number>()
    const kept = from(other)
    const cancelled = scheduler.run(() => running(kept.next()))
    host.settle()
    cancelled.cancel()
    await other.give(1)
    await kept.cancel()
    const next = scheduler.run(() => running(kept.next()))
    host.settle()
    expect(await next.promise).toEqual(over)
  })

  it('waits for its finalizers with the promise, which is rejected with what they throw', async () => {
    const failure = new Error('cannot clean up')
    const log: string[] = []
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const source = from(finalizing(log, failure))
      yield* source.next()
      source.cancel().catch(() => log.push('told'))
      log.push('asks again')
      return yield* catching(until(source.cancel()))
    })
    expect(await host.play(task)).toBe(failure)
    expect(log).toEqual(['asks again', 'cleaned up', 'told'])
    expect(host.reported).toEqual([])
  })

  it('by disposal reports what its finalizers throw', async () => {
    const failure = new Error('cannot clean up')
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      using source = from(finalizing([], failure))
      yield* source.next()
    })
    await host.play(task)
    await turn()
    expect(host.reported).toEqual([failure])
  })
})

describe('a source from a ReadableStream', () => {
  it('gives its chunks, and releases the lock at the end', async () => {
    const { host, scheduler } = hosted()
    const stream = ReadableStream.from(['a', 'b'])
    const task = scheduler.run(function* () {
      const source = from(stream)
      expectTypeOf(source).toEqualTypeOf<Source<string>>()
      return yield* drained(source)
    })
    expect(await host.play(task)).toEqual(['a', 'b'])
    expect(stream.locked).toBe(false)
  })

  it('reads a body of the platform, in chunks', async () => {
    const { host, scheduler } = hosted()
    const body = new Response('hello').body as ReadableStream<Uint8Array>
    const chunks = await host.play(scheduler.run(() => drained(from(body))))
    expect(Buffer.concat(chunks).toString()).toBe('hello')
  })

  it('is cancelled exactly once, with the reason, also while it reads, and the lock is released', async () => {
    const { host, scheduler } = hosted()
    const reasons: unknown[] = []
    const stream = new ReadableStream<number>({ cancel: (reason) => void reasons.push(reason) })
    const source = from(stream)
    const task = scheduler.run(() => running(source.next()))
    host.settle()
    await Promise.all([source.cancel('enough'), source.cancel('again')])
    source[Symbol.dispose]()
    host.settle()
    expect(await task.promise).toEqual(over)
    expect(reasons).toEqual(['enough'])
    expect(stream.locked).toBe(false)
  })

  it('throws what the stream errs with', async () => {
    const { host, scheduler } = hosted()
    const failure = new Error('failure')
    const stream = new ReadableStream<number>({
      pull(controller) {
        controller.error(failure)
      },
    })
    expect(await host.play(scheduler.run(() => catching(from(stream).next())))).toBe(failure)
    expect(stream.locked).toBe(false)
  })

  it('refuses one that is locked', () => {
    const stream = ReadableStream.from(['a'])
    stream.getReader()
    expect(() => from(stream)).toThrow(TypeError)
  })

  it('needs no more of a stream than a reader', async () => {
    const { host, scheduler } = hosted()
    const { stream } = { stream: ReadableStream.from([1, 2]) }
    const like: ReadableStreamLike<number> = { getReader: () => stream.getReader() }
    expect(await host.play(scheduler.run(() => drained(from(like))))).toEqual([1, 2])
  })
})

it('whoever comes, gives up and is cancelled in whatever order, each value is received once and in order', async () => {
  type Step = 'wait' | 'give up' | 'cancel' | 'give' | 'settle'
  const steps = fc.array(fc.constantFrom<Step>('wait', 'wait', 'give up', 'cancel', 'give', 'give', 'settle'), {
    maxLength: 30,
  })
  await fc.assert(
    fc.asyncProperty(steps, fc.constantFrom('fifo', 'shuffle'), fc.nat(), async (given, order, seed) => {
      const { host, scheduler } = hosted({ order, seed })
      const feed = new Feed<number>()
      const source = from(feed)
      const received: number[] = []
      const tasks: Task<void>[] = []
      let last = 0
      for (const step of given) {
        if (step === 'wait') tasks.push(scheduler.run(() => receiving(source, received)))
        else if (step === 'cancel') tasks[Math.floor(tasks.length / 2)]?.cancel()
        else if (step === 'give up') host.advance(5)
        else if (step === 'settle') host.settle()
        else if (feed.isAsked) await feed.give((last += 1))
        source.validate()
        scheduler.validate()
      }
      host.settle()
      tasks.push(scheduler.run(() => draining(source, received)))
      host.settle()
      if (feed.isAsked) await feed.finish()
      host.settle()
      // A shuffled order is one of going on; the values are handed over in order all the same.
      if (order === 'shuffle') received.sort((a, b) => a - b)
      expect(received).toEqual(Array.from({ length: last }, (_, index) => index + 1))
      expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
      expect(host.reported).toEqual([])
    }),
    { seed: 20_260_103, numRuns: 300 },
  )

  function* receiving(source: Source<number>, received: number[]): Coroutine<void> {
    const selected = yield* select({ next: source.next(), patience: after(5) })
    if (selected.case === 'next' && !selected.value.done) received.push(selected.value.value)
  }

  function* draining(source: Source<number>, received: number[]): Coroutine<void> {
    received.push(...(yield* drained(source)))
  }
})

/** An asynchronous iterable that gives what the test tells it to, when it does. */
class Feed<T> implements AsyncIterable<T> {
  asked = 0
  returns = 0
  #asked: PromiseWithResolvers<IteratorResult<T>> | null = null

  get isAsked(): boolean {
    return this.#asked !== null
  }

  async give(value: T): Promise<void> {
    this.#take().resolve({ done: false, value })
    await turn()
  }

  async fail(error: unknown): Promise<void> {
    this.#take().reject(error)
    await turn()
  }

  async finish(): Promise<void> {
    this.#take().resolve({ done: true, value: undefined })
    await turn()
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return {
      next: () => {
        if (this.#asked !== null) expect.unreachable('asked for two values at a time')
        this.asked += 1
        this.#asked = Promise.withResolvers()
        return this.#asked.promise
      },
      return: async () => {
        this.returns += 1
        return { done: true, value: undefined }
      },
    }
  }

  #take(): PromiseWithResolvers<IteratorResult<T>> {
    const asked = this.#asked as PromiseWithResolvers<IteratorResult<T>>
    this.#asked = null
    return asked
  }
}

const over = { done: true, value: undefined } as const

function value<T>(value: T): IteratorYieldResult<T> {
  return { done: false, value }
}

function* drained<T>(source: Source<T>): Coroutine<T[]> {
  const values: T[] = []
  for (let next = yield* source.next(); !next.done; next = yield* source.next()) values.push(next.value)
  return values
}

function* outcomeOf(operation: Selectable<unknown>): Coroutine<unknown> {
  try {
    return yield* operation
  } catch (error) {
    return error
  }
}

async function* asyncValues<T>(...values: T[]): AsyncGenerator<T, void, void> {
  yield* values
}

async function* finalizing(log: string[], failure: unknown): AsyncGenerator<number, void, void> {
  try {
    yield 1
  } finally {
    await turn()
    log.push('cleaned up')
    // biome-ignore lint/correctness/noUnsafeFinally: a finalizer that fails is the point
    throw failure
  }
}

function hosted(options: { order?: 'fifo' | 'shuffle'; seed?: number } = {}) {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler(options) }
}

/** Let every microtask run. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
