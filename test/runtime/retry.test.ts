import { describe, expect, expectTypeOf, it } from 'vitest'
import type { BackOff, Coroutine, Operation, RetryOptions } from '../../runtime/index.ts'
import { exponential, moveOn, retry, sleep, TimeoutError, timeout, VirtualHost } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

/** Fails until attempt `succeeds`, and notes when it was tried. */
class Flaky {
  readonly triedAt: number[] = []
  readonly #succeeds: number

  constructor(succeeds: number) {
    this.#succeeds = succeeds
  }

  readonly body = function* (this: Flaky, attempt: number): Coroutine<string> {
    this.triedAt.push(host.now())
    yield* sleep(1)
    if (attempt < this.#succeeds) throw new Error(`attempt ${attempt}`)
    return `attempt ${attempt} did it`
  }.bind(this)
}

/** The pauses of a back-off, drawn in a coroutine of its own. */
function pauses(backOff: BackOff, count: number, seed = 1): number[] {
  const seeded = new VirtualHost()
  const drawn: number[] = []
  seeded.scheduler({ seed }).run(function* () {
    for (let retry = 1; retry <= count; retry += 1) drawn.push(backOff(retry))
  })
  seeded.finish()
  return drawn
}

describe('a generator that was made once', () => {
  it('is no second attempt: it has ended, and its end would pass for success', () => {
    const made = (function* (): Coroutine<string> {
      yield* sleep(1)
      throw new Error('attempt 1')
    })()
    const error = host.run(() => catching(retry(() => made)))
    expect(error).toMatchObject({ code: 'MISUSE', message: expect.stringContaining('for each attempt') })
  })
})

describe('retry', () => {
  it('tries again after a pause until it succeeds, and gives the result', () => {
    const flaky = new Flaky(3)
    const task = scheduler.run(running<string>, retry(flaky.body, { backOff: (retry) => retry * 100 }))
    host.finish()
    expect(flaky.triedAt).toEqual([0, 101, 302])
    expectTypeOf(retry(flaky.body)).toEqualTypeOf<Operation<string>>()
    return expect(task.promise).resolves.toBe('attempt 3 did it')
  })

  it('throws the last failure as itself when it has tried often enough', () => {
    const flaky = new Flaky(100)
    const task = scheduler.run(catching, retry(flaky.body))
    host.finish()
    expect(flaky.triedAt.length).toBe(3)
    return expect(task.promise).resolves.toEqual(new Error('attempt 3'))
  })

  it('does not wait where there is nothing to retry', () => {
    const options: RetryOptions = { backOff: () => expect.unreachable('no pause is asked for'), attempts: 1 }
    const task = scheduler.run(catching, retry(new Flaky(100).body, options))
    scheduler.run(running, retry(new Flaky(1).body, options))
    host.finish()
    return expect(task.promise).resolves.toEqual(new Error('attempt 1'))
  })

  it('gives up at once for a failure that is not worth it', () => {
    const asked: unknown[] = []
    const flaky = new Flaky(100)
    const isWorthRetrying = (error: unknown, attempt: number) => {
      asked.push([String(error), attempt])
      return attempt < 2
    }
    const task = scheduler.run(catching, retry(flaky.body, { attempts: Number.POSITIVE_INFINITY, isWorthRetrying }))
    host.finish()
    expect(asked).toEqual([
      ['Error: attempt 1', 1],
      ['Error: attempt 2', 2],
    ])
    return expect(task.promise).resolves.toEqual(new Error('attempt 2'))
  })

  it('tries again what a limit has stopped', () => {
    let tried = 0
    const task = scheduler.run(
      catching,
      retry(() => running(timeout(10, stuck))),
    )
    host.finish()
    expect(tried).toBe(3)
    return expect(task.promise).resolves.toBeInstanceOf(TimeoutError)

    function* stuck(): Coroutine<void> {
      tried += 1
      yield* sleep(Number.POSITIVE_INFINITY)
    }
  })

  it.each([
    ['in an attempt', 1],
    ['in a pause', 50],
  ])('takes no cancel for a failure: cancelled %s it ends at once', (_when, ms) => {
    const flaky = new Flaky(100)
    let asked = 0
    const isWorthRetrying = () => {
      asked += 1
      return true
    }
    const backOff = () => 1_000
    const task = scheduler.run(
      running,
      moveOn(ms, () => running(retry(flaky.body, { isWorthRetrying, backOff }))),
    )
    host.finish()
    expect([task.status, host.now(), flaky.triedAt.length]).toEqual(['done', ms, 1])
    expect(asked).toBe(ms === 1 ? 0 : 1)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
  })

  it('refuses a number of attempts that makes no sense', () => {
    for (const attempts of [0, -1, 1.5, Number.NaN]) {
      expect(() => retry(new Flaky(1).body, { attempts })).toThrow(RangeError)
    }
  })
})

describe('an exponential back-off', () => {
  it('grows by its factor up to its cap', () => {
    expect(pauses(exponential({ jitter: 'none' }), 4)).toEqual([100, 200, 400, 800])
    expect(pauses(exponential({ firstMs: 10, factor: 3, capMs: 100, jitter: 'none' }), 4)).toEqual([10, 30, 90, 100])
    expect(exponential({ jitter: 'none' })(10_000)).toBe(30_000)
  })

  it('draws each pause from the whole range below, by the seed of the scheduler', () => {
    const longest = pauses(exponential({ jitter: 'none' }), 12)
    const drawn = Array.from({ length: 200 }, (_, seed) => pauses(exponential(), 12, seed))
    for (const [at, most] of longest.entries()) {
      const column = drawn.map((each) => each[at] as number)
      expect(column.every((ms) => Number.isInteger(ms) && ms >= 0 && ms <= most)).toBe(true)
      expect(Math.min(...column)).toBeLessThan(most * 0.1)
      expect(Math.max(...column)).toBeGreaterThan(most * 0.9)
    }
    expect(pauses(exponential(), 12, 7)).toEqual(pauses(exponential(), 12, 7))
    expect(pauses(exponential(), 12, 7)).not.toEqual(pauses(exponential(), 12, 8))
  })

  it('draws also where its pauses know no cap', () => {
    const [pause] = pauses(exponential({ firstMs: 1e12, capMs: Number.POSITIVE_INFINITY }), 1)
    expect(pause).toBeGreaterThanOrEqual(0)
  })

  it('of 0 stays 0, however often it has grown', () => {
    expect(exponential({ firstMs: 0, jitter: 'none' })(2_000)).toBe(0)
    expect(pauses(exponential({ firstMs: 0 }), 1_100).every((pause) => pause === 0)).toBe(true)
  })

  it('refuses what is no pause', () => {
    for (const options of [{ firstMs: -1 }, { capMs: Number.NaN }, { factor: 0.5 }]) {
      expect(() => exponential(options)).toThrow(RangeError)
    }
  })
})
