// Nobody's code runs inside a hand-over, and what throws where an operation registers leaves no trace.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Task, Waiter } from '../../runtime/index.ts'
import {
  abortSignal,
  after,
  Channel,
  from,
  Latch,
  local,
  SelectableOperation,
  scope,
  select,
  sleep,
  until,
  WaitList,
} from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { catching, running } from './outcomes.ts'

const never = new Promise<never>(() => {})

describe('a coroutine that is cancelled by what it starts while a select registers', () => {
  it('leaves no case behind: a later trySend finds nobody, and keeps its value', () => {
    const channel = new Channel<string>(1)
    const later = new Channel<string>(1)
    const task: Task<unknown> = scheduler.run(function* () {
      const work = until(() => {
        task.cancel()
        return never
      })
      yield* select({ before: channel.receive(), work, after: later.receive() }, { order: 'first' })
    })
    host.settle()
    expect(task.status).toBe('cancelled')
    for (const each of [channel, later]) {
      expect(each.trySend('value')).toBe(true)
      expect(each.tryReceive()).toEqual({ status: 'value', value: 'value' })
      each.validate()
    }
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
  })

  it('leaves none either when the cases that come after it wait for time, a latch, a tick, a source or an end', () => {
    const latch = new Latch()
    const other = scheduler.run(() => running(latch.wait()))
    const task: Task<unknown> = scheduler.run(function* () {
      const work = until(() => {
        task.cancel()
        return never
      })
      const source = from(
        (async function* () {
          yield* []
        })(),
      )
      const cases = { work, time: after(10), open: latch.wait(), next: source.next(), end: other.join() }
      yield* select(cases, { order: 'first' })
    })
    host.settle()
    expect(scheduler.statistics()).toMatchObject({ coroutines: 1, awaited: 0, timers: 0 })
    latch.open()
    host.settle()
    expect([task.status, other.status]).toEqual(['cancelled', 'done'])
  })

  it('takes nothing when what it starts makes an earlier case ready first', () => {
    const channel = new Channel<string>()
    const log: unknown[] = []
    const task: Task<unknown> = scheduler.run(function* () {
      const work = until(() => {
        channel.trySend('value')
        task.cancel()
        return never
      })
      log.push(yield* select({ value: channel.receive(), work }, { order: 'first' }))
      yield* sleep(1)
    })
    host.settle()
    // The hand-over came first: that has happened, and the cancel is met by the next operation.
    expect(log).toEqual([{ case: 'value', value: 'value' }])
    expect(task.status).toBe('cancelled')
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, awaited: 0, timers: 0 })
  })

  it('is cancelled by an operation of its own, too, and that is withdrawn', () => {
    const waiting = new WaitList<Cancelling>()
    const task: Task<unknown> = scheduler.run(() => running(new Cancelling(waiting, () => task.cancel())))
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(waiting.isEmpty).toBe(true)
  })
})

describe('an operation that throws while it registers', () => {
  it('leaves none of the earlier cases of a select registered, nor itself', () => {
    const channel = new Channel<number>()
    const waiting = new WaitList<Throwing>()
    const task = scheduler.run(() =>
      catching(select({ value: channel.receive(), broken: new Throwing(waiting) }, { order: 'first' })),
    )
    host.settle()
    expect(channel.trySend(1)).toBe(false)
    expect(waiting.isEmpty).toBe(true)
    expect(task.status).toBe('done')
    return expect(task.promise).resolves.toMatchObject({ message: 'cannot register' })
  })

  it('fails its coroutine there and then, which can go on', () => {
    const waiting = new WaitList<Throwing>()
    const log: unknown[] = []
    const task = scheduler.run(function* () {
      log.push(yield* catching(new Throwing(waiting)), task.status)
      yield* sleep(1)
      log.push('went on')
    })
    host.advance(1)
    expect(log).toEqual([expect.objectContaining({ message: 'cannot register' }), 'running', 'went on'])
    expect(waiting.isEmpty).toBe(true)
  })

  it('and cancels its coroutine as well, is reported beside the cancel', () => {
    const task: Task<unknown> = scheduler.run(() =>
      running(
        new Cancelling(new WaitList(), () => {
          task.cancel()
          throw new Error('cannot register')
        }),
      ),
    )
    host.settle()
    expect(task.status).toBe('cancelled')
    expect(host.reported.splice(0)).toEqual([expect.objectContaining({ message: 'cannot register' })])
  })
})

