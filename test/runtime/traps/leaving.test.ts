// The traps of the field, 15 to 19: what stays behind, what gets lost on the way out, how deep it goes, what never ran.
//
// Each was reported by users of another runtime; the issue is named where it was found.

import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { Coroutine } from '../../../runtime/index.ts'
import { after, Channel, Misuse, moveOn, scope, select, sleep, until, VirtualHost } from '../../../runtime/index.ts'
import { collected } from '../heap.ts'
import { running } from '../outcomes.ts'
import { inEveryOrder } from './every-order.ts'

describe('the traps of the field', () => {
  describe('15. listeners left on an `AbortSignal`', () => {
    // p-retry left one for each call that went well (sindresorhus/p-retry#71), undici one for each fetch
    // (nodejs/undici#5285).
    it('are gone when what listened has ended, has lost a select, was cancelled or has heard', () => {
      inEveryOrder(function* ({ host }) {
        const [lasting, aborting] = [new AbortController(), new AbortController()]
        for (let round = 1; round <= 2; round += 1) {
          yield* scope(function* (s) {
            s.cancelOn(lasting.signal)
            s.spawn(() => running(sleep(3))).cancelOn(lasting.signal)
            s.spawn(() => running(select({ aborted: until(lasting.signal), late: after(3) })))
            const cancelled = s.spawn(() => running(until(lasting.signal)))
            yield* sleep(1)
            expect(listeners(lasting.signal)).toBe(1)
            cancelled.cancel()
            expect(listeners(lasting.signal)).toBe(1)
          })
          expect([host.now(), listeners(lasting.signal)]).toEqual([3 * round, 0])
        }
        yield* scope(function* (s) {
          s.spawn(() => running(until(aborting.signal)))
          yield* sleep(1)
          expect(listeners(aborting.signal)).toBe(1)
          aborting.abort()
        })
        expect(listeners(aborting.signal)).toBe(0)
      })
    })
  })

  describe('16. a queue that retains what it once held', () => {
    // A ring that is cleared by resetting its indices (invertase/denque#44) and a slice that just moves its start
    // (adrianbrad/queue#43) keep alive what they held.
    it('lets go of what was received, withdrawn or dropped, of what lost a select, and of who has ended', async () => {
      const host = new VirtualHost()
      const dropping = new Channel<object>(1, { overflow: 'dropOldest' })
      const queues = [new Channel<object>(4), dropping, new Channel<object>()] as const
      const held = host.run(passThrough, ...queues)
      expect(await collected(held)).toEqual(Array.from({ length: 15 }, () => true))
      expect([host.pending, ...queues.map(({ length }) => length)]).toEqual([0, 0, 0, 0])
    })
  })

  describe('17. a `using` whose disposal throws during cancel', () => {
    // In effection such an error failed the scopes around it, caught or not (thefrontside/effection#1128); in trio a
    // cancel that is met in a clean-up eats the error that was on its way (python-trio/trio#455).
    it('leaves the cancel what it is, and its own failure is reported', () => {
      inEveryOrder(function* ({ host, always, afterwards }) {
        const reported: unknown[] = []
        always(() => {
          while (typeof host.reported[0] === 'string') reported.push(host.reported.shift())
        })
        afterwards(() => expect(reported.toSorted()).toEqual(['child', 'first', 'second']))
        const moved = yield* moveOn(10, function* (s) {
          using _first = failing('first')
          using _second = failing('second')
          s.spawn(function* () {
            using _ = failing('child')
            yield* sleep(1_000)
          })
          yield* sleep(1_000)
        })
        expect(moved).toEqual({ done: false })
        expect(host.now()).toBe(10)
      })
    })
  })

  describe('18. stack depth in a 1,000,000-link chain', () => {
    // Where the one that wakes calls the one that is woken, some ten thousand of them fill the stack (tj/co#123,
    // petkaantonov/bluebird#1193).
    it('is none: each link wakes the next, and does not call it', () => {
      const links = 1_000_000
      const result = new VirtualHost().run(function* () {
        return yield* scope(function* (s) {
          const rightmost = new Channel<number>()
          let left = rightmost
          for (let made = 0; made < links; made += 1) {
            const right = left
            left = new Channel()
            s.spawn(link, left, right)
          }
          s.spawn(() => running(rightmost.send(0)))
          return yield* left.receive()
        })
      })
      expect(result).toBe(links)
    })
  })

  describe('19. a forgotten `yield*`', () => {
    // An effect that is made and not yielded does nothing, silently; users asked for lint rules
    // (redux-saga/redux-saga#179).
    it('is reported in debug mode, with what was made and where', () => {
      const host = new VirtualHost()
      host.scheduler({ debug: true }).run(function* forgetful() {
        const jobs = new Channel<string>(1, { name: 'jobs' })
        jobs.send('lost')
        yield* sleep(1)
      })
      host.finish()
      expect(host.reported).toEqual([expect.any(Misuse)])
      expect(String(host.reported[0])).toMatch(
        /forgetful#1 made an operation and never ran it.*send jobs.*leaving\.test/s,
      )
    })

    it('throws where just the star was forgotten', () => {
      const forgetful = function* (): Coroutine<void> {
        yield sleep(1) as never
      }
      expect(() => new VirtualHost().run(forgetful)).toThrow('forgetful#1 used a bare yield: write yield*')
    })
  })
})

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

/** Give weak references to all that it puts into the queues, and to a coroutine of its own. */
function* passThrough(
  buffered: Channel<object>,
  dropping: Channel<object>,
  unbuffered: Channel<object>,
): Coroutine<readonly WeakRef<object>[]> {
  const held: WeakRef<object>[] = []
  yield* scope(function* (s) {
    const sender = s.spawn(function* () {
      for (let sent = 0; sent < 10; sent += 1) yield* buffered.send(watched({}))
    })
    watched(sender)
    for (let received = 0; received < 10; received += 1) yield* buffered.receive()
  })
  yield* moveOn(1, () => running(unbuffered.send(watched({}))))
  yield* select({ lost: unbuffered.send(watched({})), won: after(1) })
  for (let sent = 0; sent < 2; sent += 1) yield* dropping.send(watched({}))
  // The very last to be given out, by whatever hands results over.
  yield* dropping.receive()
  return held

  function watched(value: object): object {
    held.push(new WeakRef(value))
    return value
  }
}

function* link(left: Channel<number>, right: Channel<number>): Coroutine<void> {
  yield* left.send(1 + (yield* right.receive()))
}

function failing(error: string): Disposable {
  return {
    [Symbol.dispose]() {
      throw error
    },
  }
}
