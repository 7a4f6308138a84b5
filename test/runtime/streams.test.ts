import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { BroadcastBatch, Coroutine, Reading } from '../../runtime/index.ts'
import {
  Broadcast,
  Channel,
  defaultHost,
  from,
  Latch,
  Scheduler,
  scope,
  shield,
  sleep,
  toAsyncIterable,
  toReadableStream,
  until,
  VirtualHost,
} from '../../runtime/index.ts'
import { collected } from './heap.ts'

let reported: unknown[]
/** A real one: promises drive it. */
let scheduler: Scheduler

beforeEach(() => {
  reported = []
  scheduler = realScheduler('ignore')
})

afterEach(() => {
  scheduler.validate()
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
  expect(reported).toEqual([])
})

describe('a channel read with for await', () => {
  it('gives what is sent until it is closed', async () => {
    const channel = new Channel<number>(1)
    scheduler.run(function* () {
      for (const value of [1, 2, 3]) yield* channel.send(value)
      channel.close()
    })
    const iterable = toAsyncIterable(channel, { scheduler })
    expectTypeOf(iterable).toEqualTypeOf<Reading<number>>()
    expect(await Array.fromAsync(iterable)).toEqual([1, 2, 3])
    expect(await iterable.next()).toEqual(over)
  })

  it('stays as it is when the loop is left, and nothing was taken beyond what the loop has seen', async () => {
    const channel = new Channel<number>(5)
    for (const value of [1, 2, 3]) channel.trySend(value)
    for await (const value of toAsyncIterable(channel, { scheduler })) if (value === 2) break
    expect(channel.length).toBe(1)
    expect(channel.isClosed).toBe(false)
  })

  it('has its wait withdrawn by return(), which ends a next() that is pending', async () => {
    const channel = new Channel<number>()
    const iterable = toAsyncIterable(channel, { scheduler })
    const waiting = [iterable.next(), iterable.next()]
    await turn()
    expect(scheduler.statistics().parked).toBe(2)
    expect(await iterable.return()).toEqual(over)
    expect(await Promise.all(waiting)).toEqual([over, over])
    expect(channel.trySend(1)).toBe(false)
  })

  it('answers several pending next() in order', async () => {
    const channel = new Channel<number>()
    const iterable = toAsyncIterable(channel, { scheduler })
    const waiting = [iterable.next(), iterable.next()]
    await turn()
    for (const value of [1, 2]) channel.trySend(value)
    expect(await Promise.all(waiting)).toEqual([yielded(1), yielded(2)])
    await iterable.return()
  })

  it('to which nobody will ever send is a standstill', async () => {
    scheduler = realScheduler('reject')
    const iterable = toAsyncIterable(new Channel<number>(0, { name: 'jobs' }), { scheduler })
    await expect(iterable.next()).rejects.toMatchObject({
      code: 'DEADLOCK',
      message: expect.stringMatching(/readNext#1 {2}parked \d+ ms on receive jobs/),
    })
    expect(await iterable.next()).toEqual(over)
  })
})

describe('a coroutine read with for await', () => {
  it('is started by the first next(), and is never ahead of its reader by more than one value', async () => {
    const log: string[] = []
    const iterable = toAsyncIterable(counting(log), { scheduler })
    await turn()
    expect(log).toEqual([])
    expect(await iterable.next()).toEqual(yielded(1))
    await turn()
    expect(log).toEqual(['makes 1', 'makes 2'])
    expect(await iterable.next()).toEqual(yielded(2))
    await turn()
    expect(log).toEqual(['makes 1', 'makes 2', 'makes 3'])
    await iterable.return()
  })

  it('gives what it sends, and ends when it does', async () => {
    const iterable = toAsyncIterable(
      function* (out: Channel<string>) {
        for (const value of ['a', 'b']) yield* out.send(value)
        yield* sleep(1)
      },
      { scheduler },
    )
    expect(await Array.fromAsync(iterable)).toEqual(['a', 'b'])
  })

  it('ends only with all of it, also when it closes its channel first or leaves the sending to children', async () => {
    const log: string[] = []
    const closing = toAsyncIterable(
      function* (out: Channel<string>) {
        yield* scope(function* (s) {
          for (const value of ['a', 'b']) s.spawn(sending, out, value)
        })
        out.close()
        yield* sleep(1)
        log.push('done')
      },
      { scheduler },
    )
    expect(await Array.fromAsync(closing)).toEqual(['a', 'b'])
    expect(log).toEqual(['done'])
  })

  it('is cancelled when the loop is left, and its finalizers are done before the loop goes on', async () => {
    const log: string[] = []
    for await (const value of toAsyncIterable(finalizing(log), { scheduler })) {
      log.push(`reads ${value}`)
      break
    }
    log.push('goes on')
    expect(log).toEqual(['reads 1', 'cleans up', 'has cleaned up', 'goes on'])
  })

  it('is cancelled when the loop throws, or its block with `await using` ends', async () => {
    const log: string[] = []
    const failure = new Error('failure')
    const loop = async () => {
      for await (const _ of toAsyncIterable(finalizing(log), { scheduler })) throw failure
    }
    await expect(loop()).rejects.toBe(failure)
    expect(log).toEqual(['cleans up', 'has cleaned up'])
    {
      await using iterable = toAsyncIterable(finalizing(log), { scheduler })
      await iterable.next()
    }
    expect(log).toHaveLength(4)
  })

  it('that was never asked is never started', async () => {
    const log: string[] = []
    const iterable = toAsyncIterable(counting(log), { scheduler })
    expect(await iterable.return()).toEqual(over)
    expect(await iterable.next()).toEqual(over)
    expect(log).toEqual([])
    expect(scheduler.statistics().spawned).toBe(0)
  })

  it('that is left while it works for the next value gives no value', async () => {
    const log: string[] = []
    const iterable = toAsyncIterable(
      function* (out: Channel<number>) {
        try {
          yield* new Latch('a reply').wait()
          yield* out.send(1)
        } finally {
          log.push('cleans up')
        }
      },
      { scheduler },
    )
    const next = iterable.next()
    await turn()
    await iterable.return()
    expect(await next).toEqual(over)
    expect(log).toEqual(['cleans up'])
  })

  it('throws what the coroutine throws, behind the values before it, and to nobody else', async () => {
    const failure = new Error('failure')
    const values: number[] = []
    const loop = async () => {
      for await (const value of toAsyncIterable(failing(failure), { scheduler })) {
        values.push(value)
        await turn()
      }
    }
    await expect(loop()).rejects.toBe(failure)
    expect(values).toEqual([1])
  })

  it('throws from return() a failure that nobody has heard of, and only such a one', async () => {
    const failure = new Error('failure')
    const unheard = toAsyncIterable(failing(failure), { scheduler })
    await unheard.next()
    await turn()
    await expect(unheard.return()).rejects.toBe(failure)
    await expect(unheard.return()).rejects.toBe(failure)
    const heard = toAsyncIterable(failing(failure), { scheduler })
    await heard.next()
    await expect(heard.next()).rejects.toBe(failure)
    expect(await heard.return()).toEqual(over)
  })

  it('throws from return() what its finalizers throw', async () => {
    const failure = new Error('cannot clean up')
    const iterable = toAsyncIterable(
      function* (out: Channel<number>) {
        try {
          yield* out.send(1)
          yield* out.send(2)
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: a finalizer that fails is the point
          throw failure
        }
      },
      { scheduler },
    )
    await iterable.next()
    await expect(iterable.return()).rejects.toBe(failure)
  })

  it('that waits for its reader is no standstill, and one that waits for nobody is', async () => {
    scheduler = realScheduler('reject')
    const iterable = toAsyncIterable(
      function* (out: Channel<number>) {
        yield* out.send(1)
        yield* out.send(2)
        yield* new Latch('never').wait()
      },
      { scheduler },
    )
    await iterable.next()
    await turn()
    expect(scheduler.statistics()).toMatchObject({ parked: 1, awaited: 1 })
    await iterable.next()
    await expect(iterable.next()).rejects.toMatchObject({ code: 'DEADLOCK', message: expect.stringContaining('never') })
  })

  it('leaves nothing behind, however often it is begun and left', async () => {
    const log: string[] = []
    for (let round = 0; round < 200; round += 1) {
      const iterable = toAsyncIterable(counting(log), { scheduler })
      for (let each = round % 3; each > 0; each -= 1) await iterable.next()
      await iterable.return()
    }
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })

  it('retains nothing that was read', async () => {
    const references: WeakRef<object>[] = []
    const iterable = toAsyncIterable(
      function* (out: Channel<object>) {
        for (let each = 0; each < 3; each += 1) {
          const value = {}
          references.push(new WeakRef(value))
          yield* out.send(value)
        }
      },
      { scheduler },
    )
    for (let each = 0; each < 3; each += 1) await iterable.next()
    // The newest may still stand in a result that is shared.
    expect(await collected(references.slice(0, 2))).toEqual([true, true])
    await iterable.return()
  })

  it('runs on the scheduler of the coroutine in which it was made', async () => {
    const log: string[] = []
    const task = scheduler.run(function* () {
      return toAsyncIterable(counting(log))
    })
    const iterable = await task.promise
    await iterable.next()
    expect(scheduler.statistics().parked).toBe(1)
    await iterable.return()
    const outside = toAsyncIterable(counting(log))
    expect(await outside.next()).toEqual(yielded(1))
    expect(scheduler.statistics().coroutines).toBe(0)
    await outside.return()
  })
})

describe('a subscription read with for await', () => {
  it('comes in batches, which say what was missed, and is disposed of when the loop is left', async () => {
    const prices = new Broadcast<number>(2)
    const subscription = prices.subscribe()
    const iterable = toAsyncIterable(subscription, { scheduler })
    expectTypeOf(iterable).toEqualTypeOf<Reading<BroadcastBatch<number>>>()
    for (const value of [1, 2, 3]) prices.publish(value)
    expect(await iterable.next()).toEqual(yielded({ values: [2, 3], missed: 1, more: false }))
    await iterable.return()
    expect(subscription.hasEnded).toBe(true)
  })

  it('ends with the broadcast', async () => {
    const prices = new Broadcast<number>(2)
    const iterable = toAsyncIterable(prices.subscribe(), { scheduler })
    prices.publish(1)
    prices.close()
    const batches = await Array.fromAsync(iterable)
    expect(batches.flatMap(({ values }) => values)).toEqual([1])
  })
})

describe('a source read with for await', () => {
  it('is cancelled when the loop is left', async () => {
    const log: string[] = []
    const iterable = toAsyncIterable(from(asyncFinalizing(log)), { scheduler })
    for await (const value of iterable) {
      log.push(`reads ${value}`)
      break
    }
    expect(log).toEqual(['reads 1', 'cleans up'])
  })
})

describe('a ReadableStream of a coroutine', () => {
  it('gives what it sends, and closes', async () => {
    const stream = toReadableStream(counting([], 3), { scheduler })
    expectTypeOf(stream).toExtend<ReadableStream<number>>()
    expectTypeOf(() =>
      stream
        .getReader()
        .read()
        .then(({ value }) => value),
    ).returns.resolves.toEqualTypeOf<number | undefined>()
    const values: number[] = []
    for await (const value of stream) values.push(value)
    expect(values).toEqual([1, 2, 3])
  })

  it('is a body like any other', async () => {
    const encoder = new TextEncoder()
    const stream = toReadableStream(
      function* (out: Channel<Uint8Array>) {
        for (const word of ['hello ', 'world']) yield* out.send(encoder.encode(word))
      },
      { scheduler },
    )
    expect(await new Response(stream).text()).toBe('hello world')
  })

  it('makes nothing before it is read, and then one value ahead at most, also for a pipe to a slow writer', async () => {
    const log: string[] = []
    const stream = toReadableStream(counting(log, 4), { scheduler })
    await turn()
    expect(log).toEqual([])
    const write = Promise.withResolvers<void>()
    const written: number[] = []
    const slow = new WritableStream<number>(
      {
        async write(value) {
          written.push(value)
          if (value === 1) await write.promise
        },
      },
      { highWaterMark: 1 },
    )
    const piped = stream.pipeTo(slow)
    await turn()
    expect(written).toEqual([1])
    expect(log).toEqual(['makes 1', 'makes 2'])
    write.resolve()
    await piped
    expect(written).toEqual([1, 2, 3, 4])
  })

  it('that is cancelled cancels the coroutine with the reason, and waits for its finalizers', async () => {
    const log: string[] = []
    const stream = toReadableStream(finalizing(log), { scheduler })
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel('enough')
    expect(log).toEqual(['cleans up', 'has cleaned up'])
  })

  it('that is cancelled while it is read ends the read', async () => {
    const channel = new Channel<number>()
    const reader = toReadableStream(channel, { scheduler }).getReader()
    const read = reader.read()
    await turn()
    await reader.cancel()
    expect(await read).toEqual(over)
    expect(channel.trySend(1)).toBe(false)
  })

  it('errs with what the coroutine throws', async () => {
    const failure = new Error('failure')
    const reader = toReadableStream(failing(failure), { scheduler }).getReader()
    expect(await reader.read()).toEqual(yielded(1))
    await expect(reader.read()).rejects.toBe(failure)
  })

  it('cancels with the very reason', async () => {
    const reasons: unknown[] = []
    const stream = toReadableStream(
      function* (out: Channel<number>) {
        try {
          for (;;) yield* out.send(1)
        } catch (error) {
          reasons.push((error as { reason: unknown }).reason)
          throw error
        }
      },
      { scheduler },
    )
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel('enough')
    expect(reasons).toEqual(['enough'])
  })
})

it('out and in again gives the same values, and leaving the one leaves the other', async () => {
  const log: string[] = []
  const task = scheduler.run(function* () {
    const values: number[] = []
    const source = from(toReadableStream(finalizing(log)))
    for (let next = yield* source.next(); !next.done; next = yield* source.next()) {
      values.push(next.value)
      if (values.length === 3) break
    }
    yield* until(source.cancel())
    return values
  })
  expect(await task.promise).toEqual([1, 2, 3])
  expect(log).toEqual(['cleans up', 'has cleaned up'])
})

it('on the virtual host time passes for it as for everybody', async () => {
  const host = new VirtualHost()
  const iterable = toAsyncIterable(
    function* (out: Channel<number>) {
      yield* sleep(3_600_000)
      yield* out.send(1)
    },
    { scheduler: host.scheduler() },
  )
  const next = iterable.next()
  host.finish()
  expect(await next).toEqual(yielded(1))
  expect(host.now()).toBe(3_600_000)
  const end = iterable.next()
  host.finish()
  expect(await end).toEqual(over)
})

function realScheduler(deadlock: 'ignore' | 'reject'): Scheduler {
  return new Scheduler({ host: defaultHost((error) => reported.push(error)), deadlock })
}

const over = { done: true, value: undefined } as const

function yielded<T>(value: T): IteratorYieldResult<T> {
  return { done: false, value }
}

function counting(log: string[], count = Number.POSITIVE_INFINITY) {
  return function* (out: Channel<number>): Coroutine<void> {
    for (let value = 1; value <= count; value += 1) {
      log.push(`makes ${value}`)
      yield* out.send(value)
    }
  }
}

function finalizing(log: string[]) {
  return function* (out: Channel<number>): Coroutine<void> {
    try {
      for (let value = 1; ; value += 1) yield* out.send(value)
    } finally {
      log.push('cleans up')
      yield* shield(function* () {
        yield* sleep(1)
        log.push('has cleaned up')
      })
    }
  }
}

function failing(failure: unknown) {
  return function* (out: Channel<number>): Coroutine<void> {
    yield* out.send(1)
    throw failure
  }
}

function* sending<T>(out: Channel<T>, value: T): Coroutine<void> {
  yield* out.send(value)
}

async function* asyncFinalizing(log: string[]): AsyncGenerator<number, void, void> {
  try {
    yield 1
    yield 2
  } finally {
    log.push('cleans up')
  }
}

/** Let every microtask run, and a few macrotasks. */
async function turn(): Promise<void> {
  for (let each = 0; each < 3; each += 1) await new Promise((resolve) => void setImmediate(resolve))
}
