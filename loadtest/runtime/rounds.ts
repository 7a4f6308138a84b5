// Measures in rounds: one run of each system, then the next round, so that whatever drifts hits all of them alike. Which system
// comes after which changes from round to round.
//
// Always true: one process works at a time, the others wait for their next order; a run whose answer is wrong is an error
// and never a time; and every process that was started has ended when a measurement has.

import type { Measured } from './figures.ts'
import { SystemProcess } from './system-process.ts'
import type { Command, SystemName } from './systems.ts'
import type { MemoryWorkload, Workload } from './workloads.ts'

type Protocol = Measured['protocol']

export interface Ready {
  readonly name: SystemName
  readonly command: Command
}

export interface RoundsOptions {
  readonly rounds: number
  /** One run may take so long; a system whose run takes longer is ended. */
  readonly runLimitMs: number
  /** All runs of a system at a workload together; a system that has spent it sits the remaining rounds out. */
  readonly budgetMs: number
  show(progress: string): void
}

/** A run should be long enough for a clock to see, and a warm-up long enough for a compiler. */
const shortestRunMs = 30
const mostTimes = 200
const warmUpMs = 300
/** In these each run is the only one of its process; in the others a process stays up over all rounds. */
const fresh: readonly Protocol[] = ['first', 'parked']

export async function measureRounds(
  workload: Workload | MemoryWorkload,
  protocol: Protocol,
  ready: readonly Ready[],
  options: RoundsOptions,
): Promise<Measured[]> {
  await using ended = new AsyncDisposableStack()
  const players = ready
    .filter(({ name }) => workload.systems.includes(name))
    .map((system) => ended.use(playerOf(workload, protocol, system, options)))
  if (!fresh.includes(protocol)) {
    for (const player of players) await player.attempt('warms up', () => player.warmUp())
  }
  for (let round = 0; round < options.rounds; round += 1) {
    // All of them once, beginning with another one in each round.
    const first = round % Math.max(players.length, 1)
    for (const player of [...players.slice(first), ...players.slice(0, first)]) {
      await player.attempt(`round ${round + 1} of ${options.rounds}`, () => player.playRound(round))
    }
  }
  return players.map(({ measured }) => measured)
}

/** One system at one workload. */
function playerOf(
  workload: Workload | MemoryWorkload,
  protocol: Protocol,
  { name: system, command }: Ready,
  { rounds, runLimitMs, budgetMs, show }: RoundsOptions,
) {
  const values = new Array<number | undefined>(rounds).fill(undefined)
  const figures = { times: 1, peakBytes: undefined as number | undefined, stopped: undefined as string | undefined }
  const measured = Object.assign(figures, { workload: workload.name, system, protocol, values })
  let process: SystemProcess | undefined
  let spentMs = 0

  const end = async () => {
    await process?.[Symbol.asyncDispose]()
    process = undefined
  }

  const order = async <Answer>(words: readonly (string | number)[]) => {
    process ??= await SystemProcess.start(command)
    return process.order<Answer>(words, runLimitMs)
  }

  /** Gives the wall time of all runs that make a figure. */
  const run = async () => {
    const { program, sizes, answer: wanted } = workload as Workload
    const words = ['run', measured.times, program, ...sizes]
    const { wallMs, answer } = await order<{ wallMs: number; answer: number }>(words)
    if (answer !== wanted) throw new Error(`the answer should be ${wanted} (got ${answer})`)
    return wallMs
  }

  return {
    measured,
    [Symbol.asyncDispose]: end,

    /** Do it, unless this one has stopped. That it fails stops this one, and no other. */
    async attempt(what: string, action: () => Promise<void>): Promise<void> {
      if (measured.stopped !== undefined) return
      show(`${workload.name}, ${protocol}: ${system}, ${what}`)
      await action().catch((error: Error) => {
        measured.stopped = error.message
      })
      measured.peakBytes = process?.peakBytes ?? measured.peakBytes
      // Its memory is for the others then.
      if (measured.stopped !== undefined || fresh.includes(protocol)) await end()
    },

    async warmUp(): Promise<void> {
      let total = 0
      for (let time = 0; time < 2 || total < warmUpMs; time += 1) {
        const wallMs = await run()
        total += wallMs
        // One that takes seconds is not what its compiler makes of it.
        if (total >= 10 * warmUpMs) break
        measured.times = Math.min(Math.ceil(shortestRunMs / (wallMs / measured.times)), mostTimes)
      }
    },

    async playRound(round: number): Promise<void> {
      if (protocol === 'collected') await order(['collect'])
      const startMs = performance.now()
      if ('coroutines' in workload) {
        const { coroutines } = workload
        values[round] = (await order<{ bytes: number }>(['park', coroutines])).bytes / coroutines
        spentMs += performance.now() - startMs
      } else {
        const wallMs = await run()
        values[round] = wallMs / measured.times
        spentMs += wallMs
      }
      if (spentMs >= budgetMs && round + 1 < rounds) measured.stopped = `its ${budgetMs / 1_000} s were spent`
    },
  }
}
