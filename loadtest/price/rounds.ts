// Measures in rounds: one figure of each variant, then the next round, so that whatever drifts hits all of them alike. Who comes
// after whom changes from round to round.
//
// Always true: each variant has a process of its own for each program, and one runs at a time; a wrong answer is an error and
// never a time; every process that was started has ended when a measurement has.

import { fileURLToPath } from 'node:url'
import { PeerProcess } from '../peers/peer-process.ts'
import type { Command } from '../peers/systems.ts'
import { nodeCommand } from '../peers/systems.ts'

export interface Program {
  readonly name: 'chain' | 'ping-pong'
  readonly size: number
  readonly answer: number
}

export interface RoundsOptions {
  readonly rounds: number
  /** Whose runs have taken longer than this together sits the remaining rounds out: debug mode takes seconds. */
  readonly budgetMs: number
  show(progress: string): void
}

/** What is measured of somebody. */
export interface Player {
  readonly name: string
  readonly command: Command
}

/** For each round the nanoseconds of one unit of a program's size, or the bytes of one coroutine; none when it was sat out. */
export type Figures = readonly (number | undefined)[]

const warmUpMs = 300
const fewestWarmUps = 3
/** A figure should be of so many runs that it has its share of what the collector does now and then. */
const shortestFigureMs = 150
/** The processes hardly differ in this. */
const mostMemoryRounds = 3
const limitMs = 120_000

const processFile = fileURLToPath(new URL('./variant-process.ts', import.meta.url))

/** The process that plays the variant `name`. */
export function playerOf({ name }: { readonly name: string }): Player {
  const command = nodeCommand(processFile)
  return { name, command: { ...command, words: [...command.words, name] } }
}

/** Gives the figures of each player, in their order. */
export async function measureTimes(
  program: Program,
  players: readonly Player[],
  options: RoundsOptions,
): Promise<Figures[]> {
  await using ended = new AsyncDisposableStack()
  const playing: Playing[] = []
  for (const { name, command } of players) {
    options.show(`${program.name}: ${name} warms up`)
    playing.push(new Playing(program, options, ended.use(await PeerProcess.start(command))))
    await playing.at(-1)?.warmUp()
  }
  for (let round = 0; round < options.rounds; round += 1) {
    options.show(`${program.name}: round ${round + 1} of ${options.rounds}`)
    for (const one of inTurn(playing, round)) await one.playRound(round)
  }
  return playing.map(({ figures }) => figures)
}

/** Measure what `coroutines` take that all wait on a channel of their own, after a collection, each time in a fresh process. */
export async function measureParked(
  coroutines: number,
  players: readonly Player[],
  { rounds, show }: RoundsOptions,
): Promise<Figures[]> {
  const all = players.map((): number[] => [])
  for (let round = 0; round < Math.min(rounds, mostMemoryRounds); round += 1) {
    for (const [at, { name, command }] of players.entries()) {
      show(`parked: round ${round + 1}, ${name}`)
      await using process = await PeerProcess.start(command)
      const { bytes } = await process.order<{ bytes: number }>(['park', coroutines], limitMs)
      all[at]?.push(bytes / coroutines)
    }
  }
  return all
}

/** One player at one program. */
class Playing {
  readonly figures: (number | undefined)[]
  readonly #program: Program
  readonly #process: PeerProcess
  readonly #budgetMs: number
  #times = 1
  #spentMs = 0

  constructor(program: Program, { rounds, budgetMs }: RoundsOptions, process: PeerProcess) {
    this.figures = new Array(rounds).fill(undefined)
    this.#program = program
    this.#process = process
    this.#budgetMs = budgetMs
  }

  async warmUp(): Promise<void> {
    for (let run = 0; this.#spentMs < (run < fewestWarmUps ? this.#budgetMs / 4 : warmUpMs); run += 1) {
      const wallMs = await this.#play()
      this.#times = Math.ceil(shortestFigureMs / (wallMs / this.#times))
    }
    this.#spentMs = 0
  }

  async playRound(round: number): Promise<void> {
    if (this.#spentMs >= this.#budgetMs) return
    this.figures[round] = ((await this.#play()) * 1e6) / (this.#times * this.#program.size)
  }

  async #play(): Promise<number> {
    const { name, size, answer: wanted } = this.#program
    const order = ['run', this.#times, name, size]
    const { wallMs, answer } = await this.#process.order<{ wallMs: number; answer: number }>(order, limitMs)
    if (answer !== wanted) throw new Error(`${this.#process.system}: ${name} should give ${wanted} (got ${answer})`)
    this.#spentMs += wallMs
    return wallMs
  }
}

/** Everybody once, beginning with another one in each round. */
function inTurn<T>(all: readonly T[], round: number): T[] {
  const first = round % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}
