import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { Coroutine, Operation, Selectable } from '../../runtime/index.ts'
import { after, Latch, moveOn, select, sleep, until, VirtualHost } from '../../runtime/index.ts'
import { catching, running } from './outcomes.ts'

describe('until', () => {
  it('gives what a promise is kept with', async () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const operation = until(Promise.resolve('value'))
      expectTypeOf(operation).toEqualTypeOf<Selectable<string>>()
      return yield* operation
    })
    expect(await host.play(task)).toBe('value')
  })

  it('throws what a promise is rejected with, as itself', async () => {
    const failure = new Error('failure')
    const { host, scheduler } = hosted()
    const task = scheduler.run(() => catching(until(Promise.reject(failure))))
    expect(await host.play(task)).toBe(failure)
  })

  it('is no standstill while the promise is pending, and is one again afterwards', async () => {
    const { host, scheduler } = hosted()
    const { promise, resolve } = Promise.withResolvers<void>()
    const task = scheduler.run(function* waiting() {
      yield* until(promise)
      yield* new Latch('never').wait()
    })
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ parked: 1, awaited: 1 })
    expect(scheduler.dump()).toBe('waiting#1  parked 0 ms on a promise')
    resolve()
    await expect(host.play(task)).rejects.toMatchObject({ code: 'DEADLOCK', message: expect.stringContaining('never') })
    expect(scheduler.statistics().awaited).toBe(0)
  })

  it('refuses what is no promise', () => {
    for (const wrong of [undefined, null, 5, {}] as unknown as Promise<void>[]) {
      expect(() => until(wrong)).toThrow(TypeError)
    }
  })

  it('takes foreign thenables, also those that call back at once or throw', async () => {
    const failure = new Error('no then today')
    // biome-ignore-start lint/suspicious/noThenProperty: thenables are the point
    const atOnce = { then: (kept: (value: string) => void) => kept('at once') } as PromiseLike<string>
    const throwing: PromiseLike<string> = {
      then() {
        throw failure
      },
    }
    // biome-ignore-end lint/suspicious/noThenProperty: thenables are the point
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      return [yield* until(atOnce), yield* catching(until(throwing))]
    })
    expect(await host.play(task)).toEqual(['at once', failure])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })
})

describe('until with a signal', () => {
  it('starts the work when it is waited for, and gives what comes of it', async () => {
    const { host, scheduler } = hosted()
    let starts = 0
    const task = scheduler.run(function* () {
      const operation = until(async (signal) => {
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
        starts += 1
        return signal.aborted
      })
      expect(starts).toBe(0)
      return yield* operation
    })
    expect(await host.play(task)).toBe(false)
    expect(starts).toBe(1)
  })

  it('takes what the work throws at once for its failure', async () => {
    const failure = new Error('at once')
    const { host, scheduler } = hosted()
    const work = () => {
      throw failure
    }
    expect(await host.play(scheduler.run(() => catching(until(work))))).toBe(failure)
  })

  it('aborts the work when it is cancelled, and when it loses a select', () => {
    const { host, scheduler } = hosted()
    const signals: AbortSignal[] = []
    const pending = (signal: AbortSignal) => {
      signals.push(signal)
      return new Promise<void>(() => {})
    }
    const cancelled = scheduler.run(function* (): Coroutine<void> {
      yield* until(pending)
    })
    scheduler.run(function* (): Coroutine<void> {
      yield* select({ work: until(pending), late: after(10) })
    })
    host.settle()
    expect(signals.map((signal) => signal.aborted)).toEqual([false, false])
    cancelled.cancel()
    host.advance(10)
    expect(signals.map((signal) => signal.aborted)).toEqual([true, true])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
  })

  it('waits for a signal of somebody else, and gives its reason', () => {
    const { host, scheduler } = hosted()
    const controller = new AbortController()
    let reason: unknown
    scheduler.run(function* (): Coroutine<void> {
      reason = yield* until(controller.signal)
    })
    host.settle()
    expect(scheduler.statistics().awaited).toBe(1)
    controller.abort('enough')
    host.settle()
    expect(reason).toBe('enough')
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })

  it('is ready at once on a signal that was aborted before', () => {
    const { host, scheduler } = hosted()
    let reason: unknown
    scheduler.run(function* (): Coroutine<void> {
      reason = yield* until(AbortSignal.abort('long ago'))
    })
    host.settle()
    expect(reason).toBe('long ago')
  })

  it('leaves no listener on a signal, whether it won, lost or was cancelled', () => {
    const { host, scheduler } = hosted()
    const controller = new AbortController()
    const { signal } = controller
    const listeners = new Set<unknown>()
    const watched = {
      get aborted() {
        return signal.aborted
      },
      get reason(): unknown {
        return signal.reason
      },
      addEventListener: (_type: 'abort', listener: () => void) => void listeners.add(listener),
      removeEventListener: (_type: 'abort', listener: () => void) => void listeners.delete(listener),
    }
    const cancelled = scheduler.run(function* (): Coroutine<void> {
      yield* until(watched)
    })
    scheduler.run(function* (): Coroutine<void> {
      yield* select({ aborted: until(watched), late: after(10) })
    })
    host.settle()
    expect(listeners.size).toBe(1)
    cancelled.cancel()
    host.advance(10)
    expect(listeners.size).toBe(0)
  })
})

