import { describe, expect, it } from 'vitest'
import type { Coroutine, Task } from '../../../runtime/index.ts'
import { Channel, Latch, moveOn, scope, shield, sleep, timeout, VirtualHost } from '../../../runtime/index.ts'

describe('a cancel', () => {
  it('is thrown at the operation the coroutine is parked on, with the reason, and finalizers run', () => {
    const { host, scheduler } = standing()
    const log: unknown[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } catch (error) {
        log.push(error)
        throw error
      } finally {
        log.push('finally')
      }
    })
    host.settle()
    task.cancel('enough')
    expect(log).toEqual([])
    host.settle()
    scheduler.validate()
    expect(log).toEqual([matching({ code: 'CANCELLED', name: 'Cancelled', reason: 'enough' }), 'finally'])
    expect(task.status).toBe('cancelled')
    expect(host.reported).toEqual([])
  })

  it('never comes from outside as a return: a finally sees it only after a catch has', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } catch {
        log.push('caught')
      }
      log.push('went on')
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(log).toEqual(['caught', 'went on'])
    expect(task.status).toBe('done')
  })

  it('is thrown again by every later operation, ready or not, which takes and gives nothing', () => {
    const { host, scheduler } = standing()
    const full = new Channel<number>(1)
    const room = new Channel<number>(1)
    full.trySend(1)
    const open = new Latch()
    open.open()
    const ended = scheduler.run(function* () {})
    host.settle()
    let caught = 0
    const task = scheduler.run(function* () {
      const operations = [
        () => full.receive(),
        () => room.send(2),
        () => open.wait(),
        () => sleep(0),
        () => ended.join(),
        () => scope(function* () {}),
        () => timeout(10, function* () {}),
        () => moveOn(10, function* () {}),
      ]
      for (const make of operations) {
        try {
          yield* make()
        } catch (error) {
          expect(error).toMatchObject({ code: 'CANCELLED' })
          caught += 1
        }
        full.validate()
        room.validate()
      }
      expect(caught).toBe(operations.length)
    })
    task.cancel()
    host.settle()
    expect(task.status).toBe('done')
    expect(full.tryReceive()).toEqual({ status: 'value', value: 1 })
    expect(room.tryReceive()).toEqual({ status: 'empty' })
  })

  it('before the first step lets the coroutine start, and is thrown at its first operation', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        log.push('started')
        yield* sleep(0)
        log.push('never')
      } finally {
        log.push('finally')
      }
    })
    task.cancel()
    host.settle()
    expect(log).toEqual(['started', 'finally'])
    expect(task.status).toBe('cancelled')
  })

  it('says nothing to a coroutine that runs no operation any more', () => {
    const { host, scheduler } = standing()
    const task = scheduler.run(function* () {
      return 'value'
    })
    task.cancel()
    host.settle()
    expect(task.status).toBe('done')
    task.cancel()
    expect(task.status).toBe('done')
  })

  it('while cancelling changes nothing: the first reason stays, and a finalizer is not disturbed', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        yield* shield(function* () {
          yield* sleep(10)
          log.push('finalizer')
        })
      }
    })
    host.settle()
    task.cancel('first')
    task.cancel('second')
    host.advance(5)
    task.cancel('third')
    scheduler.validate()
    expect(task.status).toBe('parked')
    host.advance(5)
    expect(log).toEqual(['finalizer'])
    expect(task.status).toBe('cancelled')
    return expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED', reason: 'first' })
  })

  it('from within works as one from outside: at the next operation', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task: Task<void> = scheduler.run(function* () {
      task.cancel()
      log.push('still here')
      yield* sleep(0)
      log.push('never')
    })
    host.settle()
    expect(log).toEqual(['still here'])
    expect(task.status).toBe('cancelled')
  })

  it('comes too late for what has been handed over: that is given, and the next operation throws', () => {
    const { host, scheduler } = standing()
    const channel = new Channel<string>()
    const log: unknown[] = []
    const taker = scheduler.run(function* () {
      log.push(yield* channel.receive())
      log.push(yield* channel.receive())
    })
    host.settle()
    expect(channel.trySend('handed over')).toBe(true)
    taker.cancel()
    expect(channel.trySend('too late')).toBe(false)
    host.settle()
    channel.validate()
    expect(log).toEqual(['handed over'])
    expect(taker.status).toBe('cancelled')
  })

  it('comes too late for a task that has ended: whoever joins it gets its value', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const ending = scheduler.run(function* () {
      yield* sleep(10)
      return 'value'
    })
    const joiner = scheduler.run(function* () {
      log.push(yield* ending.join())
      yield* sleep(0)
      log.push('never')
    })
    scheduler.run(function* () {
      yield* sleep(10)
      // Woken by the same look at the clock as `ending`, which has gone first and has put the joiner behind this one.
      expect([ending.status, joiner.status]).toEqual(['done', 'runnable'])
      joiner.cancel()
    })
    host.advance(10)
    expect(log).toEqual(['value'])
    expect(joiner.status).toBe('cancelled')
    expect(host.reported).toEqual([])
  })

  it('reaches everybody inside: scopes in the coroutine, children, and their children', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task = scheduler.run(function* () {
      yield* scope(function* (outer) {
        outer.spawn(() => logging(log, 'child of the outer scope'))
        yield* scope(function* (inner) {
          inner.spawn(function* () {
            yield* scope(function* (s) {
              s.spawn(() => logging(log, 'grandchild'))
              yield* logging(log, 'child of the inner scope')
            })
          })
          yield* logging(log, 'the coroutine')
        })
      })
    })
    host.settle()
    scheduler.validate()
    task.cancel()
    scheduler.validate()
    host.settle()
    scheduler.validate()
    expect(log.toSorted()).toEqual([
      'child of the inner scope',
      'child of the outer scope',
      'grandchild',
      'the coroutine',
    ])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, runnable: 0, parked: 0 })
  })

  it('goes through a moveOn and a timeout inside, which are not what was cancelled', () => {
    const { host, scheduler } = standing()
    const task = scheduler.run(function* () {
      yield* moveOn(1_000, function* () {
        yield* timeout(1_000, forever)
      })
      expect.unreachable('the cancel was taken for a time-out')
    })
    host.settle()
    expect(scheduler.statistics().timers).toBe(2)
    task.cancel()
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(scheduler.statistics().timers).toBe(0)
  })
})

