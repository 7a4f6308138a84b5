import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ExploreStage, Permit, Selectable } from '../../runtime/index.ts'
import {
  after,
  Channel,
  explore,
  Mutex,
  moveOn,
  Semaphore,
  scope,
  select,
  sleep,
  trySelect,
} from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { running } from './outcomes.ts'

/** Start a coroutine that holds a permit for `ms`, and says when it got it. */
function holder(semaphore: Semaphore, into: string[], name: string, { weight = 1, ms = 10 } = {}) {
  return scheduler.run(function* () {
    using _ = yield* semaphore.acquire(weight)
    into.push(name)
    yield* sleep(ms)
  })
}

describe('a semaphore', () => {
  it('lets in as many as it has permits, and the others in the order in which they came', () => {
    const semaphore = new Semaphore(2)
    const inside: string[] = []
    for (const name of ['a', 'b', 'c', 'd', 'e']) holder(semaphore, inside, name)
    host.settle()
    expect(inside).toEqual(['a', 'b'])
    expect(semaphore.available).toBe(0)
    semaphore.validate()
    host.advance(10)
    expect(inside).toEqual(['a', 'b', 'c', 'd'])
    host.finish()
    expect(inside).toEqual(['a', 'b', 'c', 'd', 'e'])
    expect(semaphore.available).toBe(2)
  })

  it('gives a permit back when its block is left by a failure, and when by a cancel', () => {
    const semaphore = new Semaphore(1)
    const failing = scheduler.run(function* () {
      using _ = yield* semaphore.acquire()
      yield* sleep(1)
      throw new Error('on purpose')
    })
    failing.promise.catch(() => {})
    host.finish()
    expect([failing.status, semaphore.available]).toEqual(['failed', 1])
    const cancelled = holder(semaphore, [], 'a')
    host.settle()
    cancelled.cancel()
    host.settle()
    expect([cancelled.status, semaphore.available]).toEqual(['cancelled', 1])
  })

  it('takes a permit back once, however often it is released', () => {
    const semaphore = new Semaphore(2)
    const permit = semaphore.tryAcquire() as Permit
    permit.release()
    permit.release()
    permit[Symbol.dispose]()
    expect(semaphore.available).toBe(2)
  })

  it('acquires without waiting, or not at all: also not past somebody who waits', () => {
    const semaphore = new Semaphore(3)
    const first = semaphore.tryAcquire(2)
    holder(semaphore, [], 'heavy', { weight: 2 })
    host.settle()
    expect(semaphore.available).toBe(1)
    expect(semaphore.tryAcquire()).toBeUndefined()
    first?.release()
    host.finish()
    expect(semaphore.tryAcquire(3)?.weight).toBe(3)
  })

  it('lets nobody pass a heavy one that waits, so that it is not starved', () => {
    const semaphore = new Semaphore(2)
    const inside: string[] = []
    holder(semaphore, inside, 'a')
    holder(semaphore, inside, 'heavy', { weight: 2 })
    holder(semaphore, inside, 'light')
    host.settle()
    expect(inside).toEqual(['a'])
    host.advance(10)
    expect(inside).toEqual(['a', 'heavy'])
    host.finish()
    expect(inside).toEqual(['a', 'heavy', 'light'])
  })

  it('lets in as many as a heavy permit that comes back has room for', () => {
    const semaphore = new Semaphore(3)
    const inside: string[] = []
    const heavy = semaphore.tryAcquire(3)
    for (const name of ['a', 'b', 'c', 'd']) holder(semaphore, inside, name)
    host.settle()
    heavy?.release()
    semaphore.validate()
    host.settle()
    expect(inside).toEqual(['a', 'b', 'c'])
    host.finish()
  })

  it('lets in those whom a heavy one has held up once it is cancelled', () => {
    const semaphore = new Semaphore(2)
    const inside: string[] = []
    holder(semaphore, inside, 'a', { ms: 100 })
    const heavy = holder(semaphore, inside, 'heavy', { weight: 2 })
    holder(semaphore, inside, 'light')
    host.settle()
    heavy.cancel()
    host.settle()
    semaphore.validate()
    expect(inside).toEqual(['a', 'light'])
    host.finish()
  })

  it('lets in those whom a heavy one has held up once it has lost its select', () => {
    const semaphore = new Semaphore(2)
    const inside: string[] = []
    holder(semaphore, inside, 'a', { ms: 100 })
    scheduler.run(function* () {
      inside.push((yield* select({ heavy: semaphore.acquire(2), late: after(5) })).case)
    })
    holder(semaphore, inside, 'light')
    host.advance(5)
    expect(inside).toEqual(['a', 'light', 'late'])
    host.finish()
    expect(semaphore.available).toBe(2)
  })

  it('keeps a permit with whoever was handed it before its cancel', () => {
    const semaphore = new Semaphore(1)
    const inside: string[] = []
    const permit = semaphore.tryAcquire()
    const waiting = holder(semaphore, inside, 'a')
    host.settle()
    permit?.release()
    waiting.cancel()
    expect(semaphore.available).toBe(0)
    host.settle()
    expect([inside, waiting.status, semaphore.available]).toEqual([['a'], 'cancelled', 1])
  })

  it('gives both cases of one select to one of them only', () => {
    const semaphore = new Semaphore(3)
    const all = semaphore.tryAcquire(3)
    let weight = 0
    scheduler.run(function* () {
      const { value } = yield* select({ one: semaphore.acquire(1), two: semaphore.acquire(2) })
      weight = value.weight
    })
    host.settle()
    all?.release()
    host.settle()
    expect(semaphore.available).toBe(3 - weight)
    semaphore.validate()
  })

  it('tells of a vacancy in the order of arrival, and takes none of it', () => {
    const semaphore = new Semaphore(1)
    const seen: string[] = []
    const permit = semaphore.tryAcquire()
    scheduler.run(function* () {
      yield* semaphore.vacancy()
      seen.push(`vacancy: ${semaphore.available}`)
    })
    holder(semaphore, seen, 'a')
    host.settle()
    expect(seen).toEqual([])
    permit?.release()
    host.settle()
    expect(seen).toEqual(['vacancy: 0', 'a']) // the next in line has it by then
    host.finish()
    expect(semaphore.available).toBe(1)
  })

  it('is a case of select, also of one that does not wait', () => {
    const semaphore = new Semaphore(1)
    expect(trySelect({ permit: semaphore.acquire() })?.case).toBe('permit')
    expect(trySelect({ permit: semaphore.acquire() })).toBeUndefined()
    expectTypeOf(semaphore.acquire()).toEqualTypeOf<Selectable<Permit>>()
  })

  it('lets everybody in if it has infinitely many permits', () => {
    const semaphore = new Semaphore(Number.POSITIVE_INFINITY)
    const inside: string[] = []
    for (let index = 0; index < 500; index += 1) holder(semaphore, inside, 'a')
    host.settle()
    expect([inside.length, semaphore.available]).toEqual([500, Number.POSITIVE_INFINITY])
    host.finish()
  })

  it('refuses permits and weights that make no sense', () => {
    for (const permits of [0, -1, 1.5, Number.NaN]) expect(() => new Semaphore(permits)).toThrow(RangeError)
    const semaphore = new Semaphore(2)
    for (const weight of [0, -1, 1.5, 3, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => semaphore.acquire(weight)).toThrow(RangeError)
      expect(() => semaphore.tryAcquire(weight)).toThrow(RangeError)
    }
  })

  it('goes by its name in a dump', () => {
    const semaphore = new Semaphore(1, { name: 'connections' })
    semaphore.tryAcquire()
    holder(semaphore, [], 'a')
    host.settle()
    expect(scheduler.dump()).toBe('anonymous#1  parked 0 ms on acquire connections')
  })
})