describe('cancelling an until', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  beforeEach(() => void process.on('unhandledRejection', note))
  afterEach(() => void process.off('unhandledRejection', note))

  it('abandons the wait, not the work, and what becomes of the work disturbs nobody', async () => {
    const { host, scheduler } = hosted()
    const kept = Promise.withResolvers<string>()
    const rejected = Promise.withResolvers<string>()
    const tasks = [kept, rejected].map(({ promise }) => scheduler.run(() => running(until(promise))))
    host.settle()
    for (const task of tasks) task.cancel()
    host.settle()
    expect(tasks.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
    kept.resolve('value')
    rejected.reject(new Error('nobody waits'))
    await turn()
    host.settle()
    expect(await kept.promise).toBe('value')
    expect(host.reported).toEqual([])
    expect(unhandled).toEqual([])
  })

  it('that has settled but not gone on yet comes too late: the value is given', async () => {
    const { host, scheduler } = hosted()
    const { promise, resolve } = Promise.withResolvers<string>()
    const log: string[] = []
    const task = scheduler.run(function* () {
      log.push(yield* until(promise))
      yield* sleep(0)
      log.push('never')
    })
    host.settle()
    resolve('value')
    await turn()
    expect(task.status).toBe('runnable')
    task.cancel()
    host.settle()
    expect(log).toEqual(['value'])
    expect(task.status).toBe('cancelled')
  })

  it('that lost a select holds nothing any more', () => {
    const { host, scheduler } = hosted()
    const task = scheduler.run(function* () {
      const { promise } = Promise.withResolvers<void>()
      return yield* select({ promise: until(promise), time: sleep(10) as Selectable<void> })
    })
    host.advance(10)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
    return expect(task.promise).resolves.toEqual({ case: 'time', value: undefined })
  })

  it('in a moveOn lets the coroutine go on, while a late rejection stays silent', async () => {
    const { host, scheduler } = hosted()
    const { promise, reject } = Promise.withResolvers<void>()
    const task = scheduler.run(() => running(moveOn(10, () => running(until(promise)))))
    host.advance(10)
    reject(new Error('late'))
    await turn()
    expect(await task.promise).toEqual({ done: false })
    expect(unhandled).toEqual([])
  })
})

describe('a promise or a signal that lives long', () => {
  it.each<[string, (promise: Promise<void>) => Operation<unknown>]>([
    ['selects that lose it', (promise) => select({ promise: until(promise), late: after(1) })],
    ['moveOns that give it up', (promise) => moveOn(1, () => running(until(promise)))],
    ['work that gives it each time', (promise) => select({ work: until(() => promise), late: after(1) })],
  ])('is asked once, by any number of %s', (_what, wait) => {
    const { host, scheduler } = hosted()
    const { promise, reactions } = counting(new Promise<void>(() => {}))
    scheduler.run(function* () {
      for (let round = 0; round < 100; round += 1) yield* wait(promise)
    })
    host.finish()
    expect(reactions()).toBe(1)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0 })
  })

  it('wakes those who wait in the order in which they came, and none who has left', async () => {
    const { host, scheduler } = hosted()
    const { promise, resolve } = Promise.withResolvers<string>()
    const log: string[] = []
    const tasks = ['ann', 'ben', 'cid'].map((name) =>
      scheduler.run(function* () {
        log.push(`${name}: ${yield* until(promise)}`)
      }),
    )
    host.settle()
    tasks[1]?.cancel()
    host.settle()
    resolve('value')
    await turn()
    host.settle()
    expect(log).toEqual(['ann: value', 'cid: value'])
  })

  it('can be waited for again once it has settled', async () => {
    const { host, scheduler } = hosted()
    const promise = Promise.resolve('value')
    const task = scheduler.run(function* () {
      return [yield* until(promise), yield* until(promise)]
    })
    expect(await host.play(task)).toEqual(['value', 'value'])
  })

  it('has one listener, of however many tasks, scopes and operations', () => {
    const { host, scheduler } = hosted()
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    for (let count = 0; count < 100; count += 1) {
      scheduler
        .run(function* (): Coroutine<void> {
          yield* select({ aborted: until(signal), late: after(1) })
        })
        .cancelOn(signal)
    }
    host.finish()
    expect([add.mock.calls.length, remove.mock.calls.length]).toEqual([1, 1])
  })

  it('cancels in the order in which they came all that listen still, also what starts to listen then', () => {
    const { host, scheduler } = hosted()
    const controller = new AbortController()
    const log: string[] = []
    const listening = (name: string) =>
      scheduler
        .run(function* () {
          try {
            yield* sleep(10)
          } finally {
            log.push(name)
          }
        })
        .cancelOn(controller.signal)
    const tasks = ['ann', 'ben'].map(listening)
    host.settle()
    controller.abort()
    tasks.push(listening('late'))
    host.settle()
    expect(log).toEqual(['ann', 'ben', 'late'])
    expect(tasks.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  })
})

/** `promise`, and how often it was asked to tell. */
function counting<T>(promise: Promise<T>): { promise: Promise<T>; reactions(): number } {
  const then = vi.fn(promise.then.bind(promise))
  return { promise: Object.assign(promise, { then }), reactions: () => then.mock.calls.length }
}

function hosted() {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler() }
}

/** Let every microtask run. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve))
}
