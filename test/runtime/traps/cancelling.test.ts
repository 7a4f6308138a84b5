// The traps of the field, 1 to 7: what a cancel loses, leaves behind, breaks off or does not reach.
//
// Each was reported by users of another runtime; the issue is named where it was found.

import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import {
  Channel,
  defaultHost,
  Latch,
  moveOn,
  Scheduler,
  scope,
  select,
  shield,
  sleep,
  TaskCancelled,
} from '../../../runtime/index.ts'
import { catching } from '../outcomes.ts'
import { inEveryOrder } from './every-order.ts'

describe('the traps of the field', () => {
  describe('1. a value lost when a receiver is cancelled after hand-off', () => {
    // Queues had served the getter, and its cancel dropped what it was served: asyncio's (python/asyncio#256),
    // Tornado's (tornadoweb/tornado#2826), MoonBit's (moonbitlang/async#160).
    it('is received by it all the same, or by somebody else if the cancel came first', () => {
      const cancelledWhile = new Set<string>()
      inEveryOrder(function* ({ afterwards }) {
        const channel = new Channel<number>()
        const received: number[] = []
        afterwards(() => expect(received.toSorted()).toEqual([1, 2, 3]))
        yield* scope(function* (s) {
          const cancelled = s.spawn(receiving)
          s.spawn(receiving)
          yield* sleep(1)
          s.spawn(function* () {
            for (const value of [1, 2, 3]) yield* channel.send(value)
            channel.close()
          })
          s.spawn(function* () {
            cancelledWhile.add(cancelled.status)
            cancelled.cancel()
          })
        })

        function* receiving(): Coroutine<void> {
          for (let next = yield* channel.next(); next.done !== true; next = yield* channel.next()) {
            received.push(next.value)
          }
        }
      })
      // Parked: it waited. Runnable: it was served, and had not gone on yet.
      expect(cancelledWhile).toEqual(new Set(['parked', 'runnable', 'done']))
    })
  })

  describe('2. a losing select case that took a value or stayed registered', () => {
    // The channels of kanal lost what was sent to the case that lost (fereidani/kanal#50).
    it('takes nothing: of all that was sent to its cases, nothing is missing', () => {
      inEveryOrder(function* () {
        const channels = [new Channel<string>(), new Channel<string>(1)] as const
        const taken: string[] = []
        yield* scope(function* (s) {
          channels.forEach((channel, index) => void s.spawn(sending, channel, [`first ${index}`, `second ${index}`]))
          while (taken.length < 4) {
            taken.push((yield* select({ zero: channels[0].receive(), one: channels[1].receive() })).value)
          }
        })
        expect(taken.toSorted()).toEqual(['first 0', 'first 1', 'second 0', 'second 1'])
      })
    })

    // The losers of a Promise.race stay registered for as long as they are pending (nodejs/node#17469).
    it('is out of its queue when another case has won, before its coroutine goes on', () => {
      inEveryOrder(function* () {
        const [won, lost, offered] = [new Channel<number>(), new Channel<number>(), new Channel<number>()]
        yield* scope(function* (s) {
          s.spawn(function* () {
            yield* select({ won: won.receive(), lost: lost.receive(), offered: offered.send(0) })
            expectNobody()
          })
          s.spawn(function* () {
            yield* won.send(1)
            expectNobody()
          })
        })

        function expectNobody(): void {
          expect(lost.trySend(2)).toBe(false)
          expect(offered.tryReceive()).toEqual({ status: 'empty' })
          for (const channel of [won, lost, offered]) channel.validate()
        }
      })
    })
  })

  describe('3. the wrong waiter removed', () => {
    // A waiter that gave up sent the next one to the end of the queue (typelevel/cats-effect#3564); one that was gone
    // already took the newest one with it, `splice(indexOf(it), 1)` being `splice(-1, 1)` (microsoft/vscode#303315).
    it.each([1, 2, 3])(
      'stays in line and in order when number %i leaves, and when one that was served does',
      (place) => {
        inEveryOrder(function* () {
          const channel = new Channel<number>()
          const line: string[] = []
          const served: string[] = []
          yield* scope(function* (s) {
            const tasks = new Map(['a', 'b', 'c', 'd'].map((name) => [name, s.spawn(standing, name)]))
            yield* sleep(1)
            expect(channel.trySend(0)).toBe(true)
            for (const leaving of [0, place]) tasks.get(line[leaving] as string)?.cancel()
            channel.validate()
            expect([1, 2, 3].map((turn) => channel.trySend(turn))).toEqual([true, true, false])
          })
          expect(served).toEqual(line.toSpliced(place, 1))

          function* standing(name: string): Coroutine<void> {
            line.push(name)
            served[yield* channel.receive()] = name
          }
        })
      },
    )
  })

  describe('4. a `finally` that parks, and two of them in a row', () => {
    // Effection ends a generator with `return()`: a `finally` that yields loses that, and the coroutine goes on as if
    // it had not been halted (thefrontside/effection#1190); of two clean-ups in one, the second may never run
    // (thefrontside/effection#1154).
    it('takes its time behind a shield, and so does the next one; then the cancel goes on', () => {
      inEveryOrder(function* ({ host, scheduler }) {
        const log: string[] = []
        const task = scheduler.run(function* () {
          try {
            yield* working(log)
            log.push('went on')
          } finally {
            yield* shield(() => resting(20, log, 'left'))
          }
          log.push('went on')
        })
        scheduler.run(() => sleeping(1))
        yield* sleep(1)
        task.cancel()
        expect(yield* catching(task.join())).toBeInstanceOf(TaskCancelled)
        expect(log).toEqual(['flushed', 'closed', 'left'])
        expect(host.now()).toBe(1 + 5 + 5 + 20)
      })
    })

    // Trio's and anyio's answer, and a surprise to their users all the same (agronholm/anyio#366).
    it('without a shield meets the cancel again, and does not keep the outer one from running', () => {
      inEveryOrder(function* ({ host, scheduler }) {
        const log: string[] = []
        const task = scheduler.run(function* () {
          try {
            try {
              yield* sleeping(1_000)
            } finally {
              yield* resting(10, log, 'never')
            }
          } finally {
            log.push('left')
          }
        })
        scheduler.run(() => sleeping(1))
        yield* sleep(1)
        task.cancel()
        expect(yield* catching(task.join())).toBeInstanceOf(TaskCancelled)
        expect(log).toEqual(['left'])
        expect(host.now()).toBe(1)
      })
    })
  })

  describe('5. a cancel swallowed by `catch {}`', () => {
    // A cancel that is delivered once can be lost once, and the program hangs (python/cpython#87555).
    it('is thrown again by the next operation, so that a time-out is kept', () => {
      inEveryOrder(function* ({ host, scheduler }) {
        scheduler.run(() => sleeping(10))
        const moved = yield* moveOn(10, function* () {
          try {
            yield* sleep(1_000)
          } catch {}
          yield* sleep(1_000)
        })
        expect(moved).toEqual({ done: false })
        expect(host.now()).toBe(10)
      })
    })

    it('again and again, in a loop, neither freezes the host nor goes unseen', async () => {
      const reported: unknown[] = []
      const scheduler = new Scheduler({ host: defaultHost((error) => reported.push(error)) })
      let hostHadItsTurn = false
      setImmediate(() => {
        hostHadItsTurn = true
      })
      const task = scheduler.run(function* stubborn() {
        const tooOften = 1_000_000
        for (let swallowed = 0; swallowed < tooOften; swallowed += 1) {
          if (hostHadItsTurn && reported.length > 0) return 'let go'
          try {
            yield* new Latch().wait()
          } catch {}
        }
        return 'held on'
      })
      task.cancel()
      expect(await task.promise).toBe('let go')
      expect(reported).toEqual([
        expect.objectContaining({ message: expect.stringMatching(/stubborn#1 has swallowed/) }),
      ])
    })
  })

  describe('6. cancel before the first step', () => {
    // In asyncio such a coroutine never runs, nor does its `finally`: what it was given is never released
    // (python/cpython#98275).
    it('lets the coroutine start, so that what it was given is released', () => {
      inEveryOrder(function* ({ scheduler }) {
        const log: string[] = []
        scheduler.run(() => sleeping(0))
        const task = scheduler.run(function* (resource: string) {
          try {
            yield* sleep(0)
            log.push('never')
          } finally {
            log.push(`released ${resource}`)
          }
        }, 'the file')
        task.cancel()
        expect(yield* catching(task.join())).toBeInstanceOf(TaskCancelled)
        expect(log).toEqual(['released the file'])
      })
    })
  })

  describe('7. cancel while cancelling', () => {
    // A second cancel broke off the `finally` that the first one had started (redux-saga/redux-saga#1184).
    it('changes nothing: the first reason stays, and finalizers come to their end', () => {
      inEveryOrder(function* ({ host, scheduler }) {
        const log: string[] = []
        const reasons: string[] = []
        const task = scheduler.run(() => working(log))
        // Two at once, and one at the moment in which the first of its two finalizers ends.
        for (const [index, ms] of [1, 1, 6].entries()) scheduler.run(() => cancelling(`reason ${index}`, ms))
        const error = yield* catching(task.join())
        expect(error).toMatchObject({ code: 'TASK_CANCELLED', reason: reasons[0] })
        expect(log).toEqual(['flushed', 'closed'])
        expect(host.now()).toBe(1 + 5 + 5)

        function* cancelling(reason: string, ms: number): Coroutine<void> {
          yield* sleep(ms)
          reasons.push(reason)
          task.cancel(reason)
        }
      })
    })
  })
})

/** Has two things to do when it is cancelled, one after another, and both take time. */
function* working(log: string[]): Coroutine<void> {
  try {
    yield* sleep(1_000)
  } finally {
    yield* shield(function* () {
      yield* resting(5, log, 'flushed')
      yield* resting(5, log, 'closed')
    })
  }
}

function* resting(ms: number, log: string[], name: string): Coroutine<void> {
  yield* sleep(ms)
  log.push(name)
}

function* sleeping(ms: number): Coroutine<void> {
  yield* sleep(ms)
}

function* sending(channel: Channel<string>, values: readonly string[]): Coroutine<void> {
  for (const value of values) yield* channel.send(value)
}
