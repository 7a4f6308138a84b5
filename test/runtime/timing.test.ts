import { afterEach, beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Scheduler, Selectable, Task, Ticker } from '../../runtime/index.ts'
import { after, Channel, Misuse, moveOn, select, sleep, ticker, timeout, VirtualHost } from '../../runtime/index.ts'

let host: WorkingHost
/** One that leaves the parked alone, so that a test can look at them. */
let scheduler: Scheduler

/** Virtual time in which work can take time, as it does everywhere else. */
class WorkingHost extends VirtualHost {
  #workedMs = 0

  work(ms: number): void {
    this.#workedMs += ms
  }

  override now(): number {
    return super.now() + this.#workedMs
  }
}

beforeEach(() => {
  host = new WorkingHost()
  scheduler = host.scheduler({ deadlock: 'ignore' })
})

afterEach(() => {
  scheduler.validate()
  expect(scheduler.statistics().timers).toBe(0)
  expect(host.reported).toEqual([])
})

/** Start a coroutine that logs, when an operation is done, what it gave and the time. */
function logWhenDone<T>(log: string[], name: string, operation: () => Operation<T>): Task<void> {
  return scheduler.run(function* (): Coroutine<void> {
    try {
      const value = yield* operation()
      log.push(`${name} at ${host.now()}${value === undefined ? '' : `: ${value}`}`)
    } catch (error) {
      log.push(`${name} at ${host.now()}: ${(error as { code: string }).code}`)
    }
  })
}

describe('sleep and after', () => {
  it('are over once the time has passed, and not before', () => {
    const log: string[] = []
    logWhenDone(log, 'sleep', () => sleep(100))
    logWhenDone(log, 'after', () => after(100))
    host.advance(99.9)
    expect(log).toEqual([])
    expect(scheduler.statistics().timers).toBe(2)
    host.advance(0.1)
    expect(log).toEqual(['sleep at 100', 'after at 100'])
  })

  it('end in the order in which they are due, and those due together in the order in which they began', () => {
    const log: string[] = []
    for (const name of ['a 30', 'b 10', 'c 20', 'd 10', 'e 30', 'f 20']) {
      logWhenDone(log, name, () => sleep(Number(name.slice(2))))
    }
    host.finish()
    expect(log).toEqual(['b 10 at 10', 'd 10 at 10', 'c 20 at 20', 'f 20 at 20', 'a 30 at 30', 'e 30 at 30'])
  })

  it('count from when somebody first waits, not from when they were made', () => {
    const log: string[] = []
    logWhenDone(log, 'after', function* () {
      const later = after(100)
      yield* sleep(50)
      yield* later
    })
    host.finish()
    expect(log).toEqual(['after at 150'])
  })

  it('count from the clock itself, however long the slice has worked before them', () => {
    const log: string[] = []
    logWhenDone(log, 'sleep', function* () {
      host.work(40)
      yield* sleep(100)
    })
    host.finish()
    expect(log).toEqual(['sleep at 140'])
  })

  it('are over at once for 0 and less, without a timer or a trip through the run queue', () => {
    const log: string[] = []
    logWhenDone(log, 'zero', function* () {
      yield* after(0)
      yield* sleep(0)
      yield* after(-1)
      yield* after(Number.NEGATIVE_INFINITY)
    })
    host.settle()
    expect(log).toEqual(['zero at 0'])
    expect(scheduler.statistics().resumes).toBe(1)
  })

  it('never end for Infinity, and set no timer', () => {
    const log: string[] = []
    const tasks = [logWhenDone(log, 'after', () => after(Infinity)), logWhenDone(log, 'sleep', () => sleep(Infinity))]
    host.finish()
    expect(scheduler.statistics()).toMatchObject({ timers: 0, parked: 2 })
    for (const task of tasks) task.cancel()
    host.settle()
    expect(log).toEqual(['after at 0: CANCELLED', 'sleep at 0: CANCELLED'])
  })

  it.each([Number.NaN, '5', undefined, null])('refuse %s', (ms) => {
    expect(() => after(ms as number)).toThrow(RangeError)
    expect(() => sleep(ms as number)).toThrow(`sleep takes milliseconds (got ${ms})`)
  })

  it('take their timer away when they are cancelled', () => {
    const log: string[] = []
    const task = logWhenDone(log, 'sleep', () => sleep(1_000))
    host.settle()
    expect(scheduler.statistics().timers).toBe(1)
    task.cancel()
    expect(scheduler.statistics().timers).toBe(0)
    host.settle()
    expect(log).toEqual(['sleep at 0: CANCELLED'])
    expect(host.pending).toBe(0)
  })

  it('that were over before the cancel stay over, though the coroutine has not gone on yet', () => {
    const log: string[] = []
    const sleepers: Task<void>[] = []
    scheduler.run(function* () {
      yield* sleep(10)
      log.push(`the sleeper is ${sleepers[0]?.status}`)
      sleepers[0]?.cancel()
    })
    sleepers.push(logWhenDone(log, 'sleeper', () => sleep(10)))
    host.finish()
    expect(log).toEqual(['the sleeper is runnable', 'sleeper at 10'])
  })

  it('take their timer away when they lose a select', () => {
    const channel = new Channel<string>()
    const log: string[] = []
    logWhenDone(log, 'select', function* () {
      return (yield* select({ value: channel.receive(), short: after(100), long: after(60_000) })).case
    })
    host.settle()
    expect(scheduler.statistics().timers).toBe(2)
    channel.trySend('a')
    expect(scheduler.statistics().timers).toBe(0)
    host.settle()
    expect(log).toEqual(['select at 0: value'])
    expect(host.pending).toBe(0)
  })

  it('that win a select take the other timers away', () => {
    const log: string[] = []
    logWhenDone(log, 'select', function* () {
      return (yield* select({ a: after(300), b: after(100), c: after(200) })).case
    })
    host.finish()
    expect(log).toEqual(['select at 100: b'])
    expect(host.now()).toBe(100)
  })

  it('do not pile up in a loop of selects', () => {
    const channel = new Channel<number>()
    let mostTimers = 0
    scheduler.run(function* () {
      for (let round = 0; round < 1_000; round += 1) yield* select({ value: channel.receive(), idle: after(60_000) })
    })
    scheduler.run(function* () {
      for (let round = 0; round < 1_000; round += 1) {
        yield* channel.send(round)
        mostTimers = Math.max(mostTimers, scheduler.statistics().timers)
      }
    })
    host.finish()
    expect(mostTimers).toBeLessThanOrEqual(1)
    expect(host.now()).toBe(0)
  })

  it('inside a timeout or moveOn that ends first are taken away as well', () => {
    const log: string[] = []
    logWhenDone(log, 'moveOn', function* () {
      return (yield* moveOn(10, () => sleepFor(1_000))).done
    })
    logWhenDone(log, 'timeout', () => timeout(20, () => sleepFor(1_000)))
    host.finish()
    expect(log).toEqual(['moveOn at 10: false', 'timeout at 20: TIMEOUT'])
    expect(host.now()).toBe(20)
  })

  it('let one wait for a value with a limit, and lose neither the value nor the limit', () => {
    const channel = new Channel<number>()
    const log: string[] = []
    scheduler.run(function* () {
      for (const pause of [5, 15, 5]) {
        yield* sleep(pause)
        yield* channel.send(pause)
      }
    })
    logWhenDone(log, 'reader', function* () {
      const seen: string[] = []
      while (seen.length < 4) {
        const selected = yield* select({ value: channel.receive(), idle: after(10) })
        seen.push(selected.case === 'value' ? `${selected.value}` : selected.case)
      }
      return seen.join(' ')
    })
    host.finish()
    expect(log).toEqual(['reader at 25: 5 idle 15 5'])
  })
})

