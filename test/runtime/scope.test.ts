import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Scope } from '../../runtime/index.ts'
import { Latch, moveOn, scope, shield, sleep, TaskCancelled, timeout, VirtualHost } from '../../runtime/index.ts'
import { running } from './outcomes.ts'

describe('a scope', () => {
  it("gives its body's value", () => {
    const host = new VirtualHost()
    expect(host.run(() => body())).toBe('value')
    function* body(): Coroutine<string> {
      const operation = scope(function* () {
        yield* sleep(1)
        return 'value'
      })
      expectTypeOf(operation).toEqualTypeOf<Operation<string>>()
      return yield* operation
    }
  })

  it('ends after its body and after every child, whichever is last', () => {
    const host = new VirtualHost()
    for (const [bodyMs, childMs] of [
      [10, 20],
      [20, 10],
    ] as const) {
      const began = host.now()
      host.run(function* () {
        yield* scope(function* (s) {
          s.spawn(() => sleeping(childMs))
          yield* sleep(bodyMs)
        })
        expect(host.now() - began).toBe(20)
      })
    }
  })

  it('lets the spawner go on: spawning only enqueues', () => {
    const log: string[] = []
    new VirtualHost().run(function* () {
      yield* scope(function* (s) {
        s.spawn(function* () {
          log.push('child')
        })
        log.push('spawned')
        yield* sleep(0)
        log.push('an operation that need not wait')
      })
    })
    expect(log).toEqual(['spawned', 'an operation that need not wait', 'child'])
  })

  it('starts its children in the order in which they were spawned, with their arguments', () => {
    const log: string[] = []
    new VirtualHost().run(function* () {
      yield* scope(function* (s) {
        for (const name of ['a', 'b', 'c']) {
          s.spawn(
            function* (who: string, times: number) {
              log.push(who.repeat(times))
            },
            name,
            2,
          )
        }
      })
    })
    expect(log).toEqual(['aa', 'bb', 'cc'])
  })

  it('takes only generators for bodies, and says how to write one', () => {
    const host = new VirtualHost()
    const wrong = [() => 'plain', async () => {}, async function* () {}] as unknown as (() => Coroutine<void>)[]
    for (const body of wrong) {
      expect(() => host.run(() => entering(body))).toThrow(misuse('function*'))
      expect(() => host.run(() => spawning(body))).toThrow(misuse('function*'))
      expect(() => host.scheduler().run(body)).toThrow(misuse('function*'))
    }
    function* entering(body: () => Coroutine<void>) {
      yield* scope(body)
    }
    function* spawning(body: () => Coroutine<void>) {
      yield* scope(function* (s) {
        s.spawn(body)
      })
    }
  })

  it('nests 100,000 deep in one coroutine, and is cancelled there', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    let reached = 0
    let finished = 0
    const task = scheduler.run(nest, 100_000)
    host.settle()
    expect(reached).toBe(100_000)
    scheduler.validate()
    task.cancel()
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(finished).toBe(100_000)

    function* nest(depth: number): Coroutine<void> {
      if (depth === 0) yield* forever()
      reached += 1
      yield* scope(function* () {
        try {
          yield* nest(depth - 1)
        } finally {
          finished += 1
        }
      })
    }
  })

  it('is one link of a chain of 20,000 coroutines, each the child of the one before, and cancels to the last', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const task = scheduler.run(generation, 20_000)
    host.settle()
    expect(scheduler.statistics().parked).toBe(20_001)
    task.cancel()
    host.settle()
    scheduler.validate()
    expect(task.status).toBe('cancelled')
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, finished: 20_001 })

    function* generation(left: number): Coroutine<void> {
      if (left === 0) yield* forever()
      yield* scope(function* (s) {
        s.spawn(generation, left - 1)
        yield* forever()
      })
    }
  })
})

