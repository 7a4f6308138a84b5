// Fan-out: one publish, and all polls that wait on its topic are answered. Several rounds over the same connections.

import type { PollReply } from '../client/encke-requests.ts'
import { parsePollReply } from '../client/encke-requests.ts'
import { complaintsOf, type FaultCounts } from '../client/faults.ts'
import type { Collected } from '../generator/orders.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import type { Generator } from '../processes/generator.ts'
import { checkOpenFiles } from '../processes/open-files.ts'
import { median, perOperation } from '../report/details.ts'
import { arrivals, cpuAndMemory, latencyCurve } from '../report/plots.ts'
import { type Ground, loopbackAddresses, type Outcome, pause, type Scenario, type Stage, until } from '../scenario.ts'

export const fanOutTopic = 'load/fan-out'
const rounds = 10
const quickRounds = 4
const replyMs = 30_000
/** Between the last poll that parks and the publish: what the server does of its own accord afterwards is not fan-out. */
const settleMs = 300

/** One round, as it was seen. */
export interface FanOutObserved {
  readonly readers: number
  /** The message, as it was published in this round: the offset is the number of the round. */
  readonly offset: number
  readonly data: unknown
  /** How many the server says were waiting for it. */
  readonly waiting: number
  readonly replies: Collected['replies']
  readonly faults: FaultCounts
}

interface Round {
  readonly observed: FanOutObserved
  readonly latencies: readonly number[]
  readonly wallMs: number
  readonly park: Use
  readonly deliver: Use
}

export const fanOut1000 = fanOut(1_000)
export const fanOut10000 = fanOut(10_000)

function fanOut(readers: number): Scenario {
  const count = readers.toLocaleString('en-US')
  return {
    name: `fan-out-${readers}`,
    title: `one publish to ${count} polls that wait on one topic`,
    invariant: `All ${count} polls wait when the message is published, and each gets one reply: 200, with that message alone and the verdict ok.`,
    note: 'Latency is from the moment before the publish is sent to the arrival of each reply, over all rounds; the rate is that of the median round, to its last reply. Server, readers and publisher share the cores of this machine.',
    run: (stage) => run(stage, readers),
  }
}

export function judgeFanOut({ readers, offset, data, waiting, replies, faults }: FanOutObserved): string[] {
  const complaints = complaintsOf(faults)
  if (waiting !== readers) complaints.push(`the publish found ${waiting} waiting, not ${readers}`)
  const count = replies.reduce((sum, reply) => sum + reply.count, 0)
  if (count !== readers) complaints.push(`there were ${count} replies for ${readers} polls`)
  for (const { status, body, count } of replies) {
    const what = status === 200 ? wrongIn(body, offset, data) : `the status ${status}`
    if (what !== undefined) complaints.push(`${count} replies have ${what}: ${body.slice(0, 200)}`)
  }
  return complaints.map((complaint) => `round ${offset}: ${complaint}`)
}

function wrongIn(body: string, offset: number, data: unknown): string | undefined {
  let reply: PollReply
  try {
    reply = parsePollReply(body)
  } catch {
    return 'no JSON'
  }
  const [message, ...others] = reply.messages
  if (message === undefined) return 'no message'
  if (others.length > 0) return `${reply.messages.length} messages`
  if (message.topic !== fanOutTopic) return `a message of ${message.topic}`
  if (message.offset !== offset) return `the message ${message.offset} instead of ${offset}`
  if (JSON.stringify(message.data) !== JSON.stringify(data)) return 'other data than was published'
  const verdict = reply.topics[fanOutTopic]?.verdict
  return verdict === 'ok' ? undefined : `the verdict ${verdict}`
}

