// Fan-out: one publish, and all polls that wait on its topic are answered. Several rounds over the same connections, where there
// are peers the same at them, and where it says so at several servers side by side.

import { complaintsIn, cycleOf, eventRounds, fanOutTopic, type HerdRun, herdRounds } from '../client/herd-rounds.ts'
import { sideBySide } from '../client/side-by-side.ts'
import { compare, ours } from '../contenders.ts'
import { Latencies } from '../measure/latencies.ts'
import type { Samples, Use } from '../measure/meter.ts'
import { checkOpenFiles } from '../processes/child.ts'
import { cpuEach, detail, median, ratio } from '../report/figures.ts'
import { arrivals, barsOfPeers, cpuAndMemory, latencyCurve } from '../report/plots.ts'
import type { Detail, Outcome, Row, Scenario, Stage } from '../scenario.ts'
import { type Target, target } from '../targets.ts'
import { browserHeaders } from './memory.ts'

interface FanOut extends Omit<Scenario, 'run' | 'note'> {
  readonly readers: number
  readonly note?: string
  readonly targets?: (costs: ReadonlyMap<string, HerdCost>) => Target[]
  /** How many servers share the readers. Each has one round then, of polls with the headers of a browser. */
  readonly servers?: number
  /** Readers of an event stream instead of polls. */
  readonly isEvents?: boolean
  /** With --quick; as many as without when it is left out. */
  readonly quickReaders?: number
}

/** What a contender needs, in the median round. CPU is in microseconds for each client. */
export interface HerdCost {
  readonly wallMs: number | undefined
  readonly park: number | undefined
  readonly deliver: number | undefined
  readonly cycle: number | undefined
}

const usual = { rounds: 7, warmUps: 2 }
const quick = { rounds: 3, warmUps: 1 }
/** Of a server whose polls have to be sent slowly. */
const slow = { rounds: 2, warmUps: 1 }
const once = { rounds: 1, warmUps: 0, headers: browserHeaders }
const passes = 2

const usualNote =
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

export const events = fanOut({
  name: 'events',
  title: "one publish to 10,000 readers of an event stream, ours and nchan's in turn",
  invariant: 'Each of the 10,000 readers gets each message once, and none of their streams ends.',
  note: 'A reader parks once, by connecting: a round is a publish and what it sets off, to the last event. Polls of the same size, and what they cost, are in `herd`: run both for one table.',
  readers: 10_000,
  peers: ['nchan'],
  isEvents: true,
  longestMs: 600_000,
  targets: (costs) => [target('eventsOfNchan', ratio(costs.get(ours)?.deliver, costs.get('nchan')?.deliver))],
})