describe('a failure in a scope', () => {
  it('of a child cancels its siblings and the body, and is thrown as itself once all have ended', () => {
    const host = new VirtualHost()
    const failure = new Error('child')
    const log: string[] = []
    host.run(function* () {
      try {
        yield* scope(function* (s) {
          s.spawn(() => logging(log, 'sibling'))
          s.spawn(() => failing(10, failure))
          yield* logging(log, 'body')
        })
      } catch (error) {
        expect(error).toBe(failure)
        log.push('thrown')
      }
    })
    expect(log).toHaveLength(3)
    expect(new Set(log)).toEqual(new Set(['sibling', 'body', 'thrown']))
    expect(log.at(-1)).toBe('thrown')
    expect(host.now()).toBe(10)
    expect(host.reported).toEqual([])
  })

  it('of the body cancels the children, and waits for what they still have to do', () => {
    const host = new VirtualHost()
    const failure = new Error('body')
    expect(() =>
      host.run(function* () {
        yield* scope(function* (s) {
          s.spawn(() => slowToStop(30))
          yield* sleep(10)
          throw failure
        })
      }),
    ).toThrow(failure)
    expect(host.now()).toBe(40)
  })

  it('of a child after the body has ended is thrown all the same', () => {
    const failure = new Error('late')
    expect(() =>
      new VirtualHost().run(function* () {
        yield* scope(function* (s) {
          s.spawn(() => failing(10, failure))
          return 'value'
        })
      }),
    ).toThrow(failure)
  })

  it('is the one thrown when it is the first; later ones are reported, none is lost', () => {
    const host = new VirtualHost()
    expect(() =>
      host.run(function* () {
        yield* scope(function* (s) {
          s.spawn(() => failing(0, 'first'))
          s.spawn(failingAtOnce)
          s.spawn(() => failingToStop('third'))
          yield* failingToStop('body')
        })
      }),
    ).toThrow('first')
    expect(host.reported.toSorted()).toEqual(['body', 'second', 'third'])
    function* failingAtOnce(): Coroutine<void> {
      throw 'second'
    }
  })

  it('of a child whom the body joins is one failure, not two', () => {
    const host = new VirtualHost()
    const failure = new Error('child')
    expect(() =>
      host.run(function* () {
        yield* scope(function* (s) {
          yield* s.spawn(() => failing(10, failure)).join()
        })
      }),
    ).toThrow(failure)
    expect(host.reported).toEqual([])
  })

  it('is a failure also when it is a Cancelled of somebody else', () => {
    const host = new VirtualHost()
    const foreign = cancelledElsewhere(host)
    expect(() =>
      host.run(function* () {
        yield* scope(function* (s) {
          s.spawn(() => failing(1, foreign))
          yield* forever()
        })
      }),
    ).toThrow(foreign)
  })

  it('of a disposal beside the cancel that a failing child brings is reported', () => {
    const host = new VirtualHost()
    expect(() =>
      host.run(function* () {
        yield* scope(function* (s) {
          using _ = failingToDispose('disposal')
          s.spawn(() => failing(10, 'child'))
          yield* forever()
        })
      }),
    ).toThrow('child')
    expect(host.reported).toEqual(['disposal'])
  })

  it('is not what cancelling a child is: the scope goes on', () => {
    const host = new VirtualHost()
    const value = host.run(function* () {
      return yield* scope(function* (s) {
        const child = s.spawn(forever)
        yield* sleep(10)
        child.cancel()
        yield* sleep(10)
        return child.status
      })
    })
    expect(value).toBe('cancelled')
    expect(host.now()).toBe(20)
  })

  it('climbs out of scope in scope in scope as itself', () => {
    const failure = new Error('deep')
    const climb = function* (depth: number): Coroutine<void> {
      if (depth === 0) throw failure
      yield* scope(function* (s) {
        s.spawn(climb, depth - 1)
        yield* forever()
      })
    }
    expect(() => new VirtualHost().run(climb, 1_000)).toThrow(failure)
  })
})

