import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Selectable, Task } from '../../../runtime/index.ts'
import {
  Channel,
  checkpoint,
  Latch,
  moveOn,
  run,
  scope,
  select,
  shield,
  sleep,
  timeout,
  until,
  VirtualHost,
} from '../../../runtime/index.ts'
import { catching, running } from '../outcomes.ts'

describe('an operation', () => {
  const kinds: [string, () => Operation<unknown>][] = [
    ['a receive', () => new Channel<number>(1).receive()],
    ['a send', () => new Channel<number>(1).send(1)],
    ['a sleep', () => sleep(1)],
    ['a sleep of nothing', () => sleep(0)],
    ['a wait', () => new Latch().wait()],
    ['a select', () => select({ a: new Latch().wait() })],
    ['a join', () => ended().join()],
    ['a checkpoint', () => checkpoint()],
    ['an until', () => until(Promise.resolve())],
    ['a scope', () => scope(function* () {})],
    ['a timeout', () => timeout(1, function* () {})],
    ['a moveOn', () => moveOn(1, function* () {})],
    ['a shield', () => shield(function* () {})],
  ]

  it.each(kinds)('that is %s throws when it is run outside a coroutine', (_, make) => {
    const operation = make()[Symbol.iterator]()
    expect(() => operation.next()).toThrow(misuse('outside a coroutine'))
  })

  it.each(kinds.filter(([name]) => name !== 'a select' && name !== 'a wait' && name !== 'a receive'))(
    'that is %s runs once: a second run throws',
    async (_, make) => {
      const host = new VirtualHost()
      const task = host.scheduler().run(function* () {
        const operation = make()
        yield* operation
        yield* operation
      })
      await expect(host.play(task)).rejects.toThrow(misuse('runs once'))
    },
  )

  it('that is ready finishes inside its first step: no suspension, no trip to the scheduler', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const channel = new Channel<number>(1)
    const open = new Latch()
    open.open()
    scheduler.run(function* () {
      for (let time = 0; time < 10; time += 1) {
        yield* channel.send(time)
        expect(yield* channel.receive()).toBe(time)
        yield* open.wait()
        yield* sleep(0)
        yield* checkpoint()
      }
    })
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ finished: 1, resumes: 1, handOvers: 0 })
  })

  it('that one coroutine is parked on throws in another, and goes on as if that had not been', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const channel = new Channel<string>()
    const shared = channel.receive()
    const first = scheduler.run(() => running(shared))
    const second = scheduler.run(() => running(shared))
    host.settle()
    channel.validate()
    expect(second.status).toBe('failed')
    expect(host.reported).toEqual([misuse('runs once')])
    channel.trySend('value')
    host.settle()
    expect(first.status).toBe('done')
  })

  it('that one coroutine is parked on can still be cancelled there after another has tried it', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const shared = new Latch().wait()
    const first = scheduler.run(() => running(shared))
    scheduler.run(() => running(shared))
    host.settle()
    first.cancel()
    host.settle()
    expect(first.status).toBe('cancelled')
  })

  it('that was claimed by a select does not run elsewhere', () => {
    const host = new VirtualHost()
    expect(() =>
      host.run(function* () {
        const wait = new Latch().wait()
        select({ a: wait })
        yield* wait
      }),
    ).toThrow(misuse('runs once'))
  })

  it('behind a bare yield throws in the body, which says what was forgotten', () => {
    const host = new VirtualHost()
    const value = host.run(function* forgetful() {
      try {
        yield sleep(1) as never
        return 'went on'
      } catch (error) {
        return error
      }
    })
    expect(value).toEqual(misuse('forgetful#1 used a bare yield: write yield* before an operation'))
  })
})

