// The traps of the field, 8 to 12: what must come to an end, together with what belongs to it.
//
// Each was reported by users of another runtime; the issue is named where it was found.

import { describe, expect, it } from 'vitest'
import type { Coroutine, Operation, Scope, Task } from '../../../runtime/index.ts'
import { after, Channel, explore, Latch, scope, select, sleep, timeout } from '../../../runtime/index.ts'
import { catching, running } from '../outcomes.ts'
import { inEveryOrder } from './every-order.ts'

describe('the traps of the field', () => {
  describe('8. joining oneself', () => {
    // A task of asyncio that awaited itself waited for ever, until that was prohibited (python/asyncio#444).
    it('throws at once: alone, as a case of select, and from a scope inside', () => {
      inEveryOrder(function* ({ scheduler }) {
        scheduler.run(() => running(sleep(0)))
        const task: Task<unknown[]> = scheduler.run(function* narcissus() {
          const joins: Operation<unknown>[] = [
            task.join(),
            select({ self: task.join(), other: new Latch().wait() }, { order: 'first' }),
            scope(() => running(task.join())),
          ]
          const errors: unknown[] = []
          for (const join of joins) errors.push(yield* catching(join))
          return errors
        })
        const misuse = expect.objectContaining({ code: 'MISUSE', message: expect.stringContaining('joins itself') })
        expect(yield* task.join()).toEqual([misuse, misuse, misuse])
      })
    })

    it('through somebody else is a deadlock, and is found as one', () => {
      const program = function* (): Coroutine<void> {
        yield* scope(function* (s) {
          const one: Task<void> = s.spawn(function* () {
            yield* two.join()
          })
          const two = s.spawn(() => running(one.join()))
        })
      }
      expect(() => explore(program, { exhaustive: true })).toThrow(
        expect.objectContaining({ cause: expect.objectContaining({ code: 'DEADLOCK' }) }),
      )
    })
  })

  describe('9. a scope that admits children while it ends', () => {
    // A TaskGroup could accept a task and never run it (python/cpython#116048).
    it('waits for whoever was admitted, and refuses who comes later: nobody outlives it', () => {
      const outcomes = new Set<string>()
      inEveryOrder(function* ({ scheduler }) {
        let open: Scope | undefined
        let late: Task<void> | undefined
        scheduler.run(function* () {
          yield* sleep(1)
          try {
            late = open?.spawn(() => running(sleep(1)))
            outcomes.add('admitted')
          } catch (error) {
            expect(error).toMatchObject({ code: 'MISUSE', message: expect.stringContaining('a scope that has ended') })
            outcomes.add('refused')
          }
        })
        yield* scope(function* (s) {
          open = s
          s.spawn(() => running(sleep(1)))
        })
        expect(late?.status ?? 'refused').toBeOneOf(['done', 'refused'])
      })
      expect(outcomes).toEqual(new Set(['admitted', 'refused']))
    })

    // Tasks that were made while a TaskGroup cancelled the others were not cancelled (python/cpython#94398).
    it('after its cancel still does, and cancels them, too', () => {
      inEveryOrder(function* ({ host }) {
        const log: string[] = []
        yield* scope(function* (s) {
          for (const name of ['a', 'b']) s.spawn(ending, s, name)
          yield* sleep(1)
          s.cancel()
        })
        expect(log.toSorted()).toEqual(['after a', 'after b'])
        expect(host.now()).toBe(1)

        function* ending(s: Scope, name: string): Coroutine<void> {
          try {
            yield* sleep(1_000)
          } finally {
            s.spawn(lateComer, `after ${name}`)
          }
        }

        function* lateComer(name: string): Coroutine<void> {
          try {
            yield* sleep(1_000)
          } finally {
            log.push(name)
          }
        }
      })
    })
  })

  describe('10. a child that fails while the body still runs, with several failures at once', () => {
    // A body went on after it had joined a child that crashed (Kotlin/kotlinx.coroutines#1123); what else failed while
    // a TaskGroup was being cancelled was suppressed (python/cpython#95761), or just printed (dabeaz/curio#294).
    it('stops the body there and then; the first failure is thrown, and each of the others reported', () => {
      inEveryOrder(function* ({ host, always, afterwards }) {
        const failures: Error[] = []
        const reported: unknown[] = []
        let bodyLeftAt = Number.NaN
        always(() => {
          while (failures.includes(host.reported[0] as Error)) reported.push(host.reported.shift())
        })
        afterwards(() => {
          expect(failures).toHaveLength(3)
          expect(reported).toEqual(failures.slice(1))
        })
        const thrown = yield* catching(
          scope(function* (s) {
            s.spawn(failing, 'a')
            s.spawn(failing, 'b')
            s.spawn(failingWhenCancelled)
            try {
              yield* sleep(1_000)
            } finally {
              bodyLeftAt = host.now()
            }
          }),
        )
        expect(bodyLeftAt).toBe(1)
        expect(thrown).toBe(failures[0])

        function* failing(name: string): Coroutine<void> {
          yield* sleep(1)
          throw failure(name)
        }

        function* failingWhenCancelled(): Coroutine<void> {
          yield* catching(sleep(1_000))
          throw failure('c')
        }

        function failure(name: string): Error {
          const error = new Error(name)
          failures.push(error)
          return error
        }
      })
    })
  })

  describe('11. a sender parked when the channel closes', () => {
    // In Manifold it could wait for ever (clj-commons/manifold#112); in js-csp the first of several such values came
    // through, and the others did not (js-csp/js-csp#129).
    it('throws, and nobody gets its value; what others have sent is received', () => {
      let parkedAtClose = 0
      inEveryOrder(function* ({ afterwards }) {
        const channel = new Channel<number>(1)
        const [sent, refused, received]: [number[], number[], number[]] = [[], [], []]
        afterwards(() => {
          expect(received.toSorted()).toEqual(sent.toSorted())
          expect([...sent, ...refused].toSorted()).toEqual([1, 2, 3])
        })
        yield* scope(function* (s) {
          const senders = [1, 2, 3].map((value) => s.spawn(sending, value))
          yield* sleep(1)
          s.spawn(function* () {
            parkedAtClose += senders.filter(({ status }) => status === 'parked').length
            channel.close('closing time')
          })
          s.spawn(function* () {
            for (let next = yield* channel.next(); next.done !== true; next = yield* channel.next()) {
              received.push(next.value)
            }
          })
        })

        function* sending(value: number): Coroutine<void> {
          try {
            yield* channel.send(value)
            sent.push(value)
          } catch (error) {
            expect(error).toMatchObject({ code: 'CHANNEL_CLOSED', cause: 'closing time' })
            refused.push(value)
          }
        }
      })
      expect(parkedAtClose).toBeGreaterThan(0)
    })
  })

  describe('12. a timer that loses a select and stays in the heap', () => {
    // Until Go 1.23 the timer of a `time.After` lived on for its whole time in a select that went another way
    // (hashicorp/vault#14814).
    const waits: [string, (jobs: Channel<number>) => Operation<unknown>][] = [
      ['in a select', (jobs) => select({ job: jobs.receive(), idle: after(60_000) })],
      ['of a timeout', (jobs) => timeout(60_000, () => running(jobs.receive()))],
    ]

    it.each(waits)('%s leaves with it: no round adds one, and the last leaves none', (_, wait) => {
      inEveryOrder(function* ({ host, scheduler, always, afterwards }) {
        const channel = new Channel<number>()
        always(() => expect(scheduler.statistics().timers).toBeLessThanOrEqual(1))
        afterwards(() => expect([host.now(), host.pending]).toEqual([10, 0]))
        yield* scope(function* (s) {
          for (const first of [1, 3]) s.spawn(sending, [first, first + 1])
          for (let round = 0; round < 4; round += 1) yield* wait(channel)
        })
        // And one from outside, while everybody waits and the host has set its own timer for them.
        host.setTimer(() => void channel.trySend(5), 10)
        yield* wait(channel)
        expect(scheduler.statistics().timers).toBe(0)

        function* sending(jobs: readonly number[]): Coroutine<void> {
          for (const job of jobs) yield* channel.send(job)
        }
      })
    })
  })
})
