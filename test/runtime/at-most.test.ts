import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ExploreStage, LimitedScope, Operation } from '../../runtime/index.ts'
import { atMost, explore, Misuse, map, moveOn, scope, sleep, trySelect } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

/** How many of its bodies run, and have run at once. */
class Crowd {
  now = 0
  most = 0
  readonly begun: unknown[] = []

  readonly visit = function* (this: Crowd, who: unknown, ms = 10): Coroutine<unknown> {
    this.begun.push(who)
    this.now += 1
    this.most = Math.max(this.most, this.now)
    try {
      yield* sleep(ms)
      return who
    } finally {
      this.now -= 1
    }
  }.bind(this)
}

describe('a limit on how many children run at once', () => {
  it('lets so many begin, and the others in the order in which they were spawned', () => {
    const crowd = new Crowd()
    const task = scheduler.run(
      running<void>,
      scope(function* (family) {
        const few = atMost(2, family)
        for (const who of ['a', 'b', 'c', 'd', 'e']) few.spawn(crowd.visit, who)
      }),
    )
    host.settle()
    expect(crowd.begun).toEqual(['a', 'b'])
    host.advance(10)
    expect(crowd.begun).toEqual(['a', 'b', 'c', 'd'])
    host.finish()
    expect([crowd.begun, crowd.most, task.status]).toEqual([['a', 'b', 'c', 'd', 'e'], 2, 'done'])
  })

  it('makes a spawner wait that asks for room first', () => {
    const crowd = new Crowd()
    let spawned = 0
    scheduler.run(
      running<void>,
      scope(function* (family) {
        const few = atMost(2, family)
        for (; spawned < 6; spawned += 1) {
          yield* few.room()
          few.spawn(crowd.visit, spawned)
        }
      }),
    )
    host.settle()
    expect(spawned).toBe(2)
    host.advance(10)
    expect(spawned).toBe(4)
    host.finish()
    expect(crowd.most).toBe(2)
  })

  it('gives tasks like any other: with their results, and the name of their body', () => {
    const results: unknown[] = []
    scheduler.run(
      running<void>,
      scope(function* (family) {
        const few = atMost(1, family)
        const tasks = ['a', 'b'].map((who) => few.spawn(visitor, who))
        yield* sleep(0)
        results.push(tasks.map(({ label }) => label))
        for (const task of tasks) results.push(yield* task.join())
      }),
    )
    host.finish()
    expect(results).toEqual([['visitor', 'visitor'], 'a', 'b'])
  })

  it('gives the place of one that fails to the next, where its siblings go on', () => {
    const begun: string[] = []
    scheduler.run(
      running<void>,
      scope(
        function* (family) {
          const few = atMost(1, family)
          for (const who of ['a', 'b', 'c']) few.spawn(failing, who)
        },
        { supervise: () => {} },
      ),
    )
    host.finish()
    expect(begun).toEqual(['a', 'b', 'c'])

    function* failing(who: string): Coroutine<void> {
      begun.push(who)
      yield* sleep(1)
      throw new Error(who)
    }
  })

  it('does not begin a child that is cancelled before it has begun, and lets the next one pass', () => {
    const crowd = new Crowd()
    const statuses: string[] = []
    scheduler.run(
      running<void>,
      scope(function* (family) {
        const few = atMost(1, family)
        const tasks = ['a', 'b', 'c'].map((who) => few.spawn(crowd.visit, who))
        yield* sleep(5)
        tasks[1]?.cancel()
        yield* sleep(50)
        statuses.push(...tasks.map(({ status }) => status))
      }),
    )
    host.finish()
    expect([crowd.begun, statuses]).toEqual([
      ['a', 'c'],
      ['done', 'cancelled', 'done'],
    ])
  })

  it('gives a place back that was taken for a child of a scope that has ended', () => {
    let few: LimitedScope | undefined
    scheduler.run(
      running<void>,
      scope(function* (family) {
        few = atMost(1, family)
      }),
    )
    host.finish()
    for (let round = 0; round < 3; round += 1) expect(() => few?.spawn(visitor, 'a')).toThrow(Misuse)
    expect(trySelect({ room: (few as LimitedScope).room() })?.case).toBe('room')
  })

  it('is a whole number above 0', () => {
    scheduler.run(
      running<void>,
      scope(function* (family) {
        for (const most of [0, -1, 1.5, Number.NaN]) expect(() => atMost(most, family)).toThrow(RangeError)
      }),
    )
    host.finish()
  })
})

describe('a parallel map', () => {
  it('gives the results in the order of the items, whoever is the first to end', () => {
    const task = scheduler.run(running<number[]>, map([30, 10, 20], slowly))
    host.finish()
    expect(task.status).toBe('done')
    expect(host.now()).toBe(30)
    return expect(task.promise).resolves.toEqual(
      [
        [30, 0],
        [10, 1],
        [20, 2],
      ].map(([ms]) => ms),
    )
  })

  it('runs no more at once than it may, and asks for no item before there is room', () => {
    const crowd = new Crowd()
    let asked = 0
    scheduler.run(
      running,
      map(items(), (item) => crowd.visit(item), { atMost: 3 }),
    )
    host.settle()
    expect([asked, crowd.now]).toEqual([3, 3])
    host.finish()
    expect([asked, crowd.most]).toEqual([10, 3])

    function* items(): Generator<number, void, void> {
      for (; asked < 10; ) yield ++asked
    }
  })

  it('cancels the others with the first failure, which is thrown once they have ended', () => {
    const ended: number[] = []
    const task = scheduler.run(catching, map([1, 2, 3, 4], failing, { atMost: 3 }))
    host.finish()
    expect(ended).toEqual([2, 1]) // the third had not begun
    return expect(task.promise).resolves.toEqual(new Error('2 fails'))

    function* failing(item: number): Coroutine<void> {
      try {
        if (item === 2) throw new Error('2 fails')
        yield* sleep(10)
      } finally {
        ended.push(item)
      }
    }
  })

  it('ends at once without items, and leaves nothing when it is cancelled', () => {
    const none = scheduler.run(running, map([], slowly))
    const cut = scheduler.run(
      running,
      moveOn(5, () => running(map([10, 20, 30], slowly, { atMost: 2 }))),
    )
    host.finish()
    expect([none.status, cut.status]).toEqual(['done', 'done'])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
    expectTypeOf(map(['a'], visitor)).toEqualTypeOf<Operation<string[]>>()
  })
})

describe('in every order', () => {
  it('no place is lost, whoever is cancelled when', () => {
    const { complete } = explore(
      function* ({ always, afterwards }: ExploreStage): Coroutine<void> {
        let [now, begun] = [0, 0]
        always(() => expect(now).toBeLessThan(2))
        afterwards(() => expect(begun).toBeGreaterThan(0))
        yield* scope(function* (family) {
          const few = atMost(1, family)
          const tasks = [1, 2].map(() => few.spawn(visit))
          yield* sleep(0)
          tasks[0]?.cancel()
          yield* few.room()
          yield* few.spawn(visit).join()
        })

        function* visit(): Coroutine<void> {
          now += 1
          begun += 1
          try {
            yield* sleep(1)
          } finally {
            now -= 1
          }
        }
      },
      { exhaustive: true },
    )
    expect(complete).toBe(true)
  })
})

function* visitor(who: string): Coroutine<string> {
  yield* sleep(10)
  return who
}

function* slowly(ms: number): Coroutine<number> {
  yield* sleep(ms)
  return ms
}
