import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { Channel as ChannelOf, Coroutine, Local, Scheduler, Scope } from '../../runtime/index.ts'
import {
  after,
  Channel,
  local,
  moveOn,
  Scheduler as RealScheduler,
  SelectableOperation,
  scope,
  select,
  sleep,
  toAsyncIterable,
  VirtualHost,
} from '../../runtime/index.ts'

let host: VirtualHost
let scheduler: Scheduler

beforeEach(() => {
  host = new VirtualHost()
  scheduler = host.scheduler()
})

describe('a coroutine-local value', () => {
  it('is the initial one until it is set, and each coroutine has its own', () => {
    const user = local('nobody')
    expectTypeOf(user).toEqualTypeOf<Local<string>>()
    const log: string[] = []
    for (const name of ['ann', 'bob']) {
      scheduler.run(function* () {
        log.push(user.get())
        user.set(name)
        yield* sleep(1)
        log.push(user.get())
      })
    }
    host.finish()
    expect(log).toEqual(['nobody', 'nobody', 'ann', 'bob'])
  })

  it('may be undefined or null like any other value', () => {
    const value = local<unknown>('initial')
    const task = scheduler.run(function* () {
      const seen: unknown[] = []
      for (const next of [undefined, null, 0]) {
        value.set(next)
        seen.push(value.get())
      }
      return seen
    })
    host.finish()
    return expect(task.promise).resolves.toEqual([undefined, null, 0])
  })

  it('is there in plain functions and in operations that the coroutine runs, also while it parks and is woken', () => {
    const user = local('nobody')
    const channel = new Channel<string>()
    class WhoTakes extends SelectableOperation<string> {
      poll(): boolean {
        return user.get() === 'ann'
      }
      take(): string {
        return user.get()
      }
      describe(): string {
        return 'who takes'
      }
      protected enlist(): void {}
    }
    const task = scheduler.run(function* () {
      user.set('ann')
      const received = yield* channel.receive()
      return [received, (() => user.get())(), yield* new WhoTakes(), yield* helper()]
      function* helper(): Coroutine<string> {
        yield* sleep(1)
        return user.get()
      }
    })
    scheduler.run(function* () {
      user.set('bob')
      yield* channel.send('hello')
    })
    host.finish()
    return expect(task.promise).resolves.toEqual(['hello', 'ann', 'ann', 'ann'])
  })

  it('outside of coroutines is the initial one, and cannot be set', () => {
    const user = local('nobody')
    expect(user.get()).toBe('nobody')
    expect(() => user.set('ann')).toThrow(expect.objectContaining({ code: 'MISUSE' }))
    scheduler.run(function* () {
      user.set('ann')
    })
    host.finish()
    expect(user.get()).toBe('nobody')
  })
})

describe('a child', () => {
  it('inherits what its spawner had at the spawn, and neither sees what the other sets later', () => {
    const user = local('nobody')
    const log: string[] = []
    scheduler.run(function* () {
      user.set('ann')
      yield* scope(function* (s) {
        s.spawn(function* () {
          log.push(`child: ${user.get()}`)
          user.set('bob')
          yield* sleep(2)
          log.push(`child: ${user.get()}`)
        })
        user.set('cid')
        yield* sleep(1)
        log.push(`parent: ${user.get()}`)
        s.spawn(function* () {
          log.push(`second child: ${user.get()}`)
        })
      })
      log.push(`parent: ${user.get()}`)
    })
    host.finish()
    expect(log).toEqual(['child: ann', 'parent: cid', 'second child: cid', 'child: bob', 'parent: cid'])
  })

  it('inherits through generations, also those that set nothing', () => {
    const user = local('nobody')
    const task = scheduler.run(function* () {
      user.set('ann')
      return yield* descend(100)
    })
    host.finish()
    return expect(task.promise).resolves.toBe('ann')

    function* descend(left: number): Coroutine<string> {
      if (left === 0) return user.get()
      return yield* scope(function* (s) {
        return yield* s.spawn(descend, left - 1).join()
      })
    }
  })

  it('inherits from whoever spawns it, not from whose scope it is', () => {
    const user = local('nobody')
    const log: string[] = []
    scheduler.run(function* () {
      user.set('owner')
      yield* scope(function* (s) {
        s.spawn(spawner, s)
      })
    })
    host.finish()
    expect(log).toEqual(['spawner'])

    function* spawner(s: Scope): Coroutine<void> {
      user.set('spawner')
      s.spawn(function* () {
        log.push(user.get())
      })
    }
  })

  it('spawned from outside of coroutines inherits from the one whose scope it is', () => {
    const user = local('nobody')
    const log: string[] = []
    let kept: Scope | undefined
    scheduler.run(function* () {
      user.set('owner')
      yield* scope(function* (s) {
        kept = s
        yield* sleep(10)
      })
    })
    host.advance(5)
    kept?.spawn(function* () {
      log.push(user.get())
    })
    host.finish()
    expect(log).toEqual(['owner'])
  })

  it('that is a root inherits when a coroutine starts it, and begins with the initial values otherwise', () => {
    const user = local('nobody')
    const log: string[] = []
    const noting = function* (): Coroutine<void> {
      log.push(user.get())
    }
    scheduler.run(function* () {
      user.set('ann')
      scheduler.run(noting)
      yield* sleep(1)
    })
    host.settle()
    scheduler.run(noting)
    host.finish()
    expect(log).toEqual(['ann', 'nobody'])
  })
})

