import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Selectable } from '../../../runtime/index.ts'
import { Deadlock, explore, moveOn, scope, sleep, VirtualHost } from '../../../runtime/index.ts'
import type { Greenlet, JobQueue } from '../../../runtime/models/greenlet.ts'
import { Channel, GreenletExit, greenlets } from '../../../runtime/models/greenlet.ts'
import { catching, running } from '../outcomes.ts'

let host: VirtualHost

beforeEach(() => {
  host = new VirtualHost()
})

afterEach(() => {
  expect(host.reported).toEqual([])
})

/** Run `main` in the main greenlet of a program, to its end. */
function play<T>(main: (jobs: JobQueue) => Coroutine<T>): T {
  return host.run(function* () {
    return yield* greenlets(main)
  })
}

/** Read for ever, and tell what came and how it ended. */
function* reading(channel: Channel<unknown>, log: unknown[]): Coroutine<void> {
  try {
    for (;;) log.push(yield* channel.read())
  } catch (error) {
    log.push((error as Error).message)
    throw error
  }
}

describe('a job queue', () => {
  it('runs greenlets in the order in which they were started, after the one that started them', () => {
    const log: string[] = []
    play(function* (jobs) {
      jobs.go(noting, 'a')
      jobs.go(noting, 'b')
      log.push('main')
    })
    expect(log).toEqual(['main', 'a', 'b'])

    function* noting(name: string): Coroutine<void> {
      log.push(name)
    }
  })

  it('ends after every greenlet, also those that greenlets have started, with what main has returned', () => {
    const log: string[] = []
    const result = play(function* (jobs) {
      jobs.go(function* () {
        yield* sleep(10)
        jobs.go(function* () {
          yield* sleep(10)
          log.push('grandchild')
        })
        log.push('child')
      })
      return 'main'
    })
    expect(result).toBe('main')
    expect(log).toEqual(['child', 'grandchild'])
    expect(host.now()).toBe(20)
  })

  it('knows who is running, and the main greenlet', () => {
    play(function* (jobs) {
      expect(jobs.getCurrent()).toBe(jobs.getMain())
      const channel = new Channel<number>()
      const greenlet = jobs.go(function* () {
        expect(jobs.getCurrent()).toBe(greenlet)
        yield* channel.read()
        expect(jobs.getCurrent()).toBe(greenlet)
        yield* sleep(1)
        expect(jobs.getCurrent()).toBe(greenlet)
      })
      yield* sleep(1)
      expect(jobs.getCurrent()).toBe(jobs.getMain())
      channel.write(1)
    })
  })

  it('says so when nobody is running whom it would know', () => {
    const complaint = 'no greenlet is running here'
    play(function* (jobs) {
      yield* scope(function* () {
        expect(() => jobs.getCurrent()).toThrow(complaint)
      })
      host.later(() => expect(() => jobs.getCurrent()).toThrow(complaint))
    })
  })

  it('refuses what is no coroutine', () => {
    play(function* (jobs) {
      const callable = (() => 1) as unknown as () => Coroutine<number>
      expect(() => jobs.go(callable)).toThrow('callable is no coroutine: write it as function* (…): Coroutine<…>')
    })
  })

  it('names its greenlets in a dump after what they run', () => {
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const task = scheduler.run(() => greenletsOf(new Channel('orders')))
    task.promise.catch(() => {})
    host.settle()
    expect(scheduler.dump()).toContain('reading#2  parked 0 ms on read orders')
    task.cancel()
    host.settle()

    function* greenletsOf(channel: Channel<unknown>): Coroutine<void> {
      yield* greenlets(function* (jobs) {
        jobs.go(reading, channel, [])
      })
    }
  })
})

