// Closed loops in turn: several servers stand side by side, and each gets a round, and again, so that what slowly happens to
// the machine happens to all of them. The rate of each is that of its median round.

import type { Ask } from '../dialects/dialect.ts'
import type { Looped } from '../generator/closed-loop.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import type { Generator } from '../processes/generator.ts'
import { cpuEach, median } from '../report/figures.ts'
import type { Ground, Stage } from '../scenario.ts'
import { complaintsOf } from './faults.ts'

const connections = 50

export interface LoopPace {
  readonly rounds: number
  readonly roundMs: number
  readonly warmUpMs: number
}

/** A server of much code is compiled for some seconds longer than one of little. */
function usualPace({ isQuick, durationMs }: Stage): LoopPace {
  const [rounds, warmUpMs] = isQuick ? [3, 1_500] : [5, 5_000]
  return { rounds, warmUpMs, roundMs: Math.max(1_000, durationMs / rounds) }
}

/** One server, and what it is asked in a round. */
export interface Loop {
  readonly name: string
  readonly ground: Ground
  round(generator: Generator, durationMs: number): Promise<Looped>
}

/**
 * A loop over fifty connections, each of which sends its next request when it has its reply.
 *
 * @param good what a good reply has: a status, and where all are the same a body
 */
export function requesting(
  name: string,
  ground: Ground,
  bare: readonly Ask[],
  good: { readonly status: number; readonly body?: string },
): Loop {
  const { origin, subject } = ground.server
  const asks = bare.map((ask) => ({ ...ask, headers: { ...ask.headers, ...subject.headers } }))
  return {
    name,
    ground,
    round: (generator, durationMs) => generator.order('loop', { origin, asks, connections, durationMs, ...good }),
  }
}

type Round = Looped & { readonly use: Use }

/** @param what is counted, as in "messages" */
export async function loopInTurn(
  stage: Stage,
  what: string,
  loops: readonly Loop[],
  { rounds, roundMs, warmUpMs }: LoopPace = usualPace(stage),
): Promise<LoopResult[]> {
  const all = loops.map((loop) => ({ loop, generator: loop.ground.startGenerator(), done: [] as Round[] }))
  for (let round = 0; round <= rounds; round += 1) {
    for (const { loop, generator, done } of all) {
      stage.show(round === 0 ? `${loop.name} warms up` : `${loop.name}: round ${round} of ${rounds}`)
      const stretch = loop.ground.meter.begin()
      const looped = await loop.round(generator, round === 0 ? warmUpMs : roundMs)
      done.push({ ...looped, use: stretch.end() })
      stage.signal.throwIfAborted()
    }
  }
  return all.map(({ loop, done }) => resultOf(what, loop.name, done))
}

export type LoopResult = ReturnType<typeof resultOf>

function resultOf(what: string, name: string, all: readonly Round[]) {
  const byRate = all.slice(1).sort((a, b) => a.count / a.seconds - b.count / b.seconds)
  const { count, seconds, use, bodyBytes } = byRate[Math.floor((byRate.length - 1) / 2)]!
  const latencies = Latencies.of(byRate.flatMap(({ latencyMs }) => [...latencyMs]))
  const sum = (rounds: readonly Round[], field: 'answered' | 'parked' | 'count') =>
    rounds.reduce((total, round) => total + round[field], 0)
  return {
    name,
    perSecond: count / seconds,
    // Microseconds of the server for each request.
    cpu: median(byRate.map(({ use, count }) => cpuEach(use, count))),
    complaints: all.flatMap(({ faults }) => complaintsOf(faults)).map((complaint) => `${name}: ${complaint}`),
    latencies,
    // Good replies of all rounds, those of the warm-up and those that came late among them.
    answered: sum(all, 'answered'),
    // Of the rounds, how many of the good replies were to polls that had been parked.
    parkedShare: sum(byRate, 'parked') / Math.max(1, sum(byRate, 'count')),
    bodyBytes,
    row: { label: name, what, count, seconds, latency: latencies.summary(), use },
  }
}
