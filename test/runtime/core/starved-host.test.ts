// The host gets its turn in time, whatever the coroutines do between their operations: on a clock that only their work moves.

import { describe, expect, it } from 'vitest'
import type { Coroutine, Host } from '../../../runtime/index.ts'
import { abortSignal, Channel, Latch, moveOn, Scheduler, sleep, timeout } from '../../../runtime/index.ts'
import { catching, running } from '../outcomes.ts'

const sliceMs = 5

describe('coroutines that work between operations', () => {
  const works = [0.01, 0.05, 0.1, 1, 10]

  it.each(works)('let the host in after a slice, with %d ms of work for each value of a full channel', (workMs) => {
    const host = new WorkedHost()
    const values = filled(Math.max(50, Math.min(20_000, 500 / workMs)))
    new Scheduler({ host, sliceMs }).run(function* () {
      for (let next = yield* values.next(); !next.done; next = yield* values.next()) host.work(workMs)
    })
    host.play()
    expect(host.worstGapMs).toBeLessThanOrEqual(sliceMs + 2 * workMs + 0.1)
  })

  it.each(works)('let it in with %d ms of work between operations that park', (workMs) => {
    const host = new WorkedHost()
    const [there, back] = [new Channel<number>(), new Channel<number>()]
    const rounds = Math.min(5_000, 500 / workMs)
    const scheduler = new Scheduler({ host, sliceMs })
    scheduler.run(function* () {
      for (let round = 0; round < rounds; round += 1) {
        yield* there.send(round)
        host.work(workMs)
        yield* back.receive()
      }
    })
    scheduler.run(function* () {
      for (let round = 0; round < rounds; round += 1) {
        const value = yield* there.receive()
        host.work(workMs)
        yield* back.send(value)
      }
    })
    host.play()
    expect(host.worstGapMs).toBeLessThanOrEqual(sliceMs + 2 * workMs + 0.1)
  })

  it.each(works)('are stopped by a limit in time, with %d ms of work for each value', (workMs) => {
    const host = new WorkedHost()
    const values = filled(Math.min(20_000, 500 / workMs))
    const task = new Scheduler({ host, sliceMs }).run(() =>
      catching(
        timeout(20, function* (): Coroutine<void> {
          for (;;) {
            yield* values.receive()
            host.work(workMs)
          }
        }),
      ),
    )
    host.play()
    expect(host.now()).toBeLessThanOrEqual(20 + sliceMs + 2 * workMs)
    return expect(task.promise).resolves.toMatchObject({ code: 'TIMEOUT' })
  })

  it('whose work becomes long all of a sudden keep it for one stride at most', () => {
    const host = new WorkedHost()
    const values = filled(5_000)
    new Scheduler({ host, sliceMs }).run(function* () {
      for (let next = yield* values.next(); !next.done; next = yield* values.next())
        host.work(next.value % 500 < 450 ? 0 : 1)
    })
    host.play()
    expect(host.worstGapMs).toBeLessThan(100)
  })

  it.each([1, 100, 1_000])('are reached by their timers in time, with %i others that are runnable', (others) => {
    const host = new WorkedHost()
    const reached = new Map<string, number>()
    const scheduler = new Scheduler({
      host,
      sliceMs,
      trace: ({ kind, task, time }) => {
        if (kind === 'cancel' || kind === 'wake') reached.set(String(task.label), time)
      },
    })
    scheduler.run(function* limited() {
      yield* moveOn(1, () => running(new Latch().wait()))
    })
    scheduler.run(function* sleeping(): Coroutine<void> {
      yield* sleep(1)
    })
    for (let other = 0; other < others; other += 1) {
      const values = filled(200)
      scheduler.run(function* other(): Coroutine<void> {
        for (let next = yield* values.next(); !next.done; next = yield* values.next()) host.work(0.01)
      })
    }
    host.play()
    for (const name of ['limited', 'sleeping']) expect(reached.get(name)).toBeLessThanOrEqual(1 + sliceMs)
  })

  it.each([0.1, 1, 10])(
    'let it in between those who are told of dropped values, with %d ms of work for each',
    (workMs) => {
      const host = new WorkedHost()
      let told = 0
      const onDropped = () => {
        told += 1
        host.work(workMs)
      }
      const values = new Channel<number>(1, { overflow: 'dropLatest', onDropped })
      new Scheduler({ host, sliceMs }).run(function* () {
        for (let value = 0; value <= 200; value += 1) yield* values.send(value)
      })
      host.play()
      expect([told, host.worstGapMs <= sliceMs + 2 * workMs + 0.1]).toEqual([200, true])
    },
  )

  it.each([0.1, 1, 10])('let it in between the listeners of a cancel, with %d ms of work for each', (workMs) => {
    const host = new WorkedHost()
    const log: string[] = []
    new Scheduler({ host, sliceMs }).run(function* () {
      const never = new Latch()
      yield* moveOn(1, function* (own) {
        for (let child = 0; child < 100; child += 1) own.spawn(listening)
        yield* never.wait()
      })

      function* listening(): Coroutine<void> {
        abortSignal().addEventListener('abort', () => {
          log.push('told')
          host.work(workMs)
        })
        try {
          yield* never.wait()
        } finally {
          log.push('cleaned up')
        }
      }
    })
    host.play()
    expect(host.worstGapMs).toBeLessThanOrEqual(sliceMs + 2 * workMs + 0.1)
    // All that a step has caused is over before the next step, in whichever slice.
    expect(log).toEqual([...Array(100).fill('told'), ...Array(100).fill('cleaned up')])
  })

  it('take turns in the same order, however long their work is', () => {
    const order = (workMs: number): string => {
      const host = new WorkedHost()
      const scheduler = new Scheduler({ host, sliceMs })
      const log: string[] = []
      for (const name of ['a', 'b', 'c']) {
        const values = filled(400)
        scheduler.run(function* () {
          for (let next = yield* values.next(); !next.done; next = yield* values.next()) {
            if (log.at(-1) !== name) log.push(name)
            if (log.length < 100) log.push(`${next.value}`)
            host.work(workMs)
          }
        })
      }
      host.play()
      return log.join(' ')
    }
    const [none, some, much] = [order(0), order(0.3), order(7)]
    expect(some).toBe(none)
    expect(much).toBe(none)
  })
})

