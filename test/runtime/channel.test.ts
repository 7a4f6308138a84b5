import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Received, Selectable, Task } from '../../runtime/index.ts'
import { Channel, ChannelClosed, ChannelFull, Misuse, shield } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { collected } from './heap.ts'

/** What the operations came to, in the order in which they ended. */
type Log = unknown[]

function* receiveInto<T>(log: Log, channel: Channel<T>): Coroutine<void> {
  log.push(yield* outcomeOf(channel.receive()))
}

function* sendAndLog<T>(log: Log, channel: Channel<T>, value: T): Coroutine<void> {
  yield* channel.send(value)
  log.push(`sent ${value}`)
}

/** The value, or the code of the error. */
function* outcomeOf<T>(operation: Selectable<T>): Coroutine<T | string> {
  try {
    return yield* operation
  } catch (error) {
    return (error as { code: string }).code
  }
}

function start(...bodies: (() => Coroutine<void>)[]): Task<void>[] {
  const tasks = bodies.map((body) => scheduler.run(body))
  host.settle()
  return tasks
}

/** Start ten coroutines that run one operation each, and give the order in which they came to it. */
function startTenInSomeOrder(order: 'fifo' | 'shuffle', operation: (index: number) => Operation<void>): number[] {
  const came: number[] = []
  const ordered = host.scheduler({ order, seed: 7, deadlock: 'ignore' })
  for (let index = 0; index < 10; index += 1) {
    ordered.run(function* (): Coroutine<void> {
      came.push(index)
      yield* operation(index)
    })
  }
  host.settle()
  const sorted = came.toSorted((a, b) => a - b)
  if (order === 'shuffle') expect(came).not.toEqual(sorted)
  else expect(came).toEqual(sorted)
  return came
}

/** What is in the buffer and what parked senders hold, oldest first. */
function drain<T>(channel: Channel<T>): T[] {
  const values: T[] = []
  for (let received = channel.tryReceive(); received.status === 'value'; received = channel.tryReceive()) {
    values.push(received.value)
    channel.validate()
  }
  return values
}

describe('a channel without a buffer', () => {
  it('lets a sender wait until a receiver has taken the value', () => {
    const channel = new Channel<string>()
    const log: Log = []
    const [sender] = start(() => sendAndLog(log, channel, 'a'))
    channel.validate()
    expect(sender?.status).toBe('parked')
    expect(channel.length).toBe(0)

    start(() => receiveInto(log, channel))
    channel.validate()
    expect(log).toEqual(['a', 'sent a'])
  })

  it('lets a receiver wait until a sender comes, who then need not wait', () => {
    const channel = new Channel<string>()
    const log: Log = []
    const [receiver] = start(() => receiveInto(log, channel))
    channel.validate()
    expect(receiver?.status).toBe('parked')

    start(() => sendAndLog(log, channel, 'a'))
    channel.validate()
    expect(log).toEqual(['sent a', 'a'])
  })

  it('hands each value to exactly one receiver', () => {
    const channel = new Channel<number>()
    const received: Log = []
    start(
      ...Array.from({ length: 5 }, () => () => receiveInto(received, channel)),
      ...Array.from({ length: 5 }, (_, value) => () => sendAndLog([], channel, value)),
    )
    expect(received).toEqual([0, 1, 2, 3, 4])
    expect(scheduler.statistics().coroutines).toBe(0)
  })

  it.each(['fifo', 'shuffle'] as const)('serves senders in the order in which they came, with %s', (order) => {
    const channel = new Channel<number>()
    const came = startTenInSomeOrder(order, (value) => channel.send(value))
    expect(drain(channel)).toEqual(came)
  })

  it.each(['fifo', 'shuffle'] as const)('serves receivers in the order in which they came, with %s', (order) => {
    const channel = new Channel<number>()
    const receivedBy: number[] = []
    const came = startTenInSomeOrder(order, function* (index) {
      const value = yield* channel.receive()
      receivedBy[value] = index
    })
    for (let value = 0; value < 10; value += 1) expect(channel.trySend(value)).toBe(true)
    host.settle()
    expect(receivedBy).toEqual(came)
  })

  it('carries undefined, null and promises like any other value', () => {
    const channel = new Channel<unknown>()
    const promise = Promise.resolve(1)
    const log: Log = []
    start(function* () {
      for (let left = 3; left > 0; left -= 1) log.push(yield* channel.receive())
    })
    start(function* () {
      for (const value of [undefined, null, promise]) yield* channel.send(value)
    })
    expect(log).toEqual([undefined, null, promise])
    expect(log[2]).toBe(promise)
  })
})

