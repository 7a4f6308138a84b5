import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, MovedOn, Operation, Scope } from '../../runtime/index.ts'
import { Latch, moveOn, scope, shield, sleep, TimeoutError, timeout, VirtualHost } from '../../runtime/index.ts'
import { catching, running } from './outcomes.ts'

describe('timeout', () => {
  it('gives the value of a body that ends in time, and leaves no timer behind', () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const operation = timeout(100, () => resting(10, 'value'))
      expectTypeOf(operation).toEqualTypeOf<Operation<string>>()
      return yield* operation
    })
    host.advance(10)
    expect(task.status).toBe('done')
    expect(scheduler.statistics().timers).toBe(0)
    expect(host.pending).toBe(0)
  })

  it('stops a body that does not, at the very limit, and throws TimeoutError once all in it has ended', () => {
    const { host, scheduler } = hosted()
    const log: string[] = []
    scheduler.run(function* () {
      const error = yield* catching(
        timeout(100, function* (s) {
          s.spawn(() => slowToStop(20))
          try {
            yield* forever()
          } finally {
            log.push(`stopped at ${host.now()}`)
          }
        }),
      )
      expect(error).toMatchObject({
        code: 'TIMEOUT',
        limitMs: 100,
        message: 'a scope of anonymous#1 was not done within 100 ms',
      })
      log.push(`thrown at ${host.now()}`)
      yield* sleep(1)
      log.push('the coroutine goes on')
    })
    host.advance(99)
    expect(log).toEqual([])
    host.finish()
    expect(log).toEqual(['stopped at 100', 'thrown at 120', 'the coroutine goes on'])
    expect(host.reported).toEqual([])
  })

  it('of 0 or less stops the body at its first operation, and of Infinity never', () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const log: string[] = []
      for (const limitMs of [0, -1]) {
        const error = yield* catching(
          timeout(limitMs, function* () {
            log.push('started')
            yield* sleep(0)
            log.push('never')
          }),
        )
        expect(error).toMatchObject({ code: 'TIMEOUT', limitMs })
      }
      yield* timeout(Number.POSITIVE_INFINITY, () => resting(1e9, undefined))
      expect(log).toEqual(['started', 'started'])
    })
    host.settle()
    expect(scheduler.statistics().timers).toBe(1)
    host.finish()
    expect(task.status).toBe('done')
  })

  it('refuses a limit that is no number', () => {
    for (const limitMs of [Number.NaN, '5', undefined] as number[]) {
      expect(() => timeout(limitMs, forever)).toThrow(RangeError)
      expect(() => moveOn(limitMs, forever)).toThrow(RangeError)
    }
    expect(() => shield(forever, { limitMs: Number.NaN })).toThrow(RangeError)
  })

  it('gives the value of a body that ends all the same', () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      return yield* timeout(10, function* () {
        yield* catching(sleep(20))
        return 'value'
      })
    })
    host.finish()
    return expect(task.promise).resolves.toBe('value')
  })

  it('is not kept by a body that has ended when what it spawned has not', () => {
    const { host, scheduler } = hosted()
    const spawning = function* (s: Scope): Coroutine<string> {
      s.spawn(() => resting(20, undefined))
      return 'value'
    }
    const task = scheduler.run(function* () {
      return [
        yield* catching(timeout(10, spawning)),
        yield* moveOn(10, spawning),
        yield* moveOn(30, spawning),
        yield* catching(shield(spawning, { limitMs: 10 })),
      ]
    })
    host.finish()
    return expect(task.promise).resolves.toMatchObject([
      { code: 'TIMEOUT', limitMs: 10 },
      { done: false },
      { done: true, value: 'value' },
      { code: 'TIMEOUT' },
    ])
  })

  it('lets a failure through as itself', () => {
    const { host, scheduler } = hosted()
    const failure = new Error('failure')
    const task = scheduler.run(() => catching(timeout(10, () => failing(failure))))
    host.finish()
    return expect(task.promise).resolves.toBe(failure)
  })

  it('inside another one is told apart: each throws its own error, at its own place', () => {
    const { host, scheduler } = hosted()
    const outerFirst = scheduler.run(function* () {
      return yield* catching(timeout(10, () => running(timeout(20, forever))))
    })
    const innerFirst = scheduler.run(function* () {
      return yield* catching(timeout(20, () => running(timeout(10, forever))))
    })
    host.finish()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
    expect(host.reported).toEqual([])
    return expect(Promise.all([outerFirst.promise, innerFirst.promise])).resolves.toMatchObject([
      { code: 'TIMEOUT', limitMs: 10 },
      { code: 'TIMEOUT', limitMs: 10 },
    ])
  })

  it('thrown for another reason than its own limit is not taken for it', () => {
    const { host, scheduler } = hosted()
    const reasons = ['by hand', new TimeoutError(10)]
    const task = scheduler.run(function* () {
      const errors: unknown[] = []
      for (const reason of reasons) {
        const operation = timeout(10, function* (s) {
          s.cancel(reason)
          yield* forever()
        })
        errors.push(yield* catching(operation))
      }
      return errors
    })
    host.finish()
    return expect(task.promise).resolves.toMatchObject(reasons.map((reason) => ({ code: 'TASK_CANCELLED', reason })))
  })
})