describe('a finally', () => {
  it('that parks needs a shield: without one the cancel is thrown again there, and outer finalizers still run', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        try {
          yield* forever()
        } finally {
          yield* sleep(10)
          log.push('never')
        }
      } finally {
        log.push('outer')
      }
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(log).toEqual(['outer'])
    expect(task.status).toBe('cancelled')
    expect(host.now()).toBe(0)
  })

  it('that parks in a shield takes its time, and so does the next one', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        try {
          yield* forever()
        } finally {
          yield* shield(() => resting(10, log, 'inner'))
        }
      } finally {
        yield* shield(() => resting(20, log, 'outer'))
      }
    })
    host.settle()
    task.cancel()
    host.advance(10)
    scheduler.validate()
    expect(log).toEqual(['inner'])
    host.advance(19)
    expect(task.status).toBe('parked')
    host.advance(1)
    expect(log).toEqual(['inner', 'outer'])
    expect(task.status).toBe('cancelled')
  })

  it('that throws makes a failure of the cancel', () => {
    const { host, scheduler } = standing()
    const failure = new Error('in finally')
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        // biome-ignore lint/correctness/noUnsafeFinally: what is tested
        throw failure
      }
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(task.status).toBe('failed')
    expect(host.reported).toEqual([failure])
  })

  it('that is the disposal of a using and throws leaves it cancelled, and the failure is reported', () => {
    const { host, scheduler } = standing()
    const failure = new Error('disposal')
    const task = scheduler.run(function* () {
      using _one = disposing(failure)
      using _two = disposing(undefined)
      yield* forever()
    })
    host.settle()
    task.cancel('why')
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(host.reported).toEqual([undefined, failure])
    return expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED', reason: 'why' })
  })

  it('that is the disposal of a using in a scope in a cancelled coroutine is not lost on the way out', () => {
    const { host, scheduler } = standing()
    const failure = new Error('disposal')
    const task = scheduler.run(function* () {
      yield* scope(function* () {
        yield* moveOn(1_000, function* () {
          using _ = disposing(failure)
          yield* forever()
        })
      })
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(host.reported).toEqual([failure])
  })
})

