import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ExploreStage, Operation } from '../../runtime/index.ts'
import { AllFailed, all, any, explore, Misuse, moveOn, race, scope, shield, sleep } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

/** Give `value` after `ms`. */
function slow<T>(value: T, ms: number): () => Coroutine<T> {
  return function* slow() {
    yield* sleep(ms)
    return value
  }
}

function failing(message: string, ms: number): () => Coroutine<never> {
  return function* failing() {
    yield* sleep(ms)
    throw new Error(message)
  }
}

function outcome<T>(operation: Operation<T>): Promise<T> {
  const { promise } = scheduler.run(running<T>, operation)
  promise.catch(() => {})
  host.finish()
  return promise
}

function failure(operation: Operation<unknown>): Promise<unknown> {
  const { promise } = scheduler.run(catching, operation)
  host.finish()
  return promise
}

describe('all', () => {
  it('gives the results of a list as a list, whoever ends first', async () => {
    const both = all([slow(1, 20), slow('two', 10)])
    expectTypeOf(both).toEqualTypeOf<Operation<[number, string]>>()
    expect(await outcome(both)).toEqual([1, 'two'])
    expect(host.now()).toBe(20)
  })

  it('gives the results of what is named by name', async () => {
    const both = all({ user: slow('ann', 10), posts: slow(3, 20) })
    expectTypeOf(both).toEqualTypeOf<Operation<{ user: string; posts: number }>>()
    expect(await outcome(both)).toEqual({ user: 'ann', posts: 3 })
  })

  it('gives an empty list for an empty one', async () => {
    expect([await outcome(all([])), await outcome(all({}))]).toEqual([[], {}])
  })

  it('throws the first failure as itself, once the others have ended', async () => {
    let hasEnded = false
    const operation = all([
      function* (): Coroutine<void> {
        try {
          yield* sleep(1_000)
        } finally {
          yield* shield(() => slow(undefined, 5)())
          hasEnded = true
        }
      },
      failing('on purpose', 10),
    ])
    expect(await failure(operation)).toEqual(new Error('on purpose'))
    expect([hasEnded, host.now()]).toEqual([true, 15])
  })

  it('joins tasks that were started before, and leaves them alone when it fails', async () => {
    const operation = scope(function* (family) {
      const task = family.spawn(slow('a', 50))
      const failed = yield* scope(() => catching(all([task, failing('on purpose', 10)])))
      return [String(failed), task.status, yield* all([task, slow('b', 1)])]
    })
    expect(await outcome(operation)).toEqual(['Error: on purpose', 'parked', ['a', 'b']])
  })

  it('names the coroutines of a dump as they are named', () => {
    scheduler.run(function* main() {
      yield* all({ user: () => slow(1, 10)(), posts: () => slow(2, 10)() })
    })
    host.settle()
    expect(scheduler.dump()).toContain('main#1 > user#2')
    expect(scheduler.dump()).toContain('main#1 > posts#3')
    host.finish()
  })
})

