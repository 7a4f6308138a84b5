// What is compared between two commits: costs, so that less is better and above 1 the ratio is a loss. Where a rate is meant,
// the cost is its inverse; where it can be, the cost is processor time, which another busy process disturbs least.

import { copyFileSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import process from 'node:process'
import { complaintsIn, cycleOf, fanOutTopic, herdRounds } from '../client/herd-rounds.ts'
import { loopInTurn } from '../client/looped-rounds.ts'
import { flagsOf } from '../measure/process-reading.ts'
import type { Access } from '../processes/access.ts'
import { encke } from '../processes/subject.ts'
import { median } from '../report/figures.ts'
import { SystemProcess } from '../runtime/system-process.ts'
import type { Ground, Stage } from '../scenario.ts'
import { newsLoop, publishLoop } from '../scenarios/closed-loops.ts'
import { readingOf } from '../scenarios/memory.ts'
import { type Start, startOnce } from '../scenarios/start.ts'

/** In the order of the table: what each is, and its unit. */
export const costs = {
  cycle: ['poll cycle (park and deliver), server CPU', 'µs'],
  memory: ['parked poll, server memory', 'bytes'],
  publishCpu: ['publish, server CPU', 'µs'],
  publishRate: ['publish, inverse rate of 50 connections', 'µs'],
  newsCpu: ['poll with news, server CPU', 'µs'],
  newsRate: ['poll with news, inverse rate of 50 connections', 'µs'],
  chain: ['chain, n = 100,000, CPU', 'ms'],
  pingPong: ['ping-pong, 200,000 round trips, CPU', 'ms'],
  startCpu: ['start, server CPU until ready', 'ms'],
  start: ['start, wall time until ready', 'ms'],
} as const satisfies Readonly<Record<string, readonly [what: string, unit: string]>>

export type CostName = keyof typeof costs

/** What another busy process disturbs. */
export const wallCosts: readonly CostName[] = ['publishRate', 'newsRate', 'start']

/** Undefined where it could not be measured: processes cannot be read without /proc. */
export type Costs = Readonly<Record<CostName, number | undefined>>

/** A checkout whose server is started and whose programs are played, each by its own files and flags. */
export interface Side {
  readonly name: string
  readonly folder: string
  readonly access: Access
}

const full = {
  // V8 compiles what a poll runs for about ten rounds, and which round it is at differs more than what is compared.
  herd: { readers: 4_000, rounds: 14, warmUps: 10 },
  parked: 10_000,
  settleMs: 8_000,
  // The speed of a machine that others share changes from second to second, so turns are short. V8 compiles for seconds.
  loops: { rounds: 16, roundMs: 500, warmUpMs: 6_000 },
  starts: 5,
  programs: { runs: 30, warmUps: 12 },
}
const quick: typeof full = {
  herd: { readers: 500, rounds: 2, warmUps: 1 },
  parked: 2_000,
  settleMs: 500,
  loops: { rounds: 1, roundMs: 300, warmUpMs: 300 },
  starts: 1,
  programs: { runs: 2, warmUps: 1 },
}

const longestRunMs = 60_000

/** Measure all costs of `sides`, one side after the other for each of them. */
export async function measureCosts(stage: Stage, sides: readonly Side[]): Promise<Costs[]> {
  const { herd, parked, settleMs, loops, starts, programs } = stage.isQuick ? quick : full
  const started = sides.map(() => [] as Start[])
  for (let at = 0; at < starts; at += 1) {
    stage.show(`starts, ${at + 1} of ${starts}`)
    for (const [which, side] of sides.entries()) started[which]!.push(await startOnce(encke(side)))
    stage.signal.throwIfAborted()
  }
  const memory = await inTurn(sides, (side) =>
    readingOf(stage, { name: side.name, start: () => stage.start(encke(side)) }, parked, settleMs),
  )
  const grounds = await inTurn(sides, (side) => stage.start(encke(side)))
  const cycles = await inTurn(grounds, (ground) => cycleCost(stage, ground, herd))
  const publishing = grounds.map((ground, at) => publishLoop(sides[at]!.name, ground))
  const publishes = await loopInTurn(stage, 'messages', publishing, loops)
  const polling = await inTurn(grounds, (ground, at) => newsLoop(sides[at]!.name, ground, ['load/news']))
  const news = await loopInTurn(stage, 'polls', polling, loops)
  const played = await playPrograms(stage, sides, grounds, programs)
  for (const ground of grounds) await ground[Symbol.asyncDispose]()
  const wrong = [...publishes, ...news].flatMap(({ complaints }) => complaints)[0]
  if (wrong !== undefined) throw new Error(wrong)
  return sides.map((_, at) => ({
    cycle: cycles[at],
    memory: memory[at]!.kibibytesEach && memory[at]!.kibibytesEach * 1_024,
    publishCpu: publishes[at]!.cpu,
    publishRate: 1e6 / publishes[at]!.perSecond,
    newsCpu: news[at]!.cpu,
    newsRate: 1e6 / news[at]!.perSecond,
    ...played[at]!,
    startCpu: median(started[at]!.map(({ cpuMs }) => cpuMs)),
    start: median(started[at]!.map(({ wallMs }) => wallMs)),
  }))
}

/** One after the other: nothing else runs meanwhile. */
async function inTurn<Given, Result>(
  all: readonly Given[],
  measure: (given: Given, at: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const [at, given] of all.entries()) results.push(await measure(given, at))
  return results
}

/** Microseconds for each client. */
async function cycleCost(stage: Stage, ground: Ground, plan: typeof full.herd): Promise<number | undefined> {
  const show = (text: string) => stage.show(`${plan.readers} polls park and are answered: ${text}`)
  const run = await herdRounds(stage, ground, { ...plan, topics: [fanOutTopic], show })
  const [complaint] = complaintsIn(run)
  if (complaint !== undefined) throw new Error(complaint)
  return median(run.rounds.map((round) => cycleOf(round, plan.readers)))
}

/** By a driver that is the same for all sides, and imports the runtime of its own; a run of each in turn, and again. */
async function playPrograms(
  stage: Stage,
  sides: readonly Side[],
  grounds: readonly Ground[],
  { runs, warmUps }: typeof full.programs,
): Promise<Pick<Costs, 'chain' | 'pingPong'>[]> {
  await using started = new AsyncDisposableStack()
  const players = await inTurn(sides, async ({ folder }, at) => {
    const words = [...flagsOf(grounds[at]!.server.pid), driverIn(folder)]
    return started.use(await SystemProcess.start({ program: process.execPath, words, variables: {} }))
  })
  const play = async (program: 'chain' | 'pingPong') => {
    const costs = sides.map(() => [] as number[])
    for (let run = -warmUps; run < runs; run += 1) {
      stage.show(`${program}, run ${run + warmUps + 1} of ${warmUps + runs}`)
      for (const [at, player] of players.entries()) {
        const { ms } = await player.order<{ ms: number }>([program], longestRunMs)
        if (run >= 0) costs[at]!.push(ms)
      }
      stage.signal.throwIfAborted()
    }
    return costs.map(median)
  }
  const [chain, pingPong] = [await play('chain'), await play('pingPong')]
  return sides.map((_, at) => ({ chain: chain[at], pingPong: pingPong[at] }))
}

function driverIn(folder: string): string {
  const driver = join(folder, 'loadtest/against/programs.ts')
  const ours = join(import.meta.dirname, 'programs.ts')
  if (driver !== ours) {
    mkdirSync(dirname(driver), { recursive: true })
    copyFileSync(ours, driver)
  }
  return driver
}
