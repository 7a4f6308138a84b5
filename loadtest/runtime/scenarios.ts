// The runtime's programs here and on other systems, in turn: a scenario for each workload, and one at the end that says what all
// of them say together.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { figureText } from '../report/figures.ts'
import { linesOf, namedBars, type Plot } from '../report/plots.ts'
import type { Outcome, Scenario, Stage, Table } from '../scenario.ts'
import { Figures, fewestRuns, judgeRuntime, type Measured, type Protocol, ratiosOf, spreadOf } from './figures.ts'
import { measureRounds, type Ready } from './rounds.ts'
import { SystemProcess } from './system-process.ts'
import { type System, systems } from './systems.ts'
import { firstRuns, type MemoryWorkload, memoryWorkloads, quickNames, type Workload, workloads } from './workloads.ts'

const limits = { runLimitMs: 120_000, budgetMs: 120_000 }
const quickRounds = 3
const protocols = ['back to back', 'collected'] as const

const protocolTitles: Readonly<Record<Measured['protocol'], string>> = {
  'back to back': 'back to back: one run after the other, garbage and all',
  collected: 'collected: each system collects its garbage before each run, outside of the time',
  first: 'first: the first run of a fresh process, nothing compiled yet',
  parked: 'each on a channel of its own, which counts; live bytes, after a collection',
}
const runHeadings = ['system', 'remark', 'each', 'quartiles', 'range', 'of Encke', 'quartiles', 'runs', 'peak MiB']
const noFigures = runHeadings.slice(2).map(() => '–')

/** One comparison, over all of its workloads. */
const figures = new Figures()
const played = new Map<System, { readonly version?: string; readonly skipped?: string }>()
const ready: Ready[] = []

export const runtimeScenarios: readonly Scenario[] = [...workloads, ...memoryWorkloads].map(
  (workload): Scenario => ({
    name: workload.name,
    title: workload.title,
    invariant: 'Every run of every system gives the right answer.',
    note: 'Each system has a process of its own, which is asked run by run; a round is one run of each, and ratios are of one round. "9 of 30" are 9 figures, each of 30 runs. Peak is all memory of the process (VmHWM) over all of its runs.',
    peers: workload.systems.filter((name) => name !== 'encke'),
    isLong: !quickNames.includes(workload.name),
    longestMs: 3_600_000,
    run: (stage) => compareAt(stage, workload),
  }),
)

export const runtimeSummary: Scenario = {
  name: 'runtime',
  title: 'the programs above, at a glance',
  invariant: 'Encke itself could be measured.',
  note: `Ratios are the median of those round by round, with their quartiles. No target is judged by fewer than ${fewestRuns} runs.`,
  run: async () => outcomeOf(figures),
}

async function compareAt(stage: Stage, workload: Workload | MemoryWorkload): Promise<Outcome> {
  await prepareAll(stage)
  const rounds = stage.rounds ?? (stage.isQuick ? quickRounds : fewestRuns)
  const options = { ...limits, rounds, show: stage.show }
  const measured: Measured[] = []
  for (const protocol of 'coroutines' in workload ? (['parked'] as const) : protocols) {
    measured.push(...(await measureRounds(workload, protocol, ready, options)))
  }
  const first = firstRuns.get(workload.name)
  if (first !== undefined) {
    measured.push(...(await measureRounds({ ...workload, systems: first }, 'first', ready, options)))
  }
  figures.all.push(...measured)
  return workloadOutcome(workload, measured)
}

/** Those that were asked for, once for all workloads. */
async function prepareAll({ peers, show }: Stage): Promise<void> {
  if (played.size > 0) return
  const buildFolder = mkdtempSync(join(tmpdir(), 'encke-peers-'))
  process.on('exit', () => rmSync(buildFolder, { recursive: true, force: true }))
  for (const system of systems.filter(({ name }) => name === 'encke' || peers.includes(name))) {
    show(`prepares ${system.name}`)
    try {
      const command = await system.prepare(buildFolder)
      await using process = await SystemProcess.start(command)
      ready.push({ name: system.name, command })
      played.set(system, { version: process.system })
    } catch (error) {
      played.set(system, { skipped: (error as Error).message })
    }
  }
}

export function workloadOutcome(
  workload: Workload | MemoryWorkload,
  measured: readonly Measured[],
  asked: Iterable<System> = played.keys(),
): Outcome {
  const parts = (Object.keys(protocolTitles) as Measured['protocol'][])
    .map((protocol) => ({ protocol, all: measured.filter((one) => one.protocol === protocol) }))
    .filter(({ all }) => all.length > 0)
  const backToBack = measured.filter(({ protocol }) => protocol === 'back to back')
  return {
    complaints: measured
      .filter(({ system, values }) => system === 'encke' && spreadOf(values) === undefined)
      .map(({ protocol, stopped }) => `${protocol}: ${stopped ?? 'there was no run'}`),
    rows: !('units' in workload)
      ? []
      : backToBack.map(({ system, values }) => ({
          label: `${workload.name}: ${system}`,
          what: `${workload.unit}s`,
          count: workload.units,
          seconds: (spreadOf(values)?.median ?? 0) / 1_000,
        })),
    tables: parts.map(({ protocol, all }) => ({
      title: `${workload.title}; ${protocolTitles[protocol]}`,
      headings: runHeadings,
      rows: [...all.map((one) => runCells(one, all)), ...absent(workload, asked, all)],
    })),
    plots: parts.map(({ protocol, all }) =>
      protocol === 'parked' ? namedBars(workload.title, 'B', medians(all)) : roundsPlot(protocol, all),
    ),
  }
}