describe('a channel with a buffer', () => {
  it('takes as many values as it holds, then lets the sender wait', () => {
    const channel = new Channel<number>(2)
    const log: Log = []
    start(function* () {
      for (const value of [1, 2, 3]) yield* sendAndLog(log, channel, value)
    })
    channel.validate()
    expect(log).toEqual(['sent 1', 'sent 2'])
    expect(channel.length).toBe(2)
  })

  it('gives the values in the order in which they were sent, those of waiting senders last', () => {
    const channel = new Channel<number>(2)
    start(...[1, 2, 3, 4, 5].map((value) => () => sendAndLog([], channel, value)))
    expect(drain(channel)).toEqual([1, 2, 3, 4, 5])
  })

  it('lets the sender that has waited longest into the place that a receive made', () => {
    const channel = new Channel<string>(1)
    const log: Log = []
    start(
      () => sendAndLog(log, channel, 'a'),
      () => sendAndLog(log, channel, 'b'),
      () => sendAndLog(log, channel, 'c'),
    )
    expect(log).toEqual(['sent a'])
    start(() => receiveInto(log, channel))
    channel.validate()
    expect(log).toEqual(['sent a', 'a', 'sent b'])
    expect(channel.length).toBe(1)
  })

  it('has the capacity that it was given, and Infinity from where nobody counts any more', () => {
    const capacities = [0, 1, 2 ** 31 - 2, 2 ** 31 - 1, 2 ** 40, Infinity]
    expect(capacities.map((capacity) => new Channel(capacity).capacity)).toEqual([
      0,
      1,
      2 ** 31 - 2,
      Infinity,
      Infinity,
      Infinity,
    ])
  })

  it('never makes a sender wait when it holds Infinity', () => {
    const channel = new Channel<number>(Number.POSITIVE_INFINITY)
    const [sender] = start(function* () {
      for (let value = 0; value < 10_000; value += 1) yield* channel.send(value)
    })
    channel.validate()
    expect(sender?.status).toBe('done')
    expect(channel.length).toBe(10_000)
    expect(drain(channel)).toEqual(Array.from({ length: 10_000 }, (_, value) => value))
  })

  it('finishes an operation that is ready without suspending the coroutine', () => {
    const channel = new Channel<number>(100)
    start(function* () {
      for (let value = 0; value < 60; value += 1) yield* channel.send(value)
      for (let value = 0; value < 60; value += 1) yield* channel.receive()
    })
    expect(scheduler.statistics()).toMatchObject({ resumes: 1, handOvers: 0, coroutines: 0 })
  })

  it('retains nothing that was received', async () => {
    const channel = new Channel<object>(4)
    const dropped = passThrough(channel)
    expect(await collected(dropped)).toEqual([true, true])
    expect(channel.length).toBe(0)
  })

  it.each([-1, 1.5, Number.NaN, Number.NEGATIVE_INFINITY, '3', null])('refuses %s as a capacity', (capacity) => {
    expect(() => new Channel(capacity as number)).toThrow(RangeError)
    expect(() => new Channel(capacity as number)).toThrow(`(got ${capacity})`)
  })
})

