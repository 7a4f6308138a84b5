import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Link, Operation, Selectable } from '../../../../runtime/index.ts'
import { ChannelClosed, explore, moveOn, sleep, VirtualHost } from '../../../../runtime/index.ts'
import type { Preference, StacklessThread } from '../../../../runtime/models/stackless.ts'
import { Channel, stackless } from '../../../../runtime/models/stackless.ts'
import { catching, running } from '../../outcomes.ts'

let host: VirtualHost
let log: unknown[]

beforeEach(() => {
  host = new VirtualHost()
  log = []
})

afterEach(() => {
  expect(host.reported).toEqual([])
})

function play<T>(main: (thread: StacklessThread) => Coroutine<T>): T {
  return host.run(() => running(stackless(main)))
}

function* sendOne<T>(channel: Channel<T>, value: T): Coroutine<void> {
  yield* channel.send(value)
  log.push(`sent ${value}`)
}

function* receiveOne(channel: Channel<unknown>): Coroutine<void> {
  log.push(`received ${yield* channel.receive()}`)
}

describe('a channel', () => {
  it('lets a sender wait for its receiver, and a receiver for its sender', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      thread.tasklet(sendOne<number>)(channel, 1)
      yield* thread.run()
      expect(log).toEqual([])
      log.push(yield* channel.receive())
      thread.tasklet(receiveOne)(channel)
      yield* thread.run()
      expect(log).toEqual([1, 'sent 1'])
      yield* channel.send(2)
      expect(log).toEqual([1, 'sent 1', 'received 2'])
    })
  })

  it('has a balance: the senders that wait, or less than nothing for the receivers', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      const balances = [channel.balance]
      const send = thread.tasklet(sendOne<number>)
      const receive = thread.tasklet(receiveOne)
      for (const tasklet of [send, send, receive, receive, receive, receive, send]) {
        tasklet(channel, 1)
        yield* thread.run()
        balances.push(channel.balance)
        channel.validate()
      }
      expect(balances).toEqual([0, 1, 2, 1, 0, -1, -2, -1])
    })
  })

  it('serves senders and receivers in the order in which they came', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      for (const value of [1, 2, 3]) thread.tasklet(sendOne<number>)(channel, value)
      yield* thread.run()
      for (let time = 0; time < 3; time += 1) log.push(yield* channel.receive())
      expect(log).toEqual([1, 2, 3])
    })
  })

  it('corrects its balance when one that waits in it is cancelled, and has not sent or received', () => {
    play(function* (thread) {
      const channel = new Channel<string>()
      for (const value of ['a', 'b', 'c']) thread.tasklet(sendOne<string>)(channel, value)
      yield* thread.run()
      expect(channel.balance).toBe(3)
      // Not as a tasklet of the thread: as any coroutine that gives up after a while.
      yield* moveOn(5, () => running(channel.send('in time')))
      expect(channel.balance).toBe(3)
      channel.validate()
      for (let time = 0; time < 3; time += 1) log.push(yield* channel.receive())
      expect(channel.balance).toBe(0)
      yield* moveOn(5, () => running(channel.receive()))
      expect(channel.balance).toBe(0)
      channel.validate()
      expect(log.filter((entry) => !String(entry).startsWith('sent'))).toEqual(['a', 'b', 'c'])
    })
  })

  it('corrects its balance when the whole program is cancelled', () => {
    const channel = new Channel<number>()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const program = scheduler.run(() =>
      running(
        stackless(function* (thread) {
          for (const value of [1, 2, 3]) thread.tasklet(sendOne<number>)(channel, value)
          yield* sleep(1_000)
        }),
      ),
    )
    program.promise.catch(() => {})
    host.settle()
    expect(channel.balance).toBe(3)
    program.cancel()
    host.settle()
    expect(channel.balance).toBe(0)
    channel.validate()
    expect(program.status).toBe('cancelled')
    expect(log).toEqual([])
  })

  it('gives a value that was handed over also to a receiver that is cancelled in the same instant', () => {
    const channel = new Channel<number>()
    channel.preference = 1
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const receiver = scheduler.run(() => receiveOne(channel))
    host.settle()
    const sender = scheduler.run(function* () {
      yield* channel.send(1)
      receiver.cancel()
    })
    host.settle()
    expect(log).toEqual(['received 1'])
    expect([receiver.status, sender.status]).toEqual(['done', 'done'])
  })

  it('gives undefined as well as any value', () => {
    play(function* (thread) {
      const channel = new Channel<undefined>()
      thread.tasklet(sendOne<undefined>)(channel, undefined)
      expect(yield* channel.receive()).toBe(undefined)
    })
  })

  it('is no case of a select, which Stackless does not have', () => {
    const channel = new Channel<number>()
    expectTypeOf(channel.receive()).toEqualTypeOf<Operation<number>>()
    expectTypeOf(channel.receive()).not.toExtend<Selectable<number>>()
    expectTypeOf(channel.send(1)).not.toExtend<Selectable<void>>()
  })

  it('gives each value to one receiver, whatever is killed, in every order in which the tasklets can run', () => {
    const { complete, schedules } = explore(
      function* (stage) {
        const channel = new Channel<number>()
        stage.always(() => channel.validate())
        const sent: number[] = []
        const received: number[] = []
        yield* stackless(function* (thread) {
          const receivers = [1, 2].map(
            thread.tasklet(function* () {
              received.push(yield* channel.receive())
            }),
          )
          thread.tasklet(function* () {
            yield* channel.send(1)
            sent.push(1)
          })()
          thread.tasklet(function* () {
            yield* (receivers[0] as (typeof receivers)[0]).kill()
          })()
          yield* thread.run()
          const left = receivers.filter(({ isAlive }) => isAlive).length
          expect(channel.balance).toBe(sent.length === 0 ? 1 : 0 - left)
        })
        expect(received).toEqual(sent)
      },
      { exhaustive: true },
    )
    expect(complete).toBe(true)
    expect(schedules).toBeGreaterThan(10)
  })
})

