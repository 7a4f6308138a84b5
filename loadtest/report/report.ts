// A report: everything one load test found. The JSON is this, as it stands.

import type { Machine } from '../measure/machine.ts'
import type { Outcome, Scenario } from '../scenario.ts'

export interface Report {
  readonly title: 'Encke load test'
  readonly date: string
  readonly command: string
  readonly commit: string | undefined
  readonly machine: Machine
  /** What is to be known before any figure is read, such as that the machine was busy. */
  readonly warnings: readonly string[]
  /** The server that was put under load, as it was started. */
  readonly server: string
  readonly durationSeconds: number
  readonly scenarios: readonly ScenarioReport[]
}

export interface ScenarioReport extends Outcome, Pick<Scenario, 'name' | 'title' | 'invariant' | 'note'> {
  /** `failed`: it could not be carried out, and the complaint says why. */
  readonly verdict: 'held' | 'broken' | 'failed'
  readonly seconds: number
}

/** Whether every invariant held. A load test of nothing shows nothing. */
export function allHeld({ scenarios }: Pick<Report, 'scenarios'>): boolean {
  return scenarios.length > 0 && scenarios.every(({ verdict }) => verdict === 'held')
}
