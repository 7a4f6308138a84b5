import { describe, expect, it } from 'vitest'
import type { Coroutine, Host, Operation, SchedulerOptions } from '../../../runtime/index.ts'
import { Channel, Latch, moveOn, Scheduler, scope, select, shield, sleep, VirtualHost } from '../../../runtime/index.ts'

describe('waking', () => {
  it('enqueues and never calls: a chain of 1,000,000 links runs on the default stack', () => {
    const links = 1_000_000
    const host = new VirtualHost()
    const scheduler = host.scheduler()
    const task = scheduler.run(function* () {
      return yield* scope(function* (s) {
        const rightmost = new Latch()
        let right = rightmost
        let left = right
        for (let made = 0; made < links; made += 1) {
          left = new Latch()
          s.spawn(link, right, left)
          right = left
        }
        rightmost.open()
        yield* left.wait()
        return 'through'
      })
    })
    host.settle()
    expect(task.status).toBe('done')
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, spawned: links + 1, finished: links + 1 })
    function* link(from: Latch, to: Latch): Coroutine<void> {
      yield* from.wait()
      to.open()
    }
  })

  it('leaves the one who woke running until it stops by itself', () => {
    const { host, scheduler } = hosted()
    const log: string[] = []
    const latch = new Latch()
    scheduler.run(function* () {
      yield* latch.wait()
      log.push('woken')
    })
    scheduler.run(function* () {
      latch.open()
      log.push('waker goes on')
      yield* sleep(0)
      log.push('also past an operation that is ready')
    })
    host.settle()
    expect(log).toEqual(['waker goes on', 'also past an operation that is ready', 'woken'])
  })

  it('resumes in the order of waking', () => {
    const { host, scheduler } = hosted()
    const log: number[] = []
    const latches = Array.from({ length: 20 }, () => new Latch())
    latches.forEach((latch, index) => {
      scheduler.run(function* () {
        yield* latch.wait()
        log.push(index)
      })
    })
    host.settle()
    const order = latches.map((_, index) => (index * 7) % 20)
    for (const index of order) latches[index]?.open()
    scheduler.validate()
    host.settle()
    expect(log).toEqual(order)
  })
})

describe('a coroutine whose operations never park', () => {
  const open = new Latch()
  open.open()
  const ready: [string, () => Operation<unknown>][] = [
    ['waits for what is open', () => open.wait()],
    ['sleeps for nothing', () => sleep(0)],
    ['enters empty scopes', () => scope(function* () {})],
    ['enters empty shields', () => shield(function* () {})],
    ['enters scopes that fail', () => scope(() => failing())],
    ['enters scopes that cancel themselves', () => scope((s) => running(() => s.cancel()))],
    ['is out of time at once', () => moveOn(0, function* () {})],
    ['is out of time at once, with something to do', () => moveOn(0, () => running(() => {}, open.wait()))],
    ['joins what has ended', joinOfEnded],
  ]

  it.each(ready)('hands over by its budget when it only %s', (_, make) => {
    const { host, scheduler } = hosted()
    let othersTurns = 0
    let rounds = 0
    scheduler.run(function* () {
      for (; othersTurns < 3 && rounds < 10_000; rounds += 1) {
        try {
          yield* make()
        } catch {}
      }
    })
    scheduler.run(function* () {
      for (; othersTurns < 3; othersTurns += 1) yield* parkOnce(scheduler)
    })
    host.settle()
    expect(othersTurns).toBe(3)
    expect(rounds).toBeLessThan(2_000)
  })

  it('does not keep a timer from firing, nor the host from its turn', () => {
    const clock = new TickingHost()
    const scheduler = new Scheduler({ host: clock, sliceMs: 5 })
    let fired = false
    let rounds = 0
    scheduler.run(function* () {
      yield* sleep(20)
      fired = true
    })
    scheduler.run(function* () {
      for (; !fired && rounds < 1_000_000; rounds += 1) yield* open.wait()
    })
    clock.run()
    expect(fired).toBe(true)
    expect(clock.macrotasks).toBeGreaterThan(1)
  })

  it('does not hold up a timer until the slice is over', () => {
    const clock = new TickingHost()
    const scheduler = new Scheduler({ host: clock, sliceMs: 1_000 })
    let firedAt = 0
    scheduler.run(function* () {
      yield* sleep(20)
      firedAt = clock.time
    })
    scheduler.run(function* () {
      while (firedAt === 0 && clock.time < 2_000) yield* open.wait()
    })
    clock.run()
    expect(firedAt).toBeGreaterThanOrEqual(20)
    expect(firedAt).toBeLessThan(25)
  })

  it('is not the only one: a ping-pong pair starves neither timers nor the host', () => {
    const clock = new TickingHost()
    const scheduler = new Scheduler({ host: clock, sliceMs: 5 })
    const [ping, pong] = [new Channel<number>(), new Channel<number>()]
    let fired = 0
    const stop = 20
    scheduler.run(function* () {
      for (; fired < stop; fired += 1) yield* sleep(1)
      ping.close()
    })
    scheduler.run(function* () {
      for (let ball = yield* ping.next(); ball.done !== true; ball = yield* ping.next()) yield* pong.send(ball.value)
      pong.close()
    })
    scheduler.run(function* () {
      for (let ball = 0; fired < stop && ball < 1_000_000; ball += 1) {
        yield* ping.send(ball)
        expect(yield* pong.receive()).toBe(ball)
      }
    })
    clock.run()
    expect(fired).toBe(stop)
    expect(clock.macrotasks).toBeGreaterThan(3)
  })
})

