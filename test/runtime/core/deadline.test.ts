import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Coroutine, Scope } from '../../../runtime/index.ts'
import { Latch, moveOn, scope, shield, sleep, TimeoutError, timeout, VirtualHost } from '../../../runtime/index.ts'
import { host, scheduler } from '../fresh-host.ts'
import { catching, running } from '../outcomes.ts'

afterEach(() => {
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
})

describe('the limit of a scope', () => {
  it('tells how much of it is left', () => {
    const log: number[] = []
    scheduler.run(function* () {
      yield* timeout(100, function* (s) {
        log.push(s.remainingMs)
        yield* sleep(30)
        log.push(s.remainingMs)
      })
      yield* scope(function* (s) {
        log.push(s.remainingMs)
      })
      yield* catching(
        timeout(100, function* (s) {
          yield* catching(sleep(200))
          log.push(s.remainingMs)
          yield* sleep(0)
        }),
      )
    })
    host.finish()
    expect(log).toEqual([100, 70, Number.POSITIVE_INFINITY, 0])
  })

  it('can be moved later, as often as one likes, and fires once, at the last', () => {
    const task = scheduler.run(function* () {
      const error = yield* catching(
        timeout(10, function* (s) {
          for (let each = 0; each < 5; each += 1) {
            yield* sleep(9)
            expect(s.setLimit(10)).toBe(true)
            expect(s.remainingMs).toBe(10)
          }
          yield* forever()
        }),
      )
      return { error, at: host.now() }
    })
    host.finish()
    return expect(task.promise).resolves.toMatchObject({
      error: { code: 'TIMEOUT', limitMs: 10, message: 'a scope of anonymous#1 was not done within 10 ms' },
      at: 55,
    })
  })

  it('can be moved earlier', () => {
    const task = scheduler.run(function* () {
      const error = yield* catching(
        timeout(1_000, function* (s) {
          s.setLimit(5)
          yield* forever()
        }),
      )
      return { error, at: host.now() }
    })
    host.finish()
    return expect(task.promise).resolves.toMatchObject({ error: { code: 'TIMEOUT', limitMs: 5 }, at: 5 })
  })

  it('can be extended by what it has left', () => {
    const task = scheduler.run(() =>
      running(
        moveOn(10, function* (s) {
          yield* sleep(4)
          s.setLimit(s.remainingMs + 5)
          expect(s.remainingMs).toBe(11)
          yield* forever()
        }),
      ),
    )
    host.finish()
    expect(host.now()).toBe(15)
    return expect(task.promise).resolves.toEqual({ done: false })
  })

  it.each([0, -1, Number.NEGATIVE_INFINITY])('moved to %s ms from now stops it at its next operation', (limitMs) => {
    const log: string[] = []
    const task = scheduler.run(() =>
      catching(
        timeout(1_000, function* (s) {
          s.spawn(function* () {
            try {
              yield* forever()
            } finally {
              log.push('the child stops')
            }
          })
          yield* sleep(1)
          expect(s.setLimit(limitMs)).toBe(true)
          log.push('goes on')
          yield* sleep(0)
          log.push('never')
        }),
      ),
    )
    host.finish()
    expect(log).toEqual(['goes on', 'the child stops'])
    expect(host.now()).toBe(1)
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT', limitMs })
  })

  it('can be lifted, and then leaves no timer behind', () => {
    const task = scheduler.run(() =>
      running(
        timeout(10, function* (s) {
          expect(s.setLimit(Number.POSITIVE_INFINITY)).toBe(true)
          expect(scheduler.statistics().timers).toBe(0)
          expect(s.remainingMs).toBe(Number.POSITIVE_INFINITY)
          yield* sleep(100)
          return 'value'
        }),
      ),
    )
    host.finish()
    return expect(task.promise).resolves.toBe('value')
  })

  it('can be set where there was none: a scope then throws TimeoutError', () => {
    const task = scheduler.run(() =>
      catching(
        scope(function* (s) {
          yield* sleep(5)
          s.setLimit(10)
          yield* forever()
        }),
      ),
    )
    host.finish()
    expect(host.now()).toBe(15)
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT', limitMs: 10 })
  })

  it('of a moveOn that had none, and of a shield, can be moved as well', () => {
    const setting = function* (s: Scope): Coroutine<void> {
      s.setLimit(10)
      yield* forever()
    }
    const moved = scheduler.run(() => running(moveOn(Number.POSITIVE_INFINITY, setting)))
    const shielded = scheduler.run(() => catching(shield(setting)))
    const extended = scheduler.run(function* () {
      yield* shield(
        function* (s) {
          s.setLimit(50)
          yield* sleep(40)
        },
        { limitMs: 20 },
      )
      return host.now()
    })
    host.finish()
    return expect(Promise.all([moved, shielded, extended].map(({ promise }) => promise))).resolves.toMatchObject([
      { done: false },
      { code: 'TIMEOUT', limitMs: 10 },
      40,
    ])
  })

  it('of a shield counts while its coroutine is cancelled', () => {
    const log: unknown[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        log.push(
          yield* catching(
            shield(function* (s) {
              expect(s.setLimit(10)).toBe(true)
              yield* forever()
            }),
          ),
          host.now(),
        )
      }
    })
    host.settle()
    task.cancel()
    host.finish()
    expect(log).toEqual([expect.objectContaining({ code: 'TIMEOUT' }), 10])
  })

  it('can be moved by a child, while the scope only waits for its children', () => {
    const task = scheduler.run(function* () {
      return yield* catching(
        timeout(10, function* (s) {
          s.spawn(function* () {
            yield* sleep(9)
            s.setLimit(100)
            yield* sleep(50)
            s.setLimit(1)
            yield* forever()
          })
        }),
      )
    })
    host.finish()
    expect(host.now()).toBe(60)
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT', limitMs: 1 })
  })

  it('can be moved from outside of coroutines, also when all are parked', () => {
    let kept: Scope | undefined
    const task = scheduler.run(() =>
      catching(
        scope(function* (s) {
          kept = s
          yield* forever()
        }),
      ),
    )
    host.finish()
    expect(task.status).toBe('parked')
    expect(kept?.setLimit(10)).toBe(true)
    host.advance(5)
    expect(kept?.setLimit(10)).toBe(true)
    host.advance(9)
    expect(task.status).toBe('parked')
    host.advance(1)
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT' })
  })

  it('inside another is moved alone: the one around it still holds', () => {
    const task = scheduler.run(() =>
      catching(
        timeout(20, () =>
          running(
            timeout(10, function* (s) {
              s.setLimit(1_000)
              yield* forever()
            }),
          ),
        ),
      ),
    )
    host.finish()
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT', limitMs: 20 })
  })

  it('that is no number is refused', () => {
    const task = scheduler.run(() =>
      running(
        scope(function* (s) {
          for (const limitMs of [Number.NaN, '5', undefined] as number[]) {
            expect(() => s.setLimit(limitMs)).toThrow(`setLimit takes a limit in milliseconds (got ${limitMs})`)
          }
        }),
      ),
    )
    host.finish()
    return expect(task.promise).resolves.toBeUndefined()
  })
})

