import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, OnFailure, Scheduler, Scope, Task } from '../../runtime/index.ts'
import { Channel, checkpoint, Latch, local, moveOn, scope, shield, sleep, VirtualHost } from '../../runtime/index.ts'
import { catching, running } from './outcomes.ts'

let host: VirtualHost
let scheduler: Scheduler
const failure = new Error('failure')

beforeEach(() => {
  host = new VirtualHost()
  scheduler = host.scheduler()
})

afterEach(() => {
  scheduler.validate()
  expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
})

describe('a scope that supervises', () => {
  it('gives a failure to whoever joins, before or after it, and does not report what was heard of', () => {
    const task = scheduler.run(() =>
      running(
        scope(
          function* (s) {
            const joined = s.spawn(failing)
            const errors = [yield* catching(joined.join()), yield* catching(joined.join())]
            return { errors, status: joined.status }
          },
          { supervise: true },
        ),
      ),
    )
    host.finish()
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toEqual({ errors: [failure, failure], status: 'failed' })
  })
})

describe('what does not fail silently', () => {
  it('is a child under a supervisor that would have to be waited for: the scope fails of Misuse, and the failure is told', () => {
    const generator: OnFailure = (() => forever()) as never
    const asynchronous: OnFailure = (async () => {}) as never
    // @ts-expect-error: a generator function
    const typed: OnFailure = function* () {}
    // @ts-expect-error: an asynchronous function
    const typedToo: OnFailure = async () => {}
    const operation: OnFailure = (() => sleep(5)) as never
    // @ts-expect-error: an operation
    const typedAsWell: OnFailure = () => scope(forever)
    for (const supervise of [generator, asynchronous, operation, typed, typedToo, typedAsWell]) {
      const error = host.run(() => catching(scope((s) => spawning(s, failing), { supervise })))
      expect(error).toMatchObject({ code: 'MISUSE', message: expect.stringContaining('does not wait') })
      expect(host.reported.splice(0)).toEqual([failure])
    }
  })

  it('are two children that throw the same primitive; one that is joined counts once', () => {
    const throwing = function* (): Coroutine<void> {
      throw 'out of paper'
    }
    expect(host.run(() => catching(scope((s) => spawning(s, throwing, throwing))))).toBe('out of paper')
    expect(host.reported.splice(0)).toEqual(['out of paper'])
    const joining = scope(function* (s) {
      yield* s.spawn(throwing).join()
    })
    expect(host.run(() => catching(joining))).toBe('out of paper')
    expect(host.reported.splice(0)).toEqual([])
    const withBody = scope(function* (s) {
      s.spawn(throwing)
      yield* checkpoint()
      throw 'out of paper'
    })
    expect(host.run(() => catching(withBody))).toBe('out of paper')
    expect(host.reported.splice(0)).toEqual(['out of paper'])
  })

  it('is an operation that a supervisor steps: nobody runs it, and the dead stay dead', () => {
    const channel = new Channel<number>()
    const errors: unknown[] = []
    scheduler.run(() =>
      running(
        scope((s) => spawning(s, failing), {
          supervise() {
            try {
              channel.receive()[Symbol.iterator]().next()
            } catch (error) {
              errors.push(error)
            }
          },
        }),
      ),
    )
    host.finish()
    expect(errors).toEqual([expect.objectContaining({ code: 'MISUSE' })])
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, parked: 0, runnable: 0 })
  })

  it('is nothing that a child inherits: one spawned by the supervisor has the locals of the scope, not of the dead', () => {
    const request = local('none')
    const seen: string[] = []
    host.run(function* () {
      request.set('of the scope')
      yield* scope(
        function* (s) {
          s.spawn(function* () {
            request.set('of the dead')
            throw failure
          })
        },
        {
          supervise: (_failure, _task, s) =>
            s.spawn(function* () {
              seen.push(request.get())
            }),
        },
      )
    })
    expect(seen).toEqual(['of the scope'])
  })

  function* spawning(s: Scope, ...bodies: (() => Coroutine<void>)[]): Coroutine<void> {
    for (const body of bodies) s.spawn(body)
  }
})