describe('a mutex', () => {
  it('lets in one at a time', () => {
    const mutex = new Mutex()
    const inside: string[] = []
    for (const name of ['a', 'b']) holder(mutex, inside, name)
    host.settle()
    expect([inside, mutex.available, mutex.name]).toEqual([['a'], 0, 'a mutex'])
    host.finish()
    expect(inside).toEqual(['a', 'b'])
  })

  it('makes whoever holds it wait for itself', () => {
    const mutex = new Mutex({ name: 'the door' })
    const task = scheduler.run(function* () {
      using _outer = yield* mutex.acquire()
      using _inner = yield* mutex.acquire()
    })
    host.finish()
    expect(task.status).toBe('parked')
    task.cancel()
    host.settle()
    expect(mutex.available).toBe(1)
  })
})

describe('in every order', () => {
  it('no permit is lost to a cancel, and none is made', () => {
    const { complete } = explore(
      function* ({ always, afterwards }: ExploreStage): Coroutine<void> {
        const semaphore = new Semaphore(2)
        let held = 0
        always(() => {
          semaphore.validate()
          if (held > 2) throw new Error(`${held} permits are held`)
        })
        afterwards(() => expect(semaphore.available).toBe(2))
        yield* scope(function* (family) {
          const tasks = [2, 1, 1].map((weight) => family.spawn(worker, weight))
          tasks[0]?.cancel()
          tasks[2]?.cancel()
        })

        function* worker(weight: number): Coroutine<void> {
          using _ = yield* semaphore.acquire(weight)
          held += weight
          try {
            yield* sleep(1)
          } finally {
            held -= weight
          }
        }
      },
      { exhaustive: true },
    )
    expect(complete).toBe(true)
  })

  it('no permit is lost to a limit, or to a select that takes another case', () => {
    explore(function* ({ always, afterwards }: ExploreStage): Coroutine<void> {
      const semaphore = new Semaphore(2)
      always(() => semaphore.validate())
      afterwards(() => expect(semaphore.available).toBe(2))
      yield* scope(function* (family) {
        for (const weight of [1, 2, 1, 2]) family.spawn(impatient, weight)
        for (const weight of [1, 2]) family.spawn(choosing, weight)
      })

      function* impatient(weight: number): Coroutine<void> {
        yield* moveOn(2, function* () {
          using _ = yield* semaphore.acquire(weight)
          yield* sleep(weight)
        })
      }

      function* choosing(weight: number): Coroutine<void> {
        const got = yield* select({ both: semaphore.acquire(2), permit: semaphore.acquire(1), late: after(weight) })
        if (got.case !== 'late') got.value.release()
      }
    })
  })
})

