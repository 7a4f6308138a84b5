// What a scheduler is told when it is made, and what it tells of itself.

import type { Host } from './host.ts'
import type { Trace } from './trace.ts'

export interface SchedulerOptions {
  /** The platform. Default: the one this runs on. */
  readonly host?: Host
  /** Hand over to the host after so many milliseconds. Default 5; 0 hands over after every look at the clock. */
  readonly sliceMs?: number
  /** Of `select` and of shuffling: same seed, same trace. Default 1. */
  readonly seed?: number
  /** 'fifo' runs what is runnable in order; 'shuffle' in an order drawn from the seed, to shake out assumptions. */
  readonly order?: 'fifo' | 'shuffle'
  /** What to do when everybody is parked for ever. Default 'ignore': a server waits for its next request. */
  readonly deadlock?: 'reject' | 'ignore'
  /**
   * Report operations that were made and never run, a forgotten `yield*`, when their coroutine has gone on once more and
   * stopped again. And note where each coroutine was spawned, for dumps. Default false; it costs speed.
   */
  readonly debug?: boolean
  /** Told of every step of every coroutine. */
  readonly trace?: Trace
  /** Where choices come from, in place of the seed: an explorer walks through all of them. */
  readonly random?: Choices
}

/** What draws a whole number from 0 up to, not including, `bound`. */
export interface Choices {
  below(bound: number): number
  /** Whether all choices are walked: then a select draws among its ready cases only, and no state comes twice. */
  readonly areWalked?: boolean
}

/** Counts, at this moment and since the start. */
export interface SchedulerStatistics {
  /** Coroutines that have not ended. */
  readonly coroutines: number
  readonly runnable: number
  readonly parked: number
  /** Time-outs that are set. */
  readonly timers: number
  /** Promises and holds that something outside has to settle. */
  readonly awaited: number
  readonly spawned: number
  readonly finished: number
  /** How often a coroutine was started or went on after it had parked. */
  readonly resumes: number
  /** How often one went on after handing over by itself: checkpoints, spent budgets, and cancels on their way. */
  readonly handOvers: number
}

export function checkedSlice(sliceMs: number): number {
  if (sliceMs >= 0) return sliceMs
  throw new RangeError(`sliceMs must be 0 or more milliseconds (got ${String(sliceMs)})`)
}

export function checkedSeed(seed: number): number {
  if (Number.isFinite(seed)) return seed
  throw new RangeError(`seed must be a number (got ${String(seed)})`)
}

export function oneOf<T extends string>(option: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw new RangeError(`${option} must be one of ${choices.join(', ')} (got ${String(value)})`)
}
