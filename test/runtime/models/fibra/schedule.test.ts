import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Operation } from '../../../../runtime/index.ts'
import { Channel, Latch, Misuse, moveOn, scope, shield, sleep, VirtualHost } from '../../../../runtime/index.ts'
import type { Tasklet, Yieldable } from '../../../../runtime/models/fibra/index.ts'
import { Async, Return, Schedule, Tube } from '../../../../runtime/models/fibra/index.ts'
import { turn } from '../../../../runtime/models/turn.ts'
import { catching } from '../../outcomes.ts'

/** Install the tasklets in a schedule and run it to its end, on the host that it gives. */
function runAll(...tasklets: Tasklet[]): VirtualHost {
  const host = new VirtualHost()
  const schedule = new Schedule()
  for (const tasklet of tasklets) schedule.install(tasklet)
  host.run(() => schedule.run())
  return host
}

/** Log what `tasklet` gives, or the message of what it throws. */
function* logging(log: unknown[], tasklet: Tasklet): Tasklet<void> {
  try {
    log.push(yield tasklet)
  } catch (error) {
    log.push((error as Error).message)
  }
}

/** A scheduler with a schedule on it that runs these. */
function started(...tasklets: Tasklet[]) {
  const host = new VirtualHost()
  const scheduler = host.scheduler({ deadlock: 'ignore' })
  const schedule = new Schedule()
  for (const tasklet of tasklets) schedule.install(tasklet)
  const task = scheduler.run(() => schedule.run())
  host.settle()
  return { host, scheduler, schedule, task }
}

/** The same with one that never ends by itself: it is cancelled after 1,000 resumes. */
function runUntilCancelled(...tasklets: Tasklet[]) {
  const host = new VirtualHost({ sliceResumes: 1 })
  const scheduler = host.scheduler()
  const schedule = new Schedule()
  for (const tasklet of tasklets) schedule.install(tasklet)
  const task = scheduler.run(() => schedule.run())
  host.later(function look() {
    if (scheduler.statistics().resumes > 1_000) task.cancel()
    else host.later(look)
  })
  host.finish()
  return { host, scheduler, task }
}

