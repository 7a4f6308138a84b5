import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Coroutine, Operation, Selectable, Task } from '../../runtime/index.ts'
import {
  after,
  Channel,
  ChannelClosed,
  Latch,
  Misuse,
  scope,
  select,
  sleep,
  ticker,
  timeout,
  trySelect,
  until,
  VirtualHost,
} from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'
import { leastGrowth } from './heap.ts'

/** Start a coroutine that logs what an operation gives, or the code of what it throws. */
function log<T>(into: unknown[], operation: () => Operation<T>): Task<void> {
  const task = scheduler.run(function* (): Coroutine<void> {
    try {
      into.push(yield* operation())
    } catch (error) {
      into.push((error as { code: string }).code)
    }
  })
  host.settle()
  return task
}

function filled<T>(...values: T[]): Channel<T> {
  const channel = new Channel<T>(values.length)
  for (const value of values) channel.trySend(value)
  return channel
}

/** How often each name was picked. */
function countPicks(
  seed: number,
  rounds: number,
  pick: () => Operation<{ readonly case: string }>,
): Map<string, number> {
  const counts = new Map<string, number>()
  const seeded = new VirtualHost()
  seeded.scheduler({ seed }).run(function* () {
    for (let round = 0; round < rounds; round += 1) {
      const { case: name } = yield* pick()
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  })
  seeded.finish()
  return counts
}

/** The names that were picked, in order, as one string. */
function trace(seed: number): string {
  const names: string[] = []
  const seeded = new VirtualHost()
  seeded.scheduler({ seed }).run(function* () {
    for (let round = 0; round < 40; round += 1) names.push((yield* select({ a: after(0), b: after(0) })).case)
  })
  seeded.finish()
  return names.join('')
}

/** Pearson's statistic against the uniform distribution over `names`. */
function chiSquare(counts: Map<string, number>, names: readonly string[]): number {
  const total = names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0)
  const wanted = total / names.length
  return names.reduce((sum, name) => sum + ((counts.get(name) ?? 0) - wanted) ** 2 / wanted, 0)
}

