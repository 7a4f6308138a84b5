// Chain: n coroutines in a row; each receives a number from its right and sends one more to its left.
//
// The example of the Go announcement talk (2009): n + 1 rendezvous channels, every link alive before the seed is sent.
// A seed of 0 comes out as n. Always true of a run:
//   - each link is a scheduled coroutine with one receive and one send: nothing is fused, nothing summed beforehand;
//   - neither order nor counters depend on time: a checkpoint hands over to the host, and the creation goes on first;
//   - the links end with the program, also when it is cancelled.

import type { Coroutine, Scope } from '../index.ts'
import { Channel, checkpoint, scope } from '../index.ts'
import type { ChainCounts, ChainResult } from './chain-counts.ts'
import { chainResult, linksPerCheckpoint, newChainCounts } from './chain-counts.ts'

/**
 * Make a chain of `n` links, send 0 in on the right and give what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number of at least 1; BrokenInvariant
 */
export function* chain(n: number): Coroutine<ChainResult> {
  const counts = newChainCounts(n)
  const answer = yield* scope((links) => sendThrough(n, links, counts))
  return chainResult(counts, answer)
}

function* sendThrough(n: number, links: Scope, counts: ChainCounts): Coroutine<number> {
  const leftmost = new Channel<number>()
  let right = leftmost
  for (let made = 1; made <= n; made += 1) {
    const left = right
    right = new Channel<number>()
    links.spawn(link, left, right, counts)
    if (made % linksPerCheckpoint === 0) yield* checkpoint()
  }
  yield* right.send(0)
  counts.sends += 1
  const answer = yield* leftmost.receive()
  counts.receives += 1
  return answer
}

// Two statements, not `yield* left.send(1 + (yield* right.receive()))`: a generator keeps what an expression has half
// evaluated, and there are n of them.
function* link(left: Channel<number>, right: Channel<number>, counts: ChainCounts): Coroutine<void> {
  const value = yield* right.receive()
  counts.receives += 1
  yield* left.send(value + 1)
  counts.sends += 1
}
