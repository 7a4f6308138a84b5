// A workload is a benchmark program as the measuring sees it: something to run, how large it is, and what came out.

import type { Coroutine, SchedulerStatistics } from '../../runtime/index.ts'
import { chain } from '../../runtime/programs/chain.ts'
import { checkChain } from '../../runtime/programs/chain-counts.ts'
import { hackysack } from '../../runtime/programs/hackysack.ts'
import { checkHackysack } from '../../runtime/programs/hackysack-game.ts'
import type { BenchmarkRequest, ChainRequest, HackysackRequest } from './request.ts'

export interface Workload {
  /** How many coroutines it spawns. */
  readonly coroutines: number
  /** About how many spawns and resumes make a run: what its progress is a fraction of. */
  readonly work: number
  /** The program. It gives a function, because some claims can only be checked once its scheduler stands still. */
  body(): Coroutine<Conclude>
}

/** @throws BrokenInvariant if the program or its scheduler did something else than was claimed */
type Conclude = (statistics: SchedulerStatistics) => Outcome

/** What came out of a run. The same request gives the same outcome, however fast the machine is. */
export interface Outcome {
  readonly answer: number
  readonly counters: Counters
  /** A digest of what was drawn from the seed, where something was. */
  readonly trace?: number
}

export interface Counters {
  /** Coroutines, without the program's own, which spawns them. */
  readonly spawned: number
  readonly finished: number
  readonly sends: number
  readonly receives: number
  readonly resumes: number
  /** Coroutines that are still parked at the end. */
  readonly parked: number
  /** Of hackysack: how often the ball was received. */
  readonly balls?: number
  /** Of hackysack: how many players were sent home. */
  readonly exits?: number
}

export function workloadOf(request: BenchmarkRequest): Workload {
  return request.benchmark === 'chain' ? chainWorkload(request) : hackysackWorkload(request)
}

function chainWorkload({ n }: ChainRequest): Workload {
  return {
    coroutines: n,
    work: 3 * n,
    *body() {
      const result = yield* chain(n)
      return (statistics) => {
        checkChain(result, statistics)
        const { answer, sends, receives } = result
        return { answer, counters: counted(statistics, sends, receives) }
      }
    },
  }
}

function hackysackWorkload({ players, turns, variant, seed }: HackysackRequest): Workload {
  return {
    coroutines: players,
    work: 3 * players + turns,
    *body() {
      const result = yield* hackysack({ players, turns, variant, seed })
      return (statistics) => {
        checkHackysack(result, statistics)
        const { counter: answer, ballsSent, ballsReceived: balls, exitsSent, exitsReceived: exits, kicks } = result
        const counters = { ...counted(statistics, ballsSent + exitsSent, balls + exits), balls, exits }
        return { answer, counters, trace: kicks }
      }
    },
  }
}

function counted(statistics: SchedulerStatistics, sends: number, receives: number): Counters {
  const { spawned, finished, resumes, parked } = statistics
  return { spawned: spawned - 1, finished: finished - 1, sends, receives, resumes, parked }
}