describe('a channel of greenlets', () => {
  it('takes every write without blocking, and gives the values in order', () => {
    const values = play(function* () {
      const channel = new Channel<number>()
      for (let value = 0; value < 1_000; value += 1) channel.write(value)
      expect(channel.length).toBe(1_000)
      const read: number[] = []
      while (channel.length > 0) read.push(yield* channel.read())
      return read
    })
    expect(values).toEqual(Array.from({ length: 1_000 }, (_, value) => value))
  })

  it('blocks a read while it is empty, and wakes one reader for each write, who waited longest first', () => {
    const log: string[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      for (const name of ['a', 'b', 'c']) jobs.go(readOne, name, channel)
      yield* sleep(1)
      channel.write(1)
      channel.write(2)
      // The writer goes on: nobody has run yet.
      expect(log).toEqual([])
      yield* sleep(1)
      expect(log).toEqual(['a 1', 'b 2'])
      channel.write(3)
    })
    expect(log).toEqual(['a 1', 'b 2', 'c 3'])

    function* readOne(name: string, channel: Channel<number>): Coroutine<void> {
      log.push(`${name} ${yield* channel.read()}`)
    }
  })

  it('hands a value to a reader that waits, and nobody who comes later can take it', () => {
    const log: string[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      jobs.go(function* () {
        log.push(`waited ${yield* channel.read()}`)
      })
      yield* sleep(1)
      channel.write(1)
      expect(channel.length).toBe(0)
      channel.write(2)
      log.push(`came later ${yield* channel.read()}`)
    })
    expect(log).toEqual(['came later 2', 'waited 1'])
  })

  it('transports undefined as well as any value', () => {
    play(function* (jobs) {
      const channel = new Channel<undefined>()
      channel.write(undefined)
      expect(yield* channel.read()).toBe(undefined)
      jobs.go(function* () {
        channel.write(undefined)
      })
      expect(yield* channel.read()).toBe(undefined)
    })
  })

  it('loses no value with a reader whose time is up', () => {
    play(function* () {
      const channel = new Channel<number>()
      const given = yield* moveOn(5, () => running(channel.read()))
      expect(given).toEqual({ done: false })
      channel.validate()
      channel.write(1)
      expect(channel.length).toBe(1)
      expect(yield* channel.read()).toBe(1)
    })
  })

  it('gives a value that was handed over also to a reader that is cancelled in the same instant', () => {
    const channel = new Channel<number>()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const log: unknown[] = []
    const program = scheduler.run(() =>
      running(
        greenlets(function* (jobs) {
          jobs.go(reading, channel, log)
        }),
      ),
    )
    program.promise.catch(() => {})
    host.settle()
    channel.write(1)
    program.cancel('enough')
    host.settle()
    expect(log).toEqual([1, 'cancelled: enough'])
    expect(program.status).toBe('cancelled')
  })

  it('is no case of a select, which greenlets do not have', () => {
    const channel = new Channel<number>()
    expectTypeOf(channel.read()).toEqualTypeOf<Operation<number>>()
    expectTypeOf(channel.read()).not.toExtend<Selectable<number>>()
  })

  it('loses no value and keeps the order of each writer, in every order in which the greenlets can run', () => {
    const { complete, schedules } = explore(
      function* (stage) {
        const channel = new Channel<string>()
        const read: string[] = []
        stage.always(() => channel.validate())
        yield* greenlets(function* (jobs) {
          for (const writer of ['a', 'b']) {
            jobs.go(function* () {
              channel.write(`${writer}1`)
              channel.write(`${writer}2`)
            })
          }
          for (let reader = 0; reader < 2; reader += 1) {
            jobs.go(function* () {
              for (let time = 0; time < 2; time += 1) read.push(yield* channel.read())
            })
          }
        })
        expect(read.toSorted()).toEqual(['a1', 'a2', 'b1', 'b2'])
      },
      { exhaustive: true },
    )
    expect(complete).toBe(true)
    expect(schedules).toBeGreaterThan(10)
  })
})

