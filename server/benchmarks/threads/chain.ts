// Chain on threads: each link is a thread that sleeps until its right neighbour has sent. The baseline of the sources.
//
// What the chain says is true here, too: n + 1 channels in which a send meets its receive, every link alive before the seed
// is sent, and main is the coroutine at both ends.

import type { Coroutine, Scope } from '../../../runtime/index.ts'
import { checkpoint, scope } from '../../../runtime/index.ts'
import type { ChainResult } from '../../../runtime/programs/chain-counts.ts'
import { chainResult, newChainCounts } from '../../../runtime/programs/chain-counts.ts'
import type { LinkData } from './link.ts'
import { handedOver, received } from './main-thread.ts'
import { SharedInboxes } from './shared-inboxes.ts'
import { mostThreads, RollCall, scriptBeside, thread } from './thread.ts'

const script = scriptBeside('link', import.meta.url)

/**
 * Make a chain of `n` threads, send 0 in on the right and give what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number from 1 to 64; BrokenInvariant; what a thread throws
 */
export function* chain(n: number): Coroutine<ChainResult> {
  const counts = newChainCounts(n)
  if (n > mostThreads) throw new RangeError(`n must be at most ${mostThreads} on threads (got ${n})`)
  const shared = new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT))
  const answer = yield* scope((links) => sendThrough(n, links, shared.buffer))
  counts.sends = 1 + (shared[0] as number)
  counts.receives = 1 + (shared[1] as number)
  return chainResult(counts, answer)
}

function* sendThrough(n: number, links: Scope, counts: SharedArrayBuffer): Coroutine<number> {
  const memory = SharedInboxes.allocate(n + 1)
  const inboxes = new SharedInboxes(memory)
  const rollCall = new RollCall(n)
  for (let inbox = 1; inbox <= n; inbox += 1) {
    links.spawn(thread, script, { memory, counts, inbox } satisfies LinkData, rollCall)
    yield* checkpoint()
  }
  yield* rollCall.complete.wait()
  yield* handedOver(inboxes, n, 0)
  return yield* received(inboxes, 0)
}
