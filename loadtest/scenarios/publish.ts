// Publish throughput: autocannon posts hundred-byte messages to one topic that nobody reads.

import { fire } from '../client/cannon.ts'
import { perOperation } from '../report/details.ts'
import { cpuAndMemory, latencyCurve } from '../report/plots.ts'
import type { Outcome, Scenario, Stage } from '../scenario.ts'

const connections = 50
const topic = 'load/publish'
const warmUpSeconds = 1
const body = JSON.stringify({ text: 'x'.repeat(100 - '{"text":""}'.length) })

export interface PublishObserved {
  readonly sent: number
  /** How many replies there were of each status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly errors: number
  /** The offset of the newest message. */
  readonly head: number
  /** What history has kept. */
  readonly keptOffsets: readonly number[]
  readonly altered: number
}

export const publish: Scenario = {
  name: 'publish',
  title: 'as many publishes as one server takes, over 50 connections',
  invariant:
    'Every reply is 201, and the topic has as many messages as there were replies, the newest of them as they were sent.',
  note: 'A closed loop: each connection publishes again when it has its answer, so a slow server is asked less. Latencies are those of a server at its limit, not those at a rate it was offered.',
  run,
}

export function judgePublish({ sent, statuses, errors, head, keptOffsets, altered }: PublishObserved): string[] {
  const created = statuses[201] ?? 0
  const complaints = Object.entries(statuses)
    .filter(([status]) => status !== '201')
    .map(([status, count]) => `${count} publishes were answered with ${status}`)
  if (errors > 0) complaints.push(`${errors} connections broke`)
  if (created !== sent) complaints.push(`${sent} messages were sent and ${created} answered with 201`)
  if (head !== created) complaints.push(`the topic has ${head} messages, and ${created} were answered with 201`)
  const first = head - keptOffsets.length + 1
  if (keptOffsets.length === 0 || keptOffsets.some((offset, at) => offset !== first + at)) {
    complaints.push(
      `history does not hold the newest messages in order: ${keptOffsets.length} of them, up to ${keptOffsets.at(-1)}`,
    )
  }
  if (altered > 0) complaints.push(`${altered} messages are not as they were sent`)
  return complaints
}

async function run(stage: Stage): Promise<Outcome> {
  const { server, meter } = await stage.startServer()
  const plan = { origin: server.origin, body, connections, signal: stage.signal }
  // To a topic of its own: what is under way when its time is up is cut off, and then nobody knows how many there were.
  const warmUp = await fire({ ...plan, topic: 'load/warm-up', seconds: warmUpSeconds })
  const amount = Math.max(
    connections,
    Math.round((warmUp.latencies.count / warmUp.seconds) * (stage.durationMs / 1_000)),
  )

  const stretch = meter.begin()
  const onReplies = (count: number) => stage.show(`${count} of ${amount} messages`)
  const { statuses, errors, latencies, seconds } = await fire({ ...plan, topic, amount, onReplies })
  const use = stretch.end()
  stage.signal.throwIfAborted()

  const { messages } = await server.control.history(topic)
  const complaints = judgePublish({
    sent: amount,
    statuses,
    errors,
    head: await server.control.head(topic),
    keptOffsets: messages.map(({ offset }) => offset),
    altered: messages.filter(({ data }) => JSON.stringify(data) !== body).length,
  })
  const row = { label: 'publish', what: 'messages', count: latencies.count, seconds, latency: latencies.summary(), use }
  return {
    complaints,
    rows: [row],
    details: [perOperation('server CPU per message', use, latencies.count)],
    plots: [latencyCurve('From publish to 201', { publish: latencies }), ...cpuAndMemory(meter.samples)],
  }
}