describe('a full channel', () => {
  it('drops what was sent first with dropOldest', () => {
    const channel = new Channel<number>(2, { overflow: 'dropOldest' })
    const log: Log = []
    start(function* () {
      for (const value of [1, 2, 3]) yield* sendAndLog(log, channel, value)
    })
    expect(channel.trySend(4)).toBe(true)
    channel.validate()
    expect(log).toEqual(['sent 1', 'sent 2', 'sent 3'])
    expect(drain(channel)).toEqual([3, 4])
  })

  it('drops the value that comes last with dropLatest, and says so to trySend', () => {
    const channel = new Channel<number>(2, { overflow: 'dropLatest' })
    const log: Log = []
    start(function* () {
      for (const value of [1, 2, 3]) yield* sendAndLog(log, channel, value)
    })
    expect(channel.trySend(4)).toBe(false)
    channel.validate()
    expect(log).toEqual(['sent 1', 'sent 2', 'sent 3'])
    expect(drain(channel)).toEqual([1, 2])
  })

  it('throws ChannelFull with error, and trySend says false', () => {
    const channel = new Channel<number>(1, { overflow: 'error', name: 'jobs' })
    expect(channel.trySend(1)).toBe(true)
    expect(channel.trySend(2)).toBe(false)
    expect(() => host.run(() => sendAndLog([], channel, 2))).toThrow(ChannelFull)
    expect(() => host.run(() => sendAndLog([], channel, 2))).toThrow('jobs is full: it holds 1')
    expect(drain(channel)).toEqual([1])
  })

  it('throws ChannelFull without a buffer and without a receiver, too', () => {
    const channel = new Channel<number>(0, { overflow: 'error' })
    expect(() => host.run(() => sendAndLog([], channel, 1))).toThrow(ChannelFull)
    const log: Log = []
    start(
      () => receiveInto(log, channel),
      () => sendAndLog(log, channel, 2),
    )
    expect(log).toEqual(['sent 2', 2])
  })

  it.each(['dropOldest', 'dropLatest', 'error'] as const)(
    'hands the value to a receiver that waits, with %s as ever',
    (overflow) => {
      const channel = new Channel<number>(1, { overflow })
      const log: Log = []
      start(
        () => receiveInto(log, channel),
        () => sendAndLog(log, channel, 1),
      )
      expect(log).toEqual(['sent 1', 1])
      expect(channel.length).toBe(0)
    },
  )

  it.each(['dropOldest', 'dropLatest'] as const)('has nothing to drop without a buffer: %s is refused', (overflow) => {
    expect(() => new Channel(0, { overflow })).toThrow(RangeError)
    expect(() => new Channel(0, { overflow })).toThrow(overflow)
  })
})

describe('trySend and tryReceive', () => {
  it('never wait: without a partner and without a buffer nothing happens', () => {
    const channel = new Channel<number>()
    expect(channel.trySend(1)).toBe(false)
    expect(channel.tryReceive()).toEqual({ status: 'empty' })
    channel.validate()
    expect(channel.length).toBe(0)
  })

  it('hand a value to a coroutine that waits to receive, which learns of it in its own turn', () => {
    const channel = new Channel<string>()
    const log: Log = []
    start(() => receiveInto(log, channel))
    expect(channel.trySend('a')).toBe(true)
    expect(channel.trySend('b')).toBe(false)
    expect(log).toEqual([])
    host.settle()
    expect(log).toEqual(['a'])
  })

  it('take the value of a coroutine that waits to send, which then goes on', () => {
    const channel = new Channel<string>()
    const log: Log = []
    start(() => sendAndLog(log, channel, 'a'))
    expect(channel.tryReceive()).toEqual({ status: 'value', value: 'a' })
    expect(channel.tryReceive()).toEqual({ status: 'empty' })
    expect(log).toEqual([])
    host.settle()
    expect(log).toEqual(['sent a'])
  })

  it('fill and empty the buffer, first in first out', () => {
    const channel = new Channel<number>(2)
    expect([channel.trySend(1), channel.trySend(2), channel.trySend(3)]).toEqual([true, true, false])
    expect(drain(channel)).toEqual([1, 2])
  })

  it('tell a value that is undefined from none', () => {
    const channel = new Channel<undefined>(1)
    channel.trySend(undefined)
    expect(channel.tryReceive()).toEqual({ status: 'value', value: undefined })
    expect(channel.tryReceive()).toEqual({ status: 'empty' })
  })

  it('are no operations: any number of them costs no budget and no resume', () => {
    const channel = new Channel<number>(1)
    start(function* () {
      for (let round = 0; round < 1_000; round += 1) {
        channel.trySend(round)
        channel.tryReceive()
      }
      yield* channel.send(1)
    })
    expect(scheduler.statistics()).toMatchObject({ resumes: 1, handOvers: 0 })
  })
})