function filled(count: number): Channel<number> {
  const channel = new Channel<number>(Number.POSITIVE_INFINITY)
  for (let value = 0; value < count; value += 1) channel.trySend(value)
  channel.close()
  return channel
}

/** A host whose clock stands still but for the work that is done. */
class WorkedHost implements Host {
  worstGapMs = 0
  #now = 0
  #turnAt = 0
  readonly #soon: (() => void)[] = []
  readonly #later: (() => void)[] = []
  readonly #timers = new Set<{ readonly due: number; readonly callback: () => void }>()

  now(): number {
    return this.#now
  }

  work(ms: number): void {
    this.#now += ms
  }

  soon(callback: () => void): void {
    this.#soon.push(callback)
  }

  later(callback: () => void): void {
    this.#later.push(callback)
  }

  setTimer(callback: () => void, delayMs: number): () => void {
    const timer = { due: this.#now + delayMs, callback }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  report(error: unknown): void {
    throw error
  }

  play(): void {
    for (;;) {
      const callback = this.#soon.shift() ?? this.#macrotask()
      if (callback === undefined) return
      callback()
    }
  }

  #macrotask(): (() => void) | undefined {
    this.worstGapMs = Math.max(this.worstGapMs, this.#now - this.#turnAt)
    const callback = this.#later.shift()
    if (callback === undefined) for (const { due } of this.#timers) this.#now = Math.max(this.#now, due)
    this.#turnAt = this.#now
    if (callback !== undefined) return callback
    const [timer] = this.#timers
    if (timer !== undefined) this.#timers.delete(timer)
    return timer?.callback
  }
}