describe('a scope that supervises', () => {
  it('keeps the siblings and the body of a child that fails, and reports the failure', () => {
    const host = new VirtualHost()
    const failure = new Error('child')
    const log: string[] = []
    host.run(function* () {
      yield* scope(
        function* (s) {
          s.spawn(() => failing(10, failure))
          s.spawn(function* () {
            yield* sleep(20)
            log.push('sibling')
          })
          yield* sleep(30)
          log.push('body')
        },
        { supervise: true },
      )
    })
    expect(log).toEqual(['sibling', 'body'])
    expect(host.reported).toEqual([failure])
  })

  it('gives a failure to whoever joins the child, and does not report it then', () => {
    const host = new VirtualHost()
    const failure = new Error('child')
    host.run(function* () {
      yield* scope(
        function* (s) {
          const child = s.spawn(() => failing(10, failure))
          yield* expectThrow(child.join(), failure)
        },
        { supervise: true },
      )
    })
    expect(host.reported).toEqual([])
  })

  it('fails with its body, and cancels the children then', () => {
    const host = new VirtualHost()
    let child: { readonly status: string } | undefined
    expect(() =>
      host.run(function* () {
        yield* scope(
          function* (s) {
            child = s.spawn(forever)
            yield* sleep(10)
            throw new Error('body')
          },
          { supervise: true },
        )
      }),
    ).toThrow('body')
    expect(child?.status).toBe('cancelled')
  })
})

