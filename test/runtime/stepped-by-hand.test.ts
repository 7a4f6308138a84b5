// An operation that is iterated instead of run: `const [value] = channel.receive()`, `for (const value of …)`, `[...operation]`.
// Its types allow that, because `yield*` needs an iterator. It must neither hang, nor pass for success, nor leave anything behind.

import { describe, expect, it } from 'vitest'
import type { Coroutine, Operation } from '../../runtime/index.ts'
import { all, Channel, checkpoint, isCancelled, scope, sleep, timeout } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'

type ByHand = (operation: Operation<unknown>) => void

const ways: [string, ByHand][] = [
  [
    'destructuring',
    (operation) => {
      const [value] = operation
      expect(value).toBeUndefined()
    },
  ],
  [
    'for … of',
    (operation) => {
      for (const value of operation) expect(value).toBeUndefined()
    },
  ],
  ['spreading', (operation) => void [...operation]],
]

async function failureOf(body: () => Coroutine<unknown>): Promise<unknown> {
  const { promise } = scheduler.run(body)
  promise.catch(() => {})
  host.finish()
  try {
    return { result: await promise }
  } catch (error) {
    return error
  } finally {
    expect(scheduler.statistics()).toMatchObject({ coroutines: 0, runnable: 0, parked: 0, timers: 0 })
  }
}

describe('an operation that waits', () => {
  it.each(ways)('is Misuse by %s, and waits no more: what is sent later stays in its channel', async (_, byHand) => {
    const values = new Channel<number>(1)
    const failure = await failureOf(function* () {
      byHand(values.receive())
    })
    expect(failure).toMatchObject({ code: 'MISUSE' })
    expect([values.trySend(1), values.length]).toEqual([true, 1])
    values.validate()
  })

  it.each(ways)('is Misuse by %s at the next operation that waits, which leaves no trace', async (_, byHand) => {
    const values = new Channel<number>(1)
    const failure = await failureOf(function* () {
      try {
        byHand(values.receive())
      } catch {}
      yield* sleep(5)
      return 'slept'
    })
    // The loops meet it at once, swallow it, and go on waiting for nothing.
    expect([failure instanceof Error, values.trySend(1), values.length]).toEqual([true, true, 1])
  })

  it('can be got over: the coroutine goes on', async () => {
    const values = new Channel<number>(1)
    const failure = await failureOf(function* () {
      const [value] = values.receive()
      expect(value).toBeUndefined()
      try {
        yield* sleep(5)
      } catch (error) {
        expect(error).toMatchObject({ code: 'MISUSE', message: expect.stringContaining('write yield*') })
      }
      yield* sleep(5)
      return host.now()
    })
    expect(failure).toEqual({ result: 5 })
  })

  it('that is done before its coroutine stops makes it fail all the same, once', async () => {
    const values = new Channel<number>(1)
    const failure = await failureOf(function* () {
      const [value] = values.receive()
      expect(value).toBeUndefined()
      values.trySend(1)
    })
    expect(failure).toMatchObject({ code: 'MISUSE' })
    expect(scheduler.statistics().finished).toBe(1)
  })

  it('that is held because the budget is spent makes it fail as well, once', async () => {
    const failure = await failureOf(function* () {
      for (let round = 0; round < 1_000; round += 1) {
        const [value] = checkpoint()
        expect(value).toBeUndefined()
        const [again] = new Channel<number>(1).send(1)
        expect(again).toBeUndefined()
      }
    })
    expect(failure).toMatchObject({ code: 'MISUSE' })
    expect(scheduler.statistics().finished).toBe(1)
  })

  it('does not keep a bare yield from being told', async () => {
    const values = new Channel<number>(1)
    const failure = await failureOf(function* () {
      const [value] = values.receive()
      expect(value).toBeUndefined()
      yield undefined as never
    })
    expect(failure).toMatchObject({ code: 'MISUSE' })
    expect([values.trySend(1), values.length]).toEqual([true, 1])
  })
})

describe('a scope', () => {
  it.each(ways.slice(1))('is Misuse by %s, and its body never begins', async (_, byHand) => {
    let hasBegun = false
    const failure = await failureOf(function* () {
      byHand(
        scope(function* (): Coroutine<void> {
          hasBegun = true
        }),
      )
      return 'passes for success'
    })
    expect([failure, hasBegun]).toEqual([expect.objectContaining({ code: 'MISUSE' }), false])
  })

  it('that is destructured, as the results of all are, has not begun: nothing of it fails in silence', async () => {
    const begun: string[] = []
    const failure = await failureOf(function* () {
      const [first] = all([
        function* () {
          begun.push('first')
          throw new Error('lost')
        },
      ]) as Iterable<unknown>
      yield* timeout(10, () => running(sleep(5)))
      return [first, begun]
    })
    expect(failure).toEqual({ result: [undefined, []] })
  })

  it('can be cancelled around it', async () => {
    const failure = await failureOf(function* () {
      return yield* scope(function* (own) {
        const child = own.spawn(function* () {
          const [value] = scope(() => running(sleep(5)))
          expect(value).toBeUndefined()
          let caught: unknown
          try {
            yield* sleep(1_000)
          } catch (error) {
            caught = error
          }
          return isCancelled(caught)
        })
        yield* sleep(1)
        child.cancel()
        return yield* child.join()
      })
    })
    expect(failure).toEqual({ result: true })
  })
})

function* running(operation: Operation<unknown>): Coroutine<void> {
  yield* operation
}
