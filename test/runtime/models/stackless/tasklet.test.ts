import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Task } from '../../../../runtime/index.ts'
import { Deadlock, Misuse, moveOn, scope, shield, sleep, VirtualHost } from '../../../../runtime/index.ts'
import type { StacklessThread, Tasklet } from '../../../../runtime/models/stackless.ts'
import { Channel, stackless, TaskletExit } from '../../../../runtime/models/stackless.ts'
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

function* noting(entry: unknown): Coroutine<void> {
  log.push(entry)
}

/** Receive for ever, and tell what came and how it ended. */
function* receiving(channel: Channel<unknown>): Coroutine<void> {
  try {
    for (;;) log.push(yield* channel.receive())
  } catch (error) {
    log.push((error as Error).message)
    throw error
  }
}

function* failing(message: string): Coroutine<void> {
  throw new Error(message)
}

describe('a tasklet', () => {
  it('is bound, called with its arguments, and runs when its turn comes', () => {
    play(function* (thread) {
      const bound = thread.tasklet(noting)
      bound('a')
      bound('b')
      expect(log).toEqual([])
      yield* thread.run()
      expect(log).toEqual(['a', 'b'])
    })
  })

  it('says what state it is in', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      const tasklet = thread.tasklet(receiving)(channel)
      expect(stateOf(tasklet)).toEqual({ isAlive: true, blocked: false, scheduled: true })
      yield* thread.run()
      expect(stateOf(tasklet)).toEqual({ isAlive: true, blocked: true, scheduled: true })
      channel.preference = 1
      yield* channel.send(1)
      expect(stateOf(tasklet)).toEqual({ isAlive: true, blocked: false, scheduled: true })
      yield* thread.run()
      yield* tasklet.kill()
      expect(stateOf(tasklet)).toEqual({ isAlive: false, blocked: false, scheduled: false })
      const asleep = thread.tasklet(() => running(sleep(10)))()
      yield* thread.run()
      expect(stateOf(asleep)).toEqual({ isAlive: true, blocked: false, scheduled: false })
    })

    function stateOf({ isAlive, blocked, scheduled }: Tasklet): unknown {
      return { isAlive, blocked, scheduled }
    }
  })

  it('gives way with schedule to all others that are runnable', () => {
    play(function* (thread) {
      for (const name of ['a', 'b']) {
        thread.tasklet(function* () {
          for (let time = 1; time <= 3; time += 1) {
            log.push(`${name}${time}`)
            yield* thread.schedule()
          }
        })()
      }
      yield* thread.run()
      expect(log).toEqual(['a1', 'b1', 'a2', 'b2', 'a3', 'b3'])
    })
  })

  it('is known while it runs, and so is main', () => {
    play(function* (thread) {
      const main = thread.getMain()
      expect(thread.getCurrent()).toBe(main)
      expect(main.isMain).toBe(true)
      const tasklet = thread.tasklet(function* () {
        expect(thread.getCurrent()).toBe(tasklet)
        yield* thread.schedule()
        expect(thread.getCurrent()).toBe(tasklet)
        yield* sleep(1)
        expect(thread.getCurrent()).toBe(tasklet)
        expect(tasklet.isMain).toBe(false)
        log.push('looked')
      })()
      yield* sleep(2)
      expect(thread.getCurrent()).toBe(main)
      expect(log).toEqual(['looked'])
    })
  })

  it('is not known where its own body does not run', () => {
    play(function* (thread) {
      yield* scope(function* (inner) {
        expect(() => thread.getCurrent()).toThrow('no tasklet is running here')
        inner.spawn(function* () {
          expect(() => thread.getCurrent()).toThrow('no tasklet is running here')
          log.push('looked')
        })
      })
      expect(log).toEqual(['looked'])
    })
  })

  it('is told of a bare yield, which it can catch', () => {
    play(function* (thread) {
      thread.tasklet(function* () {
        try {
          yield thread.schedule() as never
        } catch (error) {
          log.push(error)
        }
        yield* thread.schedule()
        log.push('went on')
      })()
      yield* sleep(1)
      expect(log).toEqual([expect.any(Misuse), 'went on'])
    })
  })

  it('is named in a dump after its function', () => {
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const program = scheduler.run(() =>
      running(
        stackless(function* (thread) {
          thread.tasklet(receiving)(new Channel('orders'))
          yield* sleep(1)
        }),
      ),
    )
    program.promise.catch(() => {})
    host.settle()
    expect(scheduler.dump()).toContain('receiving#2  parked 0 ms on receive orders')
    program.cancel()
    host.settle()
  })

  it('must be a coroutine', () => {
    play(function* (thread) {
      const body = (() => 1) as unknown as () => Coroutine<number>
      expect(thread.tasklet(body)).toThrow('body is no coroutine: write it as function* (…): Coroutine<…>')
    })
  })

  it('takes the arguments of its function, and nothing else', () => {
    expectTypeOf<StacklessThread>().toHaveProperty('tasklet')
    play(function* (thread) {
      const bound = thread.tasklet(function* (_name: string, _size: number) {})
      expectTypeOf(bound).parameters.toEqualTypeOf<[string, number]>()
      expectTypeOf(bound).returns.toEqualTypeOf<Tasklet>()
    })
    expectTypeOf(stackless(() => running(new Channel<string>().receive()))).toEqualTypeOf<Operation<string>>()
  })
})