describe('closing', () => {
  it('lets receivers drain what is buffered, then says done to next and throws in receive', () => {
    const channel = new Channel<number>(3)
    channel.trySend(1)
    channel.trySend(2)
    channel.close()
    const log: Log = []
    start(function* () {
      log.push(yield* channel.next(), yield* channel.receive(), yield* channel.next(), yield* channel.next())
      log.push(yield* outcomeOf(channel.receive()), channel.tryReceive())
    })
    channel.validate()
    expect(log).toEqual([
      { done: false, value: 1 },
      2,
      { done: true, value: undefined },
      { done: true, value: undefined },
      'CHANNEL_CLOSED',
      { status: 'closed' },
    ])
  })

  it('tells everybody who waits to receive', () => {
    const channel = new Channel<number>(1)
    const log: Log = []
    start(
      () => receiveInto(log, channel),
      function* () {
        log.push(yield* channel.next())
      },
    )
    channel.close()
    channel.validate()
    host.settle()
    expect(log).toEqual(['CHANNEL_CLOSED', { done: true, value: undefined }])
  })

  it('tells everybody who waits to send; their values were not sent', () => {
    const channel = new Channel<string>(1)
    const log: Log = []
    channel.trySend('buffered')
    start(...['a', 'b'].map((value) => () => refused(log, channel, value)))
    channel.close()
    channel.validate()
    host.settle()
    expect(log).toEqual(['a: CHANNEL_CLOSED', 'b: CHANNEL_CLOSED'])
    expect(drain(channel)).toEqual(['buffered'])
  })

  it('makes every later send throw, also where there is room, and trySend as well', () => {
    const channel = new Channel<string>(1)
    const log: Log = []
    channel.close()
    start(() => refused(log, channel, 'a'))
    expect(log).toEqual(['a: CHANNEL_CLOSED'])
    expect(() => channel.trySend('b')).toThrow(ChannelClosed)
    expect(drain(channel)).toEqual([])
  })

  it('says true the first time and false afterwards, and the first cause stays', () => {
    const channel = new Channel<number>(0, { name: 'jobs' })
    const cause = new Error('the disk is gone')
    expect(channel.isClosed).toBe(false)
    expect(channel.close(cause)).toBe(true)
    expect(channel.close(new Error('another'))).toBe(false)
    expect(channel.isClosed).toBe(true)
    expect(closingError(channel)).toMatchObject({ code: 'CHANNEL_CLOSED', message: 'jobs is closed', cause })
  })

  it('without a cause leaves the errors without one', () => {
    const channel = new Channel<number>()
    channel.close()
    expect(Object.hasOwn(closingError(channel) as ChannelClosed, 'cause')).toBe(false)
  })

  it('gives every waiter an error of its own, with the cause in it', () => {
    const channel = new Channel<number>()
    const errors: Error[] = []
    function* waiting(): Coroutine<void> {
      try {
        yield* channel.receive()
      } catch (error) {
        errors.push(error as Error)
      }
    }
    start(waiting, waiting)
    channel.close('maintenance')
    host.settle()
    expect(errors.map((error) => error.cause)).toEqual(['maintenance', 'maintenance'])
    expect(errors[0]).not.toBe(errors[1])
  })

  it('does not take back a value that was handed over just before', () => {
    const channel = new Channel<string>()
    const log: Log = []
    start(() => receiveInto(log, channel))
    channel.trySend('a')
    channel.close()
    host.settle()
    expect(log).toEqual(['a'])
  })

  it('of an undefined value and of a closed channel are different things to next', () => {
    const channel = new Channel<undefined>(1)
    channel.trySend(undefined)
    channel.close()
    host.run(function* () {
      expect(yield* channel.next()).toEqual({ done: false, value: undefined })
      expect(yield* channel.next()).toEqual({ done: true, value: undefined })
    })
  })
})

