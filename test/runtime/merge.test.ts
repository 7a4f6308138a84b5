import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ExploreStage, Mergeable, Merged, Selectable } from '../../runtime/index.ts'
import { after, Channel, explore, forEach, from, merge, moveOn, scope, select, sleep } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

function filled<T>(...values: T[]): Channel<T> {
  const channel = new Channel<T>(values.length)
  for (const value of values) channel.trySend(value)
  channel.close()
  return channel
}

function collected<T>(source: Mergeable<T>): T[] {
  const values: T[] = []
  scheduler.run(
    running<void>,
    forEach(source, function* (value) {
      values.push(value)
    }),
  )
  host.settle()
  return values
}

describe('merged channels', () => {
  it('give what any of them gives, taking turns, and are done once all are', () => {
    const merged = merge(filled(1, 2, 3), filled('a'), filled('x', 'y'))
    expectTypeOf(merged).toEqualTypeOf<Merged<number | string>>()
    const values = collected(merged)
    expect(values).toEqual([1, 'a', 'x', 2, 'y', 3])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0 })
  })

  it('give what comes while they wait, and go on when one of them closes meanwhile', () => {
    const [a, b] = [new Channel<number>(), new Channel<number>()]
    const values = collected(merge(a, b))
    a.trySend(1)
    host.settle()
    a.close()
    host.settle()
    b.trySend(2)
    host.settle()
    expect(values).toEqual([1, 2])
    expect(scheduler.statistics()).toMatchObject({ parked: 1 })
    b.close()
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0 })
  })

  it('are done at once without sources, and stay done', () => {
    const none = merge()
    expect([collected(none), collected(none)]).toEqual([[], []])
  })

  it('receive nothing ahead: what is not asked for stays where it is', () => {
    const [a, b] = [filled(1), filled(2)]
    const merged = merge(a, b)
    scheduler.run(function* () {
      yield* merged.next()
    })
    host.settle()
    expect([a.length, b.length]).toEqual([0, 1])
  })

  it('can be merged again, and be a case of select', () => {
    const [a, b, c] = [new Channel<number>(), new Channel<number>(), new Channel<number>()]
    const seen: unknown[] = []
    const merged = merge(merge(a, b), c)
    scheduler.run(function* () {
      for (let round = 0; round < 2; round += 1) seen.push(yield* select({ got: merged.next(), late: after(10) }))
    })
    host.settle()
    b.trySend(2)
    host.finish()
    expect(seen).toEqual([{ case: 'got', value: { done: false, value: 2 } }, { case: 'late' }])
    for (const channel of [a, b, c]) expect(channel.trySend(1)).toBe(false)
    expectTypeOf(merged.next()).toEqualTypeOf<Selectable<IteratorResult<number, void>>>()
  })

  it('throw what a source throws, and go on with the others', async () => {
    async function* broken(): AsyncGenerator<number, void, void> {
      yield 1
      throw new Error('on purpose')
    }
    const channel = new Channel<number>()
    const merged = merge(from(broken()), channel)
    const task = scheduler.run(function* () {
      const first = yield* merged.next()
      const failure = yield* catching(merged.next())
      channel.close()
      return [first.value, failure, yield* merged.next()]
    })
    expect(await host.play(task)).toEqual([1, new Error('on purpose'), { done: true, value: undefined }])
  })

  it('say in a dump what they wait for', () => {
    const [a, b] = [new Channel<number>(0, { name: 'a' }), new Channel<number>(0, { name: 'b' })]
    collected(merge(a, b))
    expect(scheduler.dump()).toBe('running#1  parked 0 ms on the first of { receive a | receive b }')
  })

  it('are no forgotten operations in debug mode', () => {
    const debug = host.scheduler({ debug: true })
    debug.run(function* () {
      yield* forEach(merge(filled(1), filled(2)), function* () {})
    })
    host.settle()
  })
})

describe('in every order', () => {
  it('each value is received once, or is still in its channel', () => {
    explore(function* ({ afterwards, always }: ExploreStage): Coroutine<void> {
      const channels = [new Channel<number>(1), new Channel<number>()]
      const [sent, received]: [number[], number[]] = [[], []]
      always(() => {
        for (const channel of channels) channel.validate()
      })
      afterwards(() => {
        const left = channels
          .map((channel) => channel.tryReceive())
          .flatMap((got) => ('value' in got ? [got.value] : []))
        expect([...received, ...left].toSorted()).toEqual(sent.toSorted())
      })
      yield* scope(function* (family) {
        for (const [at, channel] of channels.entries()) family.spawn(sender, channel, at * 10)
        for (const ms of [1, 2]) family.spawn(receiver, ms)
      })

      function* sender(channel: Channel<number>, first: number): Coroutine<void> {
        yield* moveOn(2, function* () {
          for (let value = first; value < first + 2; value += 1) {
            yield* channel.send(value)
            sent.push(value)
          }
          channel.close()
        })
      }

      function* receiver(ms: number): Coroutine<void> {
        yield* moveOn(ms, function* () {
          yield* forEach(merge(...channels), function* (value) {
            received.push(value)
          })
        })
        yield* sleep(1)
      }
    })
  })
})

describe('a source that throws when it is withdrawn', () => {
  it.each(['merged', 'merged in a select'])('is reported, and keeps neither the value nor the others, %s', (how) => {
    const [values, faulty, last] = [new Channel<number>(), new Channel<number>(), new Channel<number>()]
    const throwing = {
      next() {
        const next = faulty.next()
        const withdraw = next.withdraw.bind(next)
        next.withdraw = (waiter) => {
          withdraw(waiter)
          throw new Error('on purpose')
        }
        return next
      },
    }
    const merged = merge(values, throwing, last)
    const got: unknown[] = []
    const task = scheduler.run(function* () {
      if (how === 'merged') got.push(yield* merged.next())
      else got.push((yield* select({ merged: merged.next(), never: new Channel().receive() })).value)
      yield* how === 'merged' ? merged.next() : select({ merged: merged.next() })
    })
    host.settle()
    expect(values.trySend(1)).toBe(true)
    host.settle()
    expect(got).toEqual([{ done: false, value: 1 }])
    task.cancel()
    host.settle()
    expect([task.status, last.trySend(1), values.trySend(1)]).toEqual(['cancelled', false, false])
    expect(host.reported.splice(0).map(String)).toEqual(['Error: on purpose', 'Error: on purpose'])
  })
})