describe('race', () => {
  it('gives what the first gave, with its name, and has ended the others', async () => {
    let wasCancelled = false
    const operation = race({
      quick: slow(1, 10),
      slow: function* (): Coroutine<string> {
        try {
          yield* sleep(1_000)
          return 'too late'
        } finally {
          wasCancelled = true
        }
      },
    })
    expectTypeOf(operation).toEqualTypeOf<
      Operation<{ readonly case: 'quick'; readonly value: number } | { readonly case: 'slow'; readonly value: string }>
    >()
    expect(await outcome(operation)).toEqual({ case: 'quick', value: 1 })
    expect([wasCancelled, host.now()]).toEqual([true, 10])
  })

  it('gives the place in the list of what was first', async () => {
    const operation = race([slow('a', 20), slow('b', 10)])
    expectTypeOf(operation).toEqualTypeOf<Operation<{ readonly case: number; readonly value: string }>>()
    expect(await outcome(operation)).toEqual({ case: 1, value: 'b' })
  })

  it('throws the failure of the first, and reports none', async () => {
    expect(await failure(race([failing('first', 10), failing('second', 10), slow(1, 20)]))).toEqual(new Error('first'))
    expect(host.reported.splice(0)).toEqual([new Error('second')]) // it had happened as well: nothing is lost
  })

  it('waits for the finalizers of the losers, and reports what they fail of', async () => {
    const operation = race([
      slow('a', 10),
      function* (): Coroutine<string> {
        try {
          yield* sleep(1_000)
        } finally {
          yield* shield(failing('while cleaning up', 5))
        }
        return 'b'
      },
    ])
    expect(await outcome(operation)).toEqual({ case: 0, value: 'a' })
    expect([host.now(), host.reported.splice(0)]).toEqual([15, [new Error('while cleaning up')]])
  })

  it('takes the first to end also when all have ended before it looks', async () => {
    const operation = race([slow('a', 0), slow('b', 0), slow('c', 0)])
    expect(await outcome(operation)).toEqual({ case: 0, value: 'a' })
  })

  it('gives up the wait for a task that has lost, not the task', async () => {
    const operation = scope(function* (family) {
      const task = family.spawn(slow('task', 50))
      const first = yield* race({ task, quick: slow('quick', 10) })
      return [first.value, task.status, yield* task.join()]
    })
    expect(await outcome(operation)).toEqual(['quick', 'parked', 'task'])
  })

  it('has nothing to give of nobody', () => {
    expect(() => race([])).toThrow(Misuse)
    expect(() => any({})).toThrow(Misuse)
  })
})

describe('any', () => {
  it('gives the first that succeeds, whoever has failed before', async () => {
    const operation = any([failing('a', 5), slow('b', 20), slow('c', 10)])
    expect(await outcome(operation)).toEqual({ case: 2, value: 'c' })
    expect(host.now()).toBe(10)
  })

  it('fails with all failures, in the order of the list, once none is left', async () => {
    const error = (await failure(any({ a: failing('a', 20), b: failing('b', 10) }))) as AllFailed
    expect(error).toBeInstanceOf(AllFailed)
    expect(error).toMatchObject({ code: 'ALL_FAILED', errors: [new Error('a'), new Error('b')] })
    expect(error.message).toBe('none of 2 has succeeded: a; b')
  })

  it('reports a failure that comes after the first success', async () => {
    expect(await outcome(any([slow('a', 10), failing('late', 10)]))).toEqual({ case: 0, value: 'a' })
    expect(host.reported.splice(0)).toEqual([new Error('late')])
  })
})

describe('cancelled, each of them', () => {
  it.each([
    ['all', all],
    ['race', race],
    ['any', any],
  ])(
    '%s leaves nothing behind, and reports nothing',
    (_name, together: (list: (() => Coroutine<number>)[]) => Operation<unknown>) => {
      const cut = scheduler.run(
        running,
        moveOn(5, () => running(together([slow(1, 10), slow(2, 20)]))),
      )
      host.finish()
      expect([cut.status, host.now()]).toEqual(['done', 5])
      expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
    },
  )

  it('gives one outcome, and ends everybody, in every order', () => {
    for (const together of [race, any]) {
      const { complete } = explore(
        function* ({ afterwards }: ExploreStage): Coroutine<void> {
          const [begun, ended]: [string[], string[]] = [[], []]
          afterwards(() => expect(ended.toSorted()).toEqual(begun.toSorted()))
          yield* scope(function* (family) {
            const task = family.spawn(function* () {
              yield* together([entrant('a'), entrant('b')])
            })
            yield* sleep(1)
            task.cancel()
          })

          function entrant(name: string): () => Coroutine<string> {
            return function* () {
              begun.push(name)
              try {
                yield* sleep(1)
                return name
              } finally {
                ended.push(name)
              }
            }
          }
        },
        { exhaustive: true },
      )
      expect(complete).toBe(true)
    }
  })
})
