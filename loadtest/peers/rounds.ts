// Measures in rounds: one run of each system, then the next round, so that whatever drifts hits all of them alike. Who
// comes after whom changes from round to round.
//
// Always true: one process runs at a time, the others wait for their next order; a run whose answer is wrong is an error
// and never a time; and every process that was started has ended when a measurement has.

import type { Measured, MeasuredMemory, Protocol } from './measured.ts'
import { PeerProcess } from './peer-process.ts'
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
  const players = playersOf(workload, ready).map(({ name, command }) =>
    ended.use(new Player(workload, protocol, name, command, options)),
  )
  for (const player of players) await player.attempt('warms up', () => player.warmUp())
  for (let round = 0; round < options.rounds; round += 1) {
    for (const player of inTurn(players, round)) {
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
  const all = new Map(playersOf(workload, ready).map(({ name }) => [name, [] as Measured[]]))
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { name, command } of inTurn(playersOf(workload, ready), round)) {
      await using player = new Player(workload, 'first', name, command, options)
      await player.attempt(`first run ${round + 1} of ${options.rounds}`, () => player.playRound(0))
      all.get(name)?.push(player.measured())
    }
  }
  return [...all.values()].map(asOne)
}

/** Measure what parked coroutines take, each time in a fresh process. */
export async function measureMemory(
  workload: MemoryWorkload,
  ready: readonly Ready[],
  { rounds, runLimitMs, budgetMs, show }: RoundsOptions,
): Promise<MeasuredMemory[]> {
  const measured: MeasuredMemory[] = []
  for (const { name, command } of playersOf(workload, ready)) {
    const beganAt = performance.now()
    const bytesEach: number[] = []
    let stopped: string | undefined
    while (bytesEach.length < rounds && stopped === undefined) {
      show(`${workload.name}: ${name}, ${bytesEach.length + 1} of ${rounds}`)
      try {
        await using process = await PeerProcess.start(command)
        const { bytes } = await process.order<{ bytes: number }>(['park', workload.coroutines], runLimitMs)
        bytesEach.push(bytes / workload.coroutines)
        if (performance.now() - beganAt >= budgetMs && bytesEach.length < rounds) stopped = spent(budgetMs)
      } catch (error) {
        stopped = (error as Error).message
      }
    }
    measured.push({ workload: workload.name, system: name, bytesEach, stopped })
  }
  return measured
}

interface RunAnswer {
  readonly wallMs: number
  readonly answer: number
}

/** One system at one workload. */
class Player implements AsyncDisposable {
  readonly #workload: Workload
  readonly #protocol: Protocol
  readonly #name: SystemName
  readonly #command: Command
  readonly #options: RoundsOptions
  readonly #ms: (number | undefined)[]
  #process: PeerProcess | undefined
  #times = 1
  #spentMs = 0
  #peakBytes: number | undefined
  #stopped: string | undefined

  constructor(workload: Workload, protocol: Protocol, name: SystemName, command: Command, options: RoundsOptions) {
    this.#workload = workload
    this.#protocol = protocol
    this.#name = name
    this.#command = command
    this.#options = options
    this.#ms = new Array(protocol === 'first' ? 1 : options.rounds).fill(undefined)
  }

  /** Do it, unless this one has stopped. That it fails stops this one, and no other. */
  async attempt(what: string, action: () => Promise<void>): Promise<void> {
    if (this.#stopped !== undefined) return
    this.#options.show(`${this.#workload.name}, ${this.#protocol}: ${this.#name}, ${what}`)
    try {
      await action()
    } catch (error) {
      await this.#stop((error as Error).message)
    }
  }

  async warmUp(): Promise<void> {
    let total = 0
    for (let run = 0; run < 2 || total < warmUpMs; run += 1) {
      const { wallMs } = await this.#order()
      total += wallMs
      // One that takes seconds is not what its compiler makes of it.
      if (total >= 10 * warmUpMs) break
      this.#times = Math.min(Math.ceil(shortestRunMs / (wallMs / this.#times)), mostTimes)
    }
  }

  async playRound(round: number): Promise<void> {
    if (this.#protocol === 'collected') await this.#ready().then((process) => process.order(['collect'], this.#limitMs))
    const { wallMs } = await this.#order()
    this.#ms[round] = wallMs / this.#times
    this.#spentMs += wallMs
    const { budgetMs, rounds } = this.#options
    if (this.#protocol !== 'first' && this.#spentMs >= budgetMs && round + 1 < rounds) {
      await this.#stop(spent(budgetMs))
    }
  }

  measured(): Measured {
    return {
      workload: this.#workload.name,
      system: this.#name,
      protocol: this.#protocol,
      ms: this.#ms,
      times: this.#times,
      peakBytes: this.#process?.peakBytes ?? this.#peakBytes,
      stopped: this.#stopped,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.[Symbol.asyncDispose]()
  }

  get #limitMs(): number {
    return this.#options.runLimitMs
  }

  async #ready(): Promise<PeerProcess> {
    this.#process ??= await PeerProcess.start(this.#command)
    return this.#process
  }

  async #order(): Promise<RunAnswer> {
    const { program, sizes, answer: wanted } = this.#workload
    const process = await this.#ready()
    const { wallMs, answer } = await process.order<RunAnswer>(['run', this.#times, program, ...sizes], this.#limitMs)
    if (answer !== wanted) throw new Error(`the answer should be ${wanted} (got ${answer})`)
    return { wallMs, answer }
  }

  /** Its memory is for the others then. */
  async #stop(reason: string): Promise<void> {
    this.#stopped = reason
    this.#peakBytes = this.#process?.peakBytes
    await this.#process?.[Symbol.asyncDispose]()
    this.#process = undefined
  }
}

function playersOf(workload: { readonly systems: readonly SystemName[] }, ready: readonly Ready[]): Ready[] {
  return ready.filter(({ name }) => workload.systems.includes(name))
}

function spent(budgetMs: number): string {
  return `its ${budgetMs / 1_000} s were spent`
}

/** Everybody once, beginning with another one in each round. */
function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % Math.max(all.length, 1)
  return [...all.slice(first), ...all.slice(0, first)]
}

/** First runs of several processes, as the rounds of one. */
function asOne(all: readonly Measured[]): Measured {
  const peaks = all.flatMap(({ peakBytes }) => peakBytes ?? [])
  return {
    ...(all[0] as Measured),
    ms: all.map(({ ms }) => ms[0]),
    peakBytes: peaks.length === 0 ? undefined : Math.max(...peaks),
    stopped: all.find(({ stopped }) => stopped !== undefined)?.stopped,
  }
}