describe('the preference of a channel', () => {
  type Meeting = [
    preference: Preference,
    scheduleAll: boolean,
    second: 'sender' | 'receiver',
    order: ('other' | 'first' | 'second')[],
  ]
  const meetings: Meeting[] = [
    [-1, false, 'sender', ['other', 'first', 'second']],
    [-1, false, 'receiver', ['second', 'other', 'first']],
    [1, false, 'sender', ['second', 'other', 'first']],
    [1, false, 'receiver', ['other', 'first', 'second']],
    [0, false, 'sender', ['second', 'other', 'first']],
    [0, false, 'receiver', ['second', 'other', 'first']],
    [-1, true, 'receiver', ['other', 'first', 'second']],
    [0, true, 'sender', ['other', 'first', 'second']],
    [1, true, 'sender', ['other', 'first', 'second']],
  ]
  it.each(meetings)(
    '%i (scheduleAll: %s) with a %s that comes second runs %j',
    (preference, scheduleAll, second, order) => {
      play(function* (thread) {
        const channel = new Channel<number>()
        channel.preference = preference
        channel.scheduleAll = scheduleAll
        const send = () => channel.send(1)
        const receive = () => channel.receive()
        thread.tasklet(doing)('first', second === 'sender' ? receive : send)
        yield* thread.run()
        thread.tasklet(doing)('second', second === 'sender' ? send : receive)
        thread.tasklet(doing)('other', () => running(sleepless()))
        yield* thread.run()
      })
      expect(log).toEqual(order)
    },
  )

  it('is for the receiver by default', () => {
    expect(new Channel().preference).toBe(-1)
  })

  it('1 lets somebody wake all who wait, without running them in between', () => {
    play(function* (thread) {
      const channel = new Channel<null>()
      channel.preference = 1
      for (let time = 0; time < 3; time += 1) thread.tasklet(receiveOne)(channel)
      yield* thread.run()
      while (channel.balance < 0) yield* channel.send(null)
      expect(log).toEqual([])
      yield* thread.run()
      expect(log).toEqual(['received null', 'received null', 'received null'])
    })
  })

  it('does not keep a tasklet from giving way when it has met its receivers too often', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      channel.preference = 0
      for (let value = 0; value < 1_000; value += 1) thread.tasklet(sendOne<number>)(channel, value)
      yield* thread.run()
      let sum = 0
      while (channel.balance > 0) sum += yield* channel.receive()
      expect(sum).toBe(499_500)
      expect(log.length).toBeGreaterThan(100)
    })
  })

  function* doing(name: string, operation: () => Operation<unknown>): Coroutine<void> {
    yield* operation()
    log.push(name)
  }

  function* sleepless(): Coroutine<void> {}
})