describe('an exception in a greenlet', () => {
  it('comes out of the read on which main waits, and main may catch it and go on', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      jobs.go(failing, 'first')
      jobs.go(function* () {
        yield* sleep(10)
        channel.write(1)
      })
      try {
        yield* channel.read()
      } catch (error) {
        log.push((error as Error).message)
      }
      log.push(yield* channel.read())
    })
    expect(log).toEqual(['first', 1])
  })

  it('is the failure of the program when main does not catch it, and ends the other greenlets', () => {
    const log: unknown[] = []
    const channel = new Channel<number>()
    const program = () =>
      play(function* (jobs) {
        jobs.go(reading, channel, log)
        jobs.go(failing, 'not caught')
        yield* channel.read()
      })
    expect(program).toThrow(new Error('not caught'))
    expect(log).toEqual(['cancelled: not caught'])
  })

  it('is the failure of the program also when main has returned already', () => {
    const log: unknown[] = []
    const channel = new Channel<number>()
    const program = () =>
      play(function* (jobs) {
        jobs.go(reading, channel, log)
        jobs.go(failing, 'late')
      })
    expect(program).toThrow(new Error('late'))
    expect(log).toEqual(['cancelled: late'])
  })

  it('waits for the next read of a main that waits for something else', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      jobs.go(failing, 'meanwhile')
      yield* sleep(10)
      log.push('slept')
      const channel = new Channel<number>()
      channel.write(1)
      log.push(((yield* catching(channel.read())) as Error).message)
      // It has read nothing.
      expect(channel.length).toBe(1)
    })
    expect(log).toEqual(['slept', 'meanwhile'])
  })

  it('is not lost when main returns without another read', () => {
    const program = () =>
      play(function* (jobs) {
        jobs.go(failing, 'unheard')
        yield* sleep(10)
      })
    expect(program).toThrow(new Error('unheard'))
  })

  it('is not lost when main fails itself, nor when it is cancelled', () => {
    const program = () =>
      play(function* (jobs) {
        jobs.go(failing, 'unheard')
        yield* sleep(10)
        throw new Error('of main')
      })
    expect(program).toThrow(
      expect.objectContaining({ error: new Error('unheard'), suppressed: new Error('of main') }) as Error,
    )

    const cancelled = () =>
      host.run(function* () {
        yield* moveOn(10, () =>
          running(
            greenlets(function* (jobs) {
              jobs.go(failing, 'unheard')
              yield* sleep(20)
            }),
          ),
        )
      })
    cancelled()
    expect(host.reported.splice(0)).toEqual([new Error('unheard')])
  })

  it('comes one after the other when several fail before main goes on', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      for (const message of ['a', 'b', 'c']) jobs.go(failing, message)
      for (let time = 0; time < 3; time += 1) log.push(((yield* catching(channel.read())) as Error).message)
    })
    expect(log).toEqual(['a', 'b', 'c'])
  })

  function* failing(message: string): Coroutine<void> {
    throw new Error(message)
  }
})