describe('the run count', () => {
  it('is the number of tasklets that can run, the running one included', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      expect(thread.getRunCount()).toBe(1)
      thread.tasklet(receiving)(channel)
      thread.tasklet(function* () {
        log.push(thread.getRunCount())
        yield* thread.schedule()
        log.push(thread.getRunCount())
      })()
      expect(thread.getRunCount()).toBe(3)
      yield* thread.run()
      // Main waits in run, and the receiver in its channel.
      expect(log).toEqual([1, 1])
      expect(thread.getRunCount()).toBe(1)
      channel.preference = 1
      yield* channel.send(1)
      expect(thread.getRunCount()).toBe(2)
    })
  })

  it('knows who sleeps, who is woken and who is killed', () => {
    play(function* (thread) {
      thread.tasklet(() => running(sleep(10)))()
      const channel = new Channel<number>()
      const killed = thread.tasklet(receiving)(channel)
      expect(thread.getRunCount()).toBe(3)
      yield* thread.run()
      expect(thread.getRunCount()).toBe(1)
      yield* killed.kill()
      expect(thread.getRunCount()).toBe(1)
      yield* sleep(20)
      expect(thread.getRunCount()).toBe(1)
    })
  })
})

describe('run', () => {
  it('returns at once when nobody else can run', () => {
    play(function* (thread) {
      yield* thread.run()
      thread.tasklet(receiving)(new Channel())
      yield* thread.run()
      yield* thread.run()
      log.push('done')
    })
    expect(log.slice(0, 1)).toEqual(['done'])
  })

  it('returns when the others wait in channels, and can be called again', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      channel.preference = 1
      thread.tasklet(receiving)(channel)
      for (const value of [1, 2, 3]) {
        yield* thread.run()
        expect(log.length).toBe(value - 1)
        yield* channel.send(value)
      }
      yield* thread.run()
      expect(log).toEqual([1, 2, 3])
    })
  })

  it('throws what a tasklet has failed with; the others go on with the next run', () => {
    play(function* (thread) {
      thread.tasklet(failing)('a')
      thread.tasklet(noting)('b')
      thread.tasklet(failing)('c')
      const errors = [yield* catching(thread.run()), yield* catching(thread.run())]
      expect(errors).toEqual([new Error('a'), new Error('c')])
      yield* thread.run()
      expect(log).toEqual(['b'])
    })
  })

  it('is for main alone', () => {
    play(function* (thread) {
      thread.tasklet(function* () {
        log.push(((yield* catching(thread.run())) as Error).message)
      })()
      yield* thread.run()
      expect(log).toEqual(['run was called by another than the main tasklet: call schedule to let the others run'])
    })
  })

  it('is interrupted by a cancel like any operation', () => {
    const program: Task<void> = host.scheduler().run(() =>
      running(
        stackless(function* (thread) {
          thread.tasklet(function* () {
            yield* thread.schedule()
            program.cancel('enough')
            log.push(((yield* catching(thread.schedule())) as Error).message)
          })()
          log.push(((yield* catching(thread.run())) as Error).message)
        }),
      ),
    )
    program.promise.catch(() => {})
    host.finish()
    expect(log).toEqual(['cancelled: enough', 'cancelled: enough'])
    expect(program.status).toBe('done')
  })
})