describe('a cancelled coroutine', () => {
  it('that waited to receive took nothing: the value goes to the next in line', () => {
    const channel = new Channel<string>()
    const log: Log = []
    const [first] = start(
      () => receiveInto(log, channel),
      () => receiveInto(log, channel),
    )
    first?.cancel()
    channel.validate()
    channel.trySend('a')
    host.settle()
    expect(log).toEqual(['CANCELLED', 'a'])
  })

  it('that waited to send sent nothing', () => {
    const channel = new Channel<string>(1)
    channel.trySend('buffered')
    const [first] = start(
      () => sendAndLog([], channel, 'a'),
      () => sendAndLog([], channel, 'b'),
    )
    first?.cancel()
    channel.validate()
    host.settle()
    expect(drain(channel)).toEqual(['buffered', 'b'])
  })

  it('leaves the queue from its middle, and the others keep their order', () => {
    const channel = new Channel<number>()
    const tasks = start(...[1, 2, 3, 4, 5].map((value) => () => sendAndLog([], channel, value)))
    for (const index of [2, 0, 4]) {
      tasks[index]?.cancel()
      channel.validate()
    }
    expect(drain(channel)).toEqual([2, 4])
  })

  it('still gets the value that was handed to it before the cancel, and meets the cancel after it', () => {
    const channel = new Channel<string>()
    const log: Log = []
    const [receiver] = start(function* () {
      yield* receiveInto(log, channel)
      yield* receiveInto(log, channel)
    })
    channel.trySend('a')
    receiver?.cancel()
    channel.validate()
    expect(channel.trySend('b')).toBe(false)
    host.settle()
    expect(log).toEqual(['a', 'CANCELLED'])
  })

  it('has sent what was taken from it before the cancel', () => {
    const channel = new Channel<string>()
    const log: Log = []
    const [sender] = start(() => sendAndLog(log, channel, 'a'))
    expect(channel.tryReceive()).toEqual({ status: 'value', value: 'a' })
    sender?.cancel()
    host.settle()
    expect(log).toEqual(['sent a'])
    expect(sender?.status).toBe('done')
  })

  it('takes nothing from a full buffer and puts nothing into an empty one', () => {
    const full = new Channel<string>(1)
    const empty = new Channel<string>(1)
    full.trySend('a')
    const log: Log = []
    const task = scheduler.run(function* () {
      log.push(yield* outcomeOf(full.receive()), yield* outcomeOf(full.next()))
      log.push(yield* outcomeOf(empty.send('b')))
    })
    task.cancel()
    host.settle()
    expect(log).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED'])
    expect(drain(full)).toEqual(['a'])
    expect(drain(empty)).toEqual([])
  })

  it('can still receive and send behind a shield', () => {
    const channel = new Channel<string>()
    const log: Log = []
    const task = scheduler.run(function* () {
      yield* shield(() => receiveInto(log, channel))
      yield* channel.receive()
    })
    task.cancel()
    host.settle()
    channel.trySend('a')
    host.settle()
    expect(log).toEqual(['a'])
    expect(task.status).toBe('cancelled')
  })
})

describe('the budget of 128 operations', () => {
  it('makes a coroutine whose operations never park let the others run', () => {
    const channel = new Channel<number>(Number.POSITIVE_INFINITY)
    const seenBy: number[] = []
    start(
      function* () {
        for (let value = 0; value < 300; value += 1) yield* channel.send(value)
      },
      function* () {
        seenBy.push(channel.length)
      },
    )
    expect(seenBy).toEqual([128])
    expect(channel.length).toBe(300)
    expect(scheduler.statistics().handOvers).toBe(2)
  })

  it('is spent before the operation takes anything: a cancel at that point finds the value where it was', () => {
    const channel = new Channel<number>(200)
    for (let value = 0; value < 200; value += 1) channel.trySend(value)
    const received: number[] = []
    const receiver = scheduler.run(function* () {
      for (;;) received.push(yield* channel.receive())
    })
    scheduler.run(function* () {
      receiver.cancel()
    })
    host.settle()
    channel.validate()
    expect(received).toHaveLength(128)
    expect(drain(channel)).toEqual(Array.from({ length: 72 }, (_, index) => 128 + index))
  })

  it('costs a receiver no value and no place in the order', () => {
    const channel = new Channel<number>(1_000)
    const received: number[] = []
    start(
      function* () {
        for (let value = 0; value < 1_000; value += 1) yield* channel.send(value)
        channel.close()
      },
      function* () {
        for (let next = yield* channel.next(); !next.done; next = yield* channel.next()) received.push(next.value)
      },
    )
    expect(received).toEqual(Array.from({ length: 1_000 }, (_, value) => value))
  })
})

