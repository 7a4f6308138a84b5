// Offered rates, compared: messages are due at fixed moments, whether or not a server keeps up, and the rate climbs until its
// latency bends.

import { complaintsOf } from '../client/faults.ts'
import { latenciesDue, offerWhile } from '../client/offered-phase.ts'
import { type Contender, fieldOf } from '../contenders.ts'
import type { LatencySummary } from '../measure/latencies.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Plot } from '../report/plots.ts'
import { type Detail, loopbackAddresses, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'

const topicCount = 100
const readersPerTopic = 10
const rates = [50, 100, 200, 500, 1_000, 2_000, 3_500, 5_000]
const quickRates = [50, 500, 2_000]
const warmUpRate = 200
const warmUpMs = 2_000
const catchUpMs = 60_000
/** Above this a server has bent. */
const bentMs = 100
/** Far beyond it, there is nothing more to learn from higher rates, and they would take longer and longer. */
const brokenMs = 1_000

/** One rate, at one server. */
export interface Step {
  readonly perSecond: number
  readonly seconds: number
  /** Publishes that were accepted, and messages that readers have got of them. */
  readonly published: number
  readonly delivered: number
  readonly complaints: readonly string[]
  /** Undefined when nothing arrived. */
  readonly latency: LatencySummary | undefined
  /** Of the publisher: 99 % of messages left at most so late. */
  readonly lateMs: number | undefined
  readonly use: Use
}

export const offeredRates: Scenario = {
  name: 'rates',
  title: '1,000 readers of 100 topics, at 50 to 5,000 messages a second, ours and the peers in turn',
  invariant: 'Each reader sees every message of its topic once, in order, at every rate.',
  note: 'Latency is from when a message was due to be published to its delivery, so a stall is seen in all the messages that it delays (corrected for coordinated omission). A server that needs more than a second for a hundredth of the messages is offered no more. Each message goes to ten readers.',
  longestMs: 600_000,
  run,
}

export function judgeSteps(steps: readonly Step[]): string[] {
  return steps.flatMap(({ perSecond, published, delivered, complaints }) => {
    const due = published * readersPerTopic
    const lost = delivered === due ? [] : [`${due} deliveries were due and there were ${delivered}`]
    const nothing = published === 0 ? ['nothing was published'] : []
    return [...complaints, ...lost, ...nothing].map((complaint) => `at ${perSecond} a second: ${complaint}`)
  })
}

/** The first rate at which more than a hundredth of the messages took too long; undefined when there is none. */
export function bendOf(steps: readonly Pick<Step, 'perSecond' | 'latency'>[]): number | undefined {
  return steps.find(({ latency }) => latency === undefined || latency.p99 > bentMs)?.perSecond
}

async function run(stage: Stage): Promise<Outcome> {
  const { contenders, skipped } = fieldOf(stage, ['CometD', 'faye'])
  const failed: { name: string; reason: string }[] = []
  const all = new Map<string, readonly Step[]>()
  for (const contender of contenders) {
    try {
      all.set(contender.name, await climb(stage, contender))
    } catch (error) {
      stage.signal.throwIfAborted()
      if (contender.name === 'Encke') throw error
      failed.push({ name: contender.name, reason: (error as Error).message })
    }
  }
  return {
    complaints: judgeSteps(all.get('Encke') ?? []),
    rows: [...all].flatMap(([name, steps]) => steps.map((step) => rowOf(name, step))),
    details: [...all].flatMap(([name, steps]) => detailsOf(name, steps)),
    plots: [
      plotOf('p50 over the rate', all, ({ p50 }) => p50),
      plotOf('p99 over the rate', all, ({ p99 }) => p99),
      plotOf('p99.9 over the rate', all, ({ p999 }) => p999),
      plotOf('The worst over the rate', all, ({ worst }) => worst),
    ],
    skipped: [...skipped, ...failed],
  }
}

/** One rate after the other, over the same connections, each begun when the server has nothing left of the one before. */
async function climb(stage: Stage, contender: Contender): Promise<Step[]> {
  stage.show(`${contender.name}: readers connect`)
  await using ground = await contender.start()
  const { server, meter } = ground
  const { dialect } = server.subject
  const generator = ground.startGenerator()
  const topics = Array.from({ length: topicCount }, (_, at) => `load/rate-${at}`)
  const plan = { origin: server.origin, topics, readersPerTopic, localAddresses: loopbackAddresses, dialect }
  await generator.order('open', plan)
  await generator.order('follow', null)

  const offer = async (perSecond: number, ms: number): Promise<Step> => {
    const offering = { origin: server.publishOrigin, topics, perSecond, dialect }
    const phase = await offerWhile(meter, offering, () => pause(ms))
    await untilQuiet(stage, ground, catchUpMs)
    const heard = await generator.order('heard', null)
    const { published, use } = phase
    return {
      perSecond,
      seconds: ms / 1_000,
      published,
      delivered: heard.arrivedMs.length,
      complaints: [phase.faults, heard.faults].flatMap(complaintsOf),
      latency: latenciesDue(heard, phase).summary(),
      lateMs: phase.lateness.summary()?.p99,
      use,
    }
  }
  await offer(warmUpRate, warmUpMs)
  const steps: Step[] = []
  for (const perSecond of stage.isQuick ? quickRates : rates) {
    stage.show(`${contender.name}: ${perSecond} messages a second`)
    const step = await offer(perSecond, Math.max(1_500, stage.durationMs / 2))
    steps.push(step)
    if ((step.latency?.p99 ?? Number.POSITIVE_INFINITY) > brokenMs) break
  }
  await generator.order('leave', null)
  return steps
}

function rowOf(name: string, { perSecond, delivered, seconds, latency, use }: Step) {
  const label = `rates: ${name} at ${perSecond.toLocaleString('en-US')}/s`
  return { label, what: 'deliveries', count: delivered, seconds, latency, use }
}

function detailsOf(name: string, steps: readonly Step[]): Detail[] {
  const bend = bendOf(steps)
  const last = steps.at(-1)
  const due = steps.reduce((sum, { published }) => sum + published * readersPerTopic, 0)
  const delivered = steps.reduce((sum, step) => sum + step.delivered, 0)
  return [
    bend === undefined
      ? { label: `${name}: p99 stays within ${bentMs} ms up to`, value: last?.perSecond, unit: 'messages/s' }
      : { label: `${name}: bends (p99 above ${bentMs} ms) at`, value: bend, unit: 'messages/s' },
    { label: `${name}: of the deliveries that were due, there were`, value: (100 * delivered) / due, unit: '%' },
    ...steps.map(({ perSecond, latency }) => ({
      label: `${name}: p99.9 at ${perSecond} a second`,
      value: latency?.p999,
      unit: 'ms',
    })),
    {
      label: `${name}: at its last rate messages left later than due, 99 % at most by`,
      value: last?.lateMs,
      unit: 'ms',
    },
  ]
}

function plotOf(
  title: string,
  all: ReadonlyMap<string, readonly Step[]>,
  pick: (summary: LatencySummary) => number,
): Plot {
  const series = [...all].map(([label, steps]) => {
    const told = steps.filter((step): step is Step & { latency: LatencySummary } => step.latency !== undefined)
    return { label, x: told.map(({ perSecond }) => perSecond), y: told.map(({ latency }) => pick(latency)) }
  })
  return {
    title,
    kind: 'lines',
    x: { label: 'offered', unit: 'messages/s', scale: 'logarithmic' },
    y: { label: 'from due to delivered', unit: 'ms', scale: 'logarithmic' },
    series,
  }
}
