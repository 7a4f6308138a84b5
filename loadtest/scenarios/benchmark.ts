// A benchmark beside polls: a chain of a million coroutines runs in the server while messages go to readers that wait.

import { judgeOffered, type Offered, offeredRow, startReaders } from '../client/offered.ts'
import { nowMs } from '../measure/clock.ts'
import { detail, median } from '../report/figures.ts'
import { cpuAndMemory, latencyCurve } from '../report/plots.ts'
import { type Ground, numbered, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'

const n = 1_000_000
const readersPerTopic = 2
const perSecond = 200

/** One run of the chain, as it was seen from outside. */
interface ChainRun {
  readonly startMs: number
  readonly endMs: number
  readonly answer: number
  /** As the server reports it. */
  readonly wallMs: number
}

export interface BenchmarkObserved {
  readonly runs: readonly ChainRun[]
  readonly phases: readonly Pick<Offered, 'perSecond' | 'published' | 'delivered' | 'complaints'>[]
  /** For each run, how many messages reached a reader while it was under way. */
  readonly deliveredDuring: readonly number[]
}

export const benchmark: Scenario = {
  name: 'benchmark',
  title: 'polls beside a chain of 1,000,000 coroutines in the same server, and without it',
  invariant:
    'Each run of the chain answers 1,000,000; messages reach readers while it runs; and each reader sees every message once, in order, with the chain and without.',
  note: 'An offered rate of 200 messages a second to 50 topics with 2 readers each; latency counts from when each message was due. The chain and the polls share one thread and one heap: polls wait for its slices and for the collections of its garbage.',
  run,
}

export function judgeBenchmark({ runs, phases, deliveredDuring }: BenchmarkObserved): string[] {
  return [
    ...judgeOffered(phases, readersPerTopic),
    ...(runs.length === 0 ? ['no chain has run'] : []),
    ...runs.flatMap(({ answer }) => (answer === n ? [] : [`a chain of ${n} answered ${answer}`])),
    ...deliveredDuring.flatMap((count, at) =>
      count > 0 ? [] : [`not one message reached a reader during run ${at + 1} of the chain`],
    ),
  ]
}

async function run(stage: Stage): Promise<Outcome> {
  const ground = await stage.startServer()
  const load = await startReaders(stage, ground, { topics: numbered('load/beside', 50), readersPerTopic })
  // Once without being measured: the code of server and generators is compiled as it goes.
  const before = await load.offer(perSecond, () => pause(1_000))
  stage.show('polls alone')
  const alone = await load.offer(perSecond, () => pause(stage.durationMs))
  const runs: ChainRun[] = []
  const beside = await load.offer(perSecond, () => runChains(stage, ground, runs))
  const deliveredDuring = runs.map(
    ({ startMs, endMs }) => beside.arrivedMs.filter((ms) => ms >= startMs && ms <= endMs).length,
  )
  const latencies: [string, Offered['latencies']][] = [
    ['polls alone', alone.latencies],
    ['beside the chain', beside.latencies],
  ]
  return {
    complaints: judgeBenchmark({ runs, phases: [before, alone, beside], deliveredDuring }),
    rows: [offeredRow('benchmark: without', alone), offeredRow('benchmark: beside it', beside)],
    details: [
      detail('runs of the chain', runs.length, ''),
      detail('the chain beside the polls, median run', median(runs.map(({ wallMs }) => wallMs)), 'ms'),
    ],
    plots: [
      latencyCurve('From when a message was due to its delivery', latencies),
      ...cpuAndMemory(ground.meter.samples),
    ],
  }
}

/** One run after the other until the time is up; the last is let finish. */
async function runChains(stage: Stage, { server }: Ground, runs: ChainRun[]): Promise<void> {
  const endMs = nowMs() + stage.durationMs
  while (nowMs() < endMs && !stage.signal.aborted) {
    stage.show(`polls beside the chain, run ${runs.length + 1}`)
    const startMs = nowMs()
    const { answer, runs: reported } = await server.control.runChain(n)
    runs.push({ startMs, endMs: nowMs(), answer, wallMs: reported[0]?.wallMs ?? 0 })
  }
}
