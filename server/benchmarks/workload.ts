// A workload is a benchmark program as the measuring sees it: something to run, how large it is, and what came out.

import type { Coroutine, SchedulerStatistics } from '../../runtime/index.ts'
import { checkChain } from '../../runtime/programs/chain-counts.ts'
import { checkHackysack } from '../../runtime/programs/hackysack-game.ts'
import type { ModelCosts } from '../../runtime/programs/invariants.ts'
import type { Model } from './models.ts'
import { programs } from './programs.ts'
import type { BenchmarkRequest, ChainRequest, HackysackRequest } from './request.ts'

export interface Workload {
  /** How many coroutines it spawns, or threads. */
  readonly coroutines: number
  /** About how many spawns and resumes make a run: what its progress is a fraction of. */
  readonly work: number
  /** Where its memory is: a thread has a heap and a stack of its own, which only the process as a whole shows. */
  readonly memory: 'heap' | 'process'
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
  /** Coroutines, or threads, without the program's own, which spawns them, and without those of the model itself. */
  readonly spawned: number
  readonly finished: number
  readonly sends: number
  readonly receives: number
  /** Of coroutines: threads are resumed by the operating system, which does not say how often. */
  readonly resumes?: number
  /** Coroutines that are still parked at the end. */
  readonly parked?: number
  /** Of hackysack: how often the ball was received. */
  readonly balls?: number
  /** Of hackysack: how many players were sent home. */
  readonly exits?: number
}

export function workloadOf(request: BenchmarkRequest): Workload {
  return request.benchmark === 'chain' ? chainWorkload(request) : hackysackWorkload(request)
}

function chainWorkload({ n, model }: ChainRequest): Workload {
  const { chain, chainCosts } = programs[model]
  const costs = chainCosts?.(n) ?? {}
  return {
    ...sizeOf(model, n, costs.mostResumes ?? 2 * n),
    *body() {
      const result = yield* chain(n)
      return (statistics) => {
        checkChain(result, statistics, costs)
        const { answer, sends, receives } = result
        return { answer, counters: counted(model, statistics, costs, { sends, receives }) }
      }
    },
  }
}

function hackysackWorkload({ players, turns, variant, seed, model }: HackysackRequest): Workload {
  const { hackysack, hackysackCosts } = programs[model]
  const options = { players, turns, variant, seed }
  const costs = hackysackCosts?.(options) ?? {}
  return {
    ...sizeOf(model, players, costs.mostResumes ?? 2 * players + turns),
    *body() {
      const result = yield* hackysack(options)
      return (statistics) => {
        checkHackysack(result, statistics, costs)
        const { counter: answer, ballsSent, ballsReceived: balls, exitsSent, exitsReceived: exits, kicks } = result
        const traffic = { sends: ballsSent + exitsSent, receives: balls + exits }
        return { answer, counters: { ...counted(model, statistics, costs, traffic), balls, exits }, trace: kicks }
      }
    },
  }
}

function sizeOf(model: Model, coroutines: number, resumes: number): Pick<Workload, 'coroutines' | 'work' | 'memory'> {
  return { coroutines, work: coroutines + resumes, memory: model === 'threads' ? 'process' : 'heap' }
}

function counted(
  model: Model,
  statistics: SchedulerStatistics,
  { helpers = 0 }: ModelCosts,
  traffic: Pick<Counters, 'sends' | 'receives'>,
): Counters {
  const spawned = statistics.spawned - 1 - helpers
  const finished = statistics.finished - 1 - helpers
  // Each thread is watched by a coroutine, so these are the threads'; the rest of the statistics is about the watchers.
  if (model === 'threads') return { spawned, finished, ...traffic }
  return { spawned, finished, ...traffic, resumes: statistics.resumes, parked: statistics.parked }
}
