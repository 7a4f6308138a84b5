// Rounds of a herd: all its polls are parked, one publish answers them, and again, over the same connections. What each half
// costs the server is read from the operating system, between moments in which neither it nor the generator does anything.

import type { Ask, PollReply } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import type { Collected } from '../generator/herd.ts'
import { nowMs } from '../measure/clock.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Generator } from '../processes/generator.ts'
import { cpuEach } from '../report/figures.ts'
import { type Ground, loopbackAddresses, type Stage } from '../scenario.ts'
import { complaintsOf, type FaultCounts } from './faults.ts'
import { Publishers } from './publishers.ts'

export const fanOutTopic = 'load/fan-out'

const replyMs = 60_000
const quietMs = 120_000
const mostTries = 10

export interface HerdPlan {
  /** All of them are read by each reader; the message goes to the first, which is `fanOutTopic`. */
  readonly topics: readonly string[]
  readonly readers: number
  readonly rounds: number
  /** Rounds before these, in which the server's code is compiled as it goes. */
  readonly warmUps: number
  /** That go with each request. */
  readonly headers?: Ask['headers']
  /** When all polls wait. */
  beforePublish?(): Promise<void>
  show(progress: string): void
}

export interface HerdRound {
  readonly publishedMs: number
  /** Of each reply, from the moment before the publish. */
  readonly latencies: readonly number[]
  /** To the last of them. */
  readonly wallMs: number
  readonly park: Use
  readonly deliver: Use
  /** What was wrong with the replies. */
  readonly complaints: readonly string[]
}

export interface HerdRun {
  readonly connect: Use
  readonly warmUps: readonly HerdRound[]
  readonly rounds: readonly HerdRound[]
  /** What each reader has added to the server when it first waited. */
  readonly bytesEach: number | undefined
}

/** One round, as it was seen. */
export interface RoundObserved {
  readonly readers: number
  /** The message, as it was published in this round: the offset is the number of the round. */
  readonly offset: number
  readonly data: unknown
  /** How many the server says were waiting for it; undefined when it says nothing of that. */
  readonly waiting: number | undefined
  readonly replies: Collected['replies']
  readonly faults: FaultCounts
}

export async function herdRounds(
  stage: Pick<Stage, 'signal'>,
  ground: Ground,
  { topics, readers, rounds, warmUps, headers = {}, beforePublish, show }: HerdPlan,
): Promise<HerdRun> {
  const { server, meter } = ground
  const { dialect, pollsPerSecond, headers: own } = server.subject
  await using publisher = new Publishers(server.publishOrigin, dialect, 1, own)
  const generator = ground.startGenerator()
  show(`${readers} readers connect`)
  const bytesBefore = meter.serverBytes
  const place = { topics, isTogether: true, readersPerTopic: readers, localAddresses: loopbackAddresses }
  const connecting = meter.begin()
  await generator.order('open', { origin: server.origin, dialect, ...place, headers: { ...headers, ...own } })
  const connect = connecting.end()
  const all: HerdRound[] = []
  let bytesAfter: number | undefined
  while (all.length < warmUps + rounds) {
    show(all.length < warmUps ? 'warm-up' : `round ${all.length + 1 - warmUps} of ${rounds}`)
    await untilQuiet(stage, ground, quietMs)
    const parking = meter.begin()
    await generator.order('park', pollsPerSecond)
    await untilQuiet(stage, ground, quietMs)
    if (pollsPerSecond !== undefined) await insist(stage, ground, generator, pollsPerSecond)
    const park = parking.end()
    bytesAfter ??= meter.serverBytes
    await beforePublish?.()
    const delivering = meter.begin()
    const seen = await deliver(publisher, generator, readers, all.length + 1)
    all.push({ park, deliver: delivering.end(), ...seen })
  }
  await generator.order('leave')
  const bytesEach = bytesOfEach(bytesBefore, bytesAfter, readers)
  return { connect, warmUps: all.slice(0, warmUps), rounds: all.slice(warmUps), bytesEach }
}

/** The same with readers of an event stream: each is parked by connecting, and by nothing after that. */
export async function eventRounds(
  stage: Pick<Stage, 'signal'>,
  ground: Ground,
  { topics, readers, rounds, warmUps, show }: HerdPlan,
): Promise<HerdRun> {
  const { server, meter } = ground
  const { dialect, headers } = server.subject
  const topic = topics[0]!
  await using publisher = new Publishers(server.publishOrigin, dialect, 1, headers)
  const generator = ground.startGenerator()
  show(`${readers} readers of events connect`)
  await untilQuiet(stage, ground, quietMs)
  const bytesBefore = meter.serverBytes
  const connecting = meter.begin()
  const plan = { origin: server.origin, path: dialects[dialect].eventsOf!(topic), localAddresses: loopbackAddresses }
  await generator.order('watch', { ...plan, readers })
  await untilQuiet(stage, ground, quietMs)
  const connect = connecting.end()
  const bytesAfter = meter.serverBytes
  const all: HerdRound[] = []
  while (all.length < warmUps + rounds) {
    const round = all.length + 1
    show(`event ${round} of ${warmUps + rounds}`)
    const park = meter.begin().end()
    const delivering = meter.begin()
    const publishedMs = nowMs()
    const { isAccepted, reply } = await publisher.publish(topic, JSON.stringify({ dueMs: publishedMs }))
    const watched = await watchUntil(stage, ground, generator, readers)
    const deliver = delivering.end()
    const complaints = judgeEvents({ readers, publishedMs, ...watched })
    if (!isAccepted) complaints.push(`the publish was answered with ${reply.status}: ${reply.body}`)
    const latencies = watched.arrivedMs.map((ms) => ms - publishedMs)
    const wallMs = latencies.reduce((most, ms) => Math.max(most, ms), 0)
    all.push({
      publishedMs,
      latencies,
      wallMs,
      park,
      deliver,
      complaints: complaints.map((text) => `event ${round}: ${text}`),
    })
  }
  await generator.order('leaveEvents')
  const bytesEach = bytesOfEach(bytesBefore, bytesAfter, readers)
  return { connect, warmUps: all.slice(0, warmUps), rounds: all.slice(warmUps), bytesEach }
}