describe('debug mode', () => {
  it('reports an operation that was made and never run, with the place where it was made', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ debug: true })
    scheduler.run(function* forgetful() {
      sleep(10)
      new Channel<number>(0, { name: 'jobs' }).receive()
      scope(function* () {})
      checkpoint()
      yield* sleep(20)
    })
    host.finish()
    expect(host.reported).toEqual(
      ['after 10 ms', 'receive jobs', 'the end of a scope', 'a checkpoint'].map((words) => misuse(words)),
    )
    for (const report of host.reported as Error[]) {
      expect(report.message).toMatch(/^forgetful#1 made an operation and never ran it \(a forgotten yield\*\?\): /)
      expect(report.message).toContain('task.test.ts')
    }
  })

  it('has nothing to say about operations that were run, failed, lost a select or were only tried', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ debug: true })
    const closed = new Channel<number>(1)
    closed.close()
    scheduler.run(function* () {
      yield* select({ a: sleeping(10), b: new Latch().wait() })
      yield* moveOn(5, () => running(sleep(10)))
      try {
        yield* closed.receive()
      } catch {}
      yield* scope(function* (s) {
        yield* s.spawn(function* () {}).join()
      })
      yield* checkpoint()
    })
    host.finish()
    expect(host.reported).toEqual([])
    function sleeping(ms: number): Selectable<void> {
      return sleep(ms) as Selectable<void>
    }
  })

  it('reports it while the coroutine goes on, and so tells of each that the loop of a server forgets', () => {
    const host = new VirtualHost()
    const [requests, log] = [new Channel<number>(), new Channel<number>(0, { name: 'log' })]
    const scheduler = host.scheduler({ debug: true, deadlock: 'ignore' })
    scheduler.run(function* server(): Coroutine<void> {
      for (;;) log.send(yield* requests.receive())
    })
    host.settle()
    for (const request of [1, 2, 3]) {
      requests.trySend(request)
      host.settle()
    }
    expect(host.reported).toEqual([1, 2].map(() => misuse('send log')))
    expect((host.reported[0] as Error).message).toContain('task.test.ts')
  })

  it('leaves alone what is run a step later, by the coroutine that made it or by one that it spawned', () => {
    const host = new VirtualHost()
    host.scheduler({ debug: true }).run(function* () {
      const later = sleep(10)
      yield* sleep(1)
      yield* later
      yield* scope(function* (s) {
        s.spawn(() => running(sleep(1)))
        const given = sleep(1)
        s.spawn(() => running(given))
        yield* sleep(5)
      })
    })
    host.finish()
    expect(host.reported).toEqual([])
  })

  it('reports it of a coroutine that fails, too, and only when debugging', () => {
    for (const debug of [true, false]) {
      const host = new VirtualHost()
      const task = host.scheduler({ debug }).run(function* () {
        sleep(10)
        throw new Error('failed')
      })
      task.promise.catch(() => {})
      host.finish()
      expect(host.reported).toHaveLength(debug ? 1 : 0)
    }
  })
})

describe('a task', () => {
  it('is runnable, running, parked, and then done, failed or cancelled', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const seen: string[] = []
    const task: Task<void> = scheduler.run(function* () {
      seen.push(task.status)
      yield* sleep(10)
    })
    seen.push(task.status)
    host.settle()
    seen.push(task.status)
    host.finish()
    seen.push(task.status)
    expect(seen).toEqual(['runnable', 'running', 'parked', 'done'])

    const failed = scheduler.run(() => failing('x'))
    const cancelled = scheduler.run(() => running(sleep(10)))
    cancelled.cancel()
    host.finish()
    expect([failed.status, cancelled.status]).toEqual(['failed', 'cancelled'])
  })

  it('is called after its body, or as it is told', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const named = scheduler.run(function* worker() {
      yield* new Latch('never').wait()
    })
    const nameless = scheduler.run(
      (() =>
        function* () {
          yield* new Latch('never').wait()
        })(),
    )
    const told = scheduler.run(() => running(new Latch('never').wait()))
    told.label = () => 'GET /poll'
    host.settle()
    expect([named.id, nameless.id, told.id]).toEqual([1, 2, 3])
    expect([...scheduler.coroutines()].map(({ name }) => name)).toEqual(['worker#1', 'anonymous#2', 'GET /poll#3'])
  })
})

describe('join', () => {
  it('gives the result to everybody who waits, in order, and to whoever comes later', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const log: string[] = []
    const task = scheduler.run(function* () {
      yield* sleep(10)
      return 'value'
    })
    const join = function* (name: string): Coroutine<void> {
      const operation = task.join()
      expectTypeOf(operation).toEqualTypeOf<Selectable<string>>()
      log.push(`${name}: ${yield* operation}`)
    }
    scheduler.run(join, 'a')
    scheduler.run(join, 'b')
    host.finish()
    scheduler.run(join, 'late')
    host.finish()
    expect(log).toEqual(['a: value', 'b: value', 'late: value'])
  })

  it('throws the failure as itself', () => {
    const failure = new Error('failure')
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const task = scheduler.run(() => failing(failure))
    const joiner = scheduler.run(() => catching(task.join()))
    host.finish()
    return expect(joiner.promise).resolves.toBe(failure)
  })

  it('of a cancelled task throws TaskCancelled: Cancelled only ever means that I was', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const task = scheduler.run(function* sleeper() {
      yield* new Latch('never').wait()
    })
    const joiner = scheduler.run(() => catching(task.join()))
    host.settle()
    task.cancel('why')
    host.settle()
    expect(joiner.status).toBe('done')
    return expect(joiner.promise).resolves.toMatchObject({
      code: 'TASK_CANCELLED',
      reason: 'why',
      message: 'sleeper#1 was cancelled: why',
    })
  })

  it('waits for the finalizers, too', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* sleep(1_000)
      } finally {
        yield* shield(() => running(sleep(10)))
        log.push('finalized')
      }
    })
    scheduler.run(function* () {
      yield* sleep(5)
      task.cancel()
      yield* catching(task.join())
      log.push('joined')
    })
    host.finish()
    expect(log).toEqual(['finalized', 'joined'])
    expect(host.now()).toBe(15)
  })

  it('of oneself throws, alone and in a select', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const joins = [() => task.join(), () => select({ me: task.join() })]
    const task: Task<unknown[]> = scheduler.run(function* narcissus() {
      const errors: unknown[] = []
      for (const make of joins) errors.push(yield* catching(make()))
      return errors
    })
    host.finish()
    return expect(task.promise).resolves.toEqual([
      misuse('narcissus#1 joins itself'),
      misuse('narcissus#1 joins itself'),
    ])
  })

  it('that is cancelled leaves the task alone and nothing behind', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const task = scheduler.run(() => running(sleep(100)))
    scheduler.run(function* () {
      for (let time = 0; time < 10; time += 1) {
        expect(yield* moveOn(1, () => running(task.join()))).toEqual({ done: false })
        scheduler.validate()
      }
    })
    host.advance(50)
    expect(task.status).toBe('parked')
    expect(scheduler.statistics()).toMatchObject({ coroutines: 1, timers: 1 })
    host.finish()
    expect(task.status).toBe('done')
  })

  it('can be a case of select', () => {
    const host = new VirtualHost()
    const value = host.run(function* () {
      return yield* scope(function* (s) {
        const slow = s.spawn(() => after(20, 'slow'))
        const quick = s.spawn(() => after(10, 'quick'))
        return yield* select({ slow: slow.join(), quick: quick.join() })
      })
    })
    expect(value).toEqual({ case: 'quick', value: 'quick' })
  })
})