describe('moveOn', () => {
  it('says whether the body was done, and gives its value then', () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const quick: MovedOn<string> = yield* moveOn(10, () => resting(5, 'value'))
      const slow = yield* moveOn(10, () => resting(15, 'value'))
      expectTypeOf(slow).toEqualTypeOf<MovedOn<string>>()
      return [quick, slow, host.now()]
    })
    host.finish()
    expect(scheduler.statistics().timers).toBe(0)
    return expect(task.promise).resolves.toEqual([{ done: true, value: 'value' }, { done: false }, 15])
  })

  it('can be done again and again, and leaves nothing behind', () => {
    const { host, scheduler } = hosted()
    const never = new Latch('never')
    scheduler.run(function* () {
      for (let time = 0; time < 1_000; time += 1) {
        yield* moveOn(1, () => running(never.wait()))
        if (time % 100 === 0) scheduler.validate()
      }
    })
    host.finish()
    expect(host.now()).toBe(1_000)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0, awaited: 0 })
  })
})

describe('shield', () => {
  it('lets a coroutine park while it is cancelled, and throws again after it', () => {
    const { host, scheduler } = hosted()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } catch (error) {
        log.push(yield* shield(() => resting(10, 'rested')))
        yield* catching(sleep(0))
        log.push('met the cancel again')
        log.push(yield* shield(() => resting(10, 'rested again')))
        throw error
      }
    })
    host.settle()
    task.cancel()
    host.finish()
    expect(log).toEqual(['rested', 'met the cancel again', 'rested again'])
    expect(host.now()).toBe(20)
    expect(task.status).toBe('cancelled')
  })

  it('is entered and left undisturbed by a cancel that comes meanwhile', () => {
    const { host, scheduler } = hosted()
    const log: string[] = []
    const task = scheduler.run(function* () {
      log.push(
        yield* shield(function* () {
          yield* sleep(10)
          return yield* scope(() => resting(10, 'all of it'))
        }),
      )
      yield* sleep(0)
      log.push('never')
    })
    host.advance(5)
    task.cancel()
    scheduler.validate()
    host.finish()
    expect(log).toEqual(['all of it'])
    expect(host.now()).toBe(20)
    expect(task.status).toBe('cancelled')
  })

  it('covers the children that are spawned in it, and waits for them', () => {
    const { host, scheduler } = hosted()
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        yield* shield(function* (s) {
          s.spawn(function* () {
            log.push(yield* resting(10, 'child'))
          })
        })
      }
    })
    host.settle()
    task.cancel()
    host.settle()
    scheduler.validate()
    host.finish()
    expect(log).toEqual(['child'])
  })

  it('can still be cancelled itself, and by a limit inside it', () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const byHand = yield* catching(
        shield(function* (s) {
          s.cancel('by hand')
          yield* forever()
        }),
      )
      const inside = yield* shield(() => running(moveOn(10, forever)))
      return [byHand, inside]
    })
    host.finish()
    return expect(task.promise).resolves.toMatchObject([{ code: 'TASK_CANCELLED', reason: 'by hand' }, { done: false }])
  })

  it('with a limit stops its body then, with a TimeoutError, also while cancelled', () => {
    const { host, scheduler } = hosted()
    let thrown: unknown
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        thrown = yield* catching(shield(forever, { limitMs: 10 }))
      }
    })
    host.settle()
    task.cancel()
    host.finish()
    expect(thrown).toMatchObject({ code: 'TIMEOUT', limitMs: 10 })
    expect(host.now()).toBe(10)
    expect(task.status).toBe('cancelled')
  })

  it('in a shield in a shield keeps out each cancel from around it', () => {
    const { host, scheduler } = hosted()
    const log: string[] = []
    const task = scheduler.run(function* () {
      yield* shield(function* (outer) {
        log.push(
          yield* shield(function* () {
            outer.cancel('outer shield')
            return yield* resting(10, 'inner shield done')
          }),
        )
        yield* catching(sleep(0))
        log.push('outer shield stopped')
      })
      yield* catching(sleep(0))
      log.push('task stopped')
    })
    host.settle()
    task.cancel('task')
    scheduler.validate()
    host.finish()
    expect(log).toEqual(['inner shield done', 'outer shield stopped', 'task stopped'])
  })

  it('in a loop makes its trips through the run queue, cancelled or not, also around nothing', () => {
    const bodies: [string, () => Coroutine<void>][] = [
      ['nothing', function* () {}],
      ['an operation that is ready', () => running(sleep(0))],
    ]
    for (const [name, body] of bodies) {
      for (const isCancelled of [false, true]) {
        const { host, scheduler } = hosted()
        let hasRun = false
        let rounds = 0
        const looping = scheduler.run(function* () {
          for (; !hasRun && rounds < 10_000; rounds += 1) yield* shield(body)
        })
        if (isCancelled) looping.cancel()
        scheduler.run(function* () {
          hasRun = true
        })
        host.settle()
        expect({ name, isCancelled, isSlow: rounds > 200 }).toEqual({ name, isCancelled, isSlow: false })
      }
    }
  })
})

function hosted() {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler({ deadlock: 'ignore' }) }
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}

function* resting<T>(ms: number, value: T): Coroutine<T> {
  yield* sleep(ms)
  return value
}

function* failing(error: unknown): Coroutine<never> {
  yield* sleep(0)
  throw error
}

function* slowToStop(ms: number): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    yield* shield(() => resting(ms, undefined))
  }
}