describe('throwing into a greenlet', () => {
  it('throws out of the read that it waits on, once, and it may go on', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      const greenlet = jobs.go(function* () {
        log.push(((yield* catching(channel.read())) as Error).message)
        log.push(yield* channel.read())
      })
      yield* sleep(1)
      greenlet.throw(new Error('wake up'))
      channel.validate()
      expect(log).toEqual([])
      yield* sleep(1)
      expect(greenlet.dead).toBe(false)
      channel.write(1)
    })
    expect(log).toEqual(['wake up', 1])
  })

  it('with a GreenletExit ends it, and nobody hears of it', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      const greenlet = jobs.go(reading, channel, log)
      yield* sleep(1)
      greenlet.throw()
      yield* sleep(1)
      expect(greenlet.dead).toBe(true)
      channel.write(1)
      expect(channel.length).toBe(1)
    })
    expect(log).toEqual(['the greenlet was told to exit'])
  })

  it('with a GreenletExit lets it clean up, and wait while it does', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      const greenlet = jobs.go(function* () {
        try {
          yield* channel.read()
        } finally {
          log.push(yield* channel.read())
          yield* sleep(5)
          log.push(host.now())
        }
      })
      yield* sleep(1)
      greenlet.throw()
      yield* sleep(1)
      channel.write(1)
    })
    expect(log).toEqual([1, 7])
  })

  it('before it has begun ends it without a step', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const greenlet = jobs.go(reading, new Channel(), log)
      expect(greenlet.dead).toBe(false)
      greenlet.throw()
      yield* sleep(1)
      expect(greenlet.dead).toBe(true)
    })
    expect(log).toEqual([])
  })

  it('leaves a value that was handed over with it: the next read throws', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      const greenlet = jobs.go(reading, channel, log)
      yield* sleep(1)
      channel.write(1)
      greenlet.throw()
      channel.write(2)
      yield* sleep(1)
      expect(channel.length).toBe(1)
    })
    expect(log).toEqual([1, 'the greenlet was told to exit'])
  })

  it('throws at once into the one that is running', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const greenlet = jobs.go(function* () {
        log.push('in')
        greenlet.throw()
        log.push('never')
      })
      yield* sleep(1)
      expect(greenlet.dead).toBe(true)
    })
    expect(log).toEqual(['in'])
  })

  it('cancels one that waits for something of the core, when it is an exit', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const asleep = jobs.go(sleeping, log)
      const channel = new Channel<number>()
      const aboutToSleep = jobs.go(function* () {
        yield* channel.read()
        yield* sleeping(log)
      })
      yield* sleep(1)
      asleep.throw()
      channel.write(1)
      aboutToSleep.throw()
      yield* sleep(1)
      expect([asleep.dead, aboutToSleep.dead]).toEqual([true, true])
    })
    expect(log).toEqual(['cancelled: the greenlet was told to exit', 'cancelled: the greenlet was told to exit'])
    expect(host.now()).toBe(2)

    function* sleeping(log: unknown[]): Coroutine<void> {
      const error = yield* catching(sleep(1_000))
      log.push((error as Error).message)
      throw error
    }
  })

  it('cancels one in a scope, whatever it does there, when it is an exit', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      const inScope = () =>
        jobs.go(function* () {
          yield* moveOn(1_000, () => reading(channel, log))
          log.push('never')
        })
      const [waiting, runnable] = [inScope(), inScope()]
      yield* sleep(1)
      waiting.throw()
      channel.write(1)
      runnable.throw()
      yield* sleep(1)
      expect([waiting.dead, runnable.dead]).toEqual([true, true])
    })
    const cancelled = 'cancelled: the greenlet was told to exit'
    expect(log).toEqual([cancelled, 1, cancelled])
  })

  it('waits for its next read when it is no exit and the greenlet waits for something of the core', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const channel = new Channel<number>()
      const greenlet = jobs.go(function* () {
        yield* sleep(10)
        log.push(host.now())
        log.push(((yield* catching(channel.read())) as Error).message)
      })
      yield* sleep(1)
      greenlet.throw(new Error('later'))
    })
    expect(log).toEqual([10, 'later'])
  })

  it('comes out of the parent when the greenlet is dead, unless it is an exit', () => {
    const log: unknown[] = []
    play(function* (jobs) {
      const main = jobs.getMain()
      const channel = new Channel<number>()
      const dead = jobs.go(function* () {})
      yield* sleep(1)
      expect(dead.dead).toBe(true)
      expect(dead.parent).toBe(main)
      dead.throw()
      expect(() => dead.throw(new Error('to myself'))).toThrow('to myself')
      jobs.go(function* () {
        dead.throw(new Error('from another'))
      })
      log.push(((yield* catching(channel.read())) as Error).message)
    })
    expect(log).toEqual(['from another'])
  })

  it('into a dead greenlet is the failure of the one that does it, when main has returned', () => {
    const program = () =>
      play(function* (jobs) {
        const dead = jobs.go(function* () {})
        jobs.go(function* () {
          yield* sleep(1)
          expect(jobs.getMain().dead).toBe(false)
          jobs.getMain().throw()
          dead.throw()
          dead.throw(new Error('nobody is left'))
        })
      })
    expect(program).toThrow(new Error('nobody is left'))
  })

  it('into main is the failure of the one that does it, when main has returned', () => {
    const program = () =>
      play(function* (jobs) {
        jobs.go(function* () {
          yield* sleep(1)
          jobs.getMain().throw(new Error('too late'))
        })
      })
    expect(program).toThrow(new Error('too late'))
  })

  it('into the main greenlet is an exception as any other, also an exit', () => {
    const program = () =>
      play(function* (jobs) {
        const main = jobs.getMain()
        expect([main.parent, main.dead]).toEqual([null, false])
        jobs.go(function* () {
          main.throw()
        })
        yield* new Channel<number>().read()
      })
    expect(program).toThrow(GreenletExit)
  })

  it('is heard of when what it disposes of fails', () => {
    const program = () =>
      play(function* (jobs) {
        const channel = new Channel<number>()
        const greenlet = jobs.go(function* () {
          using _ = {
            [Symbol.dispose]() {
              throw new Error('cannot be disposed of')
            },
          }
          yield* channel.read()
        })
        yield* sleep(1)
        greenlet.throw()
        yield* channel.read()
      })
    expect(program).toThrow(expect.objectContaining({ error: new Error('cannot be disposed of') }) as Error)
  })
})