describe('select', () => {
  it('does the one case that is ready, and names it', () => {
    const jobs = filled('job')
    const idle = new Channel<number>()
    const seen: unknown[] = []
    log(seen, () => select({ job: jobs.receive(), idle: idle.receive() }))
    expect(seen).toEqual([{ case: 'job', value: 'job' }])
    expect(jobs.length).toBe(0)
    idle.validate()
  })

  it('waits until the first of its cases is ready when none is', () => {
    const jobs = new Channel<string>()
    const out = new Channel<string>()
    const seen: unknown[] = []
    const task = log(seen, () => select({ job: jobs.receive(), sent: out.send('value'), idle: after(100) }))
    expect(task.status).toBe('parked')
    expect(out.tryReceive()).toEqual({ status: 'value', value: 'value' })
    host.settle()
    expect(seen).toEqual([{ case: 'sent', value: undefined }])
  })

  it('does exactly one of the cases that are ready: the others took and gave nothing', () => {
    const a = filled(1, 2, 3)
    const b = filled(1, 2, 3)
    const out = new Channel<number>(3)
    host.run(function* () {
      for (let round = 1; round <= 6; round += 1) {
        yield* select({ a: a.receive(), b: b.receive(), out: out.send(round) })
        for (const channel of [a, b, out]) channel.validate()
        expect(3 - a.length + (3 - b.length) + out.length).toBe(round)
      }
    })
  })

  it('picks uniformly among the cases that are ready, whatever stands between them', () => {
    const never = new Channel<never>()
    const counts = countPicks(1, 3_000, () =>
      select({ a: after(0), x: never.receive(), b: after(0), y: after(1), z: never.next(), c: after(0) }),
    )
    expect([...counts.keys()].toSorted()).toEqual(['a', 'b', 'c'])
    // With two degrees of freedom it is above 13.8 once in a thousand; with a fixed seed it is always the same.
    expect(chiSquare(counts, ['a', 'b', 'c'])).toBeLessThan(13.8)
  })

  it('picks uniformly among ten', () => {
    const names = [...'abcdefghij']
    const counts = countPicks(2, 10_000, () => select(Object.fromEntries(names.map((name) => [name, after(0)]))))
    // With nine degrees of freedom it is above 27.9 once in a thousand.
    expect(chiSquare(counts, names)).toBeLessThan(27.9)
  })

  it('picks the same with the same seed, and differently with another', () => {
    expect(trace(1)).toBe(trace(1))
    expect(new Set([trace(1), trace(2), trace(3)]).size).toBe(3)
  })

  it("picks the first in order that is ready with order: 'first'", () => {
    const never = new Channel<never>()
    const counts = countPicks(1, 100, () =>
      select({ x: never.receive(), a: after(0), b: after(0) }, { order: 'first' }),
    )
    expect(counts).toEqual(new Map([['a', 100]]))
  })

  it("gives a value to the first case in order with order: 'first' when two wait on the same channel", () => {
    const channel = new Channel<string>()
    const seen: unknown[] = []
    log(seen, () => select({ a: channel.receive(), b: channel.receive() }, { order: 'first' }))
    channel.trySend('value')
    channel.validate()
    expect(channel.trySend('another')).toBe(false)
    host.settle()
    expect(seen).toEqual([{ case: 'a', value: 'value' }])
  })

  it('throws what the chosen operation throws', () => {
    const closed = new Channel<number>()
    closed.close('maintenance')
    const never = new Channel<never>()
    expect(() => host.run(() => justRun(select({ sent: closed.send(1), other: never.receive() })))).toThrow(
      ChannelClosed,
    )
    expect(() => host.run(() => justRun(select({ got: closed.receive(), other: never.receive() })))).toThrow(
      'a channel is closed',
    )
    never.validate()
  })

  it('wakes when a channel closes that one of its cases waits on', () => {
    const channel = new Channel<number>()
    const other = new Channel<number>()
    const seen: unknown[] = []
    log(seen, () => select({ next: channel.next(), other: other.receive() }))
    log(seen, () => select({ value: channel.receive(), other: other.receive() }))
    channel.close()
    other.validate()
    expect(other.trySend(1)).toBe(false)
    host.settle()
    expect(seen).toEqual([{ case: 'next', value: { done: true, value: undefined } }, 'CHANNEL_CLOSED'])
  })

  it('waits for tasks, latches and ticks as for channels', () => {
    const latch = new Latch()
    const names: string[] = []
    host.run(function* () {
      const ticks = ticker(10)
      yield* scope(function* (owner) {
        const task = owner.spawn(function* () {
          yield* sleep(5)
        })
        names.push((yield* select({ latch: latch.wait(), task: task.join(), tick: ticks.receive() })).case)
        names.push((yield* select({ latch: latch.wait(), tick: ticks.receive() })).case)
        latch.open()
        names.push((yield* select({ latch: latch.wait(), tick: ticks.receive() })).case)
      })
    })
    expect(names).toEqual(['task', 'tick', 'latch'])
  })

  it('waits for a promise as for a channel', async () => {
    const never = new Channel<never>()
    const seen: unknown[] = []
    const task = log(seen, () => select({ promise: until(Promise.resolve(1)), value: never.receive() }))
    await host.play(task)
    expect(seen).toEqual([{ case: 'promise', value: 1 }])
    expect(never.trySend(undefined as never)).toBe(false)
  })
})

