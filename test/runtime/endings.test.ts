// What a scope does before it ends: its daemons are cancelled, and what was deferred runs.

import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, ExploreStage, Scope, Task } from '../../runtime/index.ts'
import {
  Channel,
  explore,
  local,
  Misuse,
  moveOn,
  scope,
  shield,
  sleep,
  TimeoutError,
  timeout,
} from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

function* forEver(log: string[] = [], name = 'daemon'): Coroutine<void> {
  try {
    yield* sleep(Number.POSITIVE_INFINITY)
  } finally {
    log.push(`${name} ended at ${host.now()}`)
  }
}

function* working(ms: number, log: string[] = [], name = 'child'): Coroutine<void> {
  yield* sleep(ms)
  log.push(`${name} ended at ${host.now()}`)
}

/** Run `body` in a scope, to its end. */
function inScope<T>(body: (family: Scope) => Coroutine<T>): Task<T> {
  const task = scheduler.run(running<T>, scope(body))
  host.finish()
  return task
}

describe('a daemon', () => {
  it('does not keep its scope open, and is cancelled when the others are done', async () => {
    const log: string[] = []
    const task = inScope(function* (family) {
      family.spawnDaemon(forEver, log)
      family.spawn(working, 10, log)
      yield* sleep(5)
      return 'the value of the body'
    })
    expect(log).toEqual(['child ended at 10', 'daemon ended at 10'])
    expect(await task.promise).toBe('the value of the body')
  })

  it('is cancelled also where there is nobody else', () => {
    const log: string[] = []
    const task = inScope(function* (family) {
      family.spawnDaemon(forEver, log)
    })
    expect([log, task.status]).toEqual([['daemon ended at 0'], 'done'])
  })

  it('may wait in its finalizer, and its scope ends after it', () => {
    inScope(function* (family) {
      family.spawnDaemon(function* () {
        try {
          yield* forEver()
        } finally {
          yield* shield(() => working(20))
        }
      })
    })
    expect(host.now()).toBe(20)
  })

  it('may end by itself, and what it gives can be joined', async () => {
    const task = inScope(function* (family) {
      const daemon = family.spawnDaemon(function* () {
        yield* sleep(1)
        return 7
      })
      expectTypeOf(daemon).toEqualTypeOf<Task<number>>()
      return yield* daemon.join()
    })
    expect(await task.promise).toBe(7)
  })

  it('that has ended by itself does not stand for another one: that one serves the children to the last', () => {
    const log: string[] = []
    inScope(function* (family) {
      family.spawnDaemon(working, 1, log, 'short daemon')
      family.spawnDaemon(forEver, log)
      family.spawn(working, 10, log)
      yield* sleep(5)
    })
    expect(log).toEqual(['short daemon ended at 1', 'child ended at 10', 'daemon ended at 10'])
  })

  it('that fails is a failure of its scope, also in its finalizer', async () => {
    for (const when of ['at work', 'at the end']) {
      const { promise } = scheduler.run(
        catching,
        scope(function* (family) {
          family.spawnDaemon(function* () {
            try {
              yield* sleep(when === 'at work' ? 1 : 100)
            } finally {
              // biome-ignore lint/correctness/noUnsafeFinally: that is what is tested
              throw new Error(when)
            }
          })
          yield* sleep(10)
        }),
      )
      host.finish()
      expect(await promise).toEqual(new Error(when))
    }
  })

  it('is cancelled with its scope, like any child', () => {
    const log: string[] = []
    inScope(function* () {
      yield* moveOn(5, function* (family) {
        family.spawnDaemon(forEver, log)
        yield* sleep(10)
      })
    })
    expect(log).toEqual(['daemon ended at 5'])
  })

  it('that spawns keeps its scope open by that: a child is no daemon', () => {
    const log: string[] = []
    inScope(function* (family) {
      family.spawnDaemon(function* () {
        yield* sleep(1)
        family.spawn(working, 10, log)
        yield* forEver(log)
      })
      yield* sleep(2)
    })
    expect(log).toEqual(['child ended at 11', 'daemon ended at 11'])
  })

  it('that is spawned by the last child, or by a daemon at its end, ends as well', () => {
    const log: string[] = []
    inScope(function* (family) {
      family.spawn(function* () {
        yield* sleep(1)
        family.spawnDaemon(function* () {
          try {
            yield* forEver()
          } finally {
            family.spawnDaemon(forEver, log, 'its heir')
          }
        })
      })
    })
    expect(log).toEqual(['its heir ended at 1'])
  })

  it('cannot be spawned into a scope that has ended', () => {
    let family: Scope | undefined
    inScope(function* (own) {
      family = own
    })
    expect(() => family?.spawnDaemon(forEver)).toThrow(Misuse)
  })
})

