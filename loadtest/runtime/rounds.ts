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
    .map((system) => ended.use(new Player(workload, protocol, system, options)))
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

type Mutable<Given> = { -readonly [Name in keyof Given]: Given[Name] }

/** One system at one workload. */
class Player implements AsyncDisposable {
  readonly measured: Mutable<Measured> & { readonly values: (number | undefined)[] }
  readonly #workload: Workload | MemoryWorkload
  readonly #command: Command
  readonly #options: RoundsOptions
  #process: SystemProcess | undefined
  #spentMs = 0

  constructor(
    workload: Workload | MemoryWorkload,
    protocol: Protocol,
    { name, command }: Ready,
    options: RoundsOptions,
  ) {
    this.#workload = workload
    this.#command = command
    this.#options = options
    const values = new Array<number | undefined>(options.rounds).fill(undefined)
    const of = { workload: workload.name, system: name, protocol }
    this.measured = { ...of, values, times: 1, peakBytes: undefined, stopped: undefined }
  }

  /** Do it, unless this one has stopped. That it fails stops this one, and no other. */
  async attempt(what: string, action: () => Promise<void>): Promise<void> {
    const { workload, protocol, system, stopped } = this.measured
    if (stopped !== undefined) return
    this.#options.show(`${workload}, ${protocol}: ${system}, ${what}`)
    try {
      await action()
    } catch (error) {
      this.measured.stopped = (error as Error).message
    }
    this.measured.peakBytes = this.#process?.peakBytes ?? this.measured.peakBytes
    // Its memory is for the others then.
    if (this.measured.stopped !== undefined || fresh.includes(protocol)) await this[Symbol.asyncDispose]()
  }

  async warmUp(): Promise<void> {
    let total = 0
    for (let run = 0; run < 2 || total < warmUpMs; run += 1) {
      const wallMs = await this.#run()
      total += wallMs
      // One that takes seconds is not what its compiler makes of it.
      if (total >= 10 * warmUpMs) break
      this.measured.times = Math.min(Math.ceil(shortestRunMs / (wallMs / this.measured.times)), mostTimes)
    }
  }

  async playRound(round: number): Promise<void> {
    const { protocol, times, values } = this.measured
    if (protocol === 'collected') await this.#order(['collect'])
    const { budgetMs, rounds } = this.#options
    const startMs = performance.now()
    if ('coroutines' in this.#workload) {
      const { coroutines } = this.#workload
      values[round] = (await this.#order<{ bytes: number }>(['park', coroutines])).bytes / coroutines
      this.#spentMs += performance.now() - startMs
    } else {
      const wallMs = await this.#run()
      values[round] = wallMs / times
      this.#spentMs += wallMs
    }
    if (this.#spentMs >= budgetMs && round + 1 < rounds) this.measured.stopped = `its ${budgetMs / 1_000} s were spent`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
    this.#process = undefined
  }

  async #order<Answer>(words: readonly (string | number)[]): Promise<Answer> {
    this.#process ??= await SystemProcess.start(this.#command)
    return this.#process.order<Answer>(words, this.#options.runLimitMs)
  }

  /** Gives the wall time of all runs that make a figure. */
  async #run(): Promise<number> {
    const { program, sizes, answer: wanted } = this.#workload as Workload
    const words = ['run', this.measured.times, program, ...sizes]
    const { wallMs, answer } = await this.#order<{ wallMs: number; answer: number }>(words)
    if (answer !== wanted) throw new Error(`the answer should be ${wanted} (got ${answer})`)
    return wallMs
  }
}
