import { describe, expect, expectTypeOf, it } from 'vitest'
import type { AbortSignalLike, Coroutine, Scope, Task } from '../../runtime/index.ts'
import { abortSignal, Latch, moveOn, scope, select, shield, sleep, timeout, until } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

describe('a task that is cancelled on a signal', () => {
  it('meets the cancel with the reason of the signal once that aborts', () => {
    const { controller, signal, listeners } = watched()
    const task = scheduler.run(forever)
    expect(task.cancelOn(signal)).toBe(task)
    expectTypeOf(task.cancelOn(signal)).toEqualTypeOf<Task<void>>()
    host.settle()
    expect(task.status).toBe('parked')
    controller.abort('enough')
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(listeners.size).toBe(0)
    return expect(task.promise).rejects.toMatchObject({ code: 'TASK_CANCELLED', reason: 'enough' })
  })

  it('that was aborted before is cancelled at once, and still runs its finalizers', () => {
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        log.push('cleans up')
      }
    })
    task.cancelOn(AbortSignal.abort('long ago'))
    host.settle()
    expect(log).toEqual(['cleans up'])
    return expect(task.promise).rejects.toMatchObject({ reason: 'long ago' })
  })

  it('leaves no listener on it, however it ends', () => {
    const { signal, listeners } = watched()
    const failure = new Error('failure')
    const bodies: (() => Coroutine<void>)[] = [
      function* () {},
      function* () {
        yield* sleep(1)
      },
      function* () {
        throw failure
      },
      forever,
    ]
    const tasks = bodies.map((body) => scheduler.run(body).cancelOn(signal))
    for (const task of tasks) task.promise.catch(() => {})
    expect(listeners.size).toBe(1)
    host.advance(1)
    expect(listeners.size).toBe(1)
    tasks[3]?.cancel('by hand')
    host.settle()
    expect(tasks.map(({ status }) => status)).toEqual(['done', 'done', 'failed', 'cancelled'])
    expect(listeners.size).toBe(0)
    tasks[0]?.cancelOn(signal)
    expect(listeners.size).toBe(0)
  })

  it('may be so on several, and the first that aborts gives the reason', () => {
    const [one, two] = [watched(), watched()]
    const task = scheduler.run(forever).cancelOn(one.signal).cancelOn(two.signal)
    host.settle()
    two.controller.abort('two')
    one.controller.abort('one')
    host.settle()
    expect([one.listeners.size, two.listeners.size]).toEqual([0, 0])
    return expect(task.promise).rejects.toMatchObject({ reason: 'two' })
  })

  it('costs a long-lived signal nothing, 1,000 tasks later', () => {
    const { signal, listeners } = watched()
    for (let round = 0; round < 1_000; round += 1) {
      scheduler.run(() => running(moveOn(1, forever))).cancelOn(signal)
      host.advance(1)
    }
    expect(listeners.size).toBe(0)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0, awaited: 0 })
  })

  it('is in a standstill all the same: a signal need never come', () => {
    const rejecting = host.scheduler()
    const { signal, listeners } = watched()
    const task = rejecting.run(forever).cancelOn(signal)
    const outcome = expect(task.promise).rejects.toMatchObject({ code: 'DEADLOCK' })
    host.finish()
    expect(listeners.size).toBe(0)
    return outcome
  })
})