export const hundredThousand = fanOut({
  name: 'hundred-thousand',
  title: '100,000 polls with the headers of a browser that wait on six servers, and one publish to each',
  invariant: 'Each of the polls gets one reply: with the message of its server, and with nothing else.',
  note: 'Six servers that know nothing of each other, each with its generator, all on the cores of this machine; 12,000 polls in all with --quick. CPU and memory are those of all servers together. Wall time is from the first publish to the last reply of all.',
  readers: 100_000,
  quickReaders: 12_000,
  servers: 6,
  longestMs: 600_000,
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

function fanOut({
  readers: usualReaders,
  quickReaders,
  servers = 1,
  isEvents,
  targets,
  note,
  ...scenario
}: FanOut): Scenario {
  const run = async (stage: Stage): Promise<Outcome> => {
    const wanted = (stage.isQuick ? quickReaders : undefined) ?? usualReaders
    const each = Math.ceil(wanted / servers)
    const readers = each * servers
    checkOpenFiles(each)
    let samples: Samples | undefined
    const turns = scenario.peers === undefined || stage.isQuick ? 1 : passes
    const { done, skipped } = await compare(stage, scenario, turns, async ({ name, start }) => {
      await using first = await start()
      if (name === ours) samples ??= first.meter.samples
      const isSlow = first.server.subject.pollsPerSecond !== undefined
      const rounds = servers > 1 ? once : isSlow ? slow : stage.isQuick ? quick : usual
      const show = (text: string) => stage.show(`${name}: ${text}`)
      const plan = { topics: [fanOutTopic], readers: each, ...rounds, show }
      const play = isEvents ? eventRounds : herdRounds
      const run = await (servers > 1 ? sideBySide(stage, first, servers, plan) : play(stage, first, plan))
      const complaint = complaintsIn(run)[0]
      if (complaint !== undefined && name !== ours) throw new Error(complaint)
      return [run]
    })
    const results = [...done].map(([name, runs]) => resultOf(name, runs, readers))
    const of = <Value>(pick: (result: Result) => Value) =>
      results.map((result): [string, Value] => [result.name, pick(result)])
    const costs = of(({ cost }) => cost)
    return {
      complaints: done.get(ours)!.flatMap(complaintsIn),
      rows: results.map((result) => rowOf(scenario.name, result, readers)),
      details: results.flatMap((result) => detailsOf(result, readers)),
      plots: [
        arrivals('Replies after the publish, median round', results[0]!.middle.latencies),
        latencyCurve(
          'From publish to the reply, all rounds',
          of(({ latencies }) => latencies),
        ),
        ...barsOfPeers(
          'Server CPU for each client, park and deliver',
          'µs',
          of(({ cost }) => cost.cycle),
        ),
        ...barsOfPeers(
          'From the publish to the last reply, median round',
          'ms',
          of(({ cost }) => cost.wallMs),
        ),
        ...cpuAndMemory(samples!),
      ],
      targets: targets?.(new Map(costs)) ?? [],
      skipped,
    }
  }
  return { ...scenario, note: note ?? usualNote, run }
}

type Result = ReturnType<typeof resultOf>

/** What came of one contender. */
function resultOf(name: string, runs: readonly HerdRun[], readers: number) {
  const all = runs.flatMap(({ rounds }) => rounds).toSorted((a, b) => a.wallMs - b.wallMs)
  const cpu = (pick: (round: (typeof all)[number]) => Use) => median(all.map((round) => cpuEach(pick(round), readers)))
  const cost: HerdCost = {
    wallMs: median(all.map(({ wallMs }) => wallMs)),
    park: cpu(({ park }) => park),
    deliver: cpu(({ deliver }) => deliver),
    cycle: median(all.map((round) => cycleOf(round, readers))),
  }
  const latencies = Latencies.of(all.flatMap(({ latencies }) => latencies))
  return { name, first: runs[0]!, cost, latencies, best: all[0]!, middle: all[Math.floor((all.length - 1) / 2)]! }
}

function rowOf(scenario: string, { name, middle, latencies }: Result, count: number): Row {
  const { wallMs, deliver: use } = middle
  const label = `${scenario}: ${name}`
  return { label, what: 'deliveries', count, seconds: wallMs / 1_000, latency: latencies.summary(), use }
}

function detailsOf({ name, first, cost, best }: Result, readers: number): Detail[] {
  const { bytesEach, warmUps, connect, rounds } = first
  const firstParked = (warmUps[0] ?? rounds[0]!).park
  return [
    detail(`${name}: readers that waited`, readers, ''),
    detail(`${name}: from the first connection to the last reader parked`, connect.wallMs + firstParked.wallMs, 'ms'),
    detail(`${name}: wall time of the fan-out, median round`, cost.wallMs, 'ms'),
    detail(`${name}: wall time of the fan-out, best round`, best.wallMs, 'ms'),
    ...warmUps.slice(0, 1).map(({ wallMs }) => detail(`${name}: wall time of the fan-out, first round`, wallMs, 'ms')),
    detail(`${name}: server CPU per client, to connect`, cpuEach(connect, readers), 'µs'),
    detail(`${name}: server CPU per client, to park`, cost.park, 'µs'),
    detail(`${name}: server CPU per client, to deliver`, cost.deliver, 'µs'),
    detail(`${name}: server CPU per client, the whole cycle`, cost.cycle, 'µs'),
    detail(`${name}: memory added by each client, connected and waiting`, bytesEach && bytesEach / 1_024, 'KiB'),
  ]
}
