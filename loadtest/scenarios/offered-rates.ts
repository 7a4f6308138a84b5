// Offered rates: messages are due at fixed moments, whether or not a server keeps up; at one rate, or climbing until its latency
// bends, ours and the peers in turn.

import { judgeOffered, type Offered, type OfferedLoad, offeredRow, startReaders } from '../client/offered.ts'
import { compare, ours } from '../contenders.ts'
import type { LatencySummary } from '../measure/latencies.ts'
import type { Samples } from '../measure/meter.ts'
import { cpuEach, detail } from '../report/figures.ts'
import { cpuAndMemory, latencyCurve, linesOf, type Plot } from '../report/plots.ts'
import { type Detail, type Ground, numbered, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'

interface OfferedRates extends Omit<Scenario, 'run'> {
  readonly topicCount: number
  readonly readersPerTopic: number
  readonly rates: readonly number[]
  readonly quickRates?: readonly number[]
  /** Each rate lasts so much of the duration. */
  readonly share: number
}

const warmUpRate = 200
const warmUpMs = 2_000
/** Above this a server has bent. */
const bentMs = 100
/** Far beyond it, there is nothing more to learn from higher rates, and they would take longer and longer. */
const brokenMs = 1_000

export const topics = offeredRates({
  name: 'topics',
  title: '1,000 topics with 4 readers each, 500 messages a second',
  invariant: 'Each reader sees every message of its topic once, in order, and none of another topic.',
  note: 'Latency counts from when each message was due to when each reader has it, so a stall is seen in all the messages it delays (corrected for coordinated omission).',
  topicCount: 1_000,
  readersPerTopic: 4,
  rates: [500],
  share: 1,
})

export const rates = offeredRates({
  name: 'rates',
  title: '1,000 readers of 100 topics, at 50 to 5,000 messages a second, ours and the peers in turn',
  invariant: 'Each reader sees every message of its topic once, in order, at every rate.',
  note: 'Latency is from when a message was due to be published to its delivery, so a stall is seen in all the messages that it delays (corrected for coordinated omission). A server that needs more than a second for a hundredth of the messages is offered no more. Each message goes to ten readers.',
  peers: ['faye', 'CometD'],
  longestMs: 600_000,
  topicCount: 100,
  readersPerTopic: 10,
  rates: [50, 100, 200, 500, 1_000, 2_000, 3_500, 5_000],
  quickRates: [50, 500, 2_000],
  share: 1 / 2,
})

/** The first rate at which more than a hundredth of the messages took too long; undefined when there is none. */
export function bendOf(steps: readonly Pick<Offered, 'perSecond' | 'latencies'>[]): number | undefined {
  const isBent = (latency: LatencySummary | undefined) => latency === undefined || latency.p99 > bentMs
  return steps.find(({ latencies }) => isBent(latencies.summary()))?.perSecond
}

/** As many messages are in the topics as were accepted. */
export function judgeHeads(published: number, heads: readonly number[]): string[] {
  const inTopics = heads.reduce((sum, head) => sum + head, 0)
  if (inTopics === published) return []
  return [`${published} publishes were answered with 201, and the topics have ${inTopics} messages`]
}

function offeredRates({ topicCount, readersPerTopic, rates, quickRates, share, ...scenario }: OfferedRates): Scenario {
  const names = numbered(`load/${scenario.name}`, topicCount)
  const run = async (stage: Stage): Promise<Outcome> => {
    const wanted = (stage.isQuick ? quickRates : undefined) ?? rates
    const [complaints, samples]: [string[], Samples[]] = [[], []]
    const { done, skipped } = await compare(stage, scenario, 1, async ({ name, start }) => {
      await using ground = await start()
      const show = (text: string) => stage.show(`${name}: ${text}`)
      const load = await startReaders({ ...stage, show }, ground, { topics: names, readersPerTopic })
      const ms = Math.max(1_500, stage.durationMs * share)
      // Once without being measured: the code of server and generators is compiled as it goes.
      const warmUp = await load.offer(warmUpRate, () => pause(warmUpMs))
      const steps = await climb(load, wanted, ms, show)
      if (name !== ours) return steps
      samples.push(ground.meter.samples)
      const all = [warmUp, ...steps]
      complaints.push(...judgeOffered(all, readersPerTopic), ...(await headsOf(ground, all, names)))
      return steps
    })
    const all = [...done]
    return {
      complaints,
      rows: all.flatMap(([name, steps]) => steps.map((step) => offeredRow(labelOf(scenario.name, name, step), step))),
      details: all.flatMap(([name, steps]) => detailsOf(name, steps, readersPerTopic, wanted.length > 1)),
      plots: [...plotsOf(all, wanted.length), ...cpuAndMemory(samples[0]!)],
      skipped,
    }
  }
  return { ...scenario, run }
}

/** One rate after the other, over the same connections, each begun when the server has nothing left of the one before. */
async function climb(load: OfferedLoad, rates: readonly number[], ms: number, show: Stage['show']): Promise<Offered[]> {
  const steps: Offered[] = []
  for (const perSecond of rates) {
    show(`${perSecond} messages a second for ${ms / 1_000} s`)
    const step = await load.offer(perSecond, () => pause(ms))
    steps.push(step)
    if ((step.latencies.summary()?.p99 ?? Number.POSITIVE_INFINITY) > brokenMs) break
  }
  return steps
}

async function headsOf({ server }: Ground, steps: readonly Offered[], topics: readonly string[]): Promise<string[]> {
  const published = steps.reduce((sum, { published }) => sum + published, 0)
  return judgeHeads(published, await Promise.all(topics.map((topic) => server.control.head(topic))))
}

function labelOf(scenario: string, name: string, { perSecond }: Offered): string {
  return `${scenario}: ${name} at ${perSecond.toLocaleString('en-US')}/s`
}

function detailsOf(name: string, steps: readonly Offered[], readersPerTopic: number, isClimbing: boolean): Detail[] {
  const bend = bendOf(steps)
  const last = steps.at(-1)
  const due = steps.reduce((sum, { published }) => sum + published * readersPerTopic, 0)
  const delivered = steps.reduce((sum, step) => sum + step.delivered, 0)
  const within = detail(`${name}: p99 stays within ${bentMs} ms up to`, last?.perSecond, 'messages/s')
  const bent = detail(`${name}: bends (p99 above ${bentMs} ms) at`, bend, 'messages/s')
  return [
    ...(isClimbing ? [bend === undefined ? within : bent] : []),
    detail(`${name}: of the deliveries that were due, there were`, (100 * delivered) / due, '%'),
    ...steps.flatMap(({ perSecond, latencies, use, delivered }) => {
      const cpu = `${name}: server CPU per delivery at ${perSecond} a second (its poll, and its share of a publish)`
      return [
        detail(`${name}: p99.9 at ${perSecond} a second`, latencies.summary()?.p999, 'ms'),
        detail(cpu, cpuEach(use, delivered), 'µs'),
      ]
    }),
    detail(`${name}: at its last rate messages left later than due, 99 % at most by`, last?.lateMs, 'ms'),
  ]
}

function plotsOf(all: readonly (readonly [string, readonly Offered[]])[], rates: number): Plot[] {
  if (rates === 1) {
    const latencies = all.map(([name, steps]) => [name, steps[0]!.latencies] as const)
    return [latencyCurve('From when a message was due to its delivery', latencies)]
  }
  const x = { label: 'offered', unit: 'messages/s', scale: 'logarithmic' } as const
  const y = { label: 'from due to delivered', unit: 'ms', scale: 'logarithmic' } as const
  const rising = (title: string, pick: (summary: LatencySummary) => number) => {
    const yOf = (summary: LatencySummary | undefined) => summary && pick(summary)
    const points = (steps: readonly Offered[]) =>
      steps.map(({ perSecond, latencies }) => [perSecond, yOf(latencies.summary())] as const)
    return linesOf(
      title,
      x,
      y,
      all.map(([name, steps]) => [name, points(steps)] as const),
    )
  }
  return [
    rising('p50 over the rate', ({ p50 }) => p50),
    rising('p99 over the rate', ({ p99 }) => p99),
    rising('p99.9 over the rate', ({ p999 }) => p999),
    rising('The worst over the rate', ({ worst }) => worst),
  ]
}