describe('a slice', () => {
  it('begins with soon after a wake from outside, and goes on with later when it is spent', () => {
    const clock = new TickingHost()
    const scheduler = new Scheduler({ host: clock, sliceMs: 5 })
    for (let each = 0; each < 1_000; each += 1) scheduler.run(function* () {})
    expect(clock.asked).toEqual(['soon'])
    clock.run()
    expect(clock.asked.length).toBeGreaterThan(2)
    expect(new Set(clock.asked.slice(1))).toEqual(new Set(['later']))
    expect(scheduler.statistics()).toMatchObject({ finished: 1_000, resumes: 1_000 })
  })

  it('is no longer than sliceMs and the few resumes between two looks at the clock', () => {
    for (const sliceMs of [0, 1, 10, 100]) {
      const clock = new TickingHost(0.01)
      const scheduler = new Scheduler({ host: clock, sliceMs })
      for (let each = 0; each < 2_000; each += 1) {
        scheduler.run(function* () {
          clock.time += 0.25
        })
      }
      clock.run()
      expect(scheduler.statistics().finished).toBe(2_000)
      expect(clock.longestStretch).toBeGreaterThanOrEqual(sliceMs)
      expect(clock.longestStretch).toBeLessThan(sliceMs + 5)
    }
  })

  it('is shared by all drains in microtasks: those that wake each other make room after it', () => {
    const clock = new TickingHost()
    const scheduler = new Scheduler({ host: clock, sliceMs: 5 })
    for (let each = 0; each < 1_000; each += 1) {
      scheduler.run(function* () {})
      clock.runMicrotasks()
    }
    expect(clock.asked.filter((kind) => kind === 'later').length).toBeGreaterThan(0)
  })

  it('is given in milliseconds from 0', () => {
    for (const sliceMs of [-1, Number.NaN]) expect(() => new Scheduler({ sliceMs })).toThrow(RangeError)
  })
})