describe('cancelling a scope', () => {
  it('stops the body and the children, and throws TaskCancelled with the reason', () => {
    const host = new VirtualHost()
    const log: string[] = []
    host.run(function* () {
      const error = yield* expectThrow(
        scope(function* (s) {
          s.spawn(() => logging(log, 'child'))
          s.spawn(function* () {
            yield* sleep(10)
            s.cancel('enough')
            s.cancel('twice')
          })
          yield* logging(log, 'body')
        }),
      )
      expect(error).toBeInstanceOf(TaskCancelled)
      expect(error).toMatchObject({
        code: 'TASK_CANCELLED',
        reason: 'enough',
        message: expect.stringMatching('enough'),
      })
    })
    expect(log.toSorted()).toEqual(['body', 'child'])
  })

  describe('that cuts children off does not give the value of the body', () => {
    const aborting = (s: Scope, afterMs: number): void => {
      const controller = new AbortController()
      s.cancelOn(controller.signal)
      s.spawn(function* stopper() {
        yield* sleep(afterMs)
        controller.abort('enough')
      })
    }
    /** Ends before its child does, while the signal aborts in between. */
    function* endedBefore(s: Scope): Coroutine<string> {
      aborting(s, 5)
      s.spawn(() => sleeping(50))
      return 'all'
    }
    /** Is woken by the very step that aborts, and so never meets the cancel. */
    function* wokenBefore(s: Scope): Coroutine<string> {
      const controller = new AbortController()
      s.cancelOn(controller.signal)
      const latch = new Latch()
      s.spawn(() => sleeping(50))
      s.spawn(function* () {
        latch.open()
        controller.abort('enough')
      })
      yield* latch.wait()
      return 'all'
    }
    function* cancelledByChild(s: Scope): Coroutine<string> {
      s.spawn(() => sleeping(50))
      s.spawn(function* () {
        yield* sleep(5)
        s.cancel('enough')
      })
      return 'all'
    }
    const bodies = { endedBefore, wokenBefore, cancelledByChild }

    it.each(Object.entries(bodies))('in a scope: %s', (_name, body) => {
      const error = new VirtualHost().run(() => expectThrow(scope(body)))
      expect(error).toMatchObject({ code: 'TASK_CANCELLED', reason: 'enough' })
    })

    it.each(Object.entries(bodies))('in a moveOn: %s', (_name, body) => {
      expect(new VirtualHost().run(() => running(moveOn(1_000, body)))).toEqual({ done: false })
    })

    it.each(Object.entries(bodies))('in a timeout, a shield and a scope that supervises: %s', (_name, body) => {
      for (const operation of [timeout(1_000, body), shield(body), scope(body, { supervise: true })]) {
        const error = new VirtualHost().run(() => expectThrow(operation))
        expect(error).toMatchObject({ code: 'TASK_CANCELLED', reason: 'enough' })
      }
    })

    it('also when the limit falls as the body is woken for its last time', () => {
      const host = new VirtualHost()
      const result = host.run(function* () {
        return yield* moveOn(5, function* (s) {
          s.spawn(() => sleeping(50))
          yield* sleep(5)
          return 'all'
        })
      })
      expect(result).toEqual({ done: false })
    })
  })

  it('gives the value of its body if that did it itself, caught the cancel, or left no child to cut off', () => {
    const host = new VirtualHost()
    const values = host.run(function* () {
      return [
        yield* scope(function* (s) {
          s.spawn(forever)
          yield* sleep(10)
          s.cancel('needs its helper no more')
          return 'itself'
        }),
        yield* scope(function* (s) {
          s.spawn(function* () {
            yield* sleep(5)
            s.cancel()
          })
          try {
            yield* sleep(10)
          } catch {
            return 'caught'
          }
          return 'not cancelled'
        }),
        yield* scope(function* (s) {
          yield* s.spawn(() => sleeping(5)).join()
          new VirtualHost().run(function* elsewhere() {
            s.cancel()
          })
          return 'alone'
        }),
      ]
    })
    expect(values).toEqual(['itself', 'caught', 'alone'])
  })

  it('leaves the scope around it alone', () => {
    const host = new VirtualHost()
    host.run(function* () {
      yield* scope(function* (outer) {
        const sibling = outer.spawn(() => sleeping(20))
        yield* expectThrow(
          scope(function* (inner) {
            inner.cancel()
            yield* forever()
          }),
        )
        yield* sleep(10)
        yield* sibling.join()
      })
    })
    expect(host.now()).toBe(20)
  })

  it('from around it goes through it as the cancel of the outer one', () => {
    const host = new VirtualHost()
    host.run(function* () {
      const error = yield* expectThrow(
        scope(function* (outer) {
          const within = yield* expectThrow(
            scope(function* () {
              outer.cancel('outer')
              yield* forever()
            }),
          )
          expect(within).toMatchObject({ code: 'CANCELLED', reason: 'outer' })
          throw within
        }),
      )
      expect(error).toMatchObject({ code: 'TASK_CANCELLED', reason: 'outer' })
    })
  })

  it('while its own cancel is under way makes it pass on the outer one', () => {
    const host = new VirtualHost()
    host.run(function* () {
      const error = yield* expectThrow(
        scope(function* (outer) {
          yield* scope(function* (inner) {
            inner.cancel('inner')
            outer.cancel('outer')
            yield* forever()
          })
        }),
      )
      expect(error).toMatchObject({ code: 'TASK_CANCELLED', reason: 'outer' })
    })
  })

  it('reports what a disposal throws meanwhile', () => {
    const host = new VirtualHost()
    host.run(function* () {
      const error = yield* expectThrow(
        scope(function* (s) {
          using _one = failingToDispose('one')
          using _two = failingToDispose('two')
          s.cancel('why')
          yield* forever()
        }),
      )
      expect(error).toMatchObject({ code: 'TASK_CANCELLED', reason: 'why' })
    })
    expect(host.reported.toSorted()).toEqual(['one', 'two'])
  })
})