/** What came, once it is quiet and all have their event; on a busy machine it is quiet sooner than that. */
async function watchUntil(stage: Pick<Stage, 'signal'>, ground: Ground, generator: Generator, readers: number) {
  const all = { dueMs: [] as number[], arrivedMs: [] as number[], ended: 0 }
  const endMs = nowMs() + replyMs
  do {
    await untilQuiet(stage, ground, quietMs)
    const { dueMs, arrivedMs, ended } = await generator.order('watched')
    all.dueMs.push(...dueMs)
    all.arrivedMs.push(...arrivedMs)
    all.ended = ended
  } while (all.dueMs.length < readers && all.ended === 0 && nowMs() < endMs)
  return all
}

/** One event, as it was seen. */
export interface EventObserved {
  readonly readers: number
  readonly publishedMs: number
  /** Of each that came, when it was due. */
  readonly dueMs: readonly number[]
  readonly ended: number
}

/** Each reader is to get this event, once, and to stay. */
export function judgeEvents({ readers, publishedMs, dueMs, ended }: EventObserved): string[] {
  const others = dueMs.filter((due) => due !== publishedMs).length
  return [
    ...(dueMs.length === readers ? [] : [`${dueMs.length} events came to ${readers} readers`]),
    ...(others === 0 ? [] : [`${others} of them are of another message`]),
    ...(ended === 0 ? [] : [`${ended} event streams were ended`]),
  ]
}

function bytesOfEach(before: number | undefined, after: number | undefined, readers: number): number | undefined {
  return before === undefined || after === undefined ? undefined : (after - before) / readers
}

/** What was wrong in any of its rounds. */
export function complaintsIn({ warmUps, rounds }: HerdRun): string[] {
  return [...warmUps, ...rounds].flatMap(({ complaints }) => complaints)
}

/** Server CPU to park and to deliver, in microseconds for each reader. */
export function cycleOf({ park, deliver }: Pick<HerdRound, 'park' | 'deliver'>, readers: number): number | undefined {
  const [one, other] = [cpuEach(park, readers), cpuEach(deliver, readers)]
  return one === undefined || other === undefined ? undefined : one + other
}

/** Some servers refuse polls when they come too fast, and their clients try again. */
async function insist(stage: Pick<Stage, 'signal'>, ground: Ground, generator: Generator, perSecond: number) {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const { polls } = await generator.order('again', perSecond)
    if (polls === 0) return
    await untilQuiet(stage, ground, quietMs)
  }
}

async function deliver(
  publisher: Publishers,
  generator: Generator,
  readers: number,
  offset: number,
): Promise<Omit<HerdRound, 'park' | 'deliver'>> {
  const data = { round: offset, text: 'one message for everybody' }
  const collecting = generator.order('collect', replyMs)
  const publishedMs = nowMs()
  const [{ isAccepted, reply }, { arrivedMs, replies, faults }] = await Promise.all([
    publisher.publish(fanOutTopic, JSON.stringify(data)),
    collecting,
  ])
  const latencies = [...arrivedMs].map((ms) => ms - publishedMs)
  const waiting = isAccepted && reply.status === 201 ? parsed<{ waiting?: number }>(reply.body)?.waiting : undefined
  const complaints = judgeRound({ readers, offset, data, waiting, replies, faults })
  if (!isAccepted) complaints.push(`the publish was answered with ${reply.status}: ${reply.body}`)
  return { publishedMs, latencies, wallMs: latencies.reduce((most, ms) => Math.max(most, ms), 0), complaints }
}

export function judgeRound({ readers, offset, data, waiting, replies, faults }: RoundObserved): string[] {
  const complaints = complaintsOf(faults)
  if (waiting !== undefined && waiting !== readers) {
    complaints.push(`the publish found ${waiting} waiting, not ${readers}`)
  }
  const count = replies.reduce((sum, reply) => sum + reply.count, 0)
  if (count !== readers) complaints.push(`there were ${count} replies for ${readers} polls`)
  for (const { status, body, count } of replies) {
    const what = status === 200 ? wrongIn(body, offset, data) : `the status ${status}`
    if (what !== undefined) complaints.push(`${count} replies have ${what}: ${body.slice(0, 200)}`)
  }
  return complaints.map((complaint) => `round ${offset}: ${complaint}`)
}

function wrongIn(body: string, offset: number, data: unknown): string | undefined {
  const reply = parsed<PollReply>(body)
  if (reply === undefined) return 'no JSON'
  const [message, ...others] = reply.messages
  if (message === undefined) return 'no message'
  if (others.length > 0) return `${reply.messages.length} messages`
  if (message.topic !== fanOutTopic) return `a message of ${message.topic}`
  if (message.offset !== offset) return `the message ${message.offset} instead of ${offset}`
  if (JSON.stringify(message.data) !== JSON.stringify(data)) return 'other data than was published'
  const verdict = reply.topics[fanOutTopic]?.verdict
  return verdict === 'ok' ? undefined : `the verdict ${verdict}`
}

/** Undefined when it is not JSON. */
function parsed<Value>(text: string): Value | undefined {
  try {
    return JSON.parse(text) as Value
  } catch {
    return undefined
  }
}
