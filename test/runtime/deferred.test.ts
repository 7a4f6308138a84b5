import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ExploreStage, Operation, Selectable, Task } from '../../runtime/index.ts'
import { after, Deferred, explore, scope, select, sleep } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'

function waiter(deferred: Deferred<number>, into: unknown[], name: string): Task<void> {
  return scheduler.run(function* () {
    try {
      into.push([name, yield* deferred.wait()])
    } catch (error) {
      into.push([name, error])
    }
  })
}

describe('a deferred value', () => {
  it('is given to everybody who waits, in order, and to everybody who comes later', () => {
    const deferred = new Deferred<number>()
    const seen: unknown[] = []
    for (const name of ['a', 'b']) waiter(deferred, seen, name)
    host.settle()
    expect([seen, deferred.isSettled]).toEqual([[], false])
    expect(deferred.set(7)).toBe(true)
    expect(seen).toEqual([]) // woken, not called
    waiter(deferred, seen, 'c')
    host.settle()
    expect(seen).toEqual([
      ['a', 7],
      ['b', 7],
      ['c', 7],
    ])
    deferred.validate()
  })

  it('is settled once: what comes second changes nothing, and says so', () => {
    const deferred = new Deferred<number>()
    const seen: unknown[] = []
    expect(deferred.set(1)).toBe(true)
    expect(deferred.set(2)).toBe(false)
    expect(deferred.fail(new Error('too late'))).toBe(false)
    waiter(deferred, seen, 'a')
    host.settle()
    expect(seen).toEqual([['a', 1]])
    expect(deferred.isSettled).toBe(true)
  })

  it('can fail, and everybody is thrown the same', () => {
    const deferred = new Deferred<number>()
    const seen: unknown[] = []
    const failure = new Error('on purpose')
    waiter(deferred, seen, 'a')
    host.settle()
    deferred.fail(failure)
    waiter(deferred, seen, 'b')
    host.settle()
    expect(seen).toEqual([
      ['a', failure],
      ['b', failure],
    ])
  })

  it('can be undefined, and fail of undefined', () => {
    const nothing = new Deferred<undefined>()
    nothing.set(undefined)
    const failed = new Deferred<number>()
    failed.fail(undefined)
    const seen: unknown[] = []
    scheduler.run(function* () {
      seen.push(yield* nothing.wait())
    })
    waiter(failed, seen, 'a')
    host.settle()
    expect(seen).toEqual([undefined, ['a', undefined]])
  })

  it('is a case of select, and a loser of it leaves nothing behind', () => {
    const deferred = new Deferred<number>()
    const seen: unknown[] = []
    for (const ms of [5, 50]) {
      scheduler.run(function* () {
        seen.push((yield* select({ value: deferred.wait(), late: after(ms) })).case)
      })
    }
    host.advance(10)
    expect(seen).toEqual(['late'])
    deferred.set(1)
    host.settle()
    expect(seen).toEqual(['late', 'value'])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
    expectTypeOf(deferred.wait()).toEqualTypeOf<Selectable<number>>()
  })

  it('goes by its name in a dump', () => {
    waiter(new Deferred<number>({ name: 'the answer' }), [], 'a')
    host.settle()
    expect(scheduler.dump()).toBe('anonymous#1  parked 0 ms on wait the answer')
  })

  it('that was set before a cancel is received, and one that is set after it is not, in every order', () => {
    const outcomes = new Set<string>()
    const { complete } = explore(program, { exhaustive: true })
    expect(complete).toBe(true)
    expect(outcomes).toEqual(new Set(['received', 'not received']))

    function* program({ afterwards }: ExploreStage): Coroutine<void> {
      const deferred = new Deferred<number>()
      let received = false
      afterwards(() => outcomes.add(received ? 'received' : 'not received'))
      yield* scope(function* (family) {
        const task = family.spawn(function* () {
          yield* deferred.wait()
          received = true
        })
        family.spawn(later(() => void deferred.set(1)))
        family.spawn(later(() => task.cancel()))
      })
    }

    function later(what: () => void): () => Coroutine<void> {
      return function* () {
        yield* sleep(0) as Operation<void>
        what()
      }
    }
  })
})