describe('a cancel in a greenlet', () => {
  it('stays a cancel when a disposal fails on the way, which is reported', () => {
    const channel = new Channel<number>()
    play(function* (jobs) {
      const greenlet = jobs.go(function* () {
        using _ = {
          [Symbol.dispose]() {
            throw new Error('cannot be disposed of')
          },
        }
        yield* sleep(1_000)
      })
      yield* sleep(1)
      greenlet.throw()
      yield* sleep(1)
      expect(greenlet.dead).toBe(true)
      channel.write(1)
      expect(yield* channel.read()).toBe(1)
    })
    expect(host.reported.splice(0)).toEqual([new Error('cannot be disposed of')])
  })

  it('stays a cancel also when it came second', () => {
    play(function* (jobs) {
      const greenlet = jobs.go(function* () {
        const cancelled = yield* catching(sleep(1_000))
        throw new SuppressedError(cancelled, new Error('what came first'))
      })
      yield* sleep(1)
      greenlet.throw()
      yield* sleep(1)
      const channel = new Channel<number>()
      channel.write(1)
      expect(yield* channel.read()).toBe(1)
    })
    expect(host.reported.splice(0)).toEqual([new Error('what came first')])
  })
})

describe('a program of greenlets', () => {
  it('goes on as it was after another that a greenlet has run on a platform of its own', () => {
    play(function* (jobs) {
      new VirtualHost().run(() =>
        running(
          greenlets(function* (inner) {
            expect(inner.getCurrent()).toBe(inner.getMain())
          }),
        ),
      )
      expect(jobs.getCurrent()).toBe(jobs.getMain())
    })
  })

  it('in which one waits for ever is a deadlock that says who waits where', () => {
    const program = () =>
      play(function* (jobs) {
        jobs.go(reading, new Channel('the void'), [])
      })
    expect(program).toThrow(Deadlock)
    expect(program).toThrow(/parked 0 ms on read the void/)
  })

  it('that is cancelled ends its greenlets before it ends', () => {
    const log: unknown[] = []
    host.run(function* () {
      const result = yield* moveOn(5, () =>
        running(
          greenlets(function* (jobs) {
            jobs.go(reading, new Channel(), log)
            yield* new Channel<number>().read()
          }),
        ),
      )
      expect(result).toEqual({ done: false })
      expect(log).toEqual(['cancelled: a scope of anonymous#1 was not done within 5 ms'])
    })
  })

  it('may run beside others, and inside another', () => {
    const log: string[] = []
    play(function* (outer) {
      const inner = outer.go(function* () {
        yield* greenlets(function* (jobs) {
          expect(jobs.getCurrent()).toBe(jobs.getMain())
          expect(jobs.getMain()).not.toBe(outer.getMain())
          jobs.go(function* () {
            log.push('inner')
          })
        })
        expect(outer.getCurrent()).toBe(inner)
        log.push('outer')
      })
    })
    expect(log).toEqual(['inner', 'outer'])
  })
})

it('exits have a code', () => {
  expect(new GreenletExit()).toMatchObject({ code: 'GREENLET_EXIT', name: 'GreenletExit' })
})

it('a greenlet runs any generator, and main gives what it returns', () => {
  expectTypeOf(greenlets(() => running(new Channel<string>().read()))).toEqualTypeOf<Operation<string>>()
  expectTypeOf<JobQueue['go']>().returns.toEqualTypeOf<Greenlet>()
})
