// The scenarios, in the order in which they run.

import type { Known } from '../flags.ts'
import { runtimeScenarios, runtimeSummary } from '../runtime/scenarios.ts'
import type { Scenario } from '../scenario.ts'
import { benchmark } from './benchmark.ts'
import { ingest, news, publish, roundTrips } from './closed-loops.ts'
import { durable } from './durable.ts'
import { events, fanOut1000, fanOut10000, herd, hundredThousand } from './fan-out.ts'
import { manyTopics } from './many-topics.ts'
import { memory } from './memory.ts'
import { rates, topics } from './offered-rates.ts'
import { start } from './start.ts'
import { storm } from './storm.ts'
import { streams } from './streams.ts'
import { timers } from './timers.ts'

export const known = {
  usual: [publish, roundTrips, fanOut1000, fanOut10000, topics, benchmark, storm],
  hotPath: [herd, events, memory, ingest, news, rates, timers, manyTopics, start, streams, durable],
  runtime: runtimeScenarios,
  large: [hundredThousand],
} as const satisfies Known & Readonly<Record<string, readonly Scenario[]>>

/** Where programs of the runtime are played, what they say together comes at the end. */
export function scenariosOf(names: readonly string[]): Scenario[] {
  const all: readonly Scenario[] = Object.values(known).flat()
  const chosen = names.map((name) => all.find((scenario) => scenario.name === name)!)
  return chosen.some((scenario) => runtimeScenarios.includes(scenario)) ? [...chosen, runtimeSummary] : chosen
}
