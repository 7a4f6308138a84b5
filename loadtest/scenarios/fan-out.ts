// Fan-out: one publish, and all polls that wait on its topic are answered. Several rounds over the same connections, and where
// there are peers, the same at them.

import { cycleOf, fanOutTopic, type HerdRun, herdRounds } from '../client/herd-rounds.ts'
import { compare, ours } from '../contenders.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Samples, Use } from '../measure/meter.ts'
import { checkOpenFiles } from '../processes/open-files.ts'
import { cpuEach, median } from '../report/details.ts'
import { arrivals, barsOfPeers, cpuAndMemory, latencyCurve } from '../report/plots.ts'
import type { Detail, Outcome, Scenario, Stage } from '../scenario.ts'
import { ratio, type Target, target } from '../targets.ts'

interface FanOut extends Omit<Scenario, 'run' | 'note'> {
  readonly readers: number
  readonly targets?: (costs: ReadonlyMap<string, HerdCost>) => Target[]
}

/** What a contender needs, in the median round. CPU is in microseconds for each client. */
export interface HerdCost {
  readonly wallMs: number | undefined
  readonly park: number | undefined
  readonly deliver: number | undefined
  readonly cycle: number | undefined
}

const rounds = { rounds: 7, warmUps: 2 }
const quickRounds = { rounds: 3, warmUps: 1 }
/** Of a server whose polls have to be sent slowly. */
const slowRounds = { rounds: 2, warmUps: 1 }
const passes = 2

const note =
  'Latency is from the moment before the publish is sent to the arrival of each reply, over all rounds but the first, in which code is compiled as it goes; the rate is that of the median round, to its last reply. Park is from the first request to when server and generator have nothing left to do, deliver from the publish to the last reply. Server, readers and publisher share the cores of this machine. node:net is the floor: it parses next to nothing and writes prepared bytes, so its wall time is about what generator and system need alone.'

export const [fanOut1000, fanOut10000] = ([1_000, 10_000] as const).map((readers) => {
  const count = readers.toLocaleString('en-US')
  return fanOut({
    name: `fan-out-${readers}`,
    title: `one publish to ${count} polls that wait on one topic`,
    invariant: `All ${count} polls wait when the message is published, and each gets one reply: 200, with that message alone and the verdict ok.`,
    readers,
  })
}) as [Scenario, Scenario]

export const herd = fanOut({
  name: 'herd',
  title: 'one publish to 10,000 polls that wait on one topic, ours and the peers in turn',
  invariant:
    'Each of the 10,000 polls gets one reply: with that message, and with nothing else. A peer that answers otherwise is left out, and named.',
  readers: 10_000,
  peers: ['node:net', 'node:http', 'Fastify', 'nchan', 'faye', 'CometD', 'socket.io', 'Pushpin'],
  longestMs: 900_000,
  targets: herdTargets,
})

export function herdTargets(costs: ReadonlyMap<string, HerdCost>): Target[] {
  const of = (name: string) => ratio(costs.get(ours)?.cycle, costs.get(name)?.cycle)
  return [
    target('herdWall', ratio(costs.get(ours)?.wallMs, costs.get('nchan')?.wallMs)),
    target('herdOfNchan', of('nchan')),
    target('herdOfFaye', of('faye')),
    target('herdOfCometd', of('CometD')),
  ]
}

