// A herd, compared: one publish to ten thousand polls that wait on one topic, at Encke and at its peers in turn.

import { type HerdRound, herdRounds } from '../client/herd-rounds.ts'
import { type Contender, fieldOf, inTurn } from '../contenders.ts'
import { Latencies } from '../measure/latencies.ts'
import { checkOpenFiles } from '../processes/open-files.ts'
import { median, perOperation } from '../report/details.ts'
import { namedBars } from '../report/plots.ts'
import type { Detail, Outcome, Row, Scenario, Stage } from '../scenario.ts'
import { ratio, type Target, target } from '../targets.ts'
import { fanOutTopic } from './fan-out.ts'

const readers = 10_000
const rounds = { rounds: 7, warmUps: 2 }
const quickRounds = { rounds: 3, warmUps: 1 }
/** Of a server whose polls have to be sent slowly. */
const slowRounds = { rounds: 2, warmUps: 1 }
const passes = 2

/** What a contender needs, in the median round. CPU is in microseconds for each client. */
export interface HerdCost {
  readonly wallMs: number | undefined
  readonly park: number | undefined
  readonly deliver: number | undefined
  readonly cycle: number | undefined
}

export const herd: Scenario = {
  name: 'herd',
  title: 'one publish to 10,000 polls that wait on one topic, ours and the peers in turn',
  invariant:
    'Each of the 10,000 polls gets one reply: with that message, and with nothing else. A peer that answers otherwise is left out, and named.',
  note: 'Park is from the first request to when server and generator have nothing left to do; deliver from the publish to the last reply. Of each server the first rounds after its start are left out, because code is compiled as it goes. node:net is the floor: it parses next to nothing and writes prepared bytes, so its wall time is about what generator and system need alone.',
  longestMs: 900_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  checkOpenFiles(readers)
  const { contenders, skipped } = fieldOf(stage, [
    'node:net',
    'node:http',
    'Fastify',
    'nchan',
    'faye',
    'CometD',
    'socket.io',
    'Pushpin',
  ])
  const failed: { name: string; reason: string }[] = []
  const done = new Map<Contender, HerdRound[]>()
  for (const contender of inTurn(contenders, stage.isQuick ? 1 : passes)) {
    try {
      const rounds = await turn(stage, contender)
      const complaint = rounds.flatMap(({ complaints }) => complaints)[0]
      if (complaint !== undefined && contender.name !== 'Encke') throw new Error(complaint)
      done.set(contender, [...(done.get(contender) ?? []), ...rounds])
    } catch (error) {
      stage.signal.throwIfAborted()
      if (contender.name === 'Encke') throw error
      done.delete(contender)
      failed.push({ name: contender.name, reason: (error as Error).message })
    }
  }
  return outcome(done, [...skipped, ...failed])
}

/** Some rounds over the same connections to a server of its own. */
async function turn(stage: Stage, contender: Contender): Promise<HerdRound[]> {
  stage.show(`${contender.name}: ${readers} readers connect`)
  await using ground = await contender.start()
  const isSlow = ground.server.subject.pollsPerSecond !== undefined
  const wanted = isSlow ? slowRounds : stage.isQuick ? quickRounds : rounds
  const show = (round: number) =>
    stage.show(`${contender.name}: ${round > 0 ? `round ${round} of ${wanted.rounds}` : 'warm-up'}`)
  // Awaited here: the server ends with this function.
  return await herdRounds(stage, ground, { topics: [fanOutTopic], readers, ...wanted, show })
}

function costOf(all: readonly HerdRound[]): HerdCost {
  const park = median(all.map((round) => perOperation('', round.park, readers).value))
  const deliver = median(all.map((round) => perOperation('', round.deliver, readers).value))
  return {
    wallMs: median(all.map(({ wallMs }) => wallMs)),
    park,
    deliver,
    cycle: park === undefined || deliver === undefined ? undefined : park + deliver,
  }
}

export function herdTargets(costs: ReadonlyMap<string, HerdCost>): Target[] {
  const of = (name: string) => ratio(costs.get('Encke')?.cycle, costs.get(name)?.cycle)
  return [
    target('herdWall', ratio(costs.get('Encke')?.wallMs, costs.get('nchan')?.wallMs)),
    target('herdOfNchan', of('nchan')),
    target('herdOfFaye', of('faye')),
    target('herdOfCometd', of('CometD')),
  ]
}

function outcome(
  done: ReadonlyMap<Contender, readonly HerdRound[]>,
  skipped: NonNullable<Outcome['skipped']>,
): Outcome {
  const all = [...done].filter(([, rounds]) => rounds.length > 0)
  const costs = new Map(all.map(([{ name }, rounds]) => [name, costOf(rounds)]))
  return {
    complaints: all.flatMap(([, rounds]) => rounds.flatMap(({ complaints }) => complaints)),
    rows: all.map(([{ name }, rounds]) => rowOf(name, rounds)),
    details: [...costs].flatMap(([name, cost]) => detailsOf(name, cost)),
    plots: [
      namedBars(
        'Server CPU for each client, park and deliver',
        'µs',
        mapped(costs, ({ cycle }) => cycle),
      ),
      namedBars(
        'From the publish to the last reply, median round',
        'ms',
        mapped(costs, ({ wallMs }) => wallMs),
      ),
    ],
    targets: herdTargets(costs),
    skipped,
  }
}

function rowOf(name: string, rounds: readonly HerdRound[]): Row {
  const byWall = rounds.toSorted((a, b) => a.wallMs - b.wallMs)
  const middle = byWall[Math.floor((byWall.length - 1) / 2)]!
  return {
    label: `herd: ${name}`,
    what: 'deliveries',
    count: readers,
    seconds: middle.wallMs / 1_000,
    latency: Latencies.of(rounds.flatMap(({ latencies }) => latencies)).summary(),
    use: middle.deliver,
  }
}

function detailsOf(name: string, { wallMs, park, deliver, cycle }: HerdCost): Detail[] {
  return [
    { label: `${name}: wall time of the fan-out, median round`, value: wallMs, unit: 'ms' },
    { label: `${name}: server CPU per client, to park`, value: park, unit: 'µs' },
    { label: `${name}: server CPU per client, to deliver`, value: deliver, unit: 'µs' },
    { label: `${name}: server CPU per client, the whole cycle`, value: cycle, unit: 'µs' },
  ]
}

function mapped<Value>(
  all: ReadonlyMap<string, Value>,
  pick: (value: Value) => number | undefined,
): ReadonlyMap<string, number | undefined> {
  return new Map([...all].map(([name, value]) => [name, pick(value)]))
}
