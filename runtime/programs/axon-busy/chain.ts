// Chain on axon without `pause`: every link looks into its inbox on every turn until something is there.
//
// Links are made from the left to the right, and so have their turns; the number travels the other way, one link in each
// round: n rounds of n turns. That square is the point.

import type { Coroutine } from '../../index.ts'
import { chainWith } from '../axon/chain.ts'
import { busy } from '../axon/idle.ts'
import type { ChainResult } from '../chain-counts.ts'
import type { ModelCosts } from '../invariants.ts'

/** @see the chain on axon */
export function chain(n: number): Coroutine<ChainResult> {
  return chainWith(busy, n)
}

/** A round for each hop, with a turn in it for each link that is left and for the harness. */
export function chainCosts(n: number): ModelCosts {
  return { mostResumes: (n * (n + 5)) / 2 + 10 }
}
