// What a supervisor is told about its children, checked once, where it comes in.

import type { Coroutine } from '../../index.ts'
import { BadArgument } from './exit.ts'
import type { Pid, Process } from './process.ts'

/**
 * What is restarted when a child has to be: it alone; all of them; or it and those started after it. Those that still run
 * are stopped first.
 */
export type Strategy = 'one_for_one' | 'one_for_all' | 'rest_for_one'

/**
 * 'permanent' is always restarted; 'transient' unless its end was orderly: 'normal', 'shutdown' or `['shutdown', …]`;
 * 'temporary' never, and it is forgotten.
 */
export type Restart = 'permanent' | 'transient' | 'temporary'

export interface ChildSpec {
  readonly id: string
  /** Start it and give its pid; a failure to start is thrown. It runs in the supervisor, which is busy meanwhile. */
  readonly start: (supervisor: Process<unknown>) => Coroutine<Pid>
  /** Default 'permanent'. */
  readonly restart?: Restart
  /**
   * How long it may take to end after the exit signal 'shutdown', before it is killed. Default 5,000; 0 kills it at once;
   * `Infinity` waits, as it should for a child that is a supervisor itself.
   */
  readonly shutdownMs?: number
}

export interface SupervisorOptions {
  readonly children: readonly ChildSpec[]
  /** Default 'one_for_one'. */
  readonly strategy?: Strategy
  /** So many restarts are allowed within the period; at one more the supervisor gives up. Default 1. */
  readonly intensity?: number
  /** Default 5,000. */
  readonly periodMs?: number
}

export type CheckedSpec = Required<ChildSpec>

export interface CheckedOptions extends Required<SupervisorOptions> {
  readonly children: readonly CheckedSpec[]
}

const strategies: readonly Strategy[] = ['one_for_one', 'one_for_all', 'rest_for_one']
const restarts: readonly Restart[] = ['permanent', 'transient', 'temporary']

/** @throws BadArgument */
export function checkOptions(options: SupervisorOptions): CheckedOptions {
  const { strategy = 'one_for_one', intensity = 1, periodMs = 5_000 } = options
  oneOf('strategy', strategy, strategies)
  if (!(Number.isInteger(intensity) && intensity >= 0)) {
    throw new BadArgument(`intensity must be a whole number of restarts (got ${String(intensity)})`)
  }
  if (!(periodMs > 0)) throw new BadArgument(`periodMs must be above 0 milliseconds (got ${String(periodMs)})`)
  const children = options.children.map(checkSpec)
  const ids = new Set<string>()
  for (const { id } of children) {
    if (ids.has(id)) throw new BadArgument(`two children are called '${id}': give each an id of its own`)
    ids.add(id)
  }
  return { children, strategy, intensity, periodMs }
}

/** @throws BadArgument */
export function checkSpec(spec: ChildSpec): CheckedSpec {
  const { id, start, restart = 'permanent', shutdownMs = 5_000 } = spec
  oneOf('restart', restart, restarts)
  if (!(shutdownMs >= 0)) throw new BadArgument(`shutdownMs must be 0 or more milliseconds (got ${String(shutdownMs)})`)
  return { id, start, restart, shutdownMs }
}

function oneOf<T extends string>(option: string, value: T, choices: readonly T[]): void {
  if (choices.includes(value)) return
  throw new BadArgument(`${option} must be one of ${choices.join(', ')} (got ${String(value)})`)
}