describe('a cancel of the program', () => {
  it('takes its tasklets out of their channels, and they can run again to clean up', () => {
    const channel = new Channel<number>()
    let killed: Tasklet | undefined
    const program = host.scheduler({ deadlock: 'ignore' }).run(() =>
      running(
        stackless(function* (thread) {
          killed = thread.tasklet(function* () {
            const error = yield* catching(channel.receive())
            log.push(channel.balance, thread.getCurrent().blocked, thread.getRunCount())
            // Nothing that it waited on is left to throw out of.
            yield* shield(() => running(sleep(10)))
            throw error
          })()
          yield* sleep(1_000)
        }),
      ),
    )
    program.promise.catch(() => {})
    host.settle()
    program.cancel()
    host.settle()
    expect(log).toEqual([0, false, 1])
    host.scheduler().run(() => running((killed as Tasklet).kill()))
    host.finish()
    expect(program.status).toBe('cancelled')
  })
})

describe('an exception in a tasklet', () => {
  it('comes out of the operation that main waits on, which has not happened', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      thread.tasklet(failing)('inside')
      expect(yield* catching(channel.receive())).toEqual(new Error('inside'))
      expect(channel.balance).toBe(0)
      channel.validate()
    })
  })

  it('is the failure of the program when main does not catch it', () => {
    const channel = new Channel<number>()
    const program = () =>
      play(function* (thread) {
        thread.tasklet(receiving)(channel)
        thread.tasklet(failing)('not caught')
        yield* thread.run()
      })
    expect(program).toThrow(new Error('not caught'))
    expect(channel.balance).toBe(0)
    expect(log).toEqual(['cancelled: main has ended'])
  })

  it('is not lost when main ends before it is told', () => {
    const program = () =>
      play(function* (thread) {
        thread.tasklet(failing)('unheard')
        yield* sleep(1)
      })
    expect(program).toThrow(new Error('unheard'))
  })

  it('is not lost when it comes up while the tasklets that are left are killed', () => {
    const program = () =>
      play(function* (thread) {
        thread.tasklet(function* () {
          try {
            yield* new Channel<number>().receive()
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: that it does is what is tested
            throw new Error('of a finalizer')
          }
        })()
        yield* thread.run()
      })
    expect(program).toThrow(new Error('of a finalizer'))
  })
})