describe('a coroutine that swallows its cancel', () => {
  it('makes a trip through the run queue each time, so that others and the host get their turn', () => {
    const { host, scheduler } = standing()
    const log: string[] = []
    const swallowing = function* (name: string): Coroutine<void> {
      for (let time = 0; time < 3; time += 1) {
        try {
          yield* sleep(0)
        } catch {
          log.push(name)
        }
      }
    }
    scheduler.run(swallowing, 'swallowed').cancel()
    scheduler.run(swallowing, 'other').cancel()
    host.settle()
    expect(log).toEqual(['swallowed', 'other', 'swallowed', 'other', 'swallowed', 'other'])
  })

  it('for ever neither freezes the host nor stays unknown: after 1,000 times it is reported, once', () => {
    const { host, scheduler } = standing()
    let swallowed = 0
    let stop = false
    const task = scheduler.run(function* stubborn() {
      while (!stop) {
        try {
          yield* forever()
        } catch {
          swallowed += 1
        }
      }
    })
    host.settle()
    task.cancel()
    const reportsAt = new Map<number, number>()
    const watch = () => {
      if (!reportsAt.has(host.reported.length)) reportsAt.set(host.reported.length, swallowed)
      if (swallowed > 3_000) stop = true
      else host.later(watch)
    }
    host.later(watch)
    host.settle()
    expect(task.status).toBe('done')
    expect(host.reported).toEqual([
      matching({ code: 'MISUSE', message: expect.stringMatching(/stubborn#1.*swallowed.*1000 times/) }),
    ])
    // Seen by the first callback of the host after it happened: a slice later at most.
    expect(reportsAt.get(0)).toBeLessThan(1_000)
    expect(reportsAt.get(1)).toBeGreaterThanOrEqual(1_000)
    expect(reportsAt.get(1)).toBeLessThanOrEqual(1_000 + host.sliceResumes)
  })

  it('999 times is let be', () => {
    const { host, scheduler } = standing()
    const task = scheduler.run(function* () {
      for (let time = 0; time < 999; time += 1) {
        try {
          yield* forever()
        } catch {}
      }
    })
    task.cancel()
    host.settle()
    expect(task.status).toBe('done')
    expect(host.reported).toEqual([])
  })
})

describe('a Cancelled', () => {
  it('that is thrown elsewhere is a failure like any other', () => {
    const { host, scheduler } = standing()
    let caught: unknown
    const cancelled = scheduler.run(function* () {
      try {
        yield* forever()
      } catch (error) {
        caught = error
        throw error
      }
    })
    host.settle()
    cancelled.cancel()
    host.settle()
    const other = scheduler.run(function* () {
      throw caught
    })
    host.settle()
    expect(other.status).toBe('failed')
    expect(host.reported).toEqual([caught])
  })

  it('of a scope that has ended is a failure in the scope around it', () => {
    const { host, scheduler } = standing()
    const task = scheduler.run(function* () {
      let caught: unknown
      const moved = yield* moveOn(0, function* () {
        try {
          yield* forever()
        } catch (error) {
          caught = error
          throw error
        }
      })
      expect(moved).toEqual({ done: false })
      throw caught
    })
    host.settle()
    expect(task.status).toBe('failed')
    expect(host.reported).toEqual([matching({ code: 'CANCELLED' })])
  })

  it('is one and the same error for one cancel, however deep it is met', () => {
    const { host, scheduler } = standing()
    const caught = new Set<unknown>()
    const catching = function* (): Coroutine<void> {
      try {
        yield* forever()
      } catch (error) {
        caught.add(error)
        throw error
      }
    }
    const task = scheduler.run(function* () {
      yield* scope(function* (s) {
        s.spawn(catching)
        yield* catching()
      })
    })
    host.settle()
    task.cancel()
    host.settle()
    expect(caught.size).toBe(1)
  })
})

/** A scheduler on which coroutines may stand for ever. */
function standing() {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler({ deadlock: 'ignore' }) }
}

function matching(properties: object): unknown {
  return expect.objectContaining(properties)
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}

function* logging(log: string[], name: string): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    log.push(name)
  }
}

function* resting(ms: number, log: string[], name: string): Coroutine<void> {
  yield* sleep(ms)
  log.push(name)
}

function disposing(error: unknown): Disposable {
  return {
    [Symbol.dispose]() {
      throw error
    },
  }
}