describe('the same seed', () => {
  it('gives the same trace, and another one another, of a program full of choices', () => {
    for (const order of ['fifo', 'shuffle'] as const) {
      expect(traceOf({ seed: 1, order })).toEqual(traceOf({ seed: 1, order }))
      const traces = new Set([1, 2, 3, 4, 5].map((seed) => traceOf({ seed, order })))
      expect(traces.size).toBeGreaterThan(1)
    }
  })

  it('is 1 unless told otherwise, and the order first in, first out', () => {
    expect(traceOf({})).toBe(traceOf({ seed: 1, order: 'fifo' }))
    expect(traceOf({})).not.toBe(traceOf({ seed: 1, order: 'shuffle' }))
  })

  it('is nothing that the order of starting depends on, but with shuffle', () => {
    const starts = (options: SchedulerOptions) => {
      const host = new VirtualHost()
      const scheduler = host.scheduler(options)
      const log: number[] = []
      for (let each = 0; each < 10; each += 1) {
        scheduler.run(function* () {
          log.push(each)
        })
      }
      host.settle()
      return log
    }
    const inOrder = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    expect(starts({ seed: 1 })).toEqual(inOrder)
    expect(starts({ seed: 2 })).toEqual(inOrder)
    const shuffled = [1, 2, 3].map((seed) => starts({ seed, order: 'shuffle' }))
    expect(new Set(shuffled.map(String)).size).toBe(3)
    for (const log of shuffled) expect(log.toSorted((a, b) => a - b)).toEqual(inOrder)
  })

  it('with shuffle still keeps each wait queue in order, and each coroutine', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const host = new VirtualHost()
      const scheduler = host.scheduler({ seed, order: 'shuffle' })
      const channel = new Channel<number>()
      const sent: number[] = []
      const received: number[] = []
      for (let each = 0; each < 5; each += 1) {
        scheduler.run(function* () {
          sent.push(each)
          yield* channel.send(each)
        })
      }
      scheduler.run(function* () {
        for (let each = 0; each < 5; each += 1) received.push(yield* channel.receive())
      })
      host.settle()
      expect(received).toEqual(sent)
    }
  })
})

describe('the statistics', () => {
  it('add up at every moment of a busy program, and are back at zero after it', () => {
    const { host, scheduler } = hosted()
    const looks: ReturnType<Scheduler['statistics']>[] = []
    const look = () => {
      scheduler.validate()
      const seen = scheduler.statistics()
      looks.push(seen)
      return seen
    }
    const task = scheduler.run(function* () {
      const channel = new Channel<number>()
      yield* scope(function* (s) {
        for (let each = 0; each < 10; each += 1) {
          s.spawn(function* () {
            look()
            yield* sleep(each)
            yield* channel.send(each)
            look()
          })
        }
        s.spawn(function* () {
          yield* moveOn(5, () => running(() => {}, new Latch().wait()))
          look()
        })
        for (let each = 0; each < 10; each += 1) {
          yield* channel.receive()
          look()
        }
      })
    })
    while (task.status !== 'done') {
      host.advance(0.5)
      const { coroutines, runnable, parked } = look()
      expect({ runnable, sum: parked }).toEqual({ runnable: 0, sum: coroutines })
    }
    expect(looks.length).toBeGreaterThan(30)
    for (const { coroutines, runnable, parked, spawned, finished } of looks) {
      expect(spawned - finished).toBe(coroutines)
      const runningNow = coroutines - runnable - parked
      expect(runningNow === 0 || runningNow === 1).toBe(true)
    }
    expect(scheduler.statistics()).toMatchObject({
      coroutines: 0,
      runnable: 0,
      parked: 0,
      timers: 0,
      awaited: 0,
      spawned: 12,
      finished: 12,
    })
    expect(host.pending).toBe(0)
  })

  it('count a resume for each start and each going on after parking, and hand-overs apart', () => {
    const { host, scheduler } = hosted()
    const latch = new Latch()
    scheduler.run(() => running(() => {}, latch.wait()))
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ resumes: 1, handOvers: 0 })
    latch.open()
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ resumes: 2, handOvers: 0 })
    scheduler.run(() => running(() => {}, sleep(0))).cancel()
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ resumes: 3, handOvers: 1 })
  })

  it('are right when a reporter looks at them in the middle of an end', () => {
    const { host, scheduler } = hosted()
    let seen: unknown
    host.report = () => {
      seen = scheduler.statistics()
    }
    scheduler.run(() => failing())
    host.settle()
    expect(seen).toMatchObject({ coroutines: 0, runnable: 0, parked: 0, finished: 1 })
  })

  it('return to zero after a storm of cancels', () => {
    const { host, scheduler } = hosted()
    const channel = new Channel<number>()
    const tasks = Array.from({ length: 1_000 }, (_, index) =>
      scheduler.run(function* () {
        yield* scope(function* (s) {
          s.spawn(() => running(() => {}, sleep(1_000 + index)))
          s.spawn(() => running(() => {}, channel.receive()))
          yield* select({ a: channel.receive(), b: new Latch().wait() })
        })
      }),
    )
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 3_000, parked: 3_000, timers: 1_000 })
    for (const task of tasks) task.cancel()
    scheduler.validate()
    host.settle()
    scheduler.validate()
    channel.validate()
    expect(channel.trySend(1)).toBe(false)
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, runnable: 0, parked: 0, timers: 0, awaited: 0 })
    expect(host.pending).toBe(0)
  })
})