describe('a scope that is cancelled on a signal', () => {
  it('stops with all in it, and throws TaskCancelled with the reason of the signal', () => {
    const { controller, signal, listeners } = watched()
    const log: string[] = []
    const task = scheduler.run(function* () {
      const error = yield* catching(
        scope(function* (s) {
          s.cancelOn(signal)
          s.spawn(finalizing, log)
          yield* forever()
        }),
      )
      yield* sleep(1)
      return error
    })
    host.settle()
    controller.abort('enough')
    host.finish()
    expect(log).toEqual(['cleans up'])
    expect(listeners.size).toBe(0)
    return expect(task.promise).resolves.toMatchObject({ code: 'TASK_CANCELLED', reason: 'enough' })
  })

  it('may be one with a limit, or a shield, and says then what it says when it is cancelled', () => {
    const { controller, signal, listeners } = watched()
    const listening = function* (s: Scope): Coroutine<void> {
      s.cancelOn(signal)
      yield* forever()
    }
    const tasks = [
      scheduler.run(() => catching(timeout(10, listening))),
      scheduler.run(() => running(moveOn(10, listening))),
      scheduler.run(() => catching(shield(listening))),
    ]
    host.settle()
    controller.abort('enough')
    host.settle()
    expect(listeners.size).toBe(0)
    return expect(Promise.all(tasks.map((task) => task.promise))).resolves.toMatchObject([
      { code: 'TASK_CANCELLED' },
      { done: false },
      { code: 'TASK_CANCELLED' },
    ])
  })

  it('leaves no listener on it, however it ends', () => {
    const { signal, listeners } = watched()
    let kept: Scope | undefined
    const listening = (body: () => Coroutine<void>) => {
      return function* (s: Scope): Coroutine<void> {
        kept = s
        s.cancelOn(signal)
        yield* body()
      }
    }
    const failing = function* (): Coroutine<void> {
      throw new Error('failure')
    }
    scheduler.run(function* () {
      yield* scope(listening(() => running(sleep(1))))
      yield* catching(scope(listening(failing)))
      yield* moveOn(1, listening(forever))
      expect(listeners.size).toBe(0)
      yield* catching(scope(listening(forever)))
    })
    host.advance(5)
    expect(listeners.size).toBe(1)
    kept?.cancel()
    host.settle()
    expect(listeners.size).toBe(0)
    kept?.cancelOn(signal)
    expect(listeners.size).toBe(0)
    expect(scheduler.statistics().coroutines).toBe(0)
  })

  it('that was aborted before stops at its first operation', () => {
    const task = scheduler.run(() =>
      catching(
        scope(function* (s) {
          s.cancelOn(AbortSignal.abort('long ago'))
          yield* sleep(0)
          expect.unreachable('it goes on')
        }),
      ),
    )
    host.settle()
    return expect(task.promise).resolves.toMatchObject({ reason: 'long ago' })
  })
})

