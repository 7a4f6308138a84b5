// Closed loops in turn: several servers stand side by side, and each gets a round, and again, so that what slowly happens to
// the machine happens to all of them. The rate of each is that of its median round.

import type { Looped } from '../generator/closed-loop.ts'
import type { Use } from '../measure/meter.ts'
import type { Generator } from '../processes/generator.ts'
import { median, perOperation } from '../report/details.ts'
import type { Detail, Ground, Row, Stage } from '../scenario.ts'
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

/** One server, and what it is asked. */
export interface Loop {
  readonly name: string
  readonly ground: Ground
  readonly requests: readonly string[]
  readonly status: number
}

export interface LoopResult {
  readonly name: string
  readonly perSecond: number
  /** Microseconds for each request. */
  readonly cpu: number | undefined
  readonly complaints: readonly string[]
  readonly row: Row
  readonly details: readonly Detail[]
}

interface Round extends Looped {
  readonly use: Use
}

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
      done.push(await roundOf(loop, generator, round === 0 ? warmUpMs : roundMs))
      stage.signal.throwIfAborted()
    }
  }
  return all.map(({ loop, done }) => resultOf(what, loop.name, done))
}

async function roundOf({ ground, requests, status }: Loop, generator: Generator, durationMs: number): Promise<Round> {
  const stretch = ground.meter.begin()
  const plan = { origin: ground.server.origin, requests, connections, durationMs, status }
  return { ...(await generator.order('loop', plan)), use: stretch.end() }
}

function resultOf(what: string, name: string, all: readonly Round[]): LoopResult {
  const byRate = all.slice(1).sort((a, b) => a.count / a.seconds - b.count / b.seconds)
  const middle = byRate[Math.floor((byRate.length - 1) / 2)]!
  const cpu = median(byRate.map(({ use, count }) => perOperation('', use, count).value))
  return {
    name,
    perSecond: middle.count / middle.seconds,
    cpu,
    complaints: all.flatMap(({ faults }) => complaintsOf(faults)).map((complaint) => `${name}: ${complaint}`),
    row: { label: name, what, count: middle.count, seconds: middle.seconds, use: middle.use },
    details: [
      { label: `${name}: server CPU for each of the ${what}`, value: cpu, unit: 'µs' },
      { label: `${name}: bytes of a reply, without its head`, value: middle.bodyBytes, unit: '' },
    ],
  }
}
