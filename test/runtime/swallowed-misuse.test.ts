// A loop that swallows what an operation throws must not freeze the host, also where nothing waits and nothing is cancelled.

import { describe, expect, it } from 'vitest'
import type { Coroutine, Operation } from '../../runtime/index.ts'
import { Channel, checkpoint, scope } from '../../runtime/index.ts'
import { host, scheduler } from './fresh-host.ts'

type Loop = (isOver: () => boolean) => Coroutine<void>

const again = (operation: Operation<unknown>): Loop =>
  function* (isOver) {
    while (!isOver()) {
      try {
        yield* operation
      } catch {}
    }
  }

function filled(): Channel<number> {
  const channel = new Channel<number>(1)
  channel.trySend(1)
  return channel
}

function* bare(isOver: () => boolean): Coroutine<void> {
  while (!isOver()) {
    try {
      yield undefined as never
    } catch {}
  }
}

function* ofAnArray(isOver: () => boolean): Coroutine<void> {
  while (!isOver()) {
    try {
      yield* [1] as unknown as Coroutine<void>
    } catch {}
  }
}

function* cancelled(isOver: () => boolean): Coroutine<void> {
  yield* scope(function* (own) {
    own.cancel('on purpose')
    yield* again(new Channel().receive())(isOver)
  })
}

function* cancelledAndSpent(isOver: () => boolean): Coroutine<void> {
  const operation = filled().receive()
  yield* operation
  yield* scope(function* (own) {
    own.cancel('on purpose')
    yield* again(operation)(isOver)
  })
}

function* inAScope(isOver: () => boolean): Coroutine<void> {
  yield* scope(() => bare(isOver))
}

const loops: [what: string, loop: Loop][] = [
  ['the Misuse of a bare yield', bare],
  ['the Misuse of a bare yield in a scope', inAScope],
  ['the Misuse of a yield* of an array', ofAnArray],
  ['the Misuse of an operation that was run', again(filled().receive())],
  ['the Misuse of a scope that was run', again(scope(function* () {}))],
  ['the Misuse of a checkpoint that was run', again(checkpoint())],
  ['the cancel that one and the same operation throws', cancelled],
  ['the cancel that an operation throws that was run', cancelledAndSpent],
]

describe('a loop that swallows', () => {
  it.each(loops)('%s lets others have their turn', (_, loop) => {
    let rounds = 0
    let hadItsTurn = false
    scheduler.run(function* () {
      yield* loop(() => {
        rounds += 1
        return hadItsTurn || rounds > 10_000
      })
    })
    scheduler.run(function* () {
      hadItsTurn = true
    })
    host.settle()
    expect(rounds).toBeLessThan(1_000)
    expect(scheduler.statistics().coroutines).toBe(0)
  })

  it('the Misuse of an operation that another one waits on lets it go on, and takes nothing from it', () => {
    const values = new Channel<number>()
    const operation = values.receive()
    const task = scheduler.run(function* waiting() {
      return yield* operation
    })
    let rounds = 0
    let hadItsTurn = false
    scheduler.run(function* () {
      yield* again(operation)(() => {
        rounds += 1
        return hadItsTurn || rounds > 10_000
      })
    })
    scheduler.run(function* () {
      hadItsTurn = true
    })
    host.settle()
    expect([rounds < 1_000, values.trySend(7)]).toEqual([true, true])
    host.settle()
    return expect(task.promise).resolves.toBe(7)
  })

  it('is told its cancel once in each step, by whichever operation', () => {
    const log: string[] = []
    scheduler.run(function* () {
      yield* scope(function* (own) {
        own.cancel('on purpose')
        const operation = new Channel().receive()
        for (let round = 1; round <= 3; round += 1) {
          try {
            yield* operation
          } catch (error) {
            log.push(`${(error as Error).message}, told ${round}`)
          }
        }
      })
    })
    scheduler.run(function* () {
      for (let turn = 1; turn <= 3; turn += 1) {
        log.push(`turn ${turn}`)
        try {
          yield undefined as never // a bare one: a trip through the run queue
        } catch {}
      }
    })
    host.settle()
    const told = (round: number) => `cancelled: on purpose, told ${round}`
    expect(log).toEqual(['turn 1', told(1), 'turn 2', told(2), 'turn 3', told(3)])
  })
})
