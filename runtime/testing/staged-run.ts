// One run of a program that is explored: a stage of its own, checks before every step, and a strict look at what is left.

import type { Coroutine } from '../core/operation.ts'
import { running } from '../core/operation.ts'
import type { Scheduler } from '../core/scheduler.ts'
import type { Choices } from '../core/scheduler-options.ts'
import type { Trace } from '../core/trace.ts'
import { VirtualHost } from './virtual-host.ts'

/** What a program to be explored is given: its platform, and where it says what must be true. */
export interface ExploreStage {
  readonly host: VirtualHost
  readonly scheduler: Scheduler
  /**
   * Call `check` before every step from now on, and at the end. It throws when something is wrong, and changes nothing,
   * but that it may take from `host.reported` what it has expected: the rest is a failure.
   */
  always(check: () => void): void
  /** Call `check` when everybody has ended and no timer is left. It throws when something is wrong. */
  afterwards(check: () => void): void
}

/** A program to be explored. It makes all that it uses, because it runs many times; and it waits for no promise. */
export type Explorable = (stage: ExploreStage) => Coroutine<unknown>

export interface StagedRunOptions {
  /** Call it a failure when a schedule has taken so many steps: some programs never end. Default 100,000. */
  readonly mostSteps?: number
  /** Assert the invariants of the scheduler before every step, not just at the end. Default true. */
  readonly validateSteps?: boolean
  /** How many steps of a coroutine make a slice. Default that of the virtual host. */
  readonly sliceResumes?: number
  /**
   * When a timer may fire: 'anytime' (the default), at any step, because on a real host a step takes time, and those that
   * are due together in any order; 'idle', only when nobody can run, in the order in which they were set. That is for
   * programs that count on it, and says less.
   */
  readonly timers?: 'anytime' | 'idle'
  /** Told of every step. */
  readonly trace?: Trace
}

/** Why a schedule failed, and what everybody was doing then. */
export interface Failure {
  readonly error: unknown
  readonly dump: string
}

export class StagedRun implements ExploreStage {
  readonly host: VirtualHost
  readonly scheduler: Scheduler
  steps = 0
  readonly #choices: Choices
  readonly #mostSteps: number
  readonly #checks: (() => void)[] = []
  readonly #lastChecks: (() => void)[] = []

  constructor(choices: Choices, options: StagedRunOptions) {
    const { mostSteps = 100_000, validateSteps = true, timers = 'anytime', sliceResumes, trace } = options
    this.#choices = choices
    this.#mostSteps = mostSteps
    this.host = new VirtualHost(sliceResumes === undefined ? { timers } : { timers, sliceResumes })
    const random = { below: (bound: number) => this.#below(bound), areWalked: choices.areWalked === true }
    this.scheduler = this.host.scheduler({ order: 'shuffle', random, ...(trace === undefined ? {} : { trace }) })
    if (validateSteps) this.#checks.push(() => this.scheduler.validate())
  }

  // Properties, not methods: a program takes from its stage what it needs, and leaves the rest.
  readonly always = (check: () => void): void => void this.#checks.push(check)
  readonly afterwards = (check: () => void): void => void this.#lastChecks.push(check)

  play(program: Explorable): Failure | null {
    try {
      const task = this.scheduler.run(program, this)
      this.host.finish()
      this.#concludeWell()
      if (task.status === 'runnable') throw new Error('the program was never run')
      return null
    } catch (error) {
      return { error, dump: dumpOf(this.scheduler) }
    } finally {
      // Broken off in the middle of a slice, nobody else has put it back.
      running.task = null
      running.budget = 0
      running.audit = null
    }
  }

  /** Asked by the scheduler before each step, and by a select within one. */
  #below(bound: number): number {
    if (running.task === null) this.#betweenSteps()
    return this.#choices.below(bound)
  }

  #betweenSteps(): void {
    for (const check of this.#checks) check()
    this.#throwReported()
    this.steps += 1
    if (this.steps > this.#mostSteps) throw new Error(`not done after ${this.#mostSteps} steps`)
  }

  #concludeWell(): void {
    this.scheduler.validate()
    for (const check of this.#checks) check()
    this.#throwReported()
    const { coroutines, timers, awaited } = this.scheduler.statistics()
    if (awaited > 0) {
      throw new Error(
        'the program waits for something outside, which virtual time will not bring: a promise, or a hold',
      )
    }
    if (coroutines + timers > 0) throw new Error(`left at the end: ${coroutines} coroutines, ${timers} timers`)
    for (const check of this.#lastChecks) check()
    this.#throwReported()
  }

  #throwReported(): void {
    if (this.host.reported.length > 0) throw this.host.reported[0]
  }
}

/** Where the runtime itself is broken, its dump may be, too. */
export function dumpOf(scheduler: Scheduler): string {
  try {
    return scheduler.dump()
  } catch (error) {
    return `no dump, because that fails: ${String(error)}`
  }
}
