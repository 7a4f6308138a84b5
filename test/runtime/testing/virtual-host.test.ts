import { describe, expect, it } from 'vitest'
import type { Coroutine, Operation } from '../../../runtime/index.ts'
import { Latch, sleep, until, VirtualHost } from '../../../runtime/index.ts'

describe('the virtual host', () => {
  it('moves its time only when it is told, by as much as it is told', () => {
    const host = new VirtualHost()
    host.settle()
    expect(host.now()).toBe(0)
    host.advance(10)
    host.advance(0.5)
    expect(host.now()).toBe(10.5)
  })

  it('stops at every timer on the way', () => {
    const host = new VirtualHost()
    const log: number[] = []
    for (const ms of [30, 10, 20]) host.scheduler().run(() => logging(ms))
    host.advance(25)
    expect(log).toEqual([10, 20])
    expect(host.now()).toBe(25)
    host.advance(5)
    expect(log).toEqual([10, 20, 30])

    function* logging(ms: number): Coroutine<void> {
      yield* sleep(ms)
      expect(host.now()).toBe(ms)
      log.push(host.now())
    }
  })

  it('fires timers that are due together in the order in which they were set', () => {
    const host = new VirtualHost()
    const log: string[] = []
    host.setTimer(() => log.push('a'), 10)
    host.setTimer(() => log.push('b'), 10)
    host.setTimer(() => log.push('first'), 5)
    host.finish()
    expect(log).toEqual(['first', 'a', 'b'])
  })

  it('fires a timer that a timer has set, if it is due before the end', () => {
    const host = new VirtualHost()
    const log: number[] = []
    const again = () => {
      log.push(host.now())
      host.setTimer(again, 10)
    }
    host.setTimer(again, 10)
    host.advance(35)
    expect(log).toEqual([10, 20, 30])
    expect(host.pending).toBe(1)
  })

  it('forgets a timer that was undone', () => {
    const host = new VirtualHost()
    host.setTimer(() => expect.unreachable(), 10)()
    expect(host.pending).toBe(0)
    host.finish()
    expect(host.now()).toBe(0)
  })

  it('lives through a year in a moment', () => {
    const host = new VirtualHost()
    const year = 365 * 24 * 3_600_000
    host.run(() => running(sleep(year)))
    expect(host.now()).toBe(year)
  })

  it('keeps its time still while anybody can run', () => {
    const host = new VirtualHost({ sliceResumes: 1 })
    const scheduler = host.scheduler()
    const ticks: number[] = []
    scheduler.run(function* () {
      yield* sleep(10)
      ticks.push(host.now())
    })
    scheduler.run(function* () {
      for (let time = 0; time < 1_000; time += 1) yield* scheduler.run(function* () {}).join()
      ticks.push(host.now())
    })
    host.finish()
    expect(ticks).toEqual([0, 10])
  })

  it('runs a program to its end, gives its result and throws what it throws', () => {
    const host = new VirtualHost()
    const add = function* (a: number, b: number): Coroutine<number> {
      yield* sleep(10)
      return a + b
    }
    expect(host.run(add, 1, 2)).toBe(3)
    const failure = new Error('failure')
    expect(() =>
      host.run(function* () {
        yield* sleep(1)
        throw failure
      }),
    ).toThrow(failure)
    expect(host.reported).toEqual([])
  })

  it('says so when a program that it runs waits for a promise', () => {
    const host = new VirtualHost()
    expect(() => host.run(() => running(until(Promise.resolve())))).toThrow('await host.play(task)')
  })

  it('plays a program that waits for promises, and its time stands still meanwhile', async () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const log: string[] = []
    const note = (what: string) => log.push(`${what} at ${host.now()}`)
    const sleeper = scheduler.run(function* () {
      yield* sleep(10)
      note('slept')
    })
    const task = scheduler.run(function* () {
      yield* until(turns(5))
      note('first promise')
      yield* sleep(20)
      yield* until(turns(5))
      note('second promise')
      yield* sleeper.join()
    })
    await host.play(task)
    expect(log).toEqual(['first promise at 0', 'slept at 10', 'second promise at 20'])
  })

  it('plays to a failure as well', async () => {
    const host = new VirtualHost()
    const task = host.scheduler().run(function* () {
      yield* sleep(10)
      throw new Error('failure')
    })
    await expect(host.play(task)).rejects.toThrow('failure')
    expect(host.reported).toEqual([])
  })

  it('does not play for ever what nothing can wake', async () => {
    const host = new VirtualHost()
    const task = host.scheduler({ deadlock: 'ignore' }).run(function* stuck() {
      yield* new Latch().wait()
    })
    await expect(host.play(task)).rejects.toThrow('stuck waits for nothing')
  })

  it('keeps what was reported, oldest first', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    scheduler.run(() => failing('second', 20))
    scheduler.run(() => failing('first', 10))
    host.finish()
    expect(host.reported).toEqual(['first', 'second'])
  })

  it('can be run from inside a coroutine of another one, which then goes on', () => {
    const inner = new VirtualHost()
    const value = new VirtualHost().run(function* () {
      yield* sleep(1)
      const result = inner.run(function* () {
        yield* sleep(100)
        return 'inner'
      })
      yield* sleep(1)
      return result
    })
    expect(value).toBe('inner')
  })

  it('refuses a timer at no time', () => {
    expect(() => new VirtualHost().setTimer(() => {}, Number.NaN)).toThrow(RangeError)
  })
})

function* running<T>(operation: Operation<T>): Coroutine<T> {
  return yield* operation
}

function* failing(error: unknown, afterMs: number): Coroutine<never> {
  yield* sleep(afterMs)
  throw error
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => void setImmediate(resolve))
}
