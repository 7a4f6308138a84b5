// A thousand topics with a few readers each: messages at a fixed rate, to one topic after the other.

import type { FaultCounts } from '../client/faults.ts'
import { complaintsOf } from '../client/faults.ts'
import { latenciesDue, offerWhile, type Phase } from '../client/offered-phase.ts'
import type { Latencies } from '../measure/latencies.ts'
import { perOperation } from '../report/details.ts'
import { cpuAndMemory, latencyCurve } from '../report/plots.ts'
import { type Ground, loopbackAddresses, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'

const topicCount = 1_000
const readersPerTopic = 4
const perSecond = 500
const warmUpMs = 2_000
const catchUpMs = 30_000

export interface TopicsObserved {
  /** Publishes that were answered with 201. */
  readonly published: number
  /** The newest offset of each topic. */
  readonly heads: readonly number[]
  readonly readersPerTopic: number
  readonly delivered: number
  /** Of the publisher and of the readers. */
  readonly faults: readonly FaultCounts[]
}

export const topics: Scenario = {
  name: 'topics',
  title: '1,000 topics with 4 readers each, 500 messages a second',
  invariant: 'Each reader sees every message of its topic once, in order, and none of another topic.',
  note: 'An offered rate: messages are due at fixed moments, and latency counts from when each was due to when each reader has it, so a stall is seen in all the messages it delays (corrected for coordinated omission).',
  run,
}

export function judgeTopics({ published, heads, readersPerTopic, delivered, faults }: TopicsObserved): string[] {
  const complaints = faults.flatMap(complaintsOf)
  const inTopics = heads.reduce((sum, head) => sum + head, 0)
  if (published === 0) complaints.push('nothing was published')
  if (inTopics !== published)
    complaints.push(`${published} publishes were answered with 201, and the topics have ${inTopics} messages`)
  if (delivered !== inTopics * readersPerTopic) {
    complaints.push(`${inTopics} messages to ${readersPerTopic} readers each are not ${delivered} deliveries`)
  }
  return complaints
}

async function run(stage: Stage): Promise<Outcome> {
  const ground = await stage.startServer()
  const { server, meter } = ground
  const generator = ground.startGenerator()
  const names = Array.from({ length: topicCount }, (_, at) => `load/topic-${at}`)
  stage.show(`${topicCount * readersPerTopic} readers connect`)
  await generator.order('open', {
    origin: server.origin,
    topics: names,
    readersPerTopic,
    localAddresses: loopbackAddresses,
  })
  await generator.order('follow', null)

  const plan = { origin: server.origin, topics: names, perSecond }
  // Once without being measured: the code of server and generators is compiled as it goes.
  const before = await offerWhile(meter, plan, () => pause(warmUpMs))
  stage.show(`${perSecond} messages a second for ${stage.durationMs / 1_000} s`)
  const measured = await offerWhile(meter, plan, () => pause(stage.durationMs))
  stage.signal.throwIfAborted()

  const heads = await Promise.all(names.map((name) => server.control.head(name)))
  const followed = await generator.order('finish', { heads, timeoutMs: catchUpMs })
  const complaints = judgeTopics({
    published: before.published + measured.published,
    heads,
    readersPerTopic,
    delivered: followed.arrivedMs.length,
    faults: [before.faults, measured.faults, followed.faults],
  })
  return outcome(ground, complaints, measured, latenciesDue(followed, measured))
}

function outcome({ meter }: Ground, complaints: string[], { use, lateness }: Phase, latencies: Latencies): Outcome {
  const { count } = latencies
  const row = {
    label: 'topics',
    what: 'deliveries',
    count,
    seconds: use.wallMs / 1_000,
    latency: latencies.summary(),
    use,
  }
  return {
    complaints,
    rows: [row],
    details: [
      perOperation('server CPU per delivery (its poll, and a quarter of a publish)', use, count),
      { label: 'messages left later than due, 99 % at most by', value: lateness.summary()?.p99, unit: 'ms' },
    ],
    plots: [
      latencyCurve('From when a message was due to its delivery', { delivery: latencies }),
      ...cpuAndMemory(meter.samples),
    ],
  }
}