describe('raising an exception in a tasklet', () => {
  it('throws it out of the channel operation that it waits on, once, and it may go on', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      const tasklet = thread.tasklet(function* () {
        log.push(((yield* catching(channel.receive())) as Error).message)
        log.push(yield* channel.receive())
      })()
      yield* thread.run()
      expect(channel.balance).toBe(-1)
      yield* tasklet.raiseException(new Error('wake up'))
      expect(log).toEqual(['wake up'])
      expect(channel.balance).toBe(-1)
      channel.validate()
      yield* channel.send(1)
      expect(log).toEqual(['wake up', 1])
    })
  })

  it('goes on behind the tasklet, and others that are runnable go first', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      const tasklet = thread.tasklet(receiving)(channel)
      yield* thread.run()
      thread.tasklet(noting)('other')
      yield* tasklet.kill()
      log.push('caller')
      expect(log).toEqual(['other', 'the tasklet was killed', 'caller'])
    })
  })

  it('throws it out of schedule, too', () => {
    play(function* (thread) {
      const tasklet = thread.tasklet(function* () {
        log.push(yield* catching(thread.schedule()))
      })()
      yield* thread.schedule()
      yield* tasklet.raiseException('during schedule')
      expect(log).toEqual(['during schedule'])
    })
  })

  it('leaves the value that was handed over to one: its next operation throws', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      channel.preference = 1
      const tasklet = thread.tasklet(receiving)(channel)
      yield* thread.run()
      yield* channel.send(1)
      yield* tasklet.kill()
      expect(log).toEqual([1, 'the tasklet was killed'])
      expect(tasklet.isAlive).toBe(false)
      expect(channel.balance).toBe(0)
    })
  })

  it('throws at once into the one that is running', () => {
    play(function* (thread) {
      thread.tasklet(function* () {
        log.push(yield* catching(thread.getCurrent().raiseException('to myself')))
        yield* thread.getCurrent().kill()
        log.push('never')
      })()
      yield* thread.run()
      expect(log).toEqual(['to myself'])
    })
  })

  it('never lets one begin that has not begun, and main hears of it', () => {
    play(function* (thread) {
      const tasklet = thread.tasklet(noting)('never')
      yield* tasklet.raiseException(new Error('too early'))
      expect(tasklet.isAlive).toBe(false)
      expect(yield* catching(thread.run())).toEqual(new Error('too early'))
      expect(log).toEqual([])
    })
  })

  it('is a misuse when the tasklet is dead, but for a TaskletExit', () => {
    play(function* (thread) {
      const tasklet = thread.tasklet(noting)('done')
      yield* thread.run()
      expect(yield* catching(tasklet.raiseException(new Error('too late')))).toBeInstanceOf(Misuse)
      yield* tasklet.raiseException(new TaskletExit())
      yield* tasklet.kill()
    })
  })

  it('waits for the next operation of Stackless when the tasklet waits for something of the core', () => {
    play(function* (thread) {
      const tasklet = thread.tasklet(function* () {
        yield* sleep(10)
        log.push(host.now(), yield* catching(thread.schedule()))
      })()
      yield* thread.run()
      yield* tasklet.raiseException('while asleep')
      yield* sleep(20)
      expect(log).toEqual([10, 'while asleep'])
    })
  })

  it('works from outside of the thread as well', () => {
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    let tasklet: Tasklet | undefined
    const program = scheduler.run(() =>
      running(
        stackless(function* (thread) {
          tasklet = thread.tasklet(receiving)(new Channel())
          yield* sleep(10)
        }),
      ),
    )
    host.settle()
    scheduler.run(() => running((tasklet as Tasklet).kill()))
    host.settle()
    expect(log).toEqual(['the tasklet was killed'])
    host.advance(10)
    expect(program.status).toBe('done')
  })
})

