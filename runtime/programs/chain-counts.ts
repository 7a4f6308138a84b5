// What every chain has in common, whatever model its links are made of: what is counted, and the check.

import type { SchedulerStatistics } from '../index.ts'
import type { ModelCosts } from './invariants.ts'
import { allEnded, assertInvariants, atMost, equal } from './invariants.ts'

export interface ChainResult {
  readonly n: number
  readonly answer: number
  readonly sends: number
  readonly receives: number
}

/** How many links are made between two looks at whether the host is due its turn. */
export const linksPerCheckpoint = 1024

/** What the links count, and main with them. */
export interface ChainCounts {
  readonly n: number
  sends: number
  receives: number
}

/**
 * Begin to count a chain of `n` links.
 *
 * @throws RangeError unless `n` is a whole number of at least 1
 */
export function newChainCounts(n: number): ChainCounts {
  // With no link the program would meet itself on one channel, and wait for ever.
  if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`n must be a whole number from 1 (got ${String(n)})`)
  return { n, sends: 0, receives: 0 }
}

/** What came of a chain, checked. @throws BrokenInvariant */
export function chainResult({ n, sends, receives }: ChainCounts, answer: number): ChainResult {
  const result = { n, answer, sends, receives }
  assertInvariants('chain', ownComplaints(result))
  return result
}

/**
 * Assert what a finished chain must have left in its result and in the statistics of the scheduler it had to itself.
 *
 * @param costs what a model spends beside what the chain itself needs; by default nothing
 * @throws BrokenInvariant
 */
export function checkChain(result: ChainResult, statistics: SchedulerStatistics, costs: ModelCosts = {}): void {
  const { helpers = 0, mostResumes = 3 * result.n + 10 } = costs
  assertInvariants('chain', [
    ...ownComplaints(result),
    ...allEnded(statistics, result.n + helpers),
    atMost('resumes', statistics.resumes, mostResumes),
  ])
}

function ownComplaints({ n, answer, sends, receives }: ChainResult): (string | null)[] {
  return [equal('the answer', answer, n), equal('sends', sends, n + 1), equal('receives', receives, n + 1)]
}