/** A host whose clock goes on by a little at every look, and which counts what it is asked for. */
class TickingHost implements Host {
  time = 0
  macrotasks = 0
  longestStretch = 0
  readonly asked: ('soon' | 'later')[] = []
  readonly #tickMs: number
  readonly #microtasks: (() => void)[] = []
  readonly #macrotasks: (() => void)[] = []
  readonly #timers: { readonly due: number; readonly callback: () => void }[] = []

  constructor(tickMs = 0.5) {
    this.#tickMs = tickMs
  }

  now(): number {
    this.time += this.#tickMs
    return this.time
  }

  soon(callback: () => void): void {
    this.asked.push('soon')
    this.#microtasks.push(callback)
  }

  later(callback: () => void): void {
    this.asked.push('later')
    this.#macrotasks.push(callback)
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { due: this.time + delayMs, callback }
    this.#timers.push(timer)
    return () => void this.#timers.splice(this.#timers.indexOf(timer) >>> 0, 1)
  }

  report(error: unknown): void {
    throw error
  }

  runMicrotasks(): void {
    const began = this.time
    for (let next = this.#microtasks.shift(); next !== undefined; next = this.#microtasks.shift()) next()
    this.longestStretch = Math.max(this.longestStretch, this.time - began)
  }

  /** Run until nothing is left to do. */
  run(): void {
    for (this.runMicrotasks(); ; this.runMicrotasks()) {
      const began = this.time
      const next = this.#macrotasks.shift()
      if (next !== undefined) {
        this.macrotasks += 1
        next()
        this.longestStretch = Math.max(this.longestStretch, this.time - began)
        continue
      }
      this.#timers.sort((a, b) => a.due - b.due)
      const timer = this.#timers.shift()
      if (timer === undefined) return
      this.time = Math.max(this.time, timer.due)
      timer.callback()
    }
  }
}

function hosted() {
  const host = new VirtualHost()
  return { host, scheduler: host.scheduler({ deadlock: 'ignore' }) }
}

function* running(does: () => void, operation?: Operation<unknown>): Coroutine<void> {
  does()
  if (operation !== undefined) yield* operation
}

function* failing(): Coroutine<never> {
  throw new Error('failure')
}

function* parkOnce(scheduler: Scheduler): Coroutine<void> {
  yield* scheduler.run(function* () {}).join()
}

function joinOfEnded(): Operation<void> {
  return endedTask.join()
}

const endedTask = (() => {
  const { host, scheduler } = hosted()
  const task = scheduler.run(function* () {})
  host.settle()
  return task
})()

/** What a program does that meets a choice of its scheduler at every turn. */
function traceOf(options: SchedulerOptions): string {
  const host = new VirtualHost()
  const scheduler = host.scheduler(options)
  const log: string[] = []
  const [a, b] = [new Channel<string>(2), new Channel<string>(2)]
  for (const name of ['x', 'y', 'z']) {
    scheduler.run(function* () {
      for (let time = 0; time < 10; time += 1) {
        const { case: chosen } = yield* select({ a: a.send(name), b: b.send(name) })
        log.push(`${name}>${chosen}`)
      }
    })
  }
  scheduler.run(function* () {
    for (let time = 0; time < 30; time += 1) {
      const { case: chosen, value } = yield* select({ a: a.receive(), b: b.receive() })
      log.push(`${chosen}>${value}`)
    }
  })
  host.finish()
  expect(log).toHaveLength(60)
  return log.join(' ')
}