describe('a schedule', () => {
  it('runs what was installed, in that order, and ends after all of it', () => {
    const log: unknown[] = []
    function* noting(name: string): Tasklet<void> {
      log.push(name)
      yield 0.1
      log.push(name.toUpperCase())
    }
    const host = runAll(noting('a'), noting('b'))
    expect(log).toEqual(['a', 'b', 'A', 'B'])
    expect(host.now()).toBe(100)
  })

  it('does nothing before it runs, and need not have anything to do', () => {
    const log: unknown[] = []
    const schedule = new Schedule()
    schedule.install(
      (function* (): Tasklet<void> {
        log.push('ran')
      })(),
    )
    expect(log).toEqual([])
    runAll()
  })

  it('takes more while it runs, at the end of the queue', () => {
    const log: string[] = []
    const schedule = new Schedule()
    function* installing(): Tasklet<void> {
      schedule.install(noting('installed'))
      log.push('went on')
    }
    function* noting(name: string): Tasklet<void> {
      log.push(name)
    }
    schedule.install(installing())
    schedule.install(noting('other'))
    new VirtualHost().run(() => schedule.run())
    expect(log).toEqual(['went on', 'other', 'installed'])
  })

  it('can run again, but not twice at a time', () => {
    const log: number[] = []
    const schedule = new Schedule()
    function* noting(round: number): Tasklet<void> {
      log.push(round)
    }
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    scheduler.run(function* () {
      for (let round = 1; round <= 3; round += 1) {
        schedule.install(noting(round))
        yield* schedule.run()
      }
      schedule.install(running(schedule))
      yield* schedule.run()
    })
    host.finish()
    expect(host.reported).toEqual([])
    expect(log).toEqual([1, 2, 3])
    expect(scheduler.statistics().spawned).toBe(1 + 4)

    function* running(busy: Schedule): Tasklet<void> {
      try {
        yield scope(() => busy.run())
      } catch (error) {
        expect(error).toBeInstanceOf(Misuse)
        return
      }
      expect.unreachable('it ran twice at a time')
    }
  })

  it.each([undefined, null, 5, 'abc', {}, () => {}, sleep(1)])(
    'does not install %s, which is no generator',
    (given) => {
      expect(() => new Schedule().install(given as Tasklet)).toThrow(Misuse)
    },
  )

  it('ends with the error that a tasklet does not catch, once the others have cleaned up', () => {
    const log: string[] = []
    function* failing(): Tasklet<void> {
      yield
      throw new Error('failed')
    }
    function* tidy(): Tasklet<void> {
      try {
        yield 1_000
      } finally {
        yield shield(function* () {
          yield* sleep(5)
        })
        log.push('tidied up')
      }
    }
    expect(() => runAll(tidy(), failing())).toThrow('failed')
    expect(log).toEqual(['tidied up'])
  })

  it('starts 100,000 tasklets without keeping the host', () => {
    const host = new VirtualHost({ sliceResumes: 1 })
    const schedule = new Schedule()
    let ended = 0
    function* ending(): Tasklet<void> {
      ended += 1
    }
    for (let made = 0; made < 100_000; made += 1) schedule.install(ending())
    const scheduler = host.scheduler()
    scheduler.run(() => schedule.run())
    host.finish()
    expect(ended).toBe(100_000)
    // There are 97 times 1,024 of them, and a slice of the virtual host is spent at every second look.
    expect(scheduler.statistics().handOvers).toBeGreaterThanOrEqual(48)
  })

  it('calls a tasklet in a dump as it was told to', () => {
    const { schedule, scheduler, host } = started()
    expect(scheduler.dump()).toBe('')
    function* popping(): Tasklet<void> {
      yield new Tube('jobs').pop()
    }
    schedule.install(popping(), 'worker')
    schedule.install(popping())
    scheduler.run(function* main() {
      yield* schedule.run()
    })
    host.settle()
    expect(scheduler.dump().split('\n').slice(1)).toEqual([
      'main#2 > worker#3  parked 0 ms on pop jobs',
      'main#2 > tasklet#4  parked 0 ms on pop jobs',
    ])
  })
})

describe('yielding a tasklet', () => {
  function* adding(a: number, b: number): Tasklet<number> {
    return a + b
  }

  it('runs it and gives its result', () => {
    const log: unknown[] = []
    function* sum(): Tasklet<number> {
      const first = (yield adding(1, 2)) as number
      const second = (yield adding(3, 4)) as number
      return first * second
    }
    runAll(logging(log, sum()))
    expect(log).toEqual([21])
  })

  it('throws what it throws, where it was yielded', () => {
    const log: unknown[] = []
    function* power(x: number): Tasklet<number> {
      if (x >= 5) throw new RangeError('x must be below 5')
      return x ** x
    }
    runAll(logging(log, power(4)), logging(log, power(5)))
    expect(log).toEqual([256, 'x must be below 5'])
  })

  it('lets everybody else go first, and gives the result at once', () => {
    const log: string[] = []
    function* calling(name: string): Tasklet<void> {
      log.push(`${name} calls`)
      yield called(name)
      log.push(`${name} goes on`)
    }
    function* called(name: string): Tasklet<void> {
      log.push(`${name} is called`)
    }
    runAll(calling('a'), calling('b'))
    expect(log).toEqual(['a calls', 'b calls', 'a is called', 'a goes on', 'b is called', 'b goes on'])
  })

  it('goes as deep as you like, down and up again, by result and by error', () => {
    const log: unknown[] = []
    function* depth(left: number): Tasklet<number> {
      return left === 0 ? 0 : 1 + ((yield depth(left - 1)) as number)
    }
    function* failing(left: number): Tasklet<void> {
      if (left === 0) throw new Error('at the bottom')
      yield failing(left - 1)
    }
    runAll(logging(log, depth(100_000)), logging(log, failing(100_000)))
    expect(log).toEqual([100_000, 'at the bottom'])
  })

  it('starves nobody, also where tasklets do nothing but call each other', () => {
    const log: string[] = []
    const { task } = runUntilCancelled(endless(), counting())
    expect(log).toEqual(['counted 100'])
    expect(task.status).toBe('cancelled')

    function* endless(): Tasklet<void> {
      for (;;) yield adding(1, 1)
    }
    function* counting(): Tasklet<void> {
      for (let count = 1; count < 100; count += 1) yield
      log.push('counted 100')
    }
  })
})