describe('killing a tasklet', () => {
  it('throws a TaskletExit where it waits, corrects the balance, and nobody hears of it', () => {
    play(function* (thread) {
      const channel = new Channel<string>()
      const senders = ['a', 'b', 'c'].map((value) =>
        thread.tasklet(function* () {
          yield* channel.send(value)
        })(),
      )
      yield* thread.run()
      expect(channel.balance).toBe(3)
      yield* (senders[1] as Tasklet).kill()
      expect(channel.balance).toBe(2)
      channel.validate()
      expect(senders.map(({ isAlive }) => isAlive)).toEqual([true, false, true])
      expect([yield* channel.receive(), yield* channel.receive()]).toEqual(['a', 'c'])
    })
  })

  it('can be caught, and outlived', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      const tasklet = thread.tasklet(function* () {
        const error = yield* catching(channel.receive())
        expect(error).toBeInstanceOf(TaskletExit)
        log.push(yield* channel.receive())
      })()
      yield* thread.run()
      yield* tasklet.kill()
      expect(tasklet.isAlive).toBe(true)
      yield* channel.send(1)
      expect(log).toEqual([1])
    })
  })

  it('lets it clean up, and wait while it does', () => {
    play(function* (thread) {
      const channel = new Channel<number>()
      const tasklet = thread.tasklet(function* () {
        try {
          yield* channel.receive()
        } finally {
          yield* sleep(5)
          log.push(yield* channel.receive())
        }
      })()
      yield* thread.run()
      yield* tasklet.kill()
      yield* channel.send(1)
      yield* thread.run()
      expect(log).toEqual([1])
      expect(tasklet.isAlive).toBe(false)
    })
  })

  it('cancels one that waits for something of the core', () => {
    play(function* (thread) {
      const inCore = thread.tasklet(function* () {
        const error = yield* catching(sleep(1_000))
        log.push((error as Error).message)
        throw error
      })()
      const inScope = thread.tasklet(function* () {
        yield* moveOn(1_000, () => running(new Channel<number>().receive()))
      })()
      yield* thread.run()
      yield* inCore.kill()
      yield* inScope.kill()
      expect([inCore.isAlive, inScope.isAlive]).toEqual([false, false])
      expect(log).toEqual(['cancelled: the tasklet was killed'])
      expect(host.now()).toBe(0)
    })
  })

  it('does not make one runnable that is out of reach of any cancel', () => {
    play(function* (thread) {
      const tasklet = thread.tasklet(function* () {
        yield* shield(() => running(sleep(10)))
        log.push('out of the shield')
        yield* sleep(1_000)
      })()
      yield* thread.run()
      yield* tasklet.kill()
      yield* tasklet.kill()
      expect([tasklet.isAlive, thread.getRunCount()]).toEqual([true, 1])
      yield* sleep(20)
      expect(log).toEqual(['out of the shield'])
      expect([tasklet.isAlive, thread.getRunCount()]).toEqual([false, 1])
    })
  })

  it('ends one that is about to wait for something of the core', () => {
    play(function* (thread) {
      const tasklet = thread.tasklet(function* () {
        yield* thread.schedule()
        yield* new Channel<number>().sendSequence([])
        yield* sleep(1_000)
      })()
      const channel = new Channel<number>()
      channel.preference = 1
      const receiver = thread.tasklet(function* () {
        yield* channel.receive()
        yield* sleep(1_000)
      })()
      yield* thread.schedule()
      yield* tasklet.kill()
      yield* channel.send(1)
      yield* receiver.kill()
      yield* thread.run()
      expect([tasklet.isAlive, receiver.isAlive]).toEqual([false, false])
      expect(host.now()).toBe(0)
    })
  })

  it('is done by main to all that are left when it ends', () => {
    play(function* (thread) {
      thread.tasklet(receiving)(new Channel())
      thread.tasklet(receiving)(new Channel())
      yield* thread.run()
    })
    expect(log).toEqual(Array(2).fill('cancelled: main has ended'))
  })

  it('is a failure of the program when it is main that is killed', () => {
    const program = () =>
      play(function* (thread) {
        thread.tasklet(function* () {
          yield* thread.getMain().kill()
        })()
        yield* thread.run()
      })
    expect(program).toThrow(TaskletExit)
  })
})

describe('a program of tasklets', () => {
  it('gives what main returns, once all tasklets have ended', () => {
    const result = play(function* (thread) {
      thread.tasklet(function* () {
        try {
          yield* new Channel<number>().receive()
        } finally {
          log.push('cleaned up')
        }
      })()
      yield* thread.run()
      return 'result'
    })
    expect(result).toBe('result')
    expect(log).toEqual(['cleaned up'])
  })

  it('in which main waits for ever is a deadlock that says who waits where', () => {
    const program = () =>
      play(function* (thread) {
        thread.tasklet(receiving)(new Channel('orders'))
        yield* new Channel('replies').receive()
      })
    expect(program).toThrow(Deadlock)
    expect(program).toThrow(/on receive replies\n.*on receive orders/)
  })

  it('may run inside a tasklet of another', () => {
    play(function* (outer) {
      const tasklet = outer.tasklet(function* () {
        yield* stackless(function* (inner) {
          expect(inner.getCurrent()).toBe(inner.getMain())
          inner.tasklet(noting)('inner')
          yield* inner.run()
        })
        expect(outer.getCurrent()).toBe(tasklet)
        log.push('outer')
      })()
      yield* sleep(1)
    })
    expect(log).toEqual(['inner', 'outer'])
  })
})

it('a TaskletExit has a code', () => {
  expect(new TaskletExit()).toMatchObject({ code: 'TASKLET_EXIT', name: 'TaskletExit' })
})