describe('a case that is null', () => {
  it('is switched off', () => {
    const channel = filled(1)
    const seen: unknown[] = []
    log(seen, () => select({ off: null, on: channel.receive() }))
    expect(seen).toEqual([{ case: 'on', value: 1 }])
  })

  it('leaves nothing to do when there is no other: select waits until it is cancelled', () => {
    const seen: unknown[] = []
    const none = log(seen, () => select({ off: null }))
    const empty = log(seen, () => select({}))
    expect([none.status, empty.status]).toEqual(['parked', 'parked'])
    none.cancel()
    empty.cancel()
    host.settle()
    expect(seen).toEqual(['CANCELLED', 'CANCELLED'])
  })

  it('is undefined to trySelect when there is no other', () => {
    expect(trySelect({ off: null })).toBeUndefined()
    expect(trySelect({})).toBeUndefined()
  })

  it('is not in the type when it is always null, and is when it may be one', () => {
    const channel = filled<number | string>(1)
    const maybe = channel.length > 0 ? channel.receive() : null
    const selected = trySelect({ off: null, maybe, gone: after(1) })
    expectTypeOf<NonNullable<typeof selected>['case']>().toEqualTypeOf<'maybe' | 'gone'>()
    if (selected?.case === 'maybe') expectTypeOf(selected.value).toEqualTypeOf<number | string>()
    expect(selected).toEqual({ case: 'maybe', value: 1 })
  })
})

describe('a case that loses', () => {
  it('is withdrawn by the commit itself, before the coroutine goes on', () => {
    const a = new Channel<string>()
    const b = new Channel<string>()
    const c = new Channel<string>()
    const seen: unknown[] = []
    log(seen, () => select({ a: a.receive(), b: b.receive(), c: c.send('c'), d: after(1_000) }))
    expect(scheduler.statistics().timers).toBe(1)

    expect(a.trySend('a')).toBe(true)
    expect(seen).toEqual([])
    expect(b.trySend('b')).toBe(false)
    expect(c.tryReceive()).toEqual({ status: 'empty' })
    expect(scheduler.statistics().timers).toBe(0)
    for (const channel of [a, b, c]) channel.validate()

    host.settle()
    expect(seen).toEqual([{ case: 'a', value: 'a' }])
  })

  it('is withdrawn when its channel closes in the same step', () => {
    const a = new Channel<string>()
    const b = new Channel<string>()
    const seen: unknown[] = []
    log(seen, () => select({ a: a.receive(), b: b.next() }))
    b.close()
    a.close()
    host.settle()
    expect(seen).toEqual([{ case: 'b', value: { done: true, value: undefined } }])
  })

  it('keeps the order of those who wait with it', () => {
    const shared = new Channel<number>()
    const stop = new Latch()
    const seen: unknown[] = []
    const order: string[] = []
    function waiting(name: string): void {
      scheduler.run(function* () {
        yield* shared.receive()
        order.push(name)
      })
      host.settle()
    }
    waiting('before')
    log(seen, () => select({ shared: shared.receive(), stop: stop.wait() }))
    waiting('after')
    stop.open()
    shared.validate()
    expect([shared.trySend(1), shared.trySend(2), shared.trySend(3)]).toEqual([true, true, false])
    host.settle()
    expect(order).toEqual(['before', 'after'])
    expect(seen).toEqual([{ case: 'stop', value: undefined }])
  })

  it('leaves no promise behind that is waited for', () => {
    const channel = new Channel<number>()
    log([], () => select({ promise: until(neverSettled), value: channel.receive() }))
    expect(scheduler.statistics().awaited).toBe(1)
    channel.trySend(1)
    expect(scheduler.statistics().awaited).toBe(0)
    host.settle()
  })

  it('leaves a task as it was: if it fails later with nobody looking, that is reported', () => {
    const failing = new VirtualHost()
    const loose = failing.scheduler()
    const task = loose.run(function* () {
      yield* sleep(100)
      throw new Error('seen by nobody')
    })
    loose.run(function* () {
      yield* select({ ended: task.join(), patience: after(10) })
    })
    failing.finish()
    expect(failing.reported).toEqual([new Error('seen by nobody')])
  })

  it('leaves nothing behind after a thousand rounds', () => {
    const jobs = new Channel<number>()
    const quiet = new Channel<number>()
    const latch = new Latch()
    const task = scheduler.run(function* () {
      for (let round = 0; round < 1_000; round += 1) {
        yield* select({ job: jobs.receive(), quiet: quiet.receive(), latch: latch.wait(), idle: after(60_000) })
      }
    })
    for (let round = 0; round < 1_000; round += 1) {
      host.settle()
      jobs.trySend(round)
    }
    expect(scheduler.statistics().timers).toBe(0)
    expect(quiet.trySend(1)).toBe(false)
    host.settle()
    expect(task.status).toBe('done')
    expect(host.pending).toBe(0)
  })

  it('cannot be used again, whether it was only polled or waited', () => {
    const ready = filled(1, 2)
    const never = new Channel<number>()
    const seen: unknown[] = []
    const polled = never.receive()
    log(seen, () => select({ ready: ready.receive(), polled }))
    log(seen, () => polled)
    const waited = never.receive()
    const latch = new Latch()
    log(seen, () => select({ waited, latch: latch.wait() }))
    latch.open()
    host.settle()
    log(seen, () => waited)
    log(seen, () => select({ waited }))
    log(seen, () => select({ polled }))
    expect(seen).toEqual([
      { case: 'ready', value: 1 },
      'MISUSE',
      { case: 'latch', value: undefined },
      'MISUSE',
      'MISUSE',
      'MISUSE',
    ])
    expect(never.trySend(1)).toBe(false)
  })
})

