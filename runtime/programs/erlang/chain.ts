// Chain in Erlang: every link is a process that knows the pid on its left, and its mailbox is its channel.
//
// What chain.ts says is true here, too, but for one thing: a send never waits, so that nothing is a rendezvous. A link that
// has sent ends, instead of waiting for its left neighbour.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { Pid, Process } from '../../models/erlang/index.ts'
import { runNode } from '../../models/erlang/index.ts'
import type { ChainCounts, ChainResult } from '../chain-counts.ts'
import { chainResult, linksPerCheckpoint, newChainCounts } from '../chain-counts.ts'

/**
 * Make a chain of `n` processes, send 0 to the rightmost and give what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number of at least 1; BrokenInvariant
 */
export function* chain(n: number): Coroutine<ChainResult> {
  const counts = newChainCounts(n)
  const answer = yield* runNode(sendThrough, n, counts)
  return chainResult(counts, answer)
}

function* sendThrough(self: Process<number>, n: number, counts: ChainCounts): Coroutine<number> {
  let right: Pid<number> = self
  for (let made = 1; made <= n; made += 1) {
    right = self.spawn(link, right, counts)
    if (made % linksPerCheckpoint === 0) yield* checkpoint()
  }
  self.send(right, 0)
  counts.sends += 1
  const answer = yield* self.receive()
  counts.receives += 1
  return answer
}

function* link(self: Process<number>, left: Pid<number>, counts: ChainCounts): Coroutine<void> {
  const value = yield* self.receive()
  counts.receives += 1
  self.send(left, value + 1)
  counts.sends += 1
}