describe('a scope that is supervised by a function', () => {
  it('tells it of every failure, joined or not, with the task, and reports none', () => {
    const told: unknown[] = []
    const task = scheduler.run(() =>
      running(
        scope(
          function* (s) {
            s.spawn(failing).label = 'one'
            const two = s.spawn(failing)
            two.label = 'two'
            yield* catching(two.join())
            yield* sleep(5)
            return 'value'
          },
          { supervise: (error, child) => told.push([error, child.label, child.status]) },
        ),
      ),
    )
    host.finish()
    expectTypeOf<OnFailure>().parameters.toEqualTypeOf<[failure: unknown, task: Task<unknown>, scope: Scope]>()
    expect(told).toEqual([
      [failure, 'one', 'failed'],
      [failure, 'two', 'failed'],
    ])
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toBe('value')
  })

  it('tells it of no child that ends well or is cancelled, but of one whose finalizer fails', () => {
    const told: unknown[] = []
    scheduler.run(() =>
      running(
        scope(
          function* (s) {
            s.spawn(resting, 1, 'value')
            const cancelled = s.spawn(forever)
            const spoiled = s.spawn(function* () {
              try {
                yield* forever()
              } finally {
                // biome-ignore lint/correctness/noUnsafeFinally: a finalizer that fails is the point
                throw failure
              }
            })
            yield* sleep(2)
            cancelled.cancel()
            spoiled.cancel()
          },
          { supervise: (error) => told.push(error) },
        ),
      ),
    )
    host.finish()
    expect(told).toEqual([failure])
    expect(host.reported).toEqual([])
  })

  it('lets it spawn another in its place, also as the last thing that the scope waits for', () => {
    let attempts = 0
    const task = scheduler.run(() =>
      running(
        scope(
          function* (s) {
            s.spawn(trying)
          },
          { supervise: (_failure, _task, s) => s.spawn(trying) },
        ),
      ),
    )
    host.finish()
    expect(attempts).toBe(3)
    expect(host.now()).toBe(3)
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toBeUndefined()

    function* trying(): Coroutine<void> {
      attempts += 1
      yield* sleep(1)
      if (attempts < 3) throw failure
    }
  })

  it('lets it give up: what it throws fails the scope, and the rest is cancelled', () => {
    const log: string[] = []
    const fatal = new Error('fatal')
    const task = scheduler.run(() =>
      catching(
        scope(
          function* (s) {
            s.spawn(finalizing, log)
            s.spawn(failing)
            yield* forever()
          },
          {
            supervise: (error) => {
              expect(error).toBe(failure)
              throw fatal
            },
          },
        ),
      ),
    )
    host.finish()
    expect(log).toEqual(['cleans up'])
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toBe(fatal)
  })

  it('lets it cancel the scope, and pass the failure on to a coroutine that decides', () => {
    const failures = new Channel<unknown>(Number.POSITIVE_INFINITY)
    const task = scheduler.run(() =>
      catching(
        scope(
          function* (s) {
            for (let each = 0; each < 3; each += 1) s.spawn(failing)
            s.spawn(forever)
            for (let count = 0; count < 3; count += 1) expect(yield* failures.receive()).toBe(failure)
            s.cancel('three failures')
            yield* sleep(0)
          },
          { supervise: (error) => failures.trySend(error) },
        ),
      ),
    )
    host.finish()
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toMatchObject({ code: 'TASK_CANCELLED', reason: 'three failures' })
  })

  it('asks it where the child was: its coroutine-local values are those of the child', () => {
    const request = local('none')
    const told: string[] = []
    scheduler.run(() =>
      running(
        scope(
          function* (s) {
            s.spawn(function* () {
              request.set('r1')
              yield* sleep(1)
              throw failure
            })
          },
          { supervise: () => told.push(request.get()) },
        ),
      ),
    )
    host.finish()
    expect(told).toEqual(['r1'])
  })
})

describe.each([
  ['true', true],
  ['a function', () => {}],
] as const)('supervision by %s', (_, supervise) => {
  it('composes with a cancel from around it: all children stop, and nothing is a failure', () => {
    const log: string[] = []
    const task = scheduler.run(() => running(moveOn(1_000, () => running(scope(waiting(log), { supervise })))))
    task.promise.catch(() => {})
    host.settle()
    task.cancel()
    host.finish()
    expect(log).toEqual(['cleans up', 'cleans up'])
    expect(task.status).toBe('cancelled')
    expect(host.reported).toEqual([])
  })

  it('composes with limits, around it and its own', () => {
    const log: string[] = []
    const task = scheduler.run(function* () {
      const around = yield* moveOn(10, () => running(scope(waiting(log), { supervise })))
      const own = yield* catching(
        scope(
          function* (s) {
            s.setLimit(10)
            yield* waiting(log)(s)
          },
          { supervise },
        ),
      )
      return [around, own]
    })
    host.finish()
    expect(log).toHaveLength(4)
    expect(host.now()).toBe(20)
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toMatchObject([{ done: false }, { code: 'TIMEOUT' }])
  })

  it('composes with scopes inside: what fails in one that does not supervise fails that child alone', () => {
    const log: string[] = []
    const task = scheduler.run(() =>
      running(
        scope(
          function* (s) {
            const group = s.spawn(function* () {
              yield* scope(function* (inner) {
                inner.spawn(finalizing, log)
                inner.spawn(failing)
              })
            })
            s.spawn(function* () {
              yield* sleep(5)
              log.push('the sibling is done')
            })
            return yield* catching(group.join())
          },
          { supervise },
        ),
      ),
    )
    host.finish()
    expect(log).toEqual(['cleans up', 'the sibling is done'])
    expect(host.reported).toEqual([])
    return expect(task.promise).resolves.toBe(failure)
  })

  it('composes with shields: a child behind one ends in its own time, and the scope with it', () => {
    const task = scheduler.run(() =>
      catching(
        scope(
          function* (s) {
            s.spawn(function* () {
              yield* shield(() => running(sleep(10)))
            })
            yield* sleep(1)
            s.cancel('enough')
            yield* sleep(0)
          },
          { supervise },
        ),
      ),
    )
    host.finish()
    expect(host.now()).toBe(10)
    return expect(task.promise).resolves.toMatchObject({ reason: 'enough' })
  })
})

function waiting(log: string[]) {
  return function* (s: Scope): Coroutine<void> {
    for (let each = 0; each < 2; each += 1) s.spawn(finalizing, log)
    yield* forever()
  }
}

function* failing(): Coroutine<void> {
  throw failure
}

function* resting<T>(ms: number, value: T): Coroutine<T> {
  yield* sleep(ms)
  return value
}

function* finalizing(log: string[]): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    log.push('cleans up')
  }
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}
