// Exploration: a program, run again and again, each time with its coroutines in another order, until one order breaks it.
//
// Always true:
//   - a schedule depends on nothing but the choices it was given: which of the runnable coroutines is next, or
//     which of the timers that are due next, and which of its ready cases a select takes. So a seed, or a list of choices, replays it exactly;
//   - every schedule has a virtual host, a scheduler and a coroutine of its own, so that none sees what another left;
//   - schedules run untraced. One that fails is run once more to be told of: tracing all of them would cost more than they do.

import { Misuse } from '../core/errors.ts'
import { running } from '../core/operation.ts'
import type { Way } from './choices.ts'
import { choicesOf, Walk } from './choices.ts'
import type { Explorable } from './staged-run.ts'
import { StagedRun } from './staged-run.ts'
import type { WitnessOptions } from './witness.ts'
import { told } from './witness.ts'

/** At most one of `seeds`, `seed`, `exhaustive` and `choices` says which schedules to try. */
export interface ExploreOptions extends WitnessOptions {
  /** So many schedules, each with a seed of its own, one after another. Default 1,000. */
  readonly seeds?: number
  /** The first of the seeds. Default 1. */
  readonly firstSeed?: number
  /** The schedule of this seed alone: it replays a failure. */
  readonly seed?: number
  /** Every schedule there is, depth first: for small programs, because their number grows as a factorial. */
  readonly exhaustive?: boolean
  /** The schedule with these choices alone, and the first of what there is after them: it replays a failure. */
  readonly choices?: readonly number[]
  /** Exhaustive: stop after so many schedules. Default 100,000. */
  readonly mostSchedules?: number
  /** Exhaustive: at so many choices deep and deeper take the first of what there is. Default 1,000. */
  readonly mostChoices?: number
}

/** What was explored, none of which failed. */
export interface Exploration {
  readonly schedules: number
  /** How often a coroutine was resumed, in all of them. */
  readonly steps: number
  /** Whether these were all the schedules there are. Seeds never say so. */
  readonly complete: boolean
}

/**
 * Run `program` under many schedules, each on virtual time, and say how many; does not wait.
 *
 * A schedule fails when the program or anything it has spawned does with nobody looking, when one of its checks throws,
 * when the scheduler's invariants are broken, when it deadlocks, and when something is left at its end: a coroutine, a
 * timer, a hold.
 *
 * @throws ExplorationFailed at the first schedule that fails: with its seed or choices, the end of its trace and the dump
 * @throws Misuse inside a coroutine; RangeError for options that make no sense
 * @see Godefroid, "Model Checking for Programming Languages using VeriSoft", 1997
 */
export function explore(program: Explorable, options: ExploreOptions = {}): Exploration {
  if (running.task !== null) throw new Misuse('explore runs schedulers of its own: call it outside of coroutines')
  check(options)
  if (options.exhaustive === true) return walk(program, options)
  if (options.choices !== undefined) return one(program, options, { choices: options.choices })
  if (options.seed !== undefined) return one(program, options, { seed: options.seed })
  return several(program, options)
}

function several(program: Explorable, options: ExploreOptions): Exploration {
  const { seeds: schedules = 1_000, firstSeed = 1 } = options
  let steps = 0
  for (let past = 0; past < schedules; past += 1) steps += one(program, options, { seed: firstSeed + past }).steps
  return { schedules, steps, complete: false }
}

function one(program: Explorable, options: ExploreOptions, way: Way): Exploration {
  const staged = new StagedRun(choicesOf(way), options)
  const failure = staged.play(program)
  if (failure !== null) throw told(program, options, way, failure)
  return { schedules: 1, steps: staged.steps, complete: false }
}

function walk(program: Explorable, options: ExploreOptions): Exploration {
  const { mostSchedules = 100_000 } = options
  const choices = new Walk(options.mostChoices ?? 1_000)
  let schedules = 0
  let steps = 0
  do {
    if (schedules === mostSchedules) return { schedules, steps, complete: false }
    const staged = new StagedRun(choices, options)
    const failure = staged.play(program)
    if (failure !== null) throw told(program, options, { choices: choices.taken }, failure)
    schedules += 1
    steps += staged.steps
  } while (choices.turn())
  return { schedules, steps, complete: !choices.wentTooDeep }
}

const least = { seeds: 1, mostSchedules: 1, mostChoices: 0, mostSteps: 1, traceLines: 0 } as const

function check(options: ExploreOptions): void {
  const { seeds, seed, exhaustive, choices } = options
  const ways = [seeds, seed, exhaustive === true ? true : undefined, choices].filter((way) => way !== undefined)
  if (ways.length > 1) throw new RangeError('explore takes one of seeds, seed, exhaustive and choices')
  for (const given of [seed ?? 1, options.firstSeed ?? 1]) {
    if (!Number.isFinite(given)) throw new RangeError(`a seed is a number (got ${String(given)})`)
  }
  for (const name of Object.keys(least) as (keyof typeof least)[]) {
    const value = options[name] ?? least[name]
    if (Number.isInteger(value) && value >= least[name]) continue
    throw new RangeError(`${name} must be a whole number from ${least[name]} (got ${String(value)})`)
  }
}
