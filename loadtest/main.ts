// The load test: `npm run loadtest -- --help` says what there is, and README.md what is measured.

import process from 'node:process'
import { compareWith } from './against/against.ts'
import { comparisonText, hasHeld } from './against/table.ts'
import { type Command, type Flags, readCommand, UsageError, usage } from './flags.ts'
import { busyText, describeCommit, describeMachine, watchMachine } from './measure/machine.ts'
import { whatNpmLacks } from './processes/npm-peers.ts'
import { peers } from './processes/peers.ts'
import { encke, top } from './processes/subject.ts'
import { Progress } from './progress.ts'
import { allHeld, type Report, reportFolder, type ScenarioReport, writeReport } from './report/report.ts'
import { reportText } from './report/table.ts'
import { runScenario } from './run.ts'
import { known, scenariosOf } from './scenarios/index.ts'

const interrupted = new AbortController()
/** What a shell gives for a program that was ended by Ctrl-C. */
const interruptedCode = 130
const progress = new Progress(process.stderr)
const machine = describeMachine()
const busyness = watchMachine(machine)

try {
  const command = readCommand(process.argv.slice(2), known)
  stopOnSignals()
  if (command.kind === 'help') process.stdout.write(usage(known))
  else process.exit(await orInterrupted(command.kind === 'run' ? loadTest(command.flags) : against(command)))
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`loadtest: ${error.message}\n`)
  process.exitCode = 2
}

async function loadTest(flags: Flags): Promise<number> {
  const report = await runAll(flags)
  process.stdout.write(`\n${reportText(report)}\n`)
  for (const path of writeReport(report)) process.stdout.write(`${path}\n`)
  return allHeld(report) ? 0 : 1
}

async function against({ commit, access, isQuick }: Extract<Command, { kind: 'against' }>): Promise<number> {
  const show = (text: string) => progress.show(text)
  const comparison = await compareWith(commit, { access, isQuick, signal: interrupted.signal, show })
  progress.clear()
  const warning = busyText(busyness())
  const isBusy = warning.length > 0
  process.stdout.write(`${[...warning, comparisonText(comparison, isBusy)].join('\n\n')}\n`)
  return hasHeld(comparison, isBusy) ? 0 : 1
}

async function runAll({ only, hasProfile, ...flags }: Flags): Promise<Report> {
  if (peers.some(({ name, needs }) => flags.peers.includes(name) && needs.package !== undefined)) {
    progress.show('the packages of the peers')
    // The scenarios that miss them tell them as skipped.
    const complaint = await whatNpmLacks()
    if (complaint !== undefined) progress.step(complaint)
  }
  const done: ScenarioReport[] = []
  const all = scenariosOf(only)
  for (const [at, scenario] of all.entries()) {
    const { name, title } = scenario
    const subject = encke({ profile: hasProfile ? `${reportFolder}${name}.cpuprofile` : undefined })
    const head = `${at + 1}/${all.length} ${name}`
    const show = (text: string) => progress.show(`${head}: ${text}`)
    show(title)
    const report = await runScenario(scenario, { ...flags, subject, signal: interrupted.signal, show })
    progress.step(`${head}: ${report.verdict}, ${report.seconds.toFixed(1)} s`)
    done.push(report)
  }
  return {
    title: 'Encke load test',
    date: new Date().toISOString(),
    command: ['npm run loadtest', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' '),
    commit: describeCommit(top),
    machine,
    warnings: busyText(busyness()),
    server: ['node', ...encke().command.slice(1)].join(' '),
    durationSeconds: flags.durationMs / 1_000,
    scenarios: done,
  }
}

/** Whatever a scenario that failed may have left behind does not keep the process. @throws what `work` throws otherwise */
function orInterrupted(work: Promise<number>): Promise<number> {
  return work.catch((error) => {
    if (!interrupted.signal.aborted) throw error
    progress.clear()
    process.stderr.write('loadtest: interrupted; what it had started has ended\n')
    return interruptedCode
  })
}

/** The first ends the scenario and its processes, the second everything at once. */
function stopOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (interrupted.signal.aborted) process.exit(interruptedCode)
      interrupted.abort(new Error('interrupted'))
    })
  }
}