describe('the same operation', () => {
  it('is refused in two cases of one select', () => {
    const channel = filled(1)
    const receive = channel.receive()
    expect(() => select({ a: receive, b: receive })).toThrow(Misuse)
    expect(() => trySelect({ a: filled(2).receive(), b: receive, c: receive })).toThrow('was run already')
    expect(channel.length).toBe(1)
  })

  it('is refused in two selects', () => {
    const channel = filled(1)
    const receive = channel.receive()
    select({ a: receive })
    expect(() => select({ a: receive })).toThrow(Misuse)
  })

  it('is refused while another coroutine waits on it', () => {
    const channel = new Channel<string>()
    const receive = channel.receive()
    const seen: unknown[] = []
    log(seen, () => receive)
    expect(() => select({ a: receive })).toThrow(Misuse)
    channel.trySend('a')
    host.settle()
    expect(seen).toEqual(['a'])
  })

  it('cannot be run by itself once it is a case', () => {
    const channel = filled(1)
    const receive = channel.receive()
    select({ a: receive })
    const seen: unknown[] = []
    log(seen, () => receive)
    expect(seen).toEqual(['MISUSE'])
    expect(channel.length).toBe(1)
  })

  it('cannot be selected twice by running one select twice', () => {
    const channel = filled(1, 2)
    const selection = select({ a: channel.receive() })
    const seen: unknown[] = []
    log(seen, () => selection)
    log(seen, () => selection)
    expect(seen).toEqual([{ case: 'a', value: 1 }, 'MISUSE'])
    expect(channel.length).toBe(1)
  })
})