function medians(all: readonly Measured[]): (readonly [string, number | undefined])[] {
  return all.map(({ system, values }) => [system, spreadOf(values)?.median])
}

/** Those that were asked for and have no figure; the second Go only where it plays. */
function absent({ systems: playing }: Pick<Workload, 'systems'>, asked: Iterable<System>, all: readonly Measured[]) {
  const missing = [...asked].filter(({ name }) => !all.some(({ system }) => system === name))
  return missing
    .filter(({ name }) => name !== 'go-1' || playing.includes(name))
    .map((system) => [
      system.name,
      played.get(system)?.skipped === undefined ? 'not at this size' : 'skipped',
      ...noFigures,
    ])
}

function runCells(measured: Measured, all: readonly Measured[]): string[] {
  const { system, values, stopped, times, peakBytes, protocol } = measured
  const spread = spreadOf(values)
  const remark = stopped === undefined ? '' : `${spread?.runs ?? 0} of ${values.length} rounds: ${stopped}`
  if (spread === undefined) return [system, remark, ...noFigures]
  const ours = all.find((one) => one.system === 'encke')
  const own = ours && spreadOf(ours.values)
  // Rounds of memory are not in turn: there the middle of all is compared.
  const ratios =
    ours && spreadOf(protocol === 'parked' ? [own && spread.median / own.median] : ratiosOf(measured, ours))
  return [
    system,
    remark,
    `${figureText(spread.median)} ${protocol === 'parked' ? 'B' : 'ms'}`,
    rangeText(spread.quartiles),
    rangeText(spread.range),
    ratios === undefined ? '–' : `${figureText(ratios.median)} ×`,
    ratios === undefined ? '–' : rangeText(ratios.quartiles),
    times === 1 ? String(spread.runs) : `${spread.runs} of ${times}`,
    peakBytes === undefined ? '–' : String(Math.round(peakBytes / 2 ** 20)),
  ]
}

/** Every run of every system, in the order in which they came: what drifts, and what scatters, is seen here. */
function roundsPlot(protocol: Measured['protocol'], measured: readonly Measured[]): Plot {
  const x = { label: 'round', unit: '', scale: 'linear', isCount: true } as const
  const y = { label: 'wall time', unit: 'ms', scale: 'logarithmic' } as const
  const runs = measured.map(
    ({ system, values }) => [system, values.map((ms, round) => [round + 1, ms] as const)] as const,
  )
  return linesOf(`Each run, ${protocol}`, x, y, runs)
}

export function outcomeOf(figures: Figures): Outcome {
  const skipped = [...played].flatMap(([{ name }, { skipped: reason }]) =>
    reason === undefined ? [] : [{ name, reason }],
  )
  const chains = workloads.filter(({ program }) => program === 'chain')
  const games = workloads.filter(({ program, sizes }) => program === 'hackysack' && sizes[1] === 1_000)
  return {
    complaints: skipped.filter(({ name }) => name === 'encke').map(({ reason }) => reason),
    tables: [...protocols.map((protocol) => ratioTable(figures, protocol)), systemsTable()],
    plots: protocols.flatMap((protocol) => [
      ...scalePlot(figures, 'Chain', chains, protocol),
      ...scalePlot(figures, 'Hackysack over 1,000 turns', games, protocol),
    ]),
    targets: judgeRuntime(figures),
    skipped,
  }
}

/** What each took as a multiple of what Encke took, the median of the rounds and the quartiles: a row for each workload. */
function ratioTable(figures: Figures, protocol: Protocol): Table {
  const [, ...others] = systems
    .map(({ name }) => name)
    .filter((name) => figures.all.some(({ system }) => system === name))
  const rows = workloads.flatMap(({ name }) => {
    const ours = figures.of(name, 'encke', protocol)
    const own = ours && spreadOf(ours.values)
    if (ours === undefined || own === undefined) return []
    const ratios = others.map((system) => {
      const theirs = figures.of(name, system, protocol)
      const spread = theirs && spreadOf(ratiosOf(theirs, ours))
      return spread === undefined ? '–' : `${figureText(spread.median)} (${rangeText(spread.quartiles)})`
    })
    return [[name, figureText(own.median), ...ratios]]
  })
  return { title: protocolTitles[protocol], headings: ["time in Encke's", 'ms of Encke', ...others], rows }
}

function systemsTable(): Table {
  const rows = [...played].map(([{ name, difference, memory }, { version, skipped }]) => [
    name,
    version ?? `skipped, because ${skipped}`,
    difference,
    memory,
  ])
  return { title: 'systems', headings: ['system', 'version', 'difference', 'memory'], rows }
}

/** What one unit costs at each size of a program, where there are several: a level line is time that grows as the size does. */
export function scalePlot(figures: Figures, title: string, sizes: readonly Workload[], protocol: Protocol): Plot[] {
  const { unit } = sizes[0]!
  const costs = systems.map(({ name: system }) => {
    const points = sizes.map(({ name, units }) => {
      const median = spreadOf(figures.of(name, system, protocol)?.values ?? [])?.median
      return [units, median && (median * 1e6) / units] as const
    })
    return [system, points] as const
  })
  const told = costs.filter(([, points]) => points.filter(([, ns]) => ns !== undefined).length > 1)
  if (told.length === 0) return []
  const x = { label: `${unit}s`, unit: '', scale: 'logarithmic' } as const
  return [linesOf(`${title}, ${protocol}`, x, { label: `for each ${unit}`, unit: 'ns', scale: 'logarithmic' }, told)]
}

function rangeText([from, to]: readonly [number, number]): string {
  return `${figureText(from)}–${figureText(to)}`
}
