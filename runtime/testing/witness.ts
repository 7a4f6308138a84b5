// Tells of a schedule that failed: runs it once more under a trace, and keeps what its reader will ask for.

import { ExplorationFailed } from '../core/errors.ts'
import type { CoroutineTask } from '../core/task.ts'
import type { Trace, TraceEvent } from '../core/trace.ts'
import { traceLine } from '../core/trace.ts'
import type { Way } from './choices.ts'
import { choicesOf } from './choices.ts'
import type { Explorable, ExploreStage, Failure, StagedRunOptions } from './staged-run.ts'
import { dumpOf, StagedRun } from './staged-run.ts'

export interface WitnessOptions extends StagedRunOptions {
  /** How many lines of its trace a failure tells, its last ones. Default 100. */
  readonly traceLines?: number
}

/** Run what failed once more, and tell of it. */
export function told(program: Explorable, options: WitnessOptions, way: Way, first: Failure): ExplorationFailed {
  const witness = new Witness(options)
  const staged = new StagedRun(choicesOf(way), { ...options, trace: (event) => witness.see(event, staged) })
  const second = staged.play(program)
  const words = 'seed' in way ? `seed: ${way.seed}` : `choices: [${way.choices.join(', ')}]`
  const lines = [`with ${words} the program fails: ${inWords(first.error)}`]
  if (second === null || inWords(second.error) !== inWords(first.error)) {
    lines.push(`run once more it ${second === null ? 'does not' : `fails otherwise: ${inWords(second.error)}`}`)
    lines.push('so it keeps something from run to run, or depends on more than its schedule')
  } else {
    lines.push(`explore(program, { ${words} }) replays it`)
  }
  lines.push(witness.trace(), 'at that moment:', witness.dump(second ?? first) || 'everybody had ended')
  return new ExplorationFailed(lines.join('\n'), way, first.error)
}

/** Keeps the end of a trace, and what everybody did when each failure came up. */
class Witness {
  readonly #lines: string[] = []
  readonly #mostLines: number
  readonly #dumps = new Map<unknown, string>()
  readonly #trace: Trace | undefined
  #seen = 0

  constructor({ traceLines = 100, trace }: WitnessOptions) {
    this.#mostLines = traceLines
    this.#trace = trace
  }

  see(event: TraceEvent, { scheduler }: ExploreStage): void {
    this.#trace?.(event)
    this.#seen += 1
    this.#lines.push(traceLine(event))
    if (this.#lines.length > this.#mostLines) this.#lines.shift()
    if (event.kind !== 'end' || event.task.status !== 'failed') return
    // The first to fail of it: whoever it is passed on to fails later, when others have ended.
    const { failure } = event.task as CoroutineTask<unknown>
    if (!this.#dumps.has(failure)) this.#dumps.set(failure, dumpOf(scheduler))
  }

  trace(): string {
    const left = this.#seen - this.#lines.length
    const heading = left === 0 ? 'its trace:' : `the last ${this.#lines.length} lines of its trace, ${left} left out:`
    return [heading, ...this.#lines].join('\n')
  }

  dump({ error, dump }: Failure): string {
    return this.#dumps.get(error) ?? dump
  }
}

function inWords(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
