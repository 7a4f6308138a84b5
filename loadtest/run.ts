// Runs scenarios one after the other, each with a server of its own, and sees to it that nothing is left of one when the next
// begins: not when its invariant breaks, not when it fails, not when it hangs.

import { performance } from 'node:perf_hooks'
import { Meter } from './measure/meter.ts'
import { Generator } from './processes/generator.ts'
import { ServerProcess } from './processes/server-process.ts'
import type { Subject } from './processes/subject.ts'
import type { ScenarioReport } from './report/report.ts'
import type { Ground, Outcome, Scenario, Stage } from './scenario.ts'

export interface RunOptions extends Omit<Stage, 'startServer' | 'start'> {
  readonly subject: Subject
}

/** What a scenario may take beside its duration, several times over where it has phases. */
const longestBesideMs = 120_000
const phases = 4

/** @throws what `signal` was aborted with */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioReport> {
  const startMs = performance.now()
  const { name, title, invariant, note } = scenario
  const attempt = await attemptScenario(scenario, options)
  options.signal.throwIfAborted()
  return { name, title, invariant, note, ...attempt, seconds: (performance.now() - startMs) / 1_000 }
}

type Attempt = Outcome & Pick<ScenarioReport, 'verdict'>

async function attemptScenario(scenario: Scenario, options: RunOptions): Promise<Attempt> {
  const limitMs = (scenario.longestMs ?? longestBesideMs) + phases * options.durationMs
  const late = AbortSignal.timeout(limitMs)
  const over = new AbortController()
  const signal = AbortSignal.any([options.signal, late, over.signal])
  await using started = new AsyncDisposableStack()
  const ours: Ground[] = []
  const start = async (subject: Subject, variables?: Readonly<Record<string, string>>) =>
    started.use(await startGround(subject, variables))
  const startServer = async (variables?: Readonly<Record<string, string>>) => {
    const ground = await start(options.subject, variables)
    // Only ours: a peer may write what it likes.
    ours.push(ground)
    return ground
  }
  try {
    const outcome = await Promise.race([
      scenario.run({ ...options, signal, startServer, start: (subject) => start(subject) }),
      aborted(signal),
    ])
    const complaints = [...outcome.complaints, ...ours.flatMap(serverComplaints)]
    return { ...outcome, complaints, verdict: complaints.length === 0 ? 'held' : 'broken' }
  } catch (error) {
    const reason = late.aborted ? `it was not over after ${limitMs / 1_000} s` : (error as Error).message
    return { complaints: [reason, ...ours.flatMap(serverComplaints)], verdict: 'failed' }
  } finally {
    // What is left of a scenario that failed looks at its signal, and ends.
    over.abort(new Error('the scenario is over'))
  }
}

async function startGround(subject: Subject, variables = {}): Promise<Ground> {
  const started = new AsyncDisposableStack()
  const server = started.use(await ServerProcess.start(subject, variables))
  const meter = started.use(new Meter(server.pid))
  return {
    server,
    meter,
    startGenerator: () => {
      const generator = started.use(new Generator())
      meter.addGenerator(generator.pid)
      return generator
    },
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  }
}

/** Under every load: the server stays, and has nothing to complain of. */
function serverComplaints({ server }: Ground): string[] {
  return [
    ...(server.hasEnded ? ['the server has ended'] : []),
    ...(server.complaints === '' ? [] : [`the server complained: ${server.complaints}`]),
  ]
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason))
  })
}
