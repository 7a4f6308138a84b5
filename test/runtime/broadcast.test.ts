import { describe, expect, expectTypeOf, it } from 'vitest'
import type { BroadcastBatch, BroadcastSubscription, Selectable, Task } from '../../runtime/index.ts'
import { after, Broadcast, Latch, select, trySelect } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { collected } from './heap.ts'

/** Note what each `changed` lets it read, until it is closed. */
function startReading<T>(subscription: BroadcastSubscription<T>, batches: unknown[], limit?: number): Task<void> {
  return scheduler.run(function* reader() {
    try {
      for (;;) {
        yield* subscription.changed()
        batches.push(subscription.read(limit).values)
      }
    } catch (error) {
      batches.push((error as { code: string }).code)
    }
  })
}

function publishAll<T>(broadcast: Broadcast<T>, ...values: T[]): void {
  for (const value of values) {
    broadcast.publish(value)
    broadcast.validate()
  }
}

describe('a broadcast', () => {
  it('shows each value to every subscription, in the order of publishing', () => {
    const prices = new Broadcast<number>(4)
    const subscriptions = [prices.subscribe(), prices.subscribe()]
    publishAll(prices, 1, 2, 3)
    for (const subscription of subscriptions) {
      expect(subscription.read()).toEqual({ values: [1, 2, 3], missed: 0, more: false })
      expect(subscription.read()).toEqual({ values: [], missed: 0, more: false })
    }
    expectTypeOf(prices.subscribe()).toEqualTypeOf<BroadcastSubscription<number>>()
    expectTypeOf(prices.subscribe().read()).toEqualTypeOf<BroadcastBatch<number>>()
    expectTypeOf(prices.subscribe().changed()).toEqualTypeOf<Selectable<void>>()
    expectTypeOf(prices.subscribe().next()).toEqualTypeOf<Selectable<IteratorResult<BroadcastBatch<number>, void>>>()
  })

  it('says exactly how many values a reader has missed once the ring has lapped it, and goes on with the oldest', () => {
    const prices = new Broadcast<number>(3)
    const subscription = prices.subscribe()
    publishAll(prices, 1, 2, 3)
    expect(prices.subscribe({ from: 0 }).read().missed).toBe(0)
    publishAll(prices, 4)
    expect(prices.subscribe({ from: 0 }).read()).toEqual({ values: [2, 3, 4], missed: 1, more: false })
    publishAll(prices, 5, 6, 7, 8)
    expect(subscription.read(2)).toEqual({ values: [6, 7], missed: 5, more: true })
    expect(subscription.read(2)).toEqual({ values: [8], missed: 0, more: false })
  })

  it('gives a batch of at most the limit, and says whether there is more', () => {
    const prices = new Broadcast<number>(10)
    const subscription = prices.subscribe()
    publishAll(prices, 1, 2, 3, 4)
    expect(subscription.read(3)).toEqual({ values: [1, 2, 3], missed: 0, more: true })
    publishAll(prices, 5)
    expect(subscription.read(2)).toEqual({ values: [4, 5], missed: 0, more: false })
    for (const limit of [0, -1, 1.5, Number.NaN]) {
      expect(() => subscription.read(limit)).toThrow(`a limit is a whole number above 0, or Infinity (got ${limit})`)
      expect(() => subscription.next(limit)).toThrow(RangeError)
    }
  })

  it('is read from now, from the oldest value held, or from a position', () => {
    const prices = new Broadcast<number>(3)
    const positions = [1, 2, 3, 4, 5].map((value) => prices.publish(value))
    expect(positions).toEqual([1, 2, 3, 4, 5])
    expect(prices.subscribe().read().values).toEqual([])
    expect(prices.subscribe({ from: 'now' }).position).toBe(5)
    expect(prices.subscribe({ from: 'earliest' }).read()).toEqual({ values: [3, 4, 5], missed: 0, more: false })
    expect(prices.subscribe({ from: 4 }).read()).toEqual({ values: [5], missed: 0, more: false })
    expect(prices.subscribe({ from: 1 }).read()).toEqual({ values: [3, 4, 5], missed: 1, more: false })
    const subscription = prices.subscribe({ from: 'earliest' })
    subscription.read(1)
    expect(prices.subscribe({ from: subscription.position }).read().values).toEqual([4, 5])
  })

  it('refuses a place that it never had', () => {
    const prices = new Broadcast<number>(3)
    publishAll(prices, 1, 2)
    for (const from of [3, -1, 0.5, Number.NaN, 'then'] as number[]) {
      expect(() => prices.subscribe({ from })).toThrow(
        `from is 'now', 'earliest' or a position from 0 to 2 (got ${from})`,
      )
    }
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3', undefined])(
    'refuses %s as a capacity',
    (capacity) => {
      expect(() => new Broadcast(capacity as number)).toThrow(RangeError)
      expect(() => new Broadcast(capacity as number)).toThrow(`(got ${capacity})`)
    },
  )

  it('takes undefined and null for values like any others', () => {
    const values = new Broadcast<unknown>(3)
    const subscription = values.subscribe()
    publishAll(values, undefined, null)
    expect(subscription.hasNews).toBe(true)
    expect(subscription.read().values).toEqual([undefined, null])
  })

  it('retains nothing older than its capacity, and nothing of a subscription that is forgotten', async () => {
    const values = new Broadcast<object>(2)
    const references = passThrough(values, 5)
    const newest = references.splice(3, 2)
    expect(await collected(references)).toEqual([true, true, true, true])
    expect(newest.map((reference) => reference.deref())).toEqual([{ index: 3 }, { index: 4 }])
    expect(values.subscribe({ from: 3 }).read().values).toHaveLength(2)
  })

  it('is not retained by a subscription that was disposed of', async () => {
    const { disposed, reference } = disposedSubscription()
    expect(await collected([reference])).toEqual([true])
    expect(disposed.position).toBe(0)
  })
})

describe('a reader that waits', () => {
  it('is woken by the next value, and takes nothing by being woken', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    const task = scheduler.run(function* () {
      yield* subscription.changed()
      yield* subscription.changed()
      return subscription.read().values
    })
    host.settle()
    expect(task.status).toBe('parked')
    publishAll(prices, 1)
    expect(task.status).toBe('runnable')
    publishAll(prices, 2)
    host.settle()
    return expect(task.promise).resolves.toEqual([1, 2])
  })

  it('that has something to read is not suspended', () => {
    const prices = new Broadcast<number>(100)
    const subscription = prices.subscribe()
    scheduler.run(function* () {
      for (let value = 0; value < 50; value += 1) {
        prices.publish(value)
        yield* subscription.changed()
        subscription.read()
      }
    })
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ resumes: 1, handOvers: 0, coroutines: 0 })
  })

  it('is one of many, all woken in the order in which they came', () => {
    const prices = new Broadcast<number>(4)
    const order: string[] = []
    for (const name of ['a', 'b', 'c']) {
      const subscription = prices.subscribe()
      scheduler.run(function* () {
        yield* subscription.changed()
        order.push(name)
      })
    }
    host.settle()
    publishAll(prices, 1)
    host.settle()
    expect(order).toEqual(['a', 'b', 'c'])
  })

  it('and is slow gets the rest at once, and learns what it has missed', () => {
    const prices = new Broadcast<number>(2)
    const batches: BroadcastBatch<number>[] = []
    const subscription = prices.subscribe()
    scheduler.run(function* () {
      for (let each = 0; each < 2; each += 1) {
        yield* subscription.changed()
        batches.push(subscription.read())
        yield* after(10)
      }
    })
    host.settle()
    publishAll(prices, 1)
    host.settle()
    publishAll(prices, 2, 3, 4, 5, 6)
    host.finish()
    expect(batches).toEqual([
      { values: [1], missed: 0, more: false },
      { values: [5, 6], missed: 3, more: false },
    ])
  })

  it('and is cancelled has taken nothing, and the others are still woken', () => {
    const prices = new Broadcast<number>(4)
    const cancelled = prices.subscribe()
    const batches: unknown[] = []
    const task = scheduler.run(function* () {
      yield* cancelled.changed()
    })
    startReading(prices.subscribe(), batches)
    host.settle()
    task.cancel()
    prices.validate()
    publishAll(prices, 1)
    host.settle()
    expect(batches).toEqual([[1]])
    expect(cancelled.waiting).toBe(0)
    expect(cancelled.read().values).toEqual([1])
  })

  it('and loses a select has taken nothing and stands in no list', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    const task = scheduler.run(function* () {
      const { case: which } = yield* select({
        a: subscription.changed(),
        b: subscription.next(),
        quiet: after(10),
      })
      return which
    })
    host.settle()
    expect(subscription.waiting).toBe(2)
    prices.validate()
    host.advance(10)
    expect(subscription.waiting).toBe(0)
    publishAll(prices, 1)
    expect(subscription.read().values).toEqual([1])
    return expect(task.promise).resolves.toBe('quiet')
  })

  it('on several broadcasts goes on with the first that has news', () => {
    const [prices, trades] = [new Broadcast<number>(4), new Broadcast<string>(4)]
    const task = scheduler.run(function* () {
      const { case: which } = yield* select({
        prices: prices.subscribe().changed(),
        trades: trades.subscribe().changed(),
      })
      return which
    })
    host.settle()
    publishAll(trades, 'sold')
    publishAll(prices, 1)
    prices.validate()
    host.settle()
    return expect(task.promise).resolves.toBe('trades')
  })

  it('may be polled by trySelect, which never waits', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    expect(trySelect({ changed: subscription.changed() })).toBeUndefined()
    publishAll(prices, 1)
    expect(trySelect({ next: subscription.next() })).toEqual({
      case: 'next',
      value: { done: false, value: { values: [1], missed: 0, more: false } },
    })
  })

  it('goes by the name of the broadcast in a dump', () => {
    const prices = new Broadcast<number>(4, { name: 'prices' })
    startReading(prices.subscribe(), [])
    startReading(new Broadcast<number>(4).subscribe(), [])
    host.settle()
    expect(scheduler.dump()).toBe(
      'reader#1  parked 0 ms on news of prices\nreader#2  parked 0 ms on news of a broadcast',
    )
  })

  it('costs the publisher nothing while it does not wait', () => {
    const prices = new Broadcast<number>(4)
    const subscriptions = Array.from({ length: 1_000 }, () => prices.subscribe())
    const batches: unknown[] = []
    startReading(subscriptions[0] as BroadcastSubscription<number>, batches)
    host.settle()
    const { resumes } = scheduler.statistics()
    publishAll(prices, 1)
    host.settle()
    expect(scheduler.statistics().resumes).toBe(resumes + 1)
    expect(subscriptions.map(({ waiting }) => waiting).filter((waiting) => waiting > 0)).toEqual([1])
  })
})