describe('selects on the same channel', () => {
  it('never match themselves: one that both sends and receives waits for somebody else', () => {
    const channel = new Channel<string>()
    const seen: unknown[] = []
    const task = log(seen, () => select({ sent: channel.send('mine'), received: channel.receive() }))
    channel.validate()
    expect(task.status).toBe('parked')
    expect(channel.trySend('yours')).toBe(true)
    channel.validate()
    expect(channel.tryReceive()).toEqual({ status: 'empty' })
    host.settle()
    expect(seen).toEqual([{ case: 'received', value: 'yours' }])
  })

  it('that both send and receive match each other, one way only', () => {
    const channel = new Channel<string>()
    const seen: unknown[] = []
    log(seen, () => select({ sent: channel.send('a'), received: channel.receive() }))
    log(seen, () => select({ sent: channel.send('b'), received: channel.receive() }))
    channel.validate()
    expect(seen).toHaveLength(2)
    expect(seen.map((selected) => (selected as { case: string }).case).toSorted()).toEqual(['received', 'sent'])
    expect(channel.trySend('c')).toBe(false)
    expect(channel.tryReceive()).toEqual({ status: 'empty' })
  })

  it('meet each other across two channels, and every value arrives once', () => {
    const left = new Channel<number>()
    const right = new Channel<number>()
    const sent: number[] = []
    const received: number[] = []
    function* trader(first: number): Coroutine<void> {
      for (let value = first; value < first + 50; value += 1) {
        const selected = yield* select({
          l: left.send(value),
          r: right.send(value),
          fromLeft: left.receive(),
          fromRight: right.receive(),
          enough: after(1),
        })
        if (selected.case === 'l' || selected.case === 'r') sent.push(value)
        else if (selected.case !== 'enough') received.push(selected.value)
        left.validate()
        right.validate()
      }
    }
    for (const first of [0, 100, 200, 300, 400]) scheduler.run(trader, first)
    host.finish()
    expect(sent.length).toBeGreaterThan(50)
    expect(received.toSorted((a, b) => a - b)).toEqual(sent.toSorted((a, b) => a - b))
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, timers: 0 })
  })

  it('give way when the channel closes under one that both sends and receives', () => {
    const channel = new Channel<string>()
    const seen: unknown[] = []
    log(seen, () => select({ sent: channel.send('a'), next: channel.next() }))
    channel.close()
    channel.validate()
    host.settle()
    expect(seen).toEqual([{ case: 'next', value: { done: true, value: undefined } }])
  })

  it('free the place in a buffer for a sender that waits in a select', () => {
    const channel = filled('buffered')
    const other = new Channel<string>()
    const seen: unknown[] = []
    log(seen, () => select({ sent: channel.send('waiting'), other: other.receive() }))
    expect(channel.tryReceive()).toEqual({ status: 'value', value: 'buffered' })
    channel.validate()
    other.validate()
    expect(other.trySend('late')).toBe(false)
    expect(channel.length).toBe(1)
    host.settle()
    expect(seen).toEqual([{ case: 'sent', value: undefined }])
  })
})

describe('the cases', () => {
  it('are evaluated once, in order, before any of them is polled', () => {
    const channel = filled(1, 2)
    const evaluated: string[] = []
    function evaluate<T>(name: string, operation: Selectable<T>): Selectable<T> {
      evaluated.push(`${name} of ${channel.length}`)
      return operation
    }
    const seen: unknown[] = []
    const never = new Channel<never>()
    log(seen, () =>
      select({
        a: evaluate('a', never.receive()),
        b: evaluate('b', channel.receive()),
        c: evaluate('c', after(1_000)),
      }),
    )
    expect(evaluated).toEqual(['a of 2', 'b of 2', 'c of 2'])
    expect(seen).toEqual([{ case: 'b', value: 1 }])
  })

  it('after(0) is ready when polled, and beats what is not', () => {
    const never = new Channel<never>()
    host.run(function* () {
      expect(yield* select({ never: never.receive(), now: after(0) })).toEqual({ case: 'now', value: undefined })
      expect(trySelect({ never: never.receive(), now: after(0) })).toEqual({ case: 'now', value: undefined })
    })
  })

  it('that are not selectable are Misuse where nothing checks the type', () => {
    const values = new Channel<number>(1)
    values.trySend(1)
    const strangers = [undefined, (function* () {})(), timeout(1, function* () {}), Promise.resolve(1), 5]
    for (const stranger of strangers) {
      expect(() => select({ values: values.receive(), stranger: stranger as never })).toThrow(
        expect.objectContaining({ code: 'MISUSE' }),
      )
    }
    expect(values.length).toBe(1)
  })

  it('that are not selectable are refused by the type', () => {
    // Never called: only the types matter.
    const wrong = (): unknown => [
      // @ts-expect-error a generator cannot be withdrawn
      select({ body: justRun(after(1)) }),
      // @ts-expect-error a scope cannot be withdrawn
      select({ scope: scope(() => justRun(after(1))) }),
      // @ts-expect-error sleep is for waiting only: in a select it is after
      select({ sleep: sleep(1) }),
      // @ts-expect-error a select in a select is one select with the cases of both
      select({ inner: select({ a: after(1) }) }),
      // @ts-expect-error undefined is no way to switch a case off: null is
      select({ off: undefined }),
    ]
    expect(wrong).toBeTypeOf('function')
  })

  it('give a union over the name, which narrows the value', () => {
    const numbers = filled(1)
    const words = new Channel<string>()
    const selected = trySelect({ number: numbers.receive(), word: words.next(), sent: words.send('a') })
    expectTypeOf<NonNullable<typeof selected>['case']>().toEqualTypeOf<'number' | 'word' | 'sent'>()
    if (selected?.case === 'number')
      expectTypeOf(selected).toEqualTypeOf<{ readonly case: 'number'; readonly value: number }>()
    if (selected?.case === 'word') expectTypeOf(selected.value).toEqualTypeOf<IteratorResult<string, void>>()
    if (selected?.case === 'sent') expectTypeOf(selected.value).toBeVoid()
    expectTypeOf(select({ number: numbers.receive() })).toEqualTypeOf<
      Operation<{ readonly case: 'number'; readonly value: number }>
    >()
    expect(selected).toEqual({ case: 'number', value: 1 })
  })
})

