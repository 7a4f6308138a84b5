// Rounds of a herd: all its polls are parked, one publish answers them, and again, over the same connections. What each half
// costs the server is read from the operating system, between moments in which neither it nor the generator does anything.

import type { Collected } from '../generator/orders.ts'
import { nowMs } from '../measure/clock.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Generator } from '../processes/generator.ts'
import { type Ground, loopbackAddresses, type Stage } from '../scenario.ts'
import { judgeFanOut } from '../scenarios/fan-out.ts'
import { Publishers } from './publishers.ts'

const replyMs = 30_000
const mostTries = 10

export interface HerdPlan {
  /** All of them are read by each reader; the message goes to the first, which is that of the fan-out. */
  readonly topics: readonly string[]
  readonly readers: number
  readonly rounds: number
  /** Rounds before these, in which the server's code is compiled as it goes. */
  readonly warmUps: number
  show(round: number): void
}

export interface HerdRound {
  /** Of each reply, from the moment before the publish. */
  readonly latencies: readonly number[]
  /** To the last of them. */
  readonly wallMs: number
  readonly park: Use
  readonly deliver: Use
  /** What was wrong with the replies. */
  readonly complaints: readonly string[]
}

export async function herdRounds(
  stage: Pick<Stage, 'signal'>,
  ground: Ground,
  { topics, readers, rounds, warmUps, show }: HerdPlan,
): Promise<HerdRound[]> {
  const { server, meter } = ground
  const { dialect, pollsPerSecond } = server.subject
  using publisher = new Publishers(server.publishOrigin, dialect, 1)
  const generator = ground.startGenerator()
  await generator.order('open', {
    origin: server.origin,
    topics,
    isTogether: true,
    readersPerTopic: readers,
    localAddresses: loopbackAddresses,
    dialect,
  })
  const all: HerdRound[] = []
  while (all.length < warmUps + rounds) {
    show(all.length + 1 - warmUps)
    await untilQuiet(stage, ground)
    const parking = meter.begin()
    await generator.order('park', pollsPerSecond === undefined ? null : { perSecond: pollsPerSecond })
    await untilQuiet(stage, ground)
    if (pollsPerSecond !== undefined) await insist(stage, ground, generator, pollsPerSecond)
    const park = parking.end()

    const delivering = meter.begin()
    const collecting = generator.order('collect', { timeoutMs: replyMs })
    const seen = await deliver(publisher, collecting, { topic: topics[0]!, readers, offset: all.length + 1 })
    all.push({ park, deliver: delivering.end(), ...seen })
  }
  await generator.order('leave', null)
  return all.slice(warmUps)
}

/** Some servers refuse polls when they come too fast, and their clients try again. */
async function insist(
  stage: Pick<Stage, 'signal'>,
  ground: Ground,
  generator: Generator,
  perSecond: number,
): Promise<void> {
  for (let tries = 0; tries < mostTries; tries += 1) {
    const { polls } = await generator.order('again', { perSecond })
    if (polls === 0) return
    await untilQuiet(stage, ground)
  }
}

async function deliver(
  publisher: Publishers,
  collecting: Promise<Collected>,
  { topic, readers, offset }: { topic: string; readers: number; offset: number },
): Promise<Omit<HerdRound, 'park' | 'deliver'>> {
  const data = { round: offset, text: 'one message for everybody' }
  const publishedMs = nowMs()
  const [{ isAccepted, reply }, { arrivedMs, replies, faults }] = await Promise.all([
    publisher.publish(topic, JSON.stringify(data)),
    collecting,
  ])
  const latencies = [...arrivedMs].map((ms) => ms - publishedMs)
  const complaints = judgeFanOut({ readers, offset, data, waiting: readers, replies, faults })
  if (!isAccepted) complaints.push(`the publish was answered with ${reply.status}: ${reply.body}`)
  return { latencies, wallMs: latencies.reduce((most, ms) => Math.max(most, ms), 0), complaints }
}
