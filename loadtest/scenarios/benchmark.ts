// A benchmark beside polls: a chain of a million coroutines runs in the server while messages go to readers that wait.

import type { FaultCounts } from '../client/faults.ts'
import { complaintsOf } from '../client/faults.ts'
import { latenciesDue, offerWhile, type Phase } from '../client/offered-phase.ts'
import type { Followed } from '../generator/orders.ts'
import { nowMs } from '../measure/clock.ts'
import type { Latencies } from '../measure/latencies.ts'
import { median } from '../report/details.ts'
import { cpuAndMemory, latencyCurve } from '../report/plots.ts'
import { type Ground, loopbackAddresses, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'

const n = 1_000_000
const topicCount = 50
const readersPerTopic = 2
const perSecond = 200
const catchUpMs = 60_000

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
  readonly published: number
  readonly delivered: number
  /** For each run, how many messages reached a reader while it was under way. */
  readonly deliveredDuring: readonly number[]
  readonly faults: readonly FaultCounts[]
}

export const benchmark: Scenario = {
  name: 'benchmark',
  title: 'polls beside a chain of 1,000,000 coroutines in the same server, and without it',
  invariant: `Each run of the chain answers ${n.toLocaleString('en-US')}; messages reach readers while it runs; and each reader sees every message once, in order, with the chain and without.`,
  note: 'An offered rate of 200 messages a second to 50 topics with 2 readers each; latency counts from when each message was due. The chain and the polls share one thread and one heap: polls wait for its slices and for the collections of its garbage.',
  run,
}

export function judgeBenchmark({ runs, published, delivered, deliveredDuring, faults }: BenchmarkObserved): string[] {
  const complaints = faults.flatMap(complaintsOf)
  if (runs.length === 0) complaints.push('no chain has run')
  for (const { answer } of runs) if (answer !== n) complaints.push(`a chain of ${n} answered ${answer}`)
  if (published === 0) complaints.push('nothing was published')
  if (delivered !== published * readersPerTopic) {
    complaints.push(`${published} messages to ${readersPerTopic} readers each are not ${delivered} deliveries`)
  }
  deliveredDuring.forEach((count, at) => {
    if (count === 0) complaints.push(`not one message reached a reader during run ${at + 1} of the chain`)
  })
  return complaints
}

async function run(stage: Stage): Promise<Outcome> {
  const ground = await stage.startServer()
  const { server, meter } = ground
  const generator = ground.startGenerator()
  const topics = Array.from({ length: topicCount }, (_, at) => `load/beside-${at}`)
  await generator.order('open', { origin: server.origin, topics, readersPerTopic, localAddresses: loopbackAddresses })
  await generator.order('follow', null)

  const plan = { origin: server.origin, topics, perSecond }
  const runs: ChainRun[] = []
  // Once without being measured: the code of server and generators is compiled as it goes.
  const before = await offerWhile(meter, plan, () => pause(1_000))
  stage.show('polls alone')
  const alone = await offerWhile(meter, plan, () => pause(stage.durationMs))
  const beside = await offerWhile(meter, plan, () => runChains(stage, ground, runs))
  stage.signal.throwIfAborted()

  const heads = await Promise.all(topics.map((topic) => server.control.head(topic)))
  const followed = await generator.order('finish', { heads, timeoutMs: catchUpMs })
  const phases = [before, alone, beside]
  const complaints = judgeBenchmark({
    runs,
    published: phases.reduce((sum, { published }) => sum + published, 0),
    delivered: followed.arrivedMs.length,
    deliveredDuring: runs.map((run) => arrivedDuring(followed, run)),
    faults: [...phases.map(({ faults }) => faults), followed.faults],
  })
  return outcome(ground, complaints, { runs, alone, beside, followed })
}

/** One run after the other until the time is up; the last is let finish. */
async function runChains(stage: Stage, { server }: Ground, runs: ChainRun[]): Promise<void> {
  const endMs = nowMs() + stage.durationMs
  while (nowMs() < endMs && !stage.signal.aborted) {
    stage.show(`polls beside the chain, run ${runs.length + 1}`)
    const startMs = nowMs()
    const report = await server.control.runChain(n)
    runs.push({ startMs, endMs: nowMs(), answer: report.answer, wallMs: report.runs[0]?.wallMs ?? 0 })
  }
}

type Measured = { runs: readonly ChainRun[]; alone: Phase; beside: Phase; followed: Followed }

function outcome({ meter }: Ground, complaints: string[], { runs, alone, beside, followed }: Measured): Outcome {
  const [without, among] = [alone, beside].map((phase) => latenciesDue(followed, phase)) as [Latencies, Latencies]
  const row = (label: string, { use }: Phase, latencies: Latencies) => {
    const seconds = use.wallMs / 1_000
    return { label, what: 'deliveries', count: latencies.count, seconds, latency: latencies.summary(), use }
  }
  return {
    complaints,
    rows: [row('benchmark: without', alone, without), row('benchmark: beside it', beside, among)],
    details: [
      { label: 'runs of the chain', value: runs.length, unit: '' },
      { label: 'the chain beside the polls, median run', value: median(runs.map(({ wallMs }) => wallMs)), unit: 'ms' },
    ],
    plots: [
      latencyCurve('From when a message was due to its delivery', {
        'polls alone': without,
        'beside the chain': among,
      }),
      ...cpuAndMemory(meter.samples),
    ],
  }
}

function arrivedDuring({ arrivedMs }: Followed, { startMs, endMs }: ChainRun): number {
  return arrivedMs.reduce((count, ms) => (ms >= startMs && ms <= endMs ? count + 1 : count), 0)
}