describe('trySelect', () => {
  it('is undefined when nothing is ready, and leaves nothing behind', () => {
    const channel = new Channel<number>()
    const latch = new Latch()
    host.run(function* () {
      expect(
        trySelect({ in: channel.receive(), out: channel.send(1), latch: latch.wait(), later: after(1) }),
      ).toBeUndefined()
      yield* sleep(0)
    })
    channel.validate()
    expect(channel.trySend(1)).toBe(false)
    expect(channel.tryReceive()).toEqual({ status: 'empty' })
    expect(host.pending).toBe(0)
  })

  it('does one case that is ready, at once', () => {
    const channel = filled(1, 2)
    const out = new Channel<number>()
    const seen: unknown[] = []
    log(seen, () => out.receive())
    expect(trySelect({ in: channel.receive() })).toEqual({ case: 'in', value: 1 })
    expect(trySelect({ out: out.send(3) })).toEqual({ case: 'out', value: undefined })
    expect(channel.length).toBe(1)
    host.settle()
    expect(seen).toEqual([3])
  })

  it('throws what the chosen operation throws', () => {
    const channel = new Channel<number>()
    channel.close()
    expect(() => trySelect({ in: channel.receive() })).toThrow(ChannelClosed)
  })

  it('picks uniformly inside a coroutine, and in order outside, where there is no seed', () => {
    const counts = new Map<string, number>()
    host.run(function* () {
      for (let round = 0; round < 1_000; round += 1) {
        const name = trySelect({ a: after(0), b: after(0) })?.case ?? 'none'
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
      yield* sleep(0)
    })
    // With one degree of freedom it is above 10.8 once in a thousand.
    expect(counts.size).toBe(2)
    expect(chiSquare(counts, ['a', 'b'])).toBeLessThan(10.8)
    for (let round = 0; round < 20; round += 1) expect(trySelect({ a: after(0), b: after(0) })?.case).toBe('a')
  })

  it('is not reported in debug mode as an operation that was made and never run, and neither are its cases', () => {
    const channel = filled(1)
    host.scheduler({ debug: true }).run(function* () {
      expect(trySelect({ in: channel.receive(), out: channel.send(2) }, { order: 'first' })?.case).toBe('in')
      expect(trySelect({ in: channel.receive(), later: after(1) })).toBeUndefined()
      yield* select({ later: after(1), out: channel.send(2) })
    })
    host.finish()
  })

  it("picks the first in order with order: 'first'", () => {
    host.run(function* () {
      for (let round = 0; round < 20; round += 1) {
        expect(trySelect({ a: null, b: after(0), c: after(0) }, { order: 'first' })?.case).toBe('b')
      }
      yield* sleep(0)
    })
  })
})

describe('a cancelled select', () => {
  it('took and gave nothing, and waits in no queue', () => {
    const a = new Channel<string>()
    const b = new Channel<string>()
    const latch = new Latch()
    const seen: unknown[] = []
    const task = log(seen, () => select({ a: a.receive(), b: b.send('b'), latch: latch.wait(), late: after(1_000) }))
    task.cancel()
    for (const channel of [a, b]) channel.validate()
    expect(a.trySend('a')).toBe(false)
    expect(b.tryReceive()).toEqual({ status: 'empty' })
    expect(scheduler.statistics().timers).toBe(0)
    latch.open()
    host.settle()
    expect(seen).toEqual(['CANCELLED'])
  })

  it('that had committed keeps what it got: the cancel comes with the next operation', () => {
    const channel = new Channel<string>()
    const other = new Channel<string>()
    const seen: unknown[] = []
    const task = scheduler.run(function* () {
      seen.push(yield* select({ value: channel.receive(), other: other.receive() }))
      yield* other.receive()
    })
    host.settle()
    channel.trySend('a')
    task.cancel()
    host.settle()
    expect(seen).toEqual([{ case: 'value', value: 'a' }])
    expect(task.status).toBe('cancelled')
    other.validate()
  })

  it('does not even do a case that is ready', () => {
    const channel = filled(1)
    const seen: unknown[] = []
    const task = scheduler.run(function* () {
      try {
        seen.push(yield* select({ value: channel.receive(), now: after(0) }))
      } finally {
        seen.push('unwound')
      }
    })
    task.cancel()
    host.settle()
    expect(seen).toEqual(['unwound'])
    expect(channel.length).toBe(1)
  })

  it('spends the budget as one operation, however many cases it has, and before it takes anything', () => {
    const channel = new Channel<number>(Number.POSITIVE_INFINITY)
    for (let value = 0; value < 300; value += 1) channel.trySend(value)
    const never = new Channel<never>()
    const lengths: number[] = []
    scheduler.run(function* () {
      for (let round = 0; round < 200; round += 1) {
        yield* select({ value: channel.receive(), a: never.receive(), b: never.receive() })
      }
    })
    scheduler.run(function* () {
      lengths.push(channel.length)
    })
    host.settle()
    expect(lengths).toEqual([300 - 128])
    expect(channel.length).toBe(100)
  })
})

it('select says in a dump what it waits for, case by case', () => {
  const jobs = new Channel<number>(0, { name: 'jobs' })
  const results = new Channel<number>(0, { name: 'results' })
  scheduler.run(function* worker() {
    yield* select({ job: jobs.receive(), sent: results.send(1), off: null, idle: after(30_000) }, { order: 'first' })
  })
  host.settle()
  expect(scheduler.dump()).toBe(
    'worker#1  parked 0 ms on select{ job: receive jobs | sent: send results | idle: after 30 s }',
  )
})

it('a case that is switched off takes no memory: a hundred thousand polls may wait in such a select', async () => {
  const latch = new Latch()
  const many = 5_000
  const each = (select: () => unknown) =>
    leastGrowth(many * 1_000, () => Array.from({ length: many }, select)).then((bytes) => bytes / many)
  const three = () => select({ a: latch.wait(), b: latch.wait(), c: latch.wait() }, { order: 'first' })
  const switchedOff = () => select({ a: latch.wait(), b: latch.wait(), c: latch.wait(), d: null }, { order: 'first' })
  // Of the object of cases, and of the list of operations, a word each.
  expect((await each(switchedOff)) - (await each(three))).toBeLessThan(40)
})

const neverSettled = new Promise<number>(() => {})

/** A coroutine that runs one operation. */
function* justRun<T>(operation: Operation<T>): Coroutine<T> {
  return yield* operation
}
