// Chain on Stackless: n tasklets between n + 1 channels, which are rendezvous by nature.
//
// What chain.ts says is true here, too. With the default preference a sender that meets its receiver lets it go first:
// that is a resume more for each link.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { StacklessThread } from '../../models/stackless.ts'
import { Channel, stackless } from '../../models/stackless.ts'
import type { ChainCounts, ChainResult } from '../chain-counts.ts'
import { chainResult, linksPerCheckpoint, newChainCounts } from '../chain-counts.ts'

/**
 * Make a chain of `n` tasklets, send 0 in on the right and give what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number of at least 1; BrokenInvariant
 */
export function* chain(n: number): Coroutine<ChainResult> {
  const counts = newChainCounts(n)
  const answer = yield* stackless((thread) => sendThrough(n, thread, counts))
  return chainResult(counts, answer)
}

function* sendThrough(n: number, thread: StacklessThread, counts: ChainCounts): Coroutine<number> {
  const start = thread.tasklet(link)
  const leftmost = new Channel<number>()
  let right = leftmost
  for (let made = 1; made <= n; made += 1) {
    const left = right
    right = new Channel<number>()
    start(left, right, counts)
    if (made % linksPerCheckpoint === 0) yield* checkpoint()
  }
  yield* right.send(0)
  counts.sends += 1
  const answer = yield* leftmost.receive()
  counts.receives += 1
  // The links on the left have given way to their receivers, and end now.
  yield* thread.run()
  return answer
}

// Two statements: see chain.ts.
function* link(left: Channel<number>, right: Channel<number>, counts: ChainCounts): Coroutine<void> {
  const value = yield* right.receive()
  counts.receives += 1
  yield* left.send(value + 1)
  counts.sends += 1
}