describe('an operation that throws while it is withdrawn', () => {
  it('is reported, and neither keeps the other losers nor fails who hands over', () => {
    const [first, last] = [new Channel<number>(), new Channel<number>()]
    const task = scheduler.run(() =>
      running(select({ first: first.receive(), stuck: new Stuck(), last: last.receive() }, { order: 'first' })),
    )
    host.settle()
    expect(first.trySend(1)).toBe(true)
    expect(last.trySend(2)).toBe(false)
    host.settle()
    expect(host.reported.splice(0)).toEqual([expect.objectContaining({ message: 'cannot withdraw' })])
    return expect(task.promise).resolves.toEqual({ case: 'first', value: 1 })
  })

  it('does not keep a cancel from those that come after it', () => {
    const tasks: Task<unknown>[] = []
    const root = scheduler.run(function* () {
      yield* scope(function* (s) {
        tasks.push(s.spawn(() => running(new Stuck())))
        tasks.push(s.spawn(() => running(new Latch().wait())))
      })
    })
    host.settle()
    root.cancel()
    host.settle()
    expect(tasks.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(host.reported.splice(0)).toEqual([expect.objectContaining({ message: 'cannot withdraw' })])
  })
})

describe("abort listeners of somebody's signal", () => {
  const user = local('nobody')

  it('of an until that loses run after the send, with none of its locals', () => {
    const channel = new Channel<string>()
    const log: string[] = []
    scheduler.run(function* () {
      const work = until((signal) => {
        signal.addEventListener('abort', () => log.push(`aborted for ${user.get()}`))
        return never
      })
      yield* select({ value: channel.receive(), work }, { order: 'first' })
      log.push('received')
    })
    scheduler.run(function* () {
      user.set('the sender')
      yield* channel.send('value')
      log.push('sent')
    })
    host.settle()
    expect(log).toEqual(['sent', 'aborted for nobody', 'received'])
  })

  it('that cancel the sender come too late: what was received was sent', () => {
    const channel = new Channel<string>()
    const controller = new AbortController()
    const log: unknown[] = []
    scheduler.run(function* () {
      const work = until((signal) => {
        signal.addEventListener('abort', () => controller.abort())
        return never
      })
      log.push(yield* select({ value: channel.receive(), work }, { order: 'first' }))
    })
    const sender = scheduler.run(function* () {
      try {
        const sent = yield* select({ sent: channel.send('value'), stop: until(controller.signal) }, { order: 'first' })
        log.push(sent.case)
      } catch (error) {
        log.push(error)
      }
    })
    sender.cancelOn(controller.signal)
    host.settle()
    expect(log).toEqual(['sent', { case: 'value', value: 'value' }])
  })

  it('of a coroutine that is cancelled run after the step that cancels it, and before its finalizers', () => {
    const log: string[] = []
    const cancelled = scheduler.run(function* () {
      abortSignal().addEventListener('abort', () => log.push(`aborted for ${user.get()}`))
      try {
        yield* new Latch().wait()
      } finally {
        log.push('finally')
      }
    })
    scheduler.run(function* () {
      user.set('the canceller')
      cancelled.cancel()
      log.push('cancelled')
    })
    host.settle()
    expect(log).toEqual(['cancelled', 'aborted for nobody', 'finally'])
  })

  it('may wake the last that waits: that is no standstill', () => {
    const latch = new Latch()
    const strict = host.scheduler({ deadlock: 'reject' })
    const task = strict.run(function* () {
      yield* scope(function* (s) {
        const child = s.spawn(function* () {
          abortSignal().addEventListener('abort', () => latch.open())
          yield* new Latch().wait()
        })
        yield* sleep(1)
        child.cancel()
        yield* latch.wait()
      })
    })
    host.finish()
    expect(task.status).toBe('done')
  })

  it('of a coroutine that cancels itself and asks for its signal once more run after the step', () => {
    const log: string[] = []
    scheduler.run(function* () {
      const cancelled = scope(function* (own) {
        abortSignal().addEventListener('abort', () => log.push(scheduler.running ?? 'outside of coroutines'))
        own.cancel('on purpose')
        abortSignal()
        log.push('the step goes on')
        try {
          yield* sleep(1)
        } finally {
          log.push(`aborted: ${abortSignal().aborted}`)
        }
      })
      yield* catching(cancelled)
    })
    host.settle()
    expect(log).toEqual(['the step goes on', 'outside of coroutines', 'aborted: true'])
  })

  it('of a cancel from outside have run when it returns', () => {
    const log: string[] = []
    const task = scheduler.run(function* () {
      yield* until((signal) => {
        signal.addEventListener('abort', () => log.push('aborted'))
        return never
      })
    })
    host.settle()
    task.cancel()
    expect(log).toEqual(['aborted'])
    host.settle()
  })
})

describe('a promise handed to until', () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => unhandled.push(error)
  beforeEach(() => void process.on('unhandledRejection', note))
  afterEach(() => void process.off('unhandledRejection', note))

  const failing = () => Promise.reject(new Error('nobody waits'))

  it.each<[string, () => Coroutine<unknown>]>([
    ['another case was ready', () => running(select({ ready: after(0), it: until(failing()) }, { order: 'first' }))],
    [
      'the case before it threw',
      () => catching(select({ broken: new Throwing(new WaitList()), it: until(failing()) }, { order: 'first' })),
    ],
    ['its coroutine was cancelled before', () => cancelledBefore()],
  ])('is looked at also when the wait for it never began: %s', async (_why, body) => {
    scheduler.run(body).promise.catch(() => {})
    host.settle()
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled.splice(0)).toEqual([])
  })

  function* cancelledBefore(): Coroutine<void> {
    yield* scope(function* (s) {
      s.cancel()
      yield* until(failing())
    })
  }

  it('tells the work why its wait was cancelled', () => {
    const signals: AbortSignal[] = []
    const work = (signal: AbortSignal) => {
      signals.push(signal)
      return never
    }
    const task = scheduler.run(() => running(until(work)))
    scheduler.run(() => running(select({ work: until(work), late: after(1) })))
    host.settle()
    task.cancel('enough')
    host.advance(1)
    expect(signals[0]?.reason).toBe('enough')
    expect(signals[1]?.reason).toMatchObject({ name: 'AbortError' })
  })
})

class Cancelling extends SelectableOperation<void> {
  readonly #waiting: WaitList<Cancelling>
  readonly #work: () => void

  constructor(waiting: WaitList<Cancelling>, work: () => void) {
    super()
    this.#waiting = waiting
    this.#work = work
  }

  poll(): boolean {
    return false
  }

  take(): void {}

  describe(): string {
    return 'a work of its own'
  }

  protected enlist(): void {
    this.#work()
    this.#waiting.add(this)
  }
}

class Throwing extends SelectableOperation<void> {
  readonly #waiting: WaitList<Throwing>

  constructor(waiting: WaitList<Throwing>) {
    super()
    this.#waiting = waiting
  }

  poll(): boolean {
    return false
  }

  take(): void {}

  describe(): string {
    return 'a broken operation'
  }

  protected enlist(): void {
    this.#waiting.add(this)
    throw new Error('cannot register')
  }
}

class Stuck extends SelectableOperation<void> {
  poll(): boolean {
    return false
  }

  take(): void {}

  describe(): string {
    return 'an operation that cannot be withdrawn'
  }

  override withdraw(waiter: Waiter): void {
    super.withdraw(waiter)
    throw new Error('cannot withdraw')
  }

  protected enlist(): void {}
}
