import { describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler, Scope, Ticker } from '../../../runtime/index.ts'
import { Latch, moveOn, ticker, timeout, VirtualHost } from '../../../runtime/index.ts'

describe('timers that are set or unset from elsewhere', () => {
  const two = () => {
    const host = new VirtualHost()
    return { host, one: host.scheduler({ deadlock: 'ignore' }), other: host.scheduler({ deadlock: 'ignore' }) }
  }

  it('fire: a ticker made in one scheduler ticks for a coroutine of another', () => {
    const { host, one, other } = two()
    let ticks: Ticker | undefined
    one.run(function* (): Coroutine<void> {
      ticks = ticker(10)
    })
    host.settle()
    const task = other.run(function* () {
      const passed = [yield* (ticks as Ticker).receive()]
      return [...passed, yield* (ticks as Ticker).receive(), host.now()]
    })
    host.advance(20)
    return expect(task.promise).resolves.toEqual([1, 1, 20])
  })

  it.each([
    ['a coroutine of another scheduler', (other: Scheduler, act: () => void) => void other.run(acting, act)],
    ['a callback of the host', (_other: Scheduler, act: () => void) => act()],
  ])('stop a scope whose limit is set by %s', (_who, from) => {
    const { host, one, other } = two()
    const scopes: Scope[] = []
    const task = one.run(function* () {
      return yield* moveOn(Number.POSITIVE_INFINITY, function* (s): Coroutine<void> {
        scopes.push(s)
        yield* new Latch().wait()
      })
    })
    host.settle()
    from(other, () => scopes[0]?.setLimit(10))
    host.advance(10)
    return expect(task.promise).resolves.toEqual({ done: false })
  })

  it.each([
    ['a coroutine of another scheduler', (other: Scheduler, act: () => void) => void other.run(acting, act)],
    ['a callback of the host', (_other: Scheduler, act: () => void) => act()],
  ])('leave no timer of the host behind when they are unset by %s', (_who, from) => {
    const { host, one, other } = two()
    const scopes: Scope[] = []
    one.run(function* (): Coroutine<void> {
      yield* timeout(1_000, function* (s) {
        scopes.push(s)
        yield* new Latch().wait()
      })
    })
    host.settle()
    from(other, () => scopes[0]?.setLimit(Number.POSITIVE_INFINITY))
    host.settle()
    expect(one.statistics()).toMatchObject({ timers: 0, parked: 1 })
    expect(host.pending).toBe(0)
  })

  it('leave a standstill that is seen, when the last of them is unset from outside', () => {
    const host = new VirtualHost()
    const scopes: Scope[] = []
    const task = host.scheduler().run(function* (): Coroutine<void> {
      yield* timeout(1_000, function* (s) {
        scopes.push(s)
        yield* new Latch().wait()
      })
    })
    host.settle()
    scopes[0]?.setLimit(Number.POSITIVE_INFINITY)
    const outcome = expect(task.promise).rejects.toMatchObject({ code: 'DEADLOCK' })
    host.settle()
    return outcome
  })

  function* acting(act: () => void): Coroutine<void> {
    act()
  }
})