describe('yielding nothing', () => {
  it('lets the others go first', () => {
    const log: string[] = []
    function* counting(name: string): Tasklet<void> {
      for (let count = 1; count <= 2; count += 1) {
        log.push(`${name}${count}`)
        if (name === 'b') yield null
        else yield
      }
    }
    runAll(counting('a'), counting('b'), counting('c'))
    expect(log).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
  })
})

describe('yielding a number', () => {
  it('sleeps for so many seconds', () => {
    const log: unknown[] = []
    const host = runAll(
      (function* (): Tasklet<void> {
        log.push(yield 10)
        yield 0.5
      })(),
    )
    expect(host.now()).toBe(10_500)
    expect(log).toEqual([undefined])
  })

  it('that is not above 0 is a turn', () => {
    const log: string[] = []
    function* giving(name: string, seconds: number): Tasklet<void> {
      yield seconds
      log.push(name)
    }
    function* at(): Tasklet<void> {
      log.push('others first')
    }
    const host = runAll(giving('zero', 0), giving('less', -1), at())
    expect(log).toEqual(['others first', 'zero', 'less'])
    expect(host.now()).toBe(0)
  })
})

describe('Async', () => {
  it('starts a tasklet beside this one, which goes on', () => {
    const log: string[] = []
    function* starting(): Tasklet<void> {
      log.push('starting')
      expect(yield new Async(slow())).toBeUndefined()
      log.push('started')
      yield 0.5
      log.push('ended')
    }
    function* slow(): Tasklet<void> {
      log.push('slow starts')
      yield 1
      log.push('slow ends')
    }
    runAll(starting())
    expect(log).toEqual(['starting', 'slow starts', 'started', 'ended', 'slow ends'])
  })

  it('takes generators only, and says so to the tasklet that yielded it', () => {
    const log: unknown[] = []
    runAll(
      logging(
        log,
        (function* (): Tasklet<void> {
          yield new Async(5 as unknown as Tasklet)
        })(),
      ),
    )
    expect(log).toEqual(['a schedule takes generators, made by calling a function* (got 5)'])
  })
})

describe('Return', () => {
  it('ends the tasklet there with a result, after its finally blocks, which may yield', () => {
    const log: unknown[] = []
    function* returning(): Tasklet<unknown> {
      try {
        yield
        yield new Return(3)
        log.push('never')
        yield new Return(4)
      } finally {
        yield 1
        log.push('finally')
      }
      return 5
    }
    const host = runAll(logging(log, returning()))
    expect(log).toEqual(['finally', 3])
    expect(host.now()).toBe(1_000)
  })

  it('of one that nobody waits for ends it all the same', () => {
    const log: string[] = []
    runAll(
      (function* (): Tasklet<void> {
        yield new Return()
        log.push('never')
      })(),
    )
    expect(log).toEqual([])
  })
})

