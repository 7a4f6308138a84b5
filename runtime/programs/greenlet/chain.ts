// Chain on greenlets: the program of the post that ran Go's own example on CPython, link by link.
//
// What chain.ts says is true here, too, but for one thing: a write never blocks, so that a channel is no rendezvous. A
// link that has written ends, instead of waiting for its left neighbour.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { JobQueue } from '../../models/greenlet.ts'
import { Channel, greenlets } from '../../models/greenlet.ts'
import type { ChainCounts, ChainResult } from '../chain-counts.ts'
import { chainResult, linksPerCheckpoint, newChainCounts } from '../chain-counts.ts'

/**
 * Make a chain of `n` greenlets, write 0 on the right and read what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number of at least 1; BrokenInvariant
 */
export function* chain(n: number): Coroutine<ChainResult> {
  const counts = newChainCounts(n)
  const answer = yield* greenlets((jobs) => sendThrough(n, jobs, counts))
  return chainResult(counts, answer)
}

function* sendThrough(n: number, jobs: JobQueue, counts: ChainCounts): Coroutine<number> {
  const leftmost = new Channel<number>()
  let right = leftmost
  for (let made = 1; made <= n; made += 1) {
    const left = right
    right = new Channel<number>()
    jobs.go(link, left, right, counts)
    if (made % linksPerCheckpoint === 0) yield* checkpoint()
  }
  right.write(0)
  counts.sends += 1
  const answer = yield* leftmost.read()
  counts.receives += 1
  return answer
}

function* link(left: Channel<number>, right: Channel<number>, counts: ChainCounts): Coroutine<void> {
  const value = yield* right.read()
  counts.receives += 1
  left.write(value + 1)
  counts.sends += 1
}
