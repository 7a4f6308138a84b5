import { describe, expect, it } from 'vitest'
import type { Coroutine, ExploreStage } from '../../runtime/index.ts'
import { Broadcast, Channel, explore, forEach, from, moveOn, scope, sleep } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

function filled<T>(...values: T[]): Channel<T> {
  const channel = new Channel<T>(values.length)
  for (const value of values) channel.trySend(value)
  return channel
}

describe('for each value of a channel', () => {
  it('runs its body, one after the other, until the channel is closed and drained', () => {
    const channel = filled(1, 2)
    const seen: number[] = []
    const task = scheduler.run(
      running<void>,
      forEach(channel, function* (value) {
        yield* sleep(10)
        seen.push(value)
      }),
    )
    host.advance(10)
    expect(seen).toEqual([1])
    channel.trySend(3)
    host.finish()
    expect([seen, task.status]).toEqual([[1, 2, 3], 'parked'])
    channel.close()
    host.settle()
    expect(task.status).toBe('done')
  })

  it('ends when its body returns false, and leaves the rest where it is', () => {
    const channel = filled(1, 2, 3)
    const task = scheduler.run(
      running<void>,
      forEach(channel, function* (value) {
        return value === 2 ? false : undefined
      }),
    )
    host.settle()
    expect([task.status, channel.length]).toEqual(['done', 1])
  })

  it('throws what its body throws', () => {
    const task = scheduler.run(
      catching,
      forEach(filled(1), function* () {
        throw new Error('on purpose')
      }),
    )
    host.settle()
    return expect(task.promise).resolves.toEqual(new Error('on purpose'))
  })

  it('needs no coroutine of its own', () => {
    scheduler.run(
      running<void>,
      forEach(filled(1, 2, 3), function* () {}),
    )
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ spawned: 1, resumes: 1 })
  })

  it('takes whatever has next: a subscription, a stream of the platform', async () => {
    const prices = new Broadcast<number>(8)
    const place = prices.subscribe()
    for (const price of [1, 2]) prices.publish(price)
    prices.close()
    const seen: unknown[] = []
    const task = scheduler.run(function* () {
      yield* forEach(place, function* ({ values }) {
        seen.push(...values)
      })
      using words = from(ReadableStream.from(['a', 'b']))
      yield* forEach(words, function* (word) {
        seen.push(word)
      })
    })
    await host.play(task)
    expect(seen).toEqual([1, 2, 'a', 'b'])
  })
})

describe('for each value, several at once', () => {
  it('runs so many bodies, and receives nothing before there is room', () => {
    const channel = filled(1, 2, 3, 4, 5)
    channel.close()
    let [now, most] = [0, 0]
    const lengths: number[] = []
    const task = scheduler.run(running<void>, forEach(channel, body, { atMost: 2 }))
    host.settle()
    expect([now, channel.length]).toEqual([2, 3])
    host.finish()
    expect([most, lengths, task.status, host.now()]).toEqual([2, [3, 3, 1, 1, 0], 'done', 30])

    function* body(): Coroutine<void> {
      now += 1
      most = Math.max(most, now)
      yield* sleep(10)
      lengths.push(channel.length)
      now -= 1
    }
  })

  it('waits for those that run when one returns false, and receives nothing more', () => {
    const channel = filled(1, 2, 3, 4)
    const seen: number[] = []
    const task = scheduler.run(running<void>, forEach(channel, body, { atMost: 2 }))
    host.finish()
    expect([seen, task.status]).toEqual([[1, 2], 'done'])
    expect(channel.length).toBe(2)

    // biome-ignore lint/suspicious/noConfusingVoidType: as forEach has it
    function* body(value: number): Coroutine<void | false> {
      yield* sleep(value)
      seen.push(value)
      if (value === 1) return false
      yield* sleep(10)
    }
  })

  it('cancels the others with the first failure', () => {
    const channel = filled(1, 2)
    const ended: number[] = []
    const task = scheduler.run(catching, forEach(channel, body, { atMost: 2 }))
    host.finish()
    expect(ended.toSorted()).toEqual([1, 2])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
    return expect(task.promise).resolves.toEqual(new Error('1 fails'))

    function* body(value: number): Coroutine<void> {
      try {
        yield* sleep(value)
        if (value === 1) throw new Error('1 fails')
        yield* sleep(1_000)
      } finally {
        ended.push(value)
      }
    }
  })

  it('refuses a number that makes no sense', () => {
    const task = scheduler.run(
      catching,
      forEach(filled(1), function* () {}, { atMost: 0 }),
    )
    host.settle()
    return expect(task.promise).resolves.toBeInstanceOf(RangeError)
  })
})

describe('cancelled in the instant in which a value was handed over', () => {
  it.each([1, 2])('with %d at once, its body begins all the same: the value is nowhere else', (atMost) => {
    const channel = new Channel<number>()
    const begun: number[] = []
    const task = scheduler.run(
      running<void>,
      forEach(
        channel,
        function* (value) {
          begun.push(value)
          yield* sleep(1)
          expect.unreachable('it is cancelled')
        },
        { atMost },
      ),
    )
    host.settle()
    expect(channel.trySend(7)).toBe(true)
    task.cancel()
    host.finish()
    expect([begun, task.status]).toEqual([[7], 'cancelled'])
  })
})

describe('in every order', () => {
  it.each([1, 2])('with %d at once, each value is handled once, or is still in the channel', (atMost) => {
    explore(function* ({ afterwards }: ExploreStage): Coroutine<void> {
      const channel = new Channel<number>(1)
      const [sent, begun]: [number[], number[]] = [[], []]
      afterwards(() => {
        const left = channel.tryReceive()
        const found = left.status === 'value' ? [...begun, left.value] : begun
        expect(found.toSorted()).toEqual(sent)
      })
      yield* scope(function* (family) {
        family.spawn(function* () {
          yield* moveOn(2, function* () {
            for (let value = 1; value <= 3; value += 1) {
              yield* channel.send(value)
              sent.push(value)
            }
          })
        })
        family.spawn(function* () {
          yield* moveOn(1, () =>
            running(
              forEach(
                channel,
                function* (value) {
                  begun.push(value)
                  yield* sleep(1)
                },
                { atMost },
              ),
            ),
          )
        })
      })
    })
  })
})
