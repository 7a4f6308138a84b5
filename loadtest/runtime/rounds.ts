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
  return players.map((player) => player.measured())
}

/** One system at one workload. */
class Player implements AsyncDisposable {
  readonly #workload: Workload | MemoryWorkload
  readonly #protocol: Protocol
  readonly #system: Ready
  readonly #options: RoundsOptions
  readonly #values: (number | undefined)[]
  #process: SystemProcess | undefined
  #times = 1
  #spentMs = 0
  #peakBytes: number | undefined
  #stopped: string | undefined

  constructor(workload: Workload | MemoryWorkload, protocol: Protocol, system: Ready, options: RoundsOptions) {
    this.#workload = workload
    this.#protocol = protocol
    this.#system = system
    this.#options = options
    this.#values = new Array(options.rounds).fill(undefined)
  }

  /** Do it, unless this one has stopped. That it fails stops this one, and no other. */
  async attempt(what: string, action: () => Promise<void>): Promise<void> {
    if (this.#stopped !== undefined) return
    this.#options.show(`${this.#workload.name}, ${this.#protocol}: ${this.#system.name}, ${what}`)
    try {
      await action()
    } catch (error) {
      this.#stopped = (error as Error).message
    }
    // Its memory is for the others then.
    if (this.#stopped !== undefined || fresh.includes(this.#protocol)) await this[Symbol.asyncDispose]()
  }

  async warmUp(): Promise<void> {
    let total = 0
    for (let run = 0; run < 2 || total < warmUpMs; run += 1) {
      const wallMs = await this.#run()
      total += wallMs
      // One that takes seconds is not what its compiler makes of it.
      if (total >= 10 * warmUpMs) break
      this.#times = Math.min(Math.ceil(shortestRunMs / (wallMs / this.#times)), mostTimes)
    }
  }

  async playRound(round: number): Promise<void> {
    if (this.#protocol === 'collected') await this.#order(['collect'])
    const { budgetMs, rounds } = this.#options
    const startMs = performance.now()
    if ('coroutines' in this.#workload) {
      this.#values[round] = await this.#park(this.#workload.coroutines)
      this.#spentMs += performance.now() - startMs
    } else {
      const wallMs = await this.#run()
      this.#values[round] = wallMs / this.#times
      this.#spentMs += wallMs
    }
    if (this.#spentMs >= budgetMs && round + 1 < rounds) this.#stopped = `its ${budgetMs / 1_000} s were spent`
  }

  measured(): Measured {
    return {
      workload: this.#workload.name,
      system: this.#system.name,
      protocol: this.#protocol,
      values: this.#values,
      times: this.#times,
      peakBytes: this.#process?.peakBytes ?? this.#peakBytes,
      stopped: this.#stopped,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#peakBytes = this.#process?.peakBytes ?? this.#peakBytes
    await this.#process?.[Symbol.asyncDispose]()
    this.#process = undefined
  }

  async #order<Answer>(words: readonly (string | number)[]): Promise<Answer> {
    this.#process ??= await SystemProcess.start(this.#system.command)
    return this.#process.order<Answer>(words, this.#options.runLimitMs)
  }

  /** Gives the wall time of all runs that make a figure. */
  async #run(): Promise<number> {
    const { program, sizes, answer: wanted } = this.#workload as Workload
    const words = ['run', this.#times, program, ...sizes]
    const { wallMs, answer } = await this.#order<{ wallMs: number; answer: number }>(words)
    if (answer !== wanted) throw new Error(`the answer should be ${wanted} (got ${answer})`)
    return wallMs
  }

  /** Gives live bytes for each coroutine that waits. */
  async #park(coroutines: number): Promise<number> {
    return (await this.#order<{ bytes: number }>(['park', coroutines])).bytes / coroutines
  }
}