function fanOut({ readers, targets = () => [], ...scenario }: FanOut): Scenario {
  const run = async (stage: Stage): Promise<Outcome> => {
    checkOpenFiles(readers)
    let samples: Samples | undefined
    const turns = scenario.peers === undefined || stage.isQuick ? 1 : passes
    const { done, skipped } = await compare(stage, scenario, turns, async (contender) => {
      await using ground = await contender.start()
      if (contender.name === ours) samples ??= ground.meter.samples
      const isSlow = ground.server.subject.pollsPerSecond !== undefined
      const wanted = isSlow ? slowRounds : stage.isQuick ? quickRounds : rounds
      const show = (text: string) => stage.show(`${contender.name}: ${text}`)
      const run = await herdRounds(stage, ground, { topics: [fanOutTopic], readers, ...wanted, show })
      const complaint = [...run.warmUps, ...run.rounds].flatMap(({ complaints }) => complaints)[0]
      if (complaint !== undefined && contender.name !== ours) throw new Error(complaint)
      return [run]
    })
    const costs = new Map([...done].map(([name, runs]) => [name, costOf(runs, readers)]))
    const first = done.get(ours)!
    return {
      complaints: first.flatMap(({ warmUps, rounds }) =>
        [...warmUps, ...rounds].flatMap(({ complaints }) => complaints),
      ),
      rows: [...done].map(([name, runs]) => rowOf(scenario.name, name, runs, readers)),
      details: [...done].flatMap(([name, runs]) => detailsOf(name, runs, costs.get(name)!)),
      plots: [
        arrivals('Replies after the publish, median round', middleOf(first).latencies),
        latencyCurve('From publish to the reply, all rounds', mapped(done, latenciesOf)),
        ...barsOfPeers(
          'Server CPU for each client, park and deliver',
          'µs',
          mapped(costs, ({ cycle }) => cycle),
        ),
        ...barsOfPeers(
          'From the publish to the last reply, median round',
          'ms',
          mapped(costs, ({ wallMs }) => wallMs),
        ),
        ...cpuAndMemory(samples!),
      ],
      targets: targets(costs),
      skipped,
    }
  }
  return { ...scenario, note, run }
}

function costOf(runs: readonly HerdRun[], readers: number): HerdCost {
  const all = runs.flatMap(({ rounds }) => rounds)
  const cpu = (pick: (round: (typeof all)[number]) => Use) => median(all.map((round) => cpuEach(pick(round), readers)))
  return {
    wallMs: median(all.map(({ wallMs }) => wallMs)),
    park: cpu(({ park }) => park),
    deliver: cpu(({ deliver }) => deliver),
    cycle: median(all.map((round) => cycleOf(round, readers))),
  }
}

function middleOf(runs: readonly HerdRun[]) {
  const byWall = runs.flatMap(({ rounds }) => rounds).toSorted((a, b) => a.wallMs - b.wallMs)
  return byWall[Math.floor((byWall.length - 1) / 2)]!
}

function latenciesOf(runs: readonly HerdRun[]): Latencies {
  return Latencies.of(runs.flatMap(({ rounds }) => rounds.flatMap(({ latencies }) => latencies)))
}

function rowOf(scenario: string, name: string, runs: readonly HerdRun[], readers: number) {
  const { wallMs, deliver } = middleOf(runs)
  const latency = latenciesOf(runs).summary()
  return {
    label: `${scenario}: ${name}`,
    what: 'deliveries',
    count: readers,
    seconds: wallMs / 1_000,
    latency,
    use: deliver,
  }
}

function detailsOf(name: string, runs: readonly HerdRun[], { wallMs, park, deliver, cycle }: HerdCost): Detail[] {
  const best = Math.min(...runs.flatMap(({ rounds }) => rounds.map(({ wallMs }) => wallMs)))
  const { bytesEach, warmUps } = runs[0]!
  return [
    { label: `${name}: wall time of the fan-out, median round`, value: wallMs, unit: 'ms' },
    { label: `${name}: wall time of the fan-out, best round`, value: best, unit: 'ms' },
    { label: `${name}: wall time of the fan-out, first round`, value: warmUps[0]?.wallMs, unit: 'ms' },
    { label: `${name}: server CPU per client, to park`, value: park, unit: 'µs' },
    { label: `${name}: server CPU per client, to deliver`, value: deliver, unit: 'µs' },
    { label: `${name}: server CPU per client, the whole cycle`, value: cycle, unit: 'µs' },
    {
      label: `${name}: memory added by each client, connected and waiting`,
      value: bytesEach && bytesEach / 1_024,
      unit: 'KiB',
    },
  ]
}

function mapped<Value, Result>(all: ReadonlyMap<string, Value>, pick: (value: Value) => Result): Map<string, Result> {
  return new Map([...all].map(([name, value]) => [name, pick(value)]))
}
