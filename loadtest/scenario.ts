// A scenario: one kind of load, and one invariant that must hold under it.
//
// Each has a file of its own in scenarios/, which runs it and, in a function without any load, judges what was observed: the
// tests give that function observations that must not pass.

import type { LatencySummary } from './measure/latencies.ts'
import type { Meter, Use } from './measure/meter.ts'
import type { Generator } from './processes/generator.ts'
import type { Peer } from './processes/peers.ts'
import type { ServerProcess } from './processes/server-process.ts'
import type { Subject } from './processes/subject.ts'
import type { Plot } from './report/plots.ts'
import type { Target } from './targets.ts'

export interface Scenario {
  readonly name: string
  readonly title: string
  /** One sentence; `loadtest/README.md` repeats it. */
  readonly invariant: string
  /** A note for whoever reads the figures: what they are, and what would make them lie. */
  readonly note: string
  /** What it may take, when that is more than the two minutes beside its duration that others have. */
  readonly longestMs?: number
  run(stage: Stage): Promise<Outcome>
}

/** What a scenario is given. Everything it starts here is ended for it, however it ends. */
export interface Stage {
  readonly durationMs: number
  readonly isQuick: boolean
  /** Aborted when time is up, or somebody pressed Ctrl-C: loops look at it. */
  readonly signal: AbortSignal
  show(progress: string): void
  startServer(variables?: Readonly<Record<string, string>>): Promise<Ground>
  /** The peers that may be laid beside; none when the load test was started without them. */
  readonly peers: readonly Peer[]
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
  readonly rows: readonly Row[]
  readonly details: readonly Detail[]
  readonly plots: readonly Plot[]
  /** What was to be reached; scenarios of the hot path have them. */
  readonly targets?: readonly Target[]
  /** Peers that did not take part, and why. */
  readonly skipped?: readonly { readonly name: string; readonly reason: string }[]
}

/** One line of the table. */
export interface Row {
  readonly label: string
  /** What was counted: messages, round trips, deliveries. */
  readonly what: string
  readonly count: number
  readonly seconds: number
  readonly latency?: LatencySummary | undefined
  readonly use?: Use | undefined
}

/** A figure that has no column in the table. */
export interface Detail {
  readonly label: string
  readonly value: number | undefined
  readonly unit: string
}

/** Source addresses on loopback: where there is more than one, no address runs out of ports. */
export const loopbackAddresses: readonly string[] =
  process.platform === 'linux' ? Array.from({ length: 8 }, (_, at) => `127.0.0.${at + 2}`) : ['127.0.0.1']

/** Wait until `condition` holds, asking every `everyMs`. @throws Error when it does not within `timeoutMs`, or the scenario is over */
export async function until(
  what: string,
  { signal, timeoutMs, everyMs = 20 }: { signal: AbortSignal; timeoutMs: number; everyMs?: number },
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  while (!(await condition())) {
    signal.throwIfAborted()
    if (performance.now() > deadline) throw new Error(`${what}: not within ${timeoutMs / 1_000} s`)
    await pause(everyMs)
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
