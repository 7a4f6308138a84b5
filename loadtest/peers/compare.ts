// The comparison from beginning to end: see who is there, measure everybody in rounds, judge.

import type { Progress } from '../progress.ts'
import type { PeersFlags } from './flags.ts'
import type { Measured, MeasuredMemory } from './measured.ts'
import { PeerProcess } from './peer-process.ts'
import type { PeersReport, PlayedSystem } from './report.ts'
import type { Ready, RoundsOptions } from './rounds.ts'
import { measureFirstRuns, measureMemory, measureRounds } from './rounds.ts'
import type { System } from './systems.ts'
import { systems } from './systems.ts'
import { Figures, judge, targets } from './targets.ts'
import { firstRuns, memoryWorkloads, quickNames, workloads } from './workloads.ts'

type Compared = Omit<PeersReport, 'title' | 'date' | 'command' | 'commit' | 'machine'>

const runLimitMs = 120_000
const budgetMs = 120_000

/** @param buildFolder for what is built */
export async function compare(flags: PeersFlags, buildFolder: string, progress: Progress): Promise<Compared> {
  const wanted = systems.filter(({ name }) => flags.systems.includes(name))
  const [ready, played] = await prepareAll(wanted, buildFolder, progress)
  const show = (text: string) => progress.show(text)
  const options: RoundsOptions = { rounds: flags.rounds, runLimitMs, budgetMs, show }
  const chosen = <Of extends { readonly name: string }>(all: readonly Of[]) =>
    all.filter(({ name }) => isChosen(name, flags))

  const measured: Measured[] = []
  const memory: MeasuredMemory[] = []
  for (const workload of chosen(workloads)) {
    for (const protocol of ['back to back', 'collected'] as const) {
      measured.push(...(await measureRounds(workload, protocol, ready, options)))
    }
    progress.step(`${workload.name}: measured`)
  }
  for (const workload of chosen(firstRuns)) {
    measured.push(...(await measureFirstRuns(workload, ready, options)))
    progress.step(`${workload.name}, first runs: measured`)
  }
  for (const workload of chosen(memoryWorkloads)) {
    memory.push(...(await measureMemory(workload, ready, options)))
    progress.step(`${workload.name}: measured`)
  }
  return {
    rounds: flags.rounds,
    systems: played,
    workloads: chosen(workloads),
    firstRuns: chosen(firstRuns),
    memoryWorkloads: chosen(memoryWorkloads),
    measured,
    memory,
    targets: judge(targets, new Figures(measured, memory)),
  }
}

/** Those who can be played with, and all of them with what they are or why they are not there. */
async function prepareAll(
  all: readonly System[],
  buildFolder: string,
  progress: Progress,
): Promise<[Ready[], PlayedSystem[]]> {
  const ready: Ready[] = []
  const played: PlayedSystem[] = []
  for (const { name, difference, memory, prepare } of all) {
    progress.show(`prepares ${name}`)
    try {
      const command = await prepare(buildFolder)
      await using process = await PeerProcess.start(command)
      ready.push({ name, command })
      played.push({ name, difference, memory, version: process.system, skipped: undefined })
    } catch (error) {
      const skipped = (error as Error).message
      progress.step(`${name}: skipped, because ${skipped}`)
      played.push({ name, difference, memory, version: undefined, skipped })
    }
  }
  return [ready, played]
}

function isChosen(name: string, { only, isQuick }: PeersFlags): boolean {
  if (only !== undefined) return only.includes(name)
  return !isQuick || quickNames.includes(name)
}