describe('next', () => {
  it('waits and reads in one, and says when all is over', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    const task = scheduler.run(function* () {
      const seen: number[] = []
      for (let next = yield* subscription.next(2); !next.done; next = yield* subscription.next(2)) {
        seen.push(...next.value.values)
      }
      return seen
    })
    host.settle()
    publishAll(prices, 1, 2, 3)
    host.settle()
    prices.close()
    host.settle()
    return expect(task.promise).resolves.toEqual([1, 2, 3])
  })

  it('that is cancelled has read nothing', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    const task = scheduler.run(function* () {
      yield* subscription.next()
    })
    host.settle()
    task.cancel()
    publishAll(prices, 1)
    host.settle()
    expect(subscription.position).toBe(0)
    expect(task.status).toBe('cancelled')
  })

  it('gives an empty batch to the slower of two on one subscription', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    const seen: unknown[] = []
    for (const name of ['a', 'b']) {
      scheduler.run(function* () {
        seen.push(name, yield* subscription.next())
      })
    }
    host.settle()
    publishAll(prices, 1)
    host.settle()
    expect(seen).toEqual([
      'a',
      { done: false, value: { values: [1], missed: 0, more: false } },
      'b',
      { done: false, value: { values: [], missed: 0, more: false } },
    ])
  })

  it('says that all is over when the rest was read, or the place given up, between the news and the reading', () => {
    const seen: unknown[] = []
    for (const ends of ['close', 'dispose']) {
      const prices = new Broadcast<number>(4)
      const subscription = prices.subscribe()
      scheduler.run(function* () {
        seen.push((yield* subscription.next()).done)
      })
      host.settle()
      publishAll(prices, 1)
      subscription.read()
      if (ends === 'close') prices.close()
      else subscription[Symbol.dispose]()
      host.settle()
    }
    expect(seen).toEqual([true, true])
  })
})