describe('what is deferred', () => {
  it('runs after the body, the children and the daemons, the last one first, and may wait', async () => {
    const log: string[] = []
    const task = inScope(function* (family) {
      family.defer(() => working(5, log, 'first'))
      family.defer(() => working(7, log, 'second'))
      family.spawn(working, 10, log)
      family.spawnDaemon(forEver, log)
      return 'the value of the body'
    })
    expect(log).toEqual(['child ended at 10', 'daemon ended at 10', 'second ended at 17', 'first ended at 22'])
    expect(await task.promise).toBe('the value of the body')
  })

  it.each([
    ['is cancelled', (family: Scope) => family.cancel('enough'), 'TaskCancelled: the scope was cancelled: enough'],
    ['runs into its limit', (family: Scope) => void family.setLimit(1), 'TimeoutError'],
    [
      'fails',
      () => {
        throw new Error('on purpose')
      },
      'Error: on purpose',
    ],
  ])('runs also when the scope %s, and waits in peace', async (_how, end, outcome) => {
    const log: string[] = []
    const { promise } = scheduler.run(
      catching,
      scope(function* (family) {
        family.defer(() => working(5, log, 'finalizer'))
        end(family)
        yield* sleep(1_000)
      }),
    )
    host.finish()
    expect(log.length).toBe(1)
    expect(String(await promise)).toContain(outcome)
  })

  it('lets a cancel from around it through once it is done', () => {
    const log: string[] = []
    const cut = scheduler.run(function* () {
      return yield* moveOn(5, () =>
        running(
          scope(function* (family) {
            family.defer(() => working(20, log, 'finalizer'))
            yield* sleep(100)
          }),
        ),
      )
    })
    host.finish()
    expect(log).toEqual(['finalizer ended at 25'])
    return expect(cut.promise).resolves.toEqual({ done: false })
  })

  it('is not cut off, and neither is the work before it, by a limit that falls while it runs', async () => {
    const task = scheduler.run(
      running<string>,
      timeout(5, function* (family) {
        family.defer(() => working(20))
        yield* sleep(1)
        return 'all of the work'
      }),
    )
    host.finish()
    expect([await task.promise, host.now()]).toEqual(['all of the work', 21])
  })

  it('is stopped by a limit of its own, 10 s unless told otherwise', async () => {
    const limits: number[] = []
    for (const options of [{ limitMs: 50 }, {}]) {
      const before = host.now()
      const { promise } = scheduler.run(
        catching,
        scope(function* (family) {
          family.defer(() => forEver(), options)
        }),
      )
      host.finish()
      limits.push(host.now() - before)
      expect(await promise).toBeInstanceOf(TimeoutError)
    }
    expect(limits).toEqual([50, 10_000])
  })

  it('that fails makes its scope fail, and keeps none of the others from running', async () => {
    const log: string[] = []
    const { promise } = scheduler.run(
      catching,
      scope(function* (family) {
        family.defer(() => working(5, log, 'first'))
        for (const name of ['one', 'two']) {
          family.defer(function* () {
            yield* sleep(1)
            throw new Error(name)
          })
        }
      }),
    )
    host.finish()
    expect([await promise, log]).toEqual([new Error('two'), ['first ended at 7']])
    expect(host.reported.splice(0)).toEqual([new Error('one')])
  })

  it('may defer more, and spawn: its scope waits for that as well', () => {
    const log: string[] = []
    inScope(function* (family) {
      family.defer(function* () {
        family.defer(() => working(1, log, 'more'))
        family.spawn(working, 5, log)
      })
    })
    expect(log).toEqual(['child ended at 5', 'more ended at 6'])
  })

  it('has the locals of the coroutine whose scope it is, not of the child that was the last to end', () => {
    const user = local('nobody')
    let seen = ''
    scheduler.run(function* () {
      user.set('ann')
      yield* scope(function* (family) {
        family.defer(function* () {
          seen = user.get()
        })
        family.spawn(function* () {
          user.set('ben')
          yield* sleep(1)
        })
      })
    })
    host.finish()
    expect(seen).toBe('ann')
  })

  it('is seen in a dump', () => {
    scheduler.run(
      running<void>,
      scope(function* (family) {
        family.defer(function* closing() {
          yield* new Channel<void>(0, { name: 'the reply' }).receive()
        })
      }),
    )
    host.settle()
    expect(scheduler.dump()).toContain('running#1 > closing#2  parked 0 ms on receive the reply')
    host.finish()
    expect(host.reported.splice(0)).toHaveLength(1)
  })

  it('cannot be deferred once the scope has ended, or without a limit that is a number', () => {
    let family: Scope | undefined
    inScope(function* (own) {
      family = own
      expect(() => own.defer(() => forEver(), { limitMs: Number.NaN })).toThrow(RangeError)
    })
    expect(() => family?.defer(() => forEver())).toThrow(Misuse)
  })
})

describe('in every order', () => {
  it('daemons and finalizers come to their end, whoever is cancelled when', () => {
    const { complete } = explore(
      function* ({ afterwards }: ExploreStage): Coroutine<void> {
        let [deferred, finalized, begun, ended] = [0, 0, 0, 0]
        afterwards(() => expect([finalized, ended]).toEqual([deferred, begun]))
        yield* scope(function* (family) {
          const task = family.spawn(function* () {
            yield* scope(function* (own) {
              own.defer(finalizing, { limitMs: Number.POSITIVE_INFINITY })
              deferred += 1
              own.spawnDaemon(ending, Number.POSITIVE_INFINITY)
              own.spawn(ending, 1)
            })
          })
          yield* sleep(1)
          task.cancel()
        })

        function* finalizing(): Coroutine<void> {
          yield* sleep(1)
          finalized += 1
        }

        function* ending(ms: number): Coroutine<void> {
          begun += 1
          try {
            yield* sleep(ms)
          } finally {
            ended += 1
          }
        }
      },
      { exhaustive: true },
    )
    expect(complete).toBe(true)
  })
})
