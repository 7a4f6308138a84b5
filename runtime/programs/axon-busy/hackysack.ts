// Hackysack on axon without `pause`, as first published: each kick resumes every player, until the ball finds its own.
//
// O(players × turns) resumes, which is the point: what the published busy rows measured.

import type { Coroutine } from '../../index.ts'
import { hackysackWith } from '../axon/hackysack.ts'
import { busy } from '../axon/idle.ts'
import type { HackysackOptions, HackysackResult } from '../hackysack-game.ts'
import type { ModelCosts } from '../invariants.ts'

/** @see hackysack on axon */
export function hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  return hackysackWith(busy, options)
}

/** Everybody starts; each catch comes within a round of everybody's turns; and within one more everybody goes home. */
export function hackysackCosts({ players, turns }: HackysackOptions): ModelCosts {
  return { mostResumes: players * (turns + 2) + 10 }
}
