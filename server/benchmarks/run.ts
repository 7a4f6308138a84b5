// Runs a benchmark as often as asked and reports it.
//
// Always true of a report: every run kept what its program claims, and all runs had the same outcome. A run that broke
// something is an error, never a time.

import { isDeepStrictEqual } from 'node:util'
import type { Coroutine, Host, Scheduler } from '../../runtime/index.ts'
import { Cancelled } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { Machine } from './machine.ts'
import { describeMachine } from './machine.ts'
import type { MeasuredRun } from './measured-run.ts'
import { measuredRun } from './measured-run.ts'
import type { PublishedRow } from './published.ts'
import { publishedBeside } from './published.ts'
import type { BenchmarkRequest } from './request.ts'
import type { Resources } from './resources.ts'
import type { Counters, Workload } from './workload.ts'
import { workloadOf } from './workload.ts'

interface Report {
  readonly answer: number
  readonly runs: readonly Resources[]
  /** The run with the least wall time. */
  readonly best: Resources
  readonly counters: Counters
  readonly memory: {
    /** The most between two slices of any run, less that before it: of the heap, garbage included, or of the process. */
    readonly peakBytes: number
    readonly perCoroutineBytes: number
  }
  readonly machine: Machine
  readonly published: readonly PublishedRow[]
}

/** The parameters of the request, and what came of them. */
export type ReportOf<Request> = Request extends BenchmarkRequest ? Omit<Request, 'repeat'> & Report : never
export type BenchmarkReport = ReportOf<BenchmarkRequest>

export interface Progress {
  /** The run that is under way, from 1. */
  readonly run: number
  readonly of: number
  /** How much of it is done, from 0 to 1. */
  readonly fraction: number
}

export interface RunOptions {
  readonly host: Host
  /** How long a run may hold the host between two turns of everybody else, in milliseconds. Default: the scheduler's. */
  readonly sliceMs?: number
  /** Told how far it is, at most five times a second, and once at the end. Called by the host: it must not throw. */
  readonly onProgress?: (progress: Progress) => void
}

const progressIntervalMs = 200
const longestReason = 500

/**
 * Run what `request` asks for, each run on a scheduler of its own whose slices alternate with the caller's.
 *
 * Cancelling cancels the run under way and waits until its coroutines have ended.
 *
 * @throws EnckeError ENCKE_ERR_BENCHMARK_FAILED if a program broke one of its invariants
 */
export function* runBenchmark<Request extends BenchmarkRequest>(
  request: Request,
  options: RunOptions,
): Coroutine<ReportOf<Request>> {
  const workload = workloadOf(request)
  try {
    return reportOf(request, workload, yield* measuredRuns(workload, request.repeat, options)) as ReportOf<Request>
  } catch (error) {
    throw error instanceof Cancelled ? error : failed(request, error)
  }
}

/** Run a workload `repeat` times. @throws Error unless every run has the same outcome */
export function* measuredRuns(workload: Workload, repeat: number, options: RunOptions): Coroutine<MeasuredRun[]> {
  const progress = new ProgressMeter(workload, repeat, options)
  const runs: MeasuredRun[] = []
  while (runs.length < repeat) {
    const run = runs.length + 1
    const onSlice = (scheduler: Scheduler) => progress.look(run, scheduler)
    runs.push(yield* measuredRun(workload, { ...options, onSlice }))
    checkSameOutcome(runs)
  }
  progress.end()
  return runs
}

class ProgressMeter {
  readonly #workload: Workload
  readonly #runs: number
  readonly #host: Host
  readonly #tell: (progress: Progress) => void
  #toldAt: number

  constructor(workload: Workload, runs: number, { host, onProgress }: RunOptions) {
    this.#workload = workload
    this.#runs = runs
    this.#host = host
    this.#tell = onProgress ?? (() => {})
    this.#toldAt = host.now()
  }

  look(run: number, scheduler: Scheduler): void {
    const now = this.#host.now()
    if (now - this.#toldAt < progressIntervalMs) return
    this.#toldAt = now
    const { spawned, resumes } = scheduler.statistics()
    this.#tell({ run, of: this.#runs, fraction: Math.min((spawned + resumes) / this.#workload.work, 1) })
  }

  end(): void {
    this.#tell({ run: this.#runs, of: this.#runs, fraction: 1 })
  }
}

function checkSameOutcome(runs: readonly MeasuredRun[]): void {
  const { outcome: first } = runs[0] as MeasuredRun
  const { outcome: last } = runs.at(-1) as MeasuredRun
  if (isDeepStrictEqual(first, last)) return
  throw new Error(`run ${runs.length} counted ${JSON.stringify(last)}, but the first ${JSON.stringify(first)}`)
}

function failed({ benchmark }: BenchmarkRequest, cause: unknown): EnckeError {
  // Cut: the message of a deadlock lists every coroutine.
  const reason = (cause instanceof Error ? cause.message : String(cause)).slice(0, longestReason)
  return new EnckeError('ENCKE_ERR_BENCHMARK_FAILED', `${benchmark} failed, so there are no times: ${reason}`, {
    cause,
  })
}

function reportOf(request: BenchmarkRequest, workload: Workload, runs: readonly MeasuredRun[]): BenchmarkReport {
  const { repeat: _, ...parameters } = request
  const { answer, counters } = (runs[0] as MeasuredRun).outcome
  const times = runs.map(({ resources }) => resources)
  const peakBytes = Math.max(...runs.map((run) => run.peakBytes))
  return {
    ...parameters,
    answer,
    runs: times,
    best: times.reduce((best, time) => (time.wallMs < best.wallMs ? time : best)),
    counters,
    memory: { peakBytes, perCoroutineBytes: Math.round(peakBytes / workload.coroutines) },
    machine: describeMachine(),
    published: publishedBeside(request),
  }
}