async function run(stage: Stage, readers: number): Promise<Outcome> {
  checkOpenFiles(readers)
  const ground = await stage.startServer()
  const { server, meter } = ground
  const bytesBefore = meter.serverBytes
  const generator = ground.startGenerator()
  stage.show(`${readers} readers connect`)
  await generator.order('open', {
    origin: server.origin,
    topics: [fanOutTopic],
    readersPerTopic: readers,
    localAddresses: loopbackAddresses,
  })
  let parkedBytes: number | undefined
  const done: Round[] = []
  const wanted = stage.isQuick ? quickRounds : rounds
  while (done.length < wanted) {
    stage.signal.throwIfAborted()
    stage.show(`round ${done.length + 1} of ${wanted}`)
    const park = await parkAll(stage, ground, generator, readers)
    parkedBytes ??= meter.serverBytes
    done.push(await deliver(ground, generator, { readers, offset: done.length + 1, park }))
  }
  await generator.order('leave', null)
  return outcome(ground, readers, done, kibibytesEach(bytesBefore, parkedBytes, readers))
}

async function parkAll(stage: Stage, { server, meter }: Ground, generator: Generator, readers: number): Promise<Use> {
  const stretch = meter.begin()
  await generator.order('park', null)
  await until(`${readers} polls wait`, { signal: stage.signal, timeoutMs: replyMs }, async () => {
    const { hub } = await server.control.statistics()
    return hub.waiting === readers
  })
  const use = stretch.end()
  await pause(settleMs)
  return use
}

async function deliver(
  { server, meter }: Ground,
  generator: Generator,
  { readers, offset, park }: { readers: number; offset: number; park: Use },
): Promise<Round> {
  const data = { round: offset, text: 'one message for everybody' }
  const stretch = meter.begin()
  const collecting = generator.order('collect', { timeoutMs: replyMs })
  const publishedMs = nowMs()
  const [{ waiting }, { arrivedMs, replies, faults }] = await Promise.all([
    server.control.publish(fanOutTopic, data),
    collecting,
  ])
  const deliver = stretch.end()
  const latencies = [...arrivedMs].map((ms) => ms - publishedMs).sort((a, b) => a - b)
  const observed = { readers, offset, data, waiting, replies, faults }
  return { observed, latencies, wallMs: latencies.at(-1) ?? 0, park, deliver }
}

function outcome(
  { meter }: Ground,
  readers: number,
  done: readonly Round[],
  kibibytesPerPoll: number | undefined,
): Outcome {
  const latencies = Latencies.of(done.flatMap((round) => round.latencies))
  // The first round is the slowest: the server's code is compiled as it goes.
  const byWall = done.slice(1).sort((a, b) => a.wallMs - b.wallMs)
  const middle = byWall[Math.floor(byWall.length / 2)]!
  const cpu = (pick: (round: Round) => Use) =>
    median(byWall.map((round) => perOperation('', pick(round), readers).value))
  const row = {
    label: `fan-out-${readers}`,
    what: 'deliveries',
    count: readers,
    seconds: middle.wallMs / 1_000,
    latency: latencies.summary(),
    use: middle.deliver,
  }
  return {
    complaints: done.flatMap(({ observed }) => judgeFanOut(observed)),
    rows: [row],
    details: [
      { label: 'wall time of the fan-out, median round', value: middle.wallMs, unit: 'ms' },
      { label: 'wall time of the fan-out, best round', value: byWall[0]!.wallMs, unit: 'ms' },
      { label: 'wall time of the fan-out, first round', value: done[0]!.wallMs, unit: 'ms' },
      { label: 'server CPU per client, to park', value: cpu((round) => round.park), unit: 'µs' },
      { label: 'server CPU per client, to deliver', value: cpu((round) => round.deliver), unit: 'µs' },
      { label: 'server memory added by each client, connected and waiting', value: kibibytesPerPoll, unit: 'KiB' },
    ],
    plots: [
      arrivals('Replies after the publish, median round', middle.latencies),
      latencyCurve('From publish to the reply, all rounds', { delivery: latencies }),
      ...cpuAndMemory(meter.samples),
    ],
  }
}

function kibibytesEach(before: number | undefined, after: number | undefined, readers: number): number | undefined {
  return before === undefined || after === undefined ? undefined : (after - before) / 1024 / readers
}