describe('an operation of a channel', () => {
  it('runs once: a second run throws', () => {
    const channel = new Channel<number>(2)
    channel.trySend(1)
    channel.trySend(2)
    host.run(function* () {
      const receive = channel.receive()
      expect(yield* receive).toBe(1)
      expect(yield* outcomeOf(receive)).toBe('MISUSE')
    })
    expect(drain(channel)).toEqual([2])
  })

  it('does nothing until it is run', () => {
    const channel = new Channel<number>(1)
    channel.send(1)
    expect(channel.length).toBe(0)
    channel.trySend(2)
    channel.receive()
    expect(channel.length).toBe(1)
  })

  it('throws outside a coroutine, and did nothing', () => {
    const channel = new Channel<number>(1)
    expect(() => channel.send(1)[Symbol.iterator]().next()).toThrow(Misuse)
    expect(channel.length).toBe(0)
  })

  it('on which one coroutine waits throws in another, and the first goes on undisturbed', () => {
    const channel = new Channel<string>()
    const shared = channel.receive()
    const log: Log = []
    const run = function* (): Coroutine<void> {
      log.push(yield* outcomeOf(shared))
    }
    start(run, run)
    expect(log).toEqual(['MISUSE'])
    channel.validate()
    channel.trySend('a')
    host.settle()
    expect(log).toEqual(['MISUSE', 'a'])
  })

  it('on which one coroutine waits and another tried to is still cancelled as any other', () => {
    const channel = new Channel<string>()
    const shared = channel.receive()
    const log: Log = []
    const run = function* (): Coroutine<void> {
      log.push(yield* outcomeOf(shared))
    }
    const [first] = start(run, run)
    first?.cancel()
    host.settle()
    channel.validate()
    expect(log).toEqual(['MISUSE', 'CANCELLED'])
  })

  it('says in a dump what it waits for', () => {
    const jobs = new Channel<number>(0, { name: 'jobs' })
    const other = new Channel<number>()
    start(
      function* worker() {
        yield* jobs.receive()
      },
      function* reader() {
        yield* jobs.next()
      },
      function* producer() {
        yield* other.send(1)
      },
    )
    expect(scheduler.dump().split('\n')).toEqual([
      'worker#1  parked 0 ms on receive jobs',
      'reader#2  parked 0 ms on receive jobs',
      'producer#3  parked 0 ms on send a channel',
    ])
  })
})

it('has types that say what each operation gives', () => {
  const channel = new Channel<number>()
  expectTypeOf(channel.send(1)).toEqualTypeOf<Selectable<void>>()
  expectTypeOf(channel.receive()).toEqualTypeOf<Selectable<number>>()
  expectTypeOf(channel.next()).toEqualTypeOf<Selectable<IteratorResult<number, void>>>()
  expectTypeOf(channel.tryReceive()).toEqualTypeOf<Received<number>>()
  expectTypeOf(channel.trySend).parameters.toEqualTypeOf<[number]>()
})

function* refused(log: Log, channel: Channel<string>, value: string): Coroutine<void> {
  log.push(`${value}: ${yield* outcomeOf(channel.send(value))}`)
}

/** Send two objects through; only references that retain nothing come back. */
function passThrough(channel: Channel<object>): WeakRef<object>[] {
  const references: WeakRef<object>[] = []
  start(
    function* () {
      yield* channel.receive()
      yield* channel.receive()
    },
    function* () {
      for (let left = 2; left > 0; left -= 1) {
        const value = { left }
        references.push(new WeakRef(value))
        yield* channel.send(value)
      }
    },
  )
  return references
}

function closingError(channel: Channel<number>): unknown {
  try {
    return channel.trySend(1)
  } catch (error) {
    return error
  }
}
