// Measures in rounds: one run of each system, then the next round, so that whatever drifts hits all of them alike. Which system
// comes after which changes from round to round.
//
// Always true: one process runs at a time, the others wait for their next order; a run whose answer is wrong is an error
// and never a time; and every process that was started has ended when a measurement has.

import type { Measured, Protocol } from './figures.ts'
import { SystemProcess } from './system-process.ts'
import type { Command, SystemName } from './systems.ts'
import type { MemoryWorkload, Workload } from './workloads.ts'

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

/** Measure one process for each system, which stays up over all rounds. */
export async function measureRounds(
  workload: Workload,
  protocol: Exclude<Protocol, 'first'>,
  ready: readonly Ready[],
  options: RoundsOptions,
): Promise<Measured[]> {
  await using ended = new AsyncDisposableStack()
  const players = playersOf(workload, ready).map((one) => ended.use(new Player(workload, protocol, one, options)))
  for (const player of players) await player.attempt('warms up', () => player.warmUp())
  for (let round = 0; round < options.rounds; round += 1) {
    for (const player of beginningWith(players, round)) {
      await player.attempt(`round ${round + 1} of ${options.rounds}`, () => player.playRound(round))
    }
  }
  return players.map((player) => player.measured())
}

/** Measure the first run, each time in a fresh process. */
export async function measureFirstRuns(
  workload: Workload,
  ready: readonly Ready[],
  options: RoundsOptions,
): Promise<Measured[]> {
  const players = playersOf(workload, ready)
  const all = new Map(players.map(({ name }) => [name, [] as Measured[]]))
  for (let round = 0; round < options.rounds; round += 1) {
    for (const one of beginningWith(players, round)) {
      await using player = new Player(workload, 'first', one, options)
      await player.attempt(`first run ${round + 1} of ${options.rounds}`, () => player.playRound(0))
      all.get(one.name)!.push(player.measured())
    }
  }
  return [...all.values()].map((runs) => ({
    ...runs[0]!,
    values: runs.map(({ values }) => values[0]),
    peakBytes: Math.max(...runs.flatMap(({ peakBytes }) => peakBytes ?? [])) || undefined,
    stopped: runs.find(({ stopped }) => stopped !== undefined)?.stopped,
  }))
}

/** Measure what parked coroutines take, each time in a fresh process. */
export async function measureMemory(
  workload: MemoryWorkload,
  ready: readonly Ready[],
  { rounds, runLimitMs, budgetMs, show }: RoundsOptions,
): Promise<Measured[]> {
  const measured: Measured[] = []
  for (const { name, command } of playersOf(workload, ready)) {
    const beganAt = performance.now()
    const values: number[] = []
    let stopped: string | undefined
    while (values.length < rounds && stopped === undefined) {
      show(`${workload.name}: ${name}, ${values.length + 1} of ${rounds}`)
      try {
        await using process = await SystemProcess.start(command)
        const { bytes } = await process.order<{ bytes: number }>(['park', workload.coroutines], runLimitMs)
        values.push(bytes / workload.coroutines)
        if (performance.now() - beganAt >= budgetMs && values.length < rounds) stopped = spent(budgetMs)
      } catch (error) {
        stopped = (error as Error).message
      }
    }
    const { name: of } = workload
    measured.push({ workload: of, system: name, protocol: 'parked', values, times: 1, peakBytes: undefined, stopped })
  }
  return measured
}

/** One system at one workload. */
class Player implements AsyncDisposable {
  readonly #workload: Workload
  readonly #protocol: Protocol
  readonly #system: Ready
  readonly #options: RoundsOptions
  readonly #values: (number | undefined)[]
  #process: SystemProcess | undefined
  #times = 1
  #spentMs = 0
  #peakBytes: number | undefined
  #stopped: string | undefined

  constructor(workload: Workload, protocol: Protocol, system: Ready, options: RoundsOptions) {
    this.#workload = workload
    this.#protocol = protocol
    this.#system = system
    this.#options = options
    this.#values = new Array(protocol === 'first' ? 1 : options.rounds).fill(undefined)
  }

  /** Do it, unless this one has stopped. That it fails stops this one, and no other. */
  async attempt(what: string, action: () => Promise<void>): Promise<void> {
    if (this.#stopped !== undefined) return
    this.#options.show(`${this.#workload.name}, ${this.#protocol}: ${this.#system.name}, ${what}`)
    try {
      await action()
    } catch (error) {
      await this.#stop((error as Error).message)
    }
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
    if (this.#protocol === 'collected') await (await this.#ready()).order(['collect'], this.#options.runLimitMs)
    const wallMs = await this.#run()
    this.#values[round] = wallMs / this.#times
    this.#spentMs += wallMs
    const { budgetMs, rounds } = this.#options
    const isSpent = this.#spentMs >= budgetMs && round + 1 < rounds
    if (this.#protocol !== 'first' && isSpent) await this.#stop(spent(budgetMs))
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
    await this.#process?.[Symbol.asyncDispose]()
  }

  async #ready(): Promise<SystemProcess> {
    this.#process ??= await SystemProcess.start(this.#system.command)
    return this.#process
  }

  /** Gives the wall time of all runs that make a figure. */
  async #run(): Promise<number> {
    const { program, sizes, answer: wanted } = this.#workload
    const order = ['run', this.#times, program, ...sizes]
    const process = await this.#ready()
    const { wallMs, answer } = await process.order<{ wallMs: number; answer: number }>(order, this.#options.runLimitMs)
    if (answer !== wanted) throw new Error(`the answer should be ${wanted} (got ${answer})`)
    return wallMs
  }

  /** Its memory is for the others then. */
  async #stop(reason: string): Promise<void> {
    this.#stopped = reason
    this.#peakBytes = this.#process?.peakBytes
    await this.#process?.[Symbol.asyncDispose]()
    this.#process = undefined
  }
}

function playersOf({ systems }: Pick<Workload, 'systems'>, ready: readonly Ready[]): Ready[] {
  return ready.filter(({ name }) => systems.includes(name))
}

function spent(budgetMs: number): string {
  return `its ${budgetMs / 1_000} s were spent`
}

/** All of them once, beginning with another one in each round. */
function beginningWith<T>(all: readonly T[], round: number): T[] {
  const first = round % Math.max(all.length, 1)
  return [...all.slice(first), ...all.slice(0, first)]
}
