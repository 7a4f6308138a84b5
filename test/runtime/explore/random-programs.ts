// Explores random programs, a batch at a time, until one disagrees with the model.
//
// A batch is drawn from a seed of its own, so that a failure is found again without those before it.

import fc from 'fast-check'
import { type Exploration, type ExploreOptions, explore } from '../../../runtime/index.ts'
import { type Program, programs, smallPrograms } from './programs.ts'
import { rehearse } from './rehearsal.ts'

export interface Extent {
  readonly programs: number
  /** Of the first batch; the next one has the next seed. */
  readonly seed: number
  /** How many schedules each program is run under; 'all' draws smaller programs. */
  readonly schedules: number | 'all'
  /** Give the first program that fails as it was drawn, without looking for a smaller one. */
  readonly asFound?: boolean
}

export interface Progress {
  readonly programs: number
  /** For how many of them these were all the schedules that there are. */
  readonly complete: number
  readonly schedules: number
  /** How often a coroutine was resumed. */
  readonly steps: number
}

export interface Found {
  /** Of the batch. */
  readonly seed: number
  /** The smallest that fails. */
  readonly program: Program
  /** Of its failure: says how and where. */
  readonly error: Error
}

export interface Outcome extends Progress {
  readonly found: Found | null
}

export const batchSize = 1_000
/** A few small programs have many schedules all the same. */
const mostSchedules = 1_000

/** Explore random programs; `tell` is called after each batch. */
export function exploreRandomPrograms(extent: Extent, tell: (progress: Progress) => void = () => {}): Outcome {
  const done = { programs: 0, complete: 0, schedules: 0, steps: 0 }
  for (let seed = extent.seed; done.programs < extent.programs; seed += 1) {
    const found = exploreBatch(seed, extent.programs - done.programs, extent, (program) => {
      const { schedules, steps, complete } = exploreProgram(program, extent.schedules)
      done.programs += 1
      done.complete += complete ? 1 : 0
      done.schedules += schedules
      done.steps += steps
    })
    if (found !== null) return { ...done, found }
    tell(done)
  }
  return { ...done, found: null }
}

function exploreProgram(program: Program, schedules: Extent['schedules']): Exploration {
  const { seed, sliceResumes } = program
  const which: ExploreOptions =
    schedules === 'all' ? { exhaustive: true, mostSchedules } : { seeds: schedules, firstSeed: seed }
  // The model's clock moves as the virtual one does on its own: when nobody can run.
  return explore((stage) => rehearse(stage, program), { ...which, sliceResumes, timers: 'idle' })
}

function exploreBatch(seed: number, left: number, extent: Extent, run: (program: Program) => void): Found | null {
  const drawn = extent.schedules === 'all' ? smallPrograms : programs
  const result = fc.check(fc.property(drawn, run), {
    seed,
    numRuns: Math.min(batchSize, left),
    endOnFailure: extent.asFound ?? false,
  })
  if (!result.failed) return null
  const [program] = result.counterexample as [Program]
  return { seed, program, error: result.errorInstance as Error }
}
