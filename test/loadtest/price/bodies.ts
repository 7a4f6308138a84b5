// Coroutines that the tests of the rungs spawn.

import type { Family, Queue } from '../../../loadtest/price/kit.ts'
import type { Coroutine } from '../../../runtime/index.ts'

/** Write down who received what, or left without. */
export function* note(log: string[], who: string, line: Queue): Coroutine<void> {
  try {
    log.push(`${who} ${yield* line.receive()}`)
  } catch (error) {
    log.push(`${who} leaves`)
    throw error
  }
}

export function* give(line: Queue, value: number): Coroutine<void> {
  yield* line.send(value)
}

export function* fail(): Coroutine<void> {
  throw new Error('failure')
}

/** Go on when everybody who was spawned before has had a turn. */
export function* othersFirst(signal: Queue, family: Family): Coroutine<void> {
  family.spawn(give, signal, 0)
  yield* signal.receive()
}
