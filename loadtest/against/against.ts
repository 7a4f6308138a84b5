// This checkout against another commit: both servers and both runtimes in turn, pair by pair, so that what slowly happens to the
// machine happens to both. What is told are ratios within one pair.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Access } from '../processes/access.ts'
import { encke, top } from '../processes/subject.ts'
import { type RunOptions, runScenario } from '../run.ts'
import { startOnce } from '../scenarios/start.ts'
import { Checkout } from './checkout.ts'
import { type Costs, measureCosts, type Side } from './costs.ts'

export interface Pair {
  readonly ours: Costs
  readonly theirs: Costs
}

export interface Comparison {
  /** The short hash of the other commit. */
  readonly commit: string
  readonly access: Access
  /** Whether the other commit knows no such access, and this checkout, open, stands in for it. */
  readonly isOwn: boolean
  readonly pairs: readonly Pair[]
  /** What went wrong; there are fewer pairs then. */
  readonly complaints: readonly string[]
}

export type AgainstOptions = Pick<RunOptions, 'isQuick' | 'signal' | 'show'> & { readonly access: Access }

/** @throws UsageError when there is no such commit; what `signal` was aborted with */
export async function compareWith(name: string, options: AgainstOptions): Promise<Comparison> {
  using checkout = await Checkout.of(name, options.signal, options.show)
  const { commit } = checkout
  const { access } = options
  const isOwn = access === 'tokens' && !existsSync(join(checkout.folder, 'server/access/tokens.ts'))
  const ours: Side = { name: 'this', folder: top, access }
  const theirs: Side = isOwn
    ? { name: 'open', folder: top, access: 'open' }
    : { name: commit, folder: checkout.folder, access }
  const pairs: Pair[] = []
  const wanted = options.isQuick ? 1 : 5
  const scenario = { name: 'against', title: `this checkout against ${commit}`, invariant: 'Both serve.', note: '' }
  const run = async (stage: Parameters<typeof measureCosts>[0]) => {
    // What Node compiles is in the cache of each side from then on.
    for (const side of [ours, theirs]) await startOnce(encke(side))
    while (pairs.length < wanted) {
      const show = (text: string) => stage.show(`pair ${pairs.length + 1} of ${wanted}: ${text}`)
      const isOdd = pairs.length % 2 === 1
      const [first, second] = await measureCosts({ ...stage, show }, isOdd ? [theirs, ours] : [ours, theirs])
      pairs.push(isOdd ? { ours: second!, theirs: first! } : { ours: first!, theirs: second! })
    }
    return { complaints: [] }
  }
  const stage = { ...options, subject: encke(), peers: [], durationMs: 0 }
  const { complaints } = await runScenario({ ...scenario, longestMs: 3_600_000, run }, stage)
  return { commit, access, isOwn, pairs, complaints }
}