describe('closing a broadcast', () => {
  it('lets readers drain what is held, and throws to them then', () => {
    const prices = new Broadcast<number>(4, { name: 'prices' })
    const batches: unknown[] = []
    const behind = prices.subscribe()
    publishAll(prices, 1, 2)
    expect(prices.close()).toBe(true)
    expect(prices.close()).toBe(false)
    expect(prices.isClosed).toBe(true)
    expect(behind.hasEnded).toBe(false)
    startReading(behind, batches, 1)
    startReading(prices.subscribe({ from: 'earliest' }), batches)
    host.settle()
    expect(batches).toEqual([[1], [2], 'CHANNEL_CLOSED', [1, 2], 'CHANNEL_CLOSED'])
    expect(behind.hasEnded).toBe(true)
    expect(behind.read()).toEqual({ values: [], missed: 0, more: false })
  })

  it('throws to publishers, with the cause', () => {
    const prices = new Broadcast<number>(4, { name: 'prices' })
    const cause = new Error('the exchange is closed')
    prices.close(cause)
    expect(() => prices.publish(1)).toThrow(expect.objectContaining({ code: 'CHANNEL_CLOSED', cause }))
    expect(() => prices.publish(1)).toThrow('prices is closed')
  })

  it('wakes everybody who waits, and leaves nobody waiting', () => {
    const prices = new Broadcast<number>(4)
    const cause = new Error('the exchange is closed')
    const subscription = prices.subscribe()
    const tasks = [1, 2].map(() =>
      scheduler.run(function* () {
        yield* subscription.changed()
      }),
    )
    host.settle()
    prices.close(cause)
    prices.validate()
    const outcomes = Promise.all(tasks.map((task) => expect(task.promise).rejects.toMatchObject({ cause })))
    host.settle()
    expect(subscription.waiting).toBe(0)
    return outcomes
  })

  it('after a reader was woken does not make it throw: there was news', () => {
    const prices = new Broadcast<number>(4)
    const batches: unknown[] = []
    startReading(prices.subscribe(), batches)
    host.settle()
    publishAll(prices, 1)
    prices.close()
    host.settle()
    expect(batches).toEqual([[1], 'CHANNEL_CLOSED'])
  })
})

