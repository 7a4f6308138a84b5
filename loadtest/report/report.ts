// A report: everything one load test found. The JSON is this, as it stands.

import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import type { Machine } from '../measure/machine.ts'
import type { Outcome, Scenario } from '../scenario.ts'
import { reportPage } from './page.ts'

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

export const reportFolder = fileURLToPath(new URL('../reports/', import.meta.url))

/** Write the page and the JSON, named by their time, and as `latest`. Gives their paths, from where the load test was started. */
export function writeReport(report: Report): string[] {
  mkdirSync(reportFolder, { recursive: true })
  const moment = report.date.slice(0, 19).replaceAll(':', '-')
  const contents = { html: reportPage(report), json: `${JSON.stringify(report, null, 2)}\n` }
  return Object.entries(contents).map(([ending, content]) => {
    writeFileSync(`${reportFolder}latest.${ending}`, content)
    writeFileSync(`${reportFolder}${moment}.${ending}`, content)
    return relative(process.cwd(), `${reportFolder}${moment}.${ending}`)
  })
}