describe('yielding an operation', () => {
  it('does it and gives what it gives, whichever it is', () => {
    const log: unknown[] = []
    const channel = new Channel<string>()
    function* sending(): Tasklet<void> {
      yield channel.send('a')
      channel.close()
    }
    function* receiving(): Tasklet<void> {
      log.push(yield channel.receive())
      log.push(
        yield moveOn(100, function* () {
          yield* new Latch().wait()
        }),
      )
      log.push(
        yield scope(function* (s) {
          return yield* s
            .spawn(function* () {
              return 'from a child'
            })
            .join()
        }),
      )
      yield channel.receive()
    }
    runAll(sending(), logging(log, receiving()))
    expect(log).toEqual(['a', { done: false }, 'from a child', 'a channel is closed'])
  })

  it.each([true, 'text', Symbol('s'), {}, () => {}])('or else is an error: %s', (given) => {
    const log: unknown[] = []
    runAll(
      logging(
        log,
        (function* (): Tasklet<void> {
          yield given as unknown as Yieldable
        })(),
      ),
    )
    expect(log).toEqual([`a tasklet yields a tasklet, an operation, seconds, or nothing (got ${String(given)})`])
  })
})

describe('a cancel', () => {
  it('is thrown where the innermost tasklet waits, and cleans up from there outward', () => {
    const log: string[] = []
    function* nested(left: number): Tasklet<void> {
      try {
        yield left === 0 ? new Tube('never').pop() : nested(left - 1)
      } finally {
        log.push(`finally ${left}`)
      }
    }
    const { host, scheduler, task } = started(nested(2))
    expect(scheduler.dump()).toContain('pop never')
    task.cancel()
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(log).toEqual(['finally 0', 'finally 1', 'finally 2'])
    expect(host.reported).toEqual([])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0 })
  })

  it('is thrown again by everything yielded after it, except in a shield', () => {
    const log: string[] = []
    const attempts: [string, () => Yieldable][] = [
      ['a turn', () => undefined],
      ['a sleep', () => 1],
      ['a call', () => ended()],
      ['a push', () => new Tube<number>().push(1)],
    ]
    function* ended(): Tasklet<void> {
      log.push('called all the same')
    }
    function* stubborn(): Tasklet<void> {
      try {
        yield new Latch().wait()
      } catch {
        for (const [name, attempt] of attempts) {
          try {
            yield attempt()
            log.push(`${name} was not stopped`)
          } catch (error) {
            log.push((error as { code: string }).code)
          }
        }
        yield shield(function* () {
          yield* sleep(10)
        })
        log.push('shielded')
      }
    }
    const { host, task } = started(stubborn())
    task.cancel()
    host.finish()
    expect(log).toEqual(['CANCELLED', 'CANCELLED', 'CANCELLED', 'CANCELLED', 'shielded'])
    expect(host.now()).toBe(10)
  })

  it('that comes while a call takes its turn is thrown at the first that is yielded after it', () => {
    const log: string[] = []
    function* calling(): Tasklet<void> {
      try {
        yield called()
      } catch (error) {
        log.push((error as { code: string }).code)
        throw error
      }
    }
    function* called(): Tasklet<void> {
      log.push('started')
      yield
      log.push('went on')
    }
    const host = new VirtualHost()
    const schedule = new Schedule()
    schedule.install(calling())
    host.run(function* () {
      const cancelled = scope(function* (s) {
        s.spawn(() => schedule.run())
        s.spawn(function* () {
          yield* turn() // the call is made meanwhile; the one that is called has its turn after this one
          s.cancel()
        })
      })
      expect(yield* catching(cancelled)).toMatchObject({ code: 'TASK_CANCELLED' })
    })
    expect(log).toEqual(['started', 'CANCELLED'])
  })
})

it('what may be yielded, and what a tasklet is, the types say', () => {
  expectTypeOf<Tasklet<number>>().toExtend<Yieldable>()
  expectTypeOf<Operation<string>>().toExtend<Yieldable>()
  expectTypeOf<string>().not.toExtend<Yieldable>()
  // A coroutine of the runtime is no tasklet: it would be stepped by two at a time. `yield scope(body)` runs it.
  expectTypeOf<ReturnType<Schedule['run']>>().not.toExtend<Yieldable>()
  expectTypeOf(new Tube<number>().pop()).toExtend<Operation<number>>()
})