describe('a select of several permits of one semaphore', () => {
  // A heavy one that leaves the line lets in the light one behind it: here that is another case of the same select.
  const semaphore = () => {
    const made = new Semaphore(5)
    made.tryAcquire(1)
    return made
  }

  function* choosing(permits: Semaphore, others: Channel<string>): Coroutine<string> {
    const cases = { heavy: permits.acquire(5), light: permits.acquire(1), other: others.receive() }
    return (yield* select(cases, { order: 'first' })).case
  }

  it.each(['another case wins', 'it is cancelled'])('keeps none of them when %s', async (how) => {
    const permits = semaphore()
    const others = new Channel<string>()
    const ahead = scheduler.run(() => running(permits.acquire(5)))
    host.settle()
    const task = scheduler.run(choosing, permits, others)
    host.settle()
    ahead.cancel()
    const outcome = task.promise.catch((error: unknown) => error)
    if (how === 'it is cancelled') task.cancel('on purpose')
    else expect(others.trySend('value')).toBe(true)
    host.settle()
    expect([task.status, permits.available]).toEqual([how === 'it is cancelled' ? 'cancelled' : 'done', 4])
    permits.validate()
    expect(await outcome).toEqual(
      how === 'it is cancelled' ? expect.objectContaining({ code: 'TASK_CANCELLED' }) : 'other',
    )
  })
})
