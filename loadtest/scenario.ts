// A scenario: one kind of load, and one invariant that must hold under it; where it says so, with peers beside and targets.
//
// Each is described in scenarios/ or runtime/. What judges an observation is a function without any load: the tests give it
// observations that must not pass.

import type { LatencySummary } from './measure/latencies.ts'
import type { Meter, Use } from './measure/meter.ts'
import type { Generator } from './processes/generator.ts'
import type { ServerProcess } from './processes/server-process.ts'
import type { Subject } from './processes/subject.ts'
import type { Plot } from './report/plots.ts'
import type { Target } from './targets.ts'

export interface Scenario {
  readonly name: string
  readonly title: string
  /** One sentence; `loadtest/README.md` repeats it. */
  readonly invariant: string
  /** What the figures are, and what would make them lie. */
  readonly note: string
  /** The peers that it can be laid beside; none when it is left out. */
  readonly peers?: readonly string[]
  /** With --quick it runs only when it is named. */
  readonly isLong?: boolean
  /** How long it may take when that is more than two minutes beside its duration. */
  readonly longestMs?: number
  run(stage: Stage): Promise<Outcome>
}

/** What a scenario is given. Everything it starts here is ended for it, however it ends. */
export interface Stage {
  readonly durationMs: number
  readonly isQuick: boolean
  /** How often a program of the runtime is played; as often as its scenario likes when it is left out. */
  readonly rounds?: number | undefined
  /** Aborted when time is up, or somebody pressed Ctrl-C: loops look at it. */
  readonly signal: AbortSignal
  /** The names of the peers that were asked for. */
  readonly peers: readonly string[]
  show(progress: string): void
  startServer(variables?: Readonly<Record<string, string>>): Promise<Ground>
  /** Start something else than the server under load: a peer, another commit. */
  start(subject: Subject): Promise<Ground>
}

/** A server of the scenario's own, and what belongs to it. It ends with the scenario, or when it is disposed of before. */
export interface Ground extends AsyncDisposable {
  readonly server: ServerProcess
  readonly meter: Meter
  startGenerator(): Generator
}

export interface Outcome {
  /** How the invariant was broken, one sentence each; none when it held. */
  readonly complaints: readonly string[]
  readonly rows?: readonly Row[]
  readonly details?: readonly Detail[]
  readonly tables?: readonly Table[]
  readonly plots?: readonly Plot[]
  readonly targets?: readonly Target[]
  /** Peers that did not take part, and why. */
  readonly skipped?: readonly Skipped[]
}

export interface Skipped {
  readonly name: string
  readonly reason: string
}

/** One line of the report's first table. */
export interface Row {
  readonly label: string
  /** What was counted: messages, round trips, deliveries. */
  readonly what: string
  readonly count: number
  readonly seconds: number
  readonly latency?: LatencySummary | undefined
  readonly use?: Use | undefined
}

/** A figure that has no column in that table. */
export interface Detail {
  readonly label: string
  readonly value: number | undefined
  readonly unit: string
}

/** Cells as they are to be read. The first two columns are words. */
export interface Table {
  readonly title: string
  readonly headings: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** Source addresses on loopback: where there is more than one, no address runs out of ports. */
export const loopbackAddresses: readonly string[] =
  process.platform === 'linux' ? Array.from({ length: 8 }, (_, at) => `127.0.0.${at + 2}`) : ['127.0.0.1']

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** `name-0`, `name-1` and so on. */
export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, at) => `${name}-${at}`)
}