describe('sending an exception', () => {
  it('throws it out of the receive, and the sender goes on', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      thread.tasklet(function* () {
        yield* channel.sendException(new Error('as a message'))
        log.push('sent')
        yield* channel.send(1)
      })()
      expect(yield* catching(channel.receive())).toEqual(new Error('as a message'))
      expect(yield* channel.receive()).toBe(1)
      expect(log).toEqual(['sent'])
    })
  })

  it('waits for a receiver like any send, and reaches one that waits', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      thread.tasklet(function* () {
        yield* channel.sendException('a')
      })()
      yield* thread.run()
      expect(channel.balance).toBe(1)
      expect(yield* catching(channel.next())).toBe('a')
      thread.tasklet(function* () {
        log.push(yield* catching(channel.receive()))
      })()
      yield* thread.run()
      yield* channel.sendException('b')
      expect(log).toEqual(['b'])
    })
  })
})

describe('a sequence', () => {
  it('is sent value by value, and its length given', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      thread.tasklet(function* () {
        log.push(yield* channel.sendSequence(new Set([1, 2, 3])))
      })()
      const received: number[] = []
      for (let time = 0; time < 3; time += 1) received.push(yield* channel.receive())
      expect(received).toEqual([1, 2, 3])
      yield* thread.run()
      expect(log).toEqual([3])
    })
  })

  it('is received in a loop that ends when the channel is closed and nobody sends any more', () => {
    play(function* (thread) {
      const channel = new Channel<string>()
      for (const value of 'abc') thread.tasklet(sendOne<string>)(channel, value)
      yield* thread.run()
      channel.close()
      for (let item = yield* channel.next(); item.done !== true; item = yield* channel.next()) log.push(item.value)
      expect(log).toEqual(['a', 'b', 'c'])
    })
  })
})

describe('closing a channel', () => {
  it('makes it closed when nobody waits, and closing until then', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      expect([channel.closing, channel.closed]).toEqual([false, false])
      thread.tasklet(sendOne<number>)(channel, 1)
      yield* thread.run()
      channel.close()
      expect([channel.closing, channel.closed]).toEqual([true, false])
      expect(yield* channel.receive()).toBe(1)
      expect([channel.closing, channel.closed]).toEqual([true, true])
    })
  })

  it('lets nobody wait any more, and says so', () => {
    play(function* () {
      const channel = new Channel<number>('orders')
      channel.close()
      for (const operation of [channel.send(1), channel.sendException(1), channel.receive()]) {
        const error = yield* catching(operation)
        expect(error).toBeInstanceOf(ChannelClosed)
        expect(error).toMatchObject({ message: 'orders is closed' })
      }
      expect(yield* channel.next()).toEqual({ done: true, value: undefined })
      expect(channel.balance).toBe(0)
    })
  })

  it('leaves those who wait in it, to be met all the same', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      thread.tasklet(receiveOne)(channel)
      yield* thread.run()
      channel.close()
      expect(yield* catching(channel.receive())).toBeInstanceOf(ChannelClosed)
      yield* channel.send(1)
      expect(log).toEqual(['received 1'])
    })
  })

  it('does not end a loop that waits already: as in Stackless, close only lets nobody join', () => {
    const program = () =>
      play(function* (thread) {
        const channel = new Channel<number>('orders')
        thread.tasklet(function* () {
          channel.close()
        })()
        yield* channel.next()
      })
    expect(program).toThrow('parked 0 ms on receive orders')
  })

  it('can be undone', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      channel.close()
      channel.open()
      thread.tasklet(sendOne<number>)(channel, 1)
      expect(yield* channel.receive()).toBe(1)
    })
  })
})

it('the check of a channel knows a wrong balance when it sees one', () => {
  const channel = new Channel<number>()
  const send = channel.send(1)
  host.scheduler({ deadlock: 'ignore' }).run(() => running(send))
  host.settle()
  channel.validate()
  ;(send as unknown as Link).unlink()
  expect(() => channel.validate()).toThrow('the balance is 1, in the queue 0')
})
