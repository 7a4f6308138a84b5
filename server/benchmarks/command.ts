// The benchmarks in a terminal: `encke bench`, `npm run bench`. `--help` says what there is.
//
// Measured is one process running nothing else. What would make the numbers lie: another busy process; the first run,
// which is compiled as it goes; a collection forced between two runs, which takes compiled code with it; and figures from
// another machine.

import process from 'node:process'
import type { Coroutine } from '../../runtime/index.ts'
import { defaultHost, run } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { Compared } from './comparison-text.ts'
import { comparisonText } from './comparison-text.ts'
import type { Comparison } from './flags.ts'
import { readCommand, UsageError, usage } from './flags.ts'
import { measureLiveMemory } from './live-memory.ts'
import { ProgressBar } from './progress-bar.ts'
import { reportText } from './report-text.ts'
import type { BenchmarkRequest } from './request.ts'
import { runBenchmark } from './run.ts'

/** Frees what is garbage now, where the process has such a thing. */
type Collect = (() => void) | undefined

/** Run what the words ask for. Gives the exit code: 0, 1 when a benchmark failed, 2 when the words are wrong. */
export async function runCommand(argv: readonly string[], collect: Collect): Promise<number> {
  // A reader that has seen enough (`| head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
  // A program that computes has no turn for a handler: the system ends it.
  process.removeAllListeners('SIGTERM').removeAllListeners('SIGINT')
  try {
    const command = readCommand(argv)
    if (command.kind === 'help') process.stdout.write(usage())
    else if (command.kind === 'run') await run(bench, command.requests, command.asJson, collect).promise
    else await run(compare, command, command.asJson, collect).promise
    return 0
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof EnckeError)) throw error
    process.stderr.write(`${error.message}\n`)
    return error instanceof UsageError ? 2 : 1
  }
}

function* bench(requests: readonly BenchmarkRequest[], asJson: boolean, collect: Collect): Coroutine<void> {
  for (const [at, request] of requests.entries()) {
    if (at > 0) process.stdout.write('\n')
    process.stdout.write(`${yield* benchOne(request, asJson, collect)}\n`)
  }
}

function* compare({ requests, skipped }: Comparison, asJson: boolean, collect: Collect): Coroutine<void> {
  const compared: Compared[] = []
  for (const request of requests) compared.push(yield* measure(request, !asJson, collect))
  const reports = compared.map(({ report }) => report)
  const text = asJson ? JSON.stringify({ reports, skipped }, null, 2) : comparisonText(compared, skipped)
  process.stdout.write(`${text}\n`)
}

function* benchOne(request: BenchmarkRequest, asJson: boolean, collect: Collect): Coroutine<string> {
  const { report, live } = yield* measure(request, !asJson, collect)
  return asJson ? JSON.stringify(report, null, 2) : reportText(report, live)
}

function* measure(request: BenchmarkRequest, withMemory: boolean, collect: Collect): Coroutine<Compared> {
  const host = defaultHost()
  const bar = new ProgressBar(process.stderr, `${request.benchmark} ${request.model}`)
  try {
    const report = yield* runBenchmark(request, { host, onProgress: (progress) => bar.show(progress) })
    const isMeasured = withMemory && collect !== undefined
    return { report, live: isMeasured ? yield* measureLiveMemory(request, { host, collect }) : undefined }
  } finally {
    bar.clear()
  }
}
