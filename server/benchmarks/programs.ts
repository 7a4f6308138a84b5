// Which programs a model runs, and what they cost beside what a program itself needs.

import type { Coroutine } from '../../runtime/index.ts'
import * as axonChain from '../../runtime/programs/axon/chain.ts'
import * as axonHackysack from '../../runtime/programs/axon/hackysack.ts'
import * as busyChain from '../../runtime/programs/axon-busy/chain.ts'
import * as busyHackysack from '../../runtime/programs/axon-busy/hackysack.ts'
import { chain } from '../../runtime/programs/chain.ts'
import type { ChainResult } from '../../runtime/programs/chain-counts.ts'
import * as erlangChain from '../../runtime/programs/erlang/chain.ts'
import * as erlangHackysack from '../../runtime/programs/erlang/hackysack.ts'
import * as fibraChain from '../../runtime/programs/fibra/chain.ts'
import * as fibraHackysack from '../../runtime/programs/fibra/hackysack.ts'
import * as greenletChain from '../../runtime/programs/greenlet/chain.ts'
import * as greenletHackysack from '../../runtime/programs/greenlet/hackysack.ts'
import { hackysack } from '../../runtime/programs/hackysack.ts'
import type { HackysackOptions, HackysackResult } from '../../runtime/programs/hackysack-game.ts'
import type { ModelCosts } from '../../runtime/programs/invariants.ts'
import * as stacklessChain from '../../runtime/programs/stackless/chain.ts'
import * as stacklessHackysack from '../../runtime/programs/stackless/hackysack.ts'
import type { Model } from './models.ts'
import * as threadsChain from './threads/chain.ts'
import * as threadsHackysack from './threads/hackysack.ts'

export interface Programs {
  chain(n: number): Coroutine<ChainResult>
  hackysack(options: HackysackOptions): Coroutine<HackysackResult>
  /** Default: nothing. */
  chainCosts?(n: number): ModelCosts
  hackysackCosts?(options: HackysackOptions): ModelCosts
}

/** Each as that system's user would write it. */
export const programs: Readonly<Record<Model, Programs>> = {
  go: { chain, hackysack },
  greenlet: { ...greenletChain, ...greenletHackysack },
  stackless: { ...stacklessChain, ...stacklessHackysack },
  axon: { ...axonChain, ...axonHackysack },
  'axon-busy': { ...busyChain, ...busyHackysack },
  fibra: { ...fibraChain, ...fibraHackysack },
  erlang: { ...erlangChain, ...erlangHackysack },
  threads: { ...threadsChain, ...threadsHackysack },
}
