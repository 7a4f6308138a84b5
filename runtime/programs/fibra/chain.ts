// Chain, as a user of fibra would write it: n tasklets in a row, with a tube between each two of them.
//
// Each push waits until it is popped, as in the original; the program itself is a tasklet as well.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { Tasklet } from '../../models/fibra/index.ts'
import { Schedule, Tube } from '../../models/fibra/index.ts'
import type { ChainCounts, ChainResult } from '../chain-counts.ts'
import { chainResult, linksPerCheckpoint, newChainCounts } from '../chain-counts.ts'
import type { ModelCosts } from '../invariants.ts'

/**
 * Make a chain of `n` tasklets, push 0 in on the right and give what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number of at least 1; BrokenInvariant
 */
export function* chain(n: number): Coroutine<ChainResult> {
  const counts = newChainCounts(n)
  const schedule = new Schedule()
  let answer = Number.NaN
  function* main(): Tasklet<void> {
    answer = (yield pushThrough(schedule, counts)) as number
  }
  schedule.install(main(), 'main')
  yield* schedule.run()
  return chainResult(counts, answer)
}

/** The tasklet that makes the others is one of the schedule's, too. */
export function chainCosts(_n: number): ModelCosts {
  return { helpers: 1 }
}

function* pushThrough(schedule: Schedule, counts: ChainCounts): Tasklet<number> {
  const leftmost = new Tube<number>()
  let right = leftmost
  for (let made = 1; made <= counts.n; made += 1) {
    const left = right
    right = new Tube()
    schedule.install(link(left, right, counts), 'link')
    if (made % linksPerCheckpoint === 0) yield checkpoint()
  }
  yield right.push(0, true)
  counts.sends += 1
  const answer = (yield leftmost.pop()) as number
  counts.receives += 1
  return answer
}

function* link(left: Tube<number>, right: Tube<number>, counts: ChainCounts): Tasklet<void> {
  const value = (yield right.pop()) as number
  counts.receives += 1
  yield left.push(value + 1, true)
  counts.sends += 1
}