describe('a value that is set for a block', () => {
  it('is the one before again after it, however the block ends', () => {
    const user = local('nobody')
    const log: string[] = []
    const task = scheduler.run(function* () {
      using _outer = user.set('ann')
      yield* moveOn(5, function* () {
        using _inner = user.set('bob')
        log.push(user.get())
        yield* sleep(10)
      })
      log.push(user.get())
      try {
        using _inner = user.set('cid')
        throw new Error('failure')
      } catch {
        log.push(user.get())
      }
      {
        using _inner = user.set('dan')
        log.push(user.get())
      }
      return user.get()
    })
    host.finish()
    expect(log).toEqual(['bob', 'ann', 'ann', 'dan'])
    return expect(task.promise).resolves.toBe('ann')
  })

  it('is restored alone: others that were set in the block stay', () => {
    const [user, place] = [local('nobody'), local('nowhere')]
    const task = scheduler.run(function* () {
      const undo = user.set('ann')
      place.set('here')
      undo[Symbol.dispose]()
      const between = [user.get(), place.get()]
      user.set('bob')
      undo[Symbol.dispose]()
      return [...between, user.get(), place.get()]
    })
    host.finish()
    return expect(task.promise).resolves.toEqual(['nobody', 'here', 'bob', 'here'])
  })

  it('stays with a child that was spawned in the block', () => {
    const user = local('nobody')
    const log: string[] = []
    scheduler.run(function* () {
      yield* scope(function* (s) {
        using _ = user.set('ann')
        s.spawn(function* () {
          yield* sleep(1)
          log.push(user.get())
        })
      })
      log.push(user.get())
    })
    host.finish()
    expect(log).toEqual(['ann', 'nobody'])
  })

  it('and disposed of by somebody else is restored where it was set', () => {
    const user = local('nobody')
    const channel = new Channel<Disposable>()
    const task = scheduler.run(function* () {
      yield* channel.send(user.set('ann'))
      yield* sleep(1)
      return user.get()
    })
    const other = scheduler.run(function* () {
      user.set('bob')
      ;(yield* channel.receive())[Symbol.dispose]()
      return user.get()
    })
    host.finish()
    return expect(Promise.all([task.promise, other.promise])).resolves.toEqual(['nobody', 'bob'])
  })
})

it('each of two schedulers has the values of the coroutine that it runs', () => {
  const user = local('nobody')
  const other = new RealScheduler({ host })
  const log: string[] = []
  for (const [one, name] of [
    [scheduler, 'ann'],
    [other, 'bob'],
  ] as const) {
    one.run(function* () {
      user.set(name)
      for (let each = 0; each < 3; each += 1) yield* sleep(1)
      log.push(user.get())
    })
  }
  host.finish()
  expect(log.toSorted()).toEqual(['ann', 'bob'])
})

it('a losing case, or a cancel, has no effect on it', () => {
  const user = local('nobody')
  const task = scheduler.run(function* () {
    user.set('ann')
    yield* select({ a: after(1), b: after(2) })
    return user.get()
  })
  host.finish()
  return expect(task.promise).resolves.toBe('ann')
})

it('a coroutine that is read as a stream has the values of where that was made', async () => {
  const user = local('nobody')
  const made = scheduler.run(function* () {
    user.set('ann')
    const iterable = toAsyncIterable(function* (out: ChannelOf<string>) {
      yield* out.send(user.get())
    })
    user.set('bob')
    return iterable
  })
  host.settle()
  const iterable = await made.promise
  const next = iterable.next()
  host.settle()
  expect(await next).toEqual({ done: false, value: 'ann' })
})
