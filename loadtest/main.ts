// The load test: `npm run loadtest -- --help` says what there is, and README.md what is measured.

import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { compareWith } from './against/against.ts'
import { comparisonText, hasHeld } from './against/table.ts'
import { type Flags, readCommand, UsageError, usage } from './flags.ts'
import { describeCommit, describeMachine } from './measure/machine.ts'
import { busyText, MachineWatch } from './measure/machine-watch.ts'
import { installPeers, peers } from './processes/peers.ts'
import { encke } from './processes/subject.ts'
import { Progress } from './progress.ts'
import { reportFolder, writeReport } from './report/files.ts'
import { allHeld, type Report, type ScenarioReport } from './report/report.ts'
import { reportText } from './report/table.ts'
import { runScenario } from './run.ts'
import { hotPath, large, scenarios } from './scenarios/index.ts'

const interrupted = new AbortController()
/** What a shell gives for a program that was ended by Ctrl-C. */
const interruptedCode = 130

try {
  const known = {
    usual: namesOf(scenarios),
    hotPath: namesOf(hotPath),
    large: namesOf(large),
    peers: namesOf(peers),
  }
  const command = readCommand(process.argv.slice(2), known)
  if (command.kind === 'help') process.stdout.write(usage(scenarios, hotPath, large, known.peers))
  else if (command.kind === 'against') await against(command)
  else await loadTest(command.flags)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`loadtest: ${error.message}\n`)
  process.exitCode = 2
}

async function loadTest(flags: Flags): Promise<void> {
  stopOnSignals()
  const report = await orInterrupted(runAll(flags))
  process.stdout.write(`\n${reportText(report)}\n`)
  for (const path of writeReport(report)) process.stdout.write(`${path}\n`)
  // Whatever a scenario that failed may have left behind must not keep the process.
  process.exit(allHeld(report) ? 0 : 1)
}

async function against({ commit, isQuick }: { commit: string; isQuick: boolean }): Promise<void> {
  stopOnSignals()
  const progress = new Progress(process.stderr)
  const show = (text: string) => progress.show(text)
  const watch = new MachineWatch()
  const comparison = await orInterrupted(compareWith(commit, { isQuick, signal: interrupted.signal, show }))
  progress.clear()
  process.stdout.write(`${[...busyText(watch.end()), comparisonText(comparison)].join('\n\n')}\n`)
  process.exit(hasHeld(comparison) ? 0 : 1)
}

async function runAll({ only, durationMs, isQuick, hasProfile, peers: wanted }: Flags): Promise<Report> {
  const progress = new Progress(process.stderr)
  if (wanted.length > 0) await fetchPeers(progress)
  const machine = describeMachine()
  const done: ScenarioReport[] = []
  for (const [at, name] of only.entries()) {
    const subject = encke({ profile: hasProfile ? `${reportFolder}${name}.cpuprofile` : undefined })
    const scenario = [...scenarios, ...hotPath, ...large].find((known) => known.name === name)!
    const head = `${at + 1}/${only.length} ${name}`
    progress.show(`${head}: ${scenario.title}`)
    const show = (text: string) => progress.show(`${head}: ${text}`)
    const beside = peers.filter((peer) => wanted.includes(peer.name))
    const options = { subject, peers: beside, durationMs, isQuick, signal: interrupted.signal, show }
    const report = await runScenario(scenario, options)
    progress.step(`${head}: ${report.verdict}, ${report.seconds.toFixed(1)} s`)
    done.push(report)
  }
  return {
    title: 'Encke load test',
    date: new Date().toISOString(),
    command: ['npm run loadtest', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    commit: describeCommit(fileURLToPath(new URL('.', import.meta.url))),
    machine,
    server: ['node', ...encke().command.slice(1)].join(' '),
    durationSeconds: durationMs / 1_000,
    scenarios: done,
  }
}

function namesOf(all: readonly { readonly name: string }[]): string[] {
  return all.map(({ name }) => name)
}

/** Those that cannot be had are told as skipped by the scenarios that miss them. */
async function fetchPeers(progress: Progress): Promise<void> {
  progress.show('the packages of the peers')
  const complaint = await installPeers()
  if (complaint !== undefined) progress.step(complaint)
}

/** Ends the process when `work` was interrupted. @throws what it throws otherwise */
function orInterrupted<Result>(work: Promise<Result>): Promise<Result> {
  return work.catch((error) => {
    if (!interrupted.signal.aborted) throw error
    process.stderr.write('loadtest: interrupted; what it had started has ended\n')
    process.exit(interruptedCode)
  })
}

/** The first ends the scenario and its processes, the second everything at once. */
function stopOnSignals(): void {
  const stop = () => {
    if (interrupted.signal.aborted) process.exit(interruptedCode)
    interrupted.abort(new Error('interrupted'))
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
  process.on('SIGHUP', stop)
}