describe('abortSignal', () => {
  it('aborts when its coroutine is cancelled, with the reason of the cancel', () => {
    const signals: AbortSignal[] = []
    const task = scheduler.run(function* () {
      signals.push(abortSignal(), abortSignal())
      yield* forever()
    })
    host.settle()
    const [signal, again] = signals as [AbortSignal, AbortSignal]
    expect(again).toBe(signal)
    expect(signal).toBeInstanceOf(AbortSignal)
    expectTypeOf(abortSignal).returns.toEqualTypeOf<AbortSignal>()
    expect(signal.aborted).toBe(false)
    task.cancel('enough')
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toBe('enough')
    host.settle()
  })

  it('has the reason of the platform when the cancel has none', () => {
    const signals: AbortSignal[] = []
    const task = scheduler.run(function* () {
      signals.push(abortSignal())
      yield* forever()
    })
    host.settle()
    task.cancel()
    expect(signals[0]?.reason).toMatchObject({ name: 'AbortError' })
    host.settle()
  })

  it('is of the innermost scope: it aborts with that, also by its limit, or with what is around it', () => {
    const signals: Record<string, AbortSignal> = {}
    const task = scheduler.run(function* () {
      signals['task'] = abortSignal()
      yield* scope(function* () {
        signals['scope'] = abortSignal()
        yield* moveOn(10, function* () {
          signals['limited'] = abortSignal()
          yield* forever()
        })
        expect(abortSignal()).toBe(signals['scope'])
        yield* forever()
      })
    })
    host.advance(10)
    expect(aborted(signals)).toEqual(['limited'])
    expect(signals['limited']?.reason).toMatchObject({ code: 'TIMEOUT', limitMs: 10 })
    task.cancel('enough')
    expect(aborted(signals)).toEqual(['task', 'scope', 'limited'])
    host.settle()
  })

  it('of children aborts with their scope, and does not when all ends well', () => {
    const signals: Record<string, AbortSignal> = {}
    scheduler.run(function* () {
      yield* scope(function* (s) {
        s.spawn(function* () {
          signals['well'] = abortSignal()
        })
      })
      yield* catching(
        scope(function* (s) {
          s.spawn(function* () {
            signals['child'] = abortSignal()
            yield* forever()
          })
          yield* sleep(1)
          throw new Error('failure')
        }),
      )
    })
    host.finish()
    expect(aborted(signals)).toEqual(['child'])
  })

  it('behind a shield aborts with the shield, not with the cancel around it', () => {
    const signals: Record<string, AbortSignal> = {}
    const task = scheduler.run(function* () {
      yield* shield(
        function* () {
          signals['shield'] = abortSignal()
          yield* forever()
        },
        { limitMs: 50 },
      )
    })
    task.promise.catch(() => {})
    host.settle()
    task.cancel()
    host.advance(49)
    expect(aborted(signals)).toEqual([])
    host.advance(1)
    expect(aborted(signals)).toEqual(['shield'])
  })

  it('that is asked for after the cancel is aborted from the start', () => {
    const signals: AbortSignal[] = []
    const task = scheduler.run(function* () {
      try {
        yield* forever()
      } finally {
        signals.push(abortSignal())
      }
    })
    host.settle()
    task.cancel('enough')
    host.settle()
    const born = scheduler.run(function* () {
      signals.push(abortSignal())
    })
    born.cancel('early')
    host.settle()
    expect(signals.map(({ aborted, reason }) => ({ aborted, reason }))).toEqual([
      { aborted: true, reason: 'enough' },
      { aborted: true, reason: 'early' },
    ])
  })

  it('stops what was started with it, and leaves no other coroutine cancelled', async () => {
    const work = Promise.withResolvers<string>()
    const start = () => {
      const signal = abortSignal()
      signal.addEventListener('abort', () => work.reject(signal.reason))
      return work.promise
    }
    let promise: Promise<string> | undefined
    const task = scheduler.run(function* () {
      promise = start()
      yield* until(promise)
    })
    host.settle()
    const other = scheduler.run(() => catching(until(promise as Promise<string>)))
    host.settle()
    task.cancel()
    expect(await host.play(other)).toMatchObject({ name: 'AbortError' })
    expect([task.status, other.status]).toEqual(['cancelled', 'done'])
  })

  it('may be waited for like any other, by somebody else', () => {
    let signal: AbortSignal | undefined
    const task = scheduler.run(function* () {
      signal = abortSignal()
      yield* forever()
    })
    host.settle()
    const other = scheduler.run(() =>
      running(select({ stopped: until(signal as AbortSignal), never: new Latch().wait() })),
    )
    host.settle()
    task.cancel('enough')
    host.settle()
    return expect(other.promise).resolves.toEqual({ case: 'stopped', value: 'enough' })
  })

  it('may cancel others from its listeners, in the middle of a cancel', () => {
    const others = [scheduler.run(forever), scheduler.run(forever)]
    const task = scheduler.run(function* () {
      yield* scope(function* (s) {
        abortSignal().addEventListener('abort', () => {
          for (const other of others) other.cancel('with it')
          s.spawn(forever)
        })
        s.spawn(forever)
        yield* forever()
      })
    })
    host.settle()
    task.cancel()
    scheduler.validate()
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, spawned: 5 })
  })

  it('is asked for in a coroutine', () => {
    expect(() => abortSignal()).toThrow(expect.objectContaining({ code: 'MISUSE' }))
  })
})

/** A real signal whose listeners are counted. */
function watched() {
  const controller = new AbortController()
  const listeners = new Set<() => void>()
  const signal: AbortSignalLike = {
    get aborted() {
      return controller.signal.aborted
    },
    get reason(): unknown {
      return controller.signal.reason
    },
    addEventListener(type, listener) {
      listeners.add(listener)
      controller.signal.addEventListener(type, listener)
    },
    removeEventListener(type, listener) {
      listeners.delete(listener)
      controller.signal.removeEventListener(type, listener)
    },
  }
  return { controller, signal, listeners }
}

function aborted(signals: Record<string, AbortSignal>): string[] {
  return Object.keys(signals).filter((name) => signals[name]?.aborted)
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}

function* finalizing(log: string[]): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    log.push('cleans up')
  }
}
