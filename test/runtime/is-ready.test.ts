// What an explorer asks before it chooses among the cases of a select: whether one is ready. To ask changes nothing.

import { expect, it } from 'vitest'
import { Channel, Deferred, explore, merge, Semaphore, scope, select } from '../../runtime/index.ts'

it('a permit, a vacancy, a deferred value and what is merged say whether they are', () => {
  const semaphore = new Semaphore(2)
  const deferred = new Deferred<number>()
  const [a, b] = [new Channel<number>(1), new Channel<number>(1)]
  const merged = merge(a, b)
  const ask = () =>
    [semaphore.acquire(2), semaphore.vacancy(), deferred.wait(), merged.next()].map((each) => each.isReady?.())
  expect(ask()).toEqual([true, true, false, false])
  semaphore.tryAcquire()
  deferred.set(1)
  b.trySend(1)
  expect(ask()).toEqual([false, true, true, true])
  expect([semaphore.available, b.length]).toEqual([1, 1])
  semaphore.tryAcquire()
  expect(ask()).toEqual([false, false, true, true])
})

it('so a select of those that are not ready is no choice', () => {
  const { schedules, complete } = explore(
    function* () {
      const semaphore = new Semaphore(1)
      const permit = semaphore.tryAcquire()
      yield* scope(function* (family) {
        const task = family.spawn(function* () {
          const values = [1, 2, 3].map(() => new Deferred<number>())
          const [first, second, third] = values as [Deferred<number>, Deferred<number>, Deferred<number>]
          yield* select({
            first: first.wait(),
            second: second.wait(),
            third: third.wait(),
            permit: semaphore.acquire(),
            merged: merge(new Channel<number>(), new Channel<number>()).next(),
          })
        })
        permit?.release()
        yield* task.join()
      })
    },
    { exhaustive: true },
  )
  expect({ schedules, complete }).toEqual({ schedules: 1, complete: true })
})