describe('a limit cannot be moved any more', () => {
  it('once it has stopped the scope', () => {
    const log: unknown[] = []
    const task = scheduler.run(() =>
      catching(
        timeout(10, function* (s) {
          yield* catching(forever())
          log.push(s.setLimit(100), s.setLimit(Number.POSITIVE_INFINITY))
          yield* sleep(0)
        }),
      ),
    )
    host.finish()
    expect(log).toEqual([false, false])
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT', limitMs: 10 })
  })

  it('once the scope is cancelled for another reason, which stays the reason', () => {
    const task = scheduler.run(() =>
      catching(
        timeout(10, function* (s) {
          s.cancel('by hand')
          expect(s.setLimit(0)).toBe(false)
          yield* shield(() => running(sleep(20)))
          yield* sleep(0)
        }),
      ),
    )
    host.finish()
    return expect(task.promise).resolves.toMatchObject({ code: 'TASK_CANCELLED', reason: 'by hand' })
  })

  it('once the scope has ended, and sets no timer then', () => {
    let kept: Scope | undefined
    scheduler.run(() =>
      running(
        timeout(10, function* (s) {
          kept = s
        }),
      ),
    )
    host.settle()
    expect(kept?.setLimit(10)).toBe(false)
    expect(scheduler.statistics().timers).toBe(0)
  })
})

it('wherever limits are moved to, a scope ends exactly at the last that was set, and leaves no timer', () => {
  const moves = fc.array(fc.record({ waitMs: fc.nat(20), limitMs: fc.integer({ min: 0, max: 30 }) }), { maxLength: 8 })
  fc.assert(
    fc.property(moves, fc.integer({ min: 1, max: 30 }), (given, firstMs) => {
      const local = new VirtualHost()
      const inner = local.scheduler()
      const task = inner.run(function* () {
        yield* moveOn(firstMs, function* (s) {
          for (const { waitMs, limitMs } of given) {
            yield* sleep(waitMs)
            s.setLimit(limitMs)
            inner.validate()
          }
          yield* forever()
        })
        return local.now()
      })
      local.finish()
      expect(inner.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
      expect(local.reported).toEqual([])
      expect((task as unknown as { result(): number }).result()).toBe(endOf(given, firstMs))
    }),
    { seed: 20_260_104, numRuns: 500 },
  )

  function endOf(given: readonly { waitMs: number; limitMs: number }[], firstMs: number): number {
    let now = 0
    let due = firstMs
    for (const { waitMs, limitMs } of given) {
      // A timer of the limit that is due with the sleep comes first: it was set before.
      if (now + waitMs >= due && waitMs > 0) return due
      now += waitMs
      due = now + limitMs
      if (limitMs === 0) return now
    }
    return due
  }
})

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}

describe('a TimeoutError', () => {
  it('names the scope whose limit it was: its body, if that has a name, and its coroutine', async () => {
    const task = scheduler.run(function* main() {
      const errors: TimeoutError[] = []
      for (const limited of [timeout(1, named), timeout(1, () => named()), timeout(1, inAnother)]) {
        errors.push((yield* catching(limited)) as TimeoutError)
      }
      return errors.map(({ scope, message }) => [scope, message])
    })
    host.finish()
    expect(await task.promise).toEqual([
      ['named in main#1', 'named in main#1 was not done within 1 ms'],
      ['a scope of main#1', 'a scope of main#1 was not done within 1 ms'],
      ['named in child#2', 'named in child#2 was not done within 0 ms'],
    ])

    function* named(): Coroutine<void> {
      yield* sleep(100)
    }

    function* inAnother(family: Scope): Coroutine<void> {
      family.spawn(function* child() {
        yield* timeout(0, named)
      })
    }
  })

  it('made by hand names none', () => {
    expect(new TimeoutError(5)).toMatchObject({ scope: undefined, message: 'not done within 5 ms' })
  })
})