describe('a scope that ends', () => {
  it('waits for its children without being a cancel point: the cancel goes to them, and is thrown afterwards', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const log: string[] = []
    const task = scheduler.run(function* () {
      try {
        yield* scope(function* (s) {
          s.spawn(() => slowToStop(50))
        })
        log.push('half of the work is not all of it')
      } finally {
        log.push('the scope has ended')
      }
    })
    host.advance(10)
    task.cancel()
    host.advance(49)
    scheduler.validate()
    expect(log).toEqual([])
    host.advance(1)
    expect(log).toEqual(['the scope has ended'])
    expect(task.status).toBe('cancelled')
  })

  it('gives its value when the cancel comes after the last child has ended', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    const log: string[] = []
    const task = scheduler.run(function* () {
      yield* scope(function* () {
        log.push(
          yield* scope(function* (s) {
            s.spawn(() => sleeping(10))
            return 'value'
          }),
        )
        yield* sleep(0)
        log.push('never')
      })
    })
    host.settle()
    scheduler.run(function* () {
      yield* sleep(10)
      // Woken by the same look at the clock as the child, and behind it.
      expect(task.status).toBe('runnable')
      task.cancel()
    })
    host.advance(10)
    expect(host.reported).toEqual([])
    expect(log).toEqual(['value'])
    expect(task.status).toBe('cancelled')
  })

  it('admits a child of a child, also in the last step of the last one, and waits for it', () => {
    const host = new VirtualHost()
    host.run(function* () {
      yield* scope(function* (s) {
        s.spawn(function* () {
          yield* sleep(10)
          s.spawn(function* () {
            yield* sleep(10)
            s.spawn(() => sleeping(10))
          })
        })
      })
      expect(host.now()).toBe(30)
    })
  })

  it('admits children of finalizers while it is cancelled, and these meet their cancel at once', () => {
    const host = new VirtualHost()
    const log: string[] = []
    host.run(function* () {
      yield* expectThrow(
        scope(function* (s) {
          s.spawn(function* () {
            try {
              yield* forever()
            } finally {
              s.spawn(() => logging(log, 'late child'))
            }
          })
          yield* sleep(10)
          s.cancel()
          yield* forever()
        }),
      )
      expect(log).toEqual(['late child'])
    })
    expect(host.now()).toBe(10)
  })

  it('admits nobody afterwards', () => {
    const host = new VirtualHost()
    host.run(function* () {
      let ended: Scope | undefined
      yield* scope(function* (s) {
        ended = s
      })
      expect(() => ended?.spawn(late)).toThrow(misuse('late was spawned into a scope that has ended'))
      ended?.cancel()
      yield* sleep(1)
    })
    function* late(): Coroutine<void> {}
  })

  it('may be told from outside of any coroutine to spawn', () => {
    const host = new VirtualHost()
    const scheduler = host.scheduler({ deadlock: 'ignore' })
    let s: Scope | undefined
    const done = new Latch()
    const task = scheduler.run(function* () {
      yield* scope(function* (own) {
        s = own
        yield* done.wait()
      })
    })
    host.settle()
    s?.spawn(function* () {
      done.open()
    })
    host.settle()
    expect(task.status).toBe('done')
  })
})

function misuse(message: string): object {
  return expect.objectContaining({ code: 'MISUSE', message: expect.stringContaining(message) })
}

function* forever(): Coroutine<void> {
  yield* new Latch('never').wait()
}

function* sleeping(ms: number): Coroutine<void> {
  yield* sleep(ms)
}

function* failing(afterMs: number, error: unknown): Coroutine<void> {
  yield* sleep(afterMs)
  throw error
}

function* failingToStop(error: unknown): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    // biome-ignore lint/correctness/noUnsafeFinally: what is tested
    throw error
  }
}

function* slowToStop(ms: number): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    yield* shield(() => sleeping(ms))
  }
}

function* logging(log: string[], name: string): Coroutine<void> {
  try {
    yield* forever()
  } finally {
    log.push(name)
  }
}

function failingToDispose(error: unknown): Disposable {
  return {
    [Symbol.dispose]() {
      throw error
    },
  }
}

/** Expect `operation` to throw, `error` itself if that is given. */
function* expectThrow(operation: Operation<unknown>, error?: unknown): Coroutine<unknown> {
  try {
    yield* operation
  } catch (thrown) {
    if (error !== undefined) expect(thrown).toBe(error)
    return thrown
  }
  return expect.unreachable('nothing was thrown')
}

function cancelledElsewhere(host: VirtualHost): unknown {
  let caught: unknown
  const task = host.scheduler().run(function* () {
    try {
      yield* forever()
    } catch (error) {
      caught = error
    }
  })
  task.cancel('elsewhere')
  host.settle()
  expect(caught).toMatchObject({ code: 'CANCELLED' })
  return caught
}