describe('disposing of a subscription', () => {
  it('ends the wait of whoever waits on it, and of nobody else', () => {
    const prices = new Broadcast<number>(4, { name: 'prices' })
    const [mine, other] = [prices.subscribe(), prices.subscribe()]
    const batches: unknown[] = []
    startReading(mine, batches)
    startReading(other, batches)
    host.settle()
    mine[Symbol.dispose]()
    mine[Symbol.dispose]()
    prices.validate()
    host.settle()
    publishAll(prices, 1)
    host.settle()
    expect(batches).toEqual(['CHANNEL_CLOSED', [1]])
    expect(mine.hasEnded).toBe(true)
    expect(() => mine.read()).toThrow('a subscription to prices is closed')
  })

  it('leaves no trace of a select with several waits on it', () => {
    const prices = new Broadcast<number>(4)
    const subscription = prices.subscribe()
    const latch = new Latch()
    const task = scheduler.run(function* () {
      return yield* select({ a: subscription.next(), b: subscription.next(), latch: latch.wait() })
    })
    host.settle()
    subscription[Symbol.dispose]()
    prices.validate()
    expect(subscription.waiting).toBe(0)
    latch.open()
    host.settle()
    return expect(task.promise).resolves.toMatchObject({ value: { done: true } })
  })

  it('happens by itself at the end of a block with `using`', () => {
    const prices = new Broadcast<number>(4)
    let kept: BroadcastSubscription<number> | undefined
    scheduler.run(function* () {
      using subscription = prices.subscribe()
      kept = subscription
      yield* select({ changed: subscription.changed(), quiet: after(5) })
    })
    host.finish()
    expect(kept?.hasEnded).toBe(true)
  })
})

/** Publish objects that nobody else holds, the last reference to the subscription that read one of them. */
function passThrough(values: Broadcast<object>, count: number): WeakRef<object>[] {
  const subscription = values.subscribe()
  const references = Array.from({ length: count }, (_, index) => {
    const value = { index }
    values.publish(value)
    return new WeakRef<object>(value)
  })
  subscription.read(1)
  return [...references, new WeakRef(subscription)]
}

function disposedSubscription() {
  const broadcast = new Broadcast<object>(1)
  const disposed = broadcast.subscribe()
  disposed[Symbol.dispose]()
  return { disposed, reference: new WeakRef(broadcast) }
}