describe('a ticker', () => {
  it('ticks once every period, from when it was made', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      for (let round = 0; round < 3; round += 1) log.push(`${yield* ticks.receive()} at ${host.now()}`)
    })
    host.finish()
    expect(log).toEqual(['1 at 10', '1 at 20', '1 at 30'])
  })

  it('tells a late reader how many periods have passed, and does not drift', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      yield* sleep(35)
      log.push(`${yield* ticks.receive()} at ${host.now()}`)
      log.push(`${yield* ticks.receive()} at ${host.now()}`)
      host.work(25)
      log.push(`${yield* ticks.receive()} at ${host.now()}`)
      log.push(`${yield* ticks.receive()} at ${host.now()}`)
    })
    host.finish()
    expect(log).toEqual(['3 at 35', '1 at 40', '2 at 65', '1 at 70'])
  })

  it('costs nothing while nobody waits for it', () => {
    const made: Ticker[] = []
    scheduler.run(function* () {
      made.push(ticker(10))
    })
    host.finish()
    expect(made).toHaveLength(1)
    expect(host.pending).toBe(0)
  })

  it('gives each tick to one reader, in the order in which they came', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      for (const name of ['a', 'b', 'c']) logWhenDone(log, name, () => ticks.receive())
    })
    host.finish()
    expect(log).toEqual(['a at 10: 1', 'b at 20: 1', 'c at 30: 1'])
  })

  it('lets nobody overtake a reader that waits, not even one that comes when the tick is due', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      logWhenDone(log, 'first', () => ticks.receive())
      yield* after(5)
      logWhenDone(log, 'neighbour', () => sleep(7))
      // The tick falls due while this slice works, before the scheduler looks at its clock again.
      host.work(5)
      logWhenDone(log, 'second', () => ticks.receive())
    })
    host.advance(5)
    scheduler.validate()
    host.finish()
    expect(log).toEqual(['first at 10: 1', 'neighbour at 17', 'second at 20: 1'])
  })

  it('ends with ChannelClosed once it is stopped, for those who wait and those who come', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      logWhenDone(log, 'a', () => ticks.receive())
      logWhenDone(log, 'b', () => ticks.receive())
      yield* sleep(15)
      expect(ticks.isStopped).toBe(false)
      expect(scheduler.statistics().timers).toBe(1)
      ticks.stop()
      expect(scheduler.statistics().timers).toBe(0)
      ticks.stop()
      expect(ticks.isStopped).toBe(true)
      logWhenDone(log, 'c', () => ticks.receive())
    })
    host.finish()
    expect(log).toEqual(['a at 10: 1', 'b at 15: CHANNEL_CLOSED', 'c at 15: CHANNEL_CLOSED'])
    expect(host.pending).toBe(0)
  })

  it('that is stopped while a tick is due gives none', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      yield* sleep(25)
      ticks.stop()
      logWhenDone(log, 'late', () => ticks.receive())
    })
    host.finish()
    expect(log).toEqual(['late at 25: CHANNEL_CLOSED'])
  })

  it('can be a case of select; when it loses, its timer goes, and no tick is lost', () => {
    const channel = new Channel<string>()
    const log: string[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      const first = yield* select({ tick: ticks.receive(), value: channel.receive() })
      log.push(`${first.case}, ${scheduler.statistics().timers} timers, at ${host.now()}`)
      const second = yield* select({ tick: ticks.receive(), value: channel.receive() })
      log.push(`${second.case} ${second.value} at ${host.now()}`)
    })
    host.advance(5)
    channel.trySend('a')
    expect(scheduler.statistics().timers).toBe(0)
    host.advance(5)
    host.finish()
    expect(log).toEqual(['value, 0 timers, at 5', 'tick 1 at 10'])
  })

  it('goes on for the others when one who waits is cancelled', () => {
    const log: string[] = []
    const tasks: Task<void>[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      for (const name of ['a', 'b']) tasks.push(logWhenDone(log, name, () => ticks.receive()))
    })
    host.settle()
    tasks[0]?.cancel()
    expect(scheduler.statistics().timers).toBe(1)
    host.finish()
    expect(log).toEqual(['a at 0: CANCELLED', 'b at 10: 1'])
  })

  it('takes its timer away with the last who waits', () => {
    const tasks: Task<void>[] = []
    scheduler.run(function* () {
      const ticks = ticker(10)
      for (const name of ['a', 'b']) tasks.push(logWhenDone([], name, () => ticks.receive()))
    })
    host.settle()
    for (const task of tasks) task.cancel()
    expect(scheduler.statistics().timers).toBe(0)
    host.settle()
    expect(host.pending).toBe(0)
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5'])('refuses a period of %s', (ms) => {
    expect(() => host.run(() => makeTicker(ms as number))).toThrow(RangeError)
    expect(() => host.run(() => makeTicker(ms as number))).toThrow(`(got ${ms})`)
  })

  it('is made in a coroutine, whose clock it keeps', () => {
    expect(() => ticker(10)).toThrow(Misuse)
  })
})

it('waiting for time is described in words in a dump', () => {
  const tasks = [
    scheduler.run(function* short() {
      yield* sleep(250)
    }),
    scheduler.run(function* long() {
      yield* sleep(1_500)
    }),
    scheduler.run(function* ticking() {
      yield* ticker(30_000).receive()
    }),
  ]
  host.advance(100)
  expect(scheduler.dump().split('\n')).toEqual([
    'short#1  parked 100 ms on after 250 ms',
    'long#2  parked 100 ms on after 1.5 s',
    'ticking#3  parked 100 ms on a tick every 30 s',
  ])
  for (const task of tasks) task.cancel()
  host.settle()
})

it('has types that say what each operation gives, and that sleep is no case of select', () => {
  expectTypeOf(after).returns.toEqualTypeOf<Selectable<void>>()
  expectTypeOf(sleep).returns.toEqualTypeOf<Operation<void>>()
  expectTypeOf<ReturnType<typeof ticker>['receive']>().returns.toEqualTypeOf<Selectable<number>>()
})

function* sleepFor(ms: number): Coroutine<void> {
  yield* sleep(ms)
}

function* makeTicker(ms: number): Coroutine<void> {
  ticker(ms)
}