describe("a task's promise", () => {
  it('gives the result to code outside, also when it is asked for afterwards', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const task = scheduler.run(() => after(10, 'value'))
    const early = task.promise
    expectTypeOf(early).toEqualTypeOf<Promise<string>>()
    host.finish()
    expect(await early).toBe('value')
    expect(await task.promise).toBe('value')
    expect(task.promise).toBe(early)
  })

  it('is rejected with the failure, and with TaskCancelled', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const failed = scheduler.run(() => failing('failure'))
    const cancelled = scheduler.run(() => after(10, 'value'))
    cancelled.cancel()
    const outcomes = Promise.allSettled([failed.promise, cancelled.promise])
    host.finish()
    expect(await outcomes).toMatchObject([{ reason: 'failure' }, { reason: { code: 'TASK_CANCELLED' } }])
  })

  it('comes from the default scheduler as from any other', async () => {
    const add = function* (a: number, b: number): Coroutine<number> {
      yield* sleep(0)
      return a + b
    }
    expect(await run(add, 1, 2).promise).toBe(3)
  })
})

describe('a root that fails', () => {
  it('with nobody looking is reported', () => {
    const { host, scheduler } = rooted()
    const failure = new Error('unseen')
    scheduler.run(() => failing(failure))
    host.finish()
    expect(host.reported).toEqual([failure])
  })

  it('while somebody joins it or has asked for its promise is not', async () => {
    const { host, scheduler } = rooted()
    const joined = scheduler.run(() => failing('joined', 10))
    scheduler.run(() => catching(joined.join()))
    const promised = scheduler.run(() => failing('promised', 10))
    const outcome = expect(promised.promise).rejects.toBe('promised')
    const selected = scheduler.run(() => failing('selected', 10))
    scheduler.run(() => catching(select({ it: selected.join(), never: new Latch().wait() })))
    host.finish()
    await outcome
    expect(host.reported).toEqual([])
  })

  it('after those who joined it have left is reported: they will never know', () => {
    const { host, scheduler } = rooted()
    const task = scheduler.run(() => failing('unseen', 100))
    scheduler.run(() => running(moveOn(10, () => running(task.join()))))
    scheduler.run(() => running(select({ it: task.join(), late: sleep(20) as Selectable<void> })))
    host.finish()
    expect(host.reported).toEqual(['unseen'])
  })

  it('is not what a cancelled root is', () => {
    const { host, scheduler } = rooted()
    scheduler.run(() => running(sleep(10))).cancel()
    host.finish()
    expect(host.reported).toEqual([])
  })

  it('does not disturb the other roots', () => {
    const { host, scheduler } = rooted()
    const other = scheduler.run(() => after(10, 'value'))
    scheduler.run(() => failing('unseen'))
    host.finish()
    expect(other.status).toBe('done')
  })

  it('and whose report fails, too, takes nobody with it', () => {
    const { host, scheduler } = rooted()
    host.report = (error) => {
      throw error
    }
    scheduler.run(() => failing('unseen'))
    const other = scheduler.run(() => after(10, 'value'))
    expect(() => host.finish()).toThrow('unseen')
    host.finish()
    scheduler.validate()
    expect(other.status).toBe('done')
    expect(scheduler.statistics().coroutines).toBe(0)
  })
})

function rooted() {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler() }
}

function misuse(words: string): object {
  return expect.objectContaining({ code: 'MISUSE', message: expect.stringContaining(words) })
}

function* failing(error: unknown, afterMs = 0): Coroutine<never> {
  yield* sleep(afterMs)
  throw error
}

function* after<T>(ms: number, value: T): Coroutine<T> {
  yield* sleep(ms)
  return value
}

function ended(): Task<void> {
  const host = new VirtualHost()
  const task = host.scheduler().run(function* () {})
  host.settle()
  return task
}
