// Closed loops: as much as a server takes of one kind of request, each connection asking again when it has its answer; ours
// alone, or beside bare servers that take the same bodies and give replies of the same size.

import { HttpConnection } from '../client/http-connection.ts'
import { type Loop, type LoopResult, loopInTurn, requesting } from '../client/looped-rounds.ts'
import { Publishers } from '../client/publishers.ts'
import { fieldOf, ours } from '../contenders.ts'
import { encke, publishOf } from '../dialects/encke.ts'
import { detail, ratio } from '../report/figures.ts'
import { barsOfPeers, cpuAndMemory, latencyCurve } from '../report/plots.ts'
import { type Ground, numbered, type Outcome, type Scenario, type Stage } from '../scenario.ts'
import { type Target, target } from '../targets.ts'

interface ClosedLoop extends Omit<Scenario, 'run' | 'longestMs'> {
  /** What is counted, in the plural and in the singular. */
  readonly what: string
  readonly one: string
  loopOf(name: string, ground: Ground): Loop | Promise<Loop>
  /** A loop more, with a server of its own. */
  more?(ground: Ground): Loop
  /** What is wrong with our server, once it has given these answers. */
  judge?(ground: Ground, answered: number): Promise<readonly string[]>
  targets?(rateOf: (name: string) => number | undefined): Target[]
}

/** A hundred bytes. */
const body = JSON.stringify({ text: 'x'.repeat(100 - '{"text":""}'.length) })
const topic = 'load/publish'
const toMany = 'Encke, 20,000 topics'
const pairs = 32
const inRounds =
  'Over 50 connections, in rounds, each server in turn; the rate is that of the median round. Bare servers keep the newest message of each topic and nothing else.'

const publishing: Pick<ClosedLoop, 'what' | 'one' | 'loopOf' | 'judge'> = {
  what: 'messages',
  one: 'message',
  loopOf: (name, ground) => publishLoop(name, ground),
  judge: async ({ server: { control } }, answered) => {
    const { messages } = await control.history(topic)
    return judgePublish({
      answered,
      head: await control.head(topic),
      keptOffsets: messages.map(({ offset }) => offset),
      altered: messages.filter(({ data }) => JSON.stringify(data) !== body).length,
    })
  },
}

export const publish = closedLoop({
  ...publishing,
  name: 'publish',
  title: 'as many publishes as one server takes, over 50 connections',
  invariant:
    'Every reply is 201, and the topic has as many messages as there were replies, the newest of them as they were sent.',
  note: 'A slow server is asked less: latencies are those of a server at its limit, not those at a rate it was offered.',
})

export const ingest = closedLoop({
  ...publishing,
  name: 'ingest',
  title: 'as many publishes of 100 bytes as a server takes, ours and the peers in turn',
  invariant: 'Every publish is answered with 201.',
  note: inRounds,
  peers: ['Fastify', 'node:http'],
  more: (ground) => publishLoop(toMany, ground, numbered('load/ingest', 20_000)),
  targets: (rateOf) => [
    target('ingest', ratio(rateOf(ours), rateOf('Fastify'))),
    target('ingestTopics', ratio(rateOf(toMany), rateOf(ours))),
  ],
})

export const news = closedLoop({
  name: 'news',
  title: 'as many polls that find news as a server answers, ours and the peers in turn',
  invariant: 'Every poll is answered with 200 and one message.',
  note: `${inRounds} Each poll has a cursor that is one message behind.`,
  peers: ['Fastify', 'node:http'],
  what: 'polls',
  one: 'poll',
  loopOf: (name, ground) => newsLoop(name, ground, ['load/news']),
  targets: (rateOf) => [target('news', ratio(rateOf(ours), rateOf('Fastify')))],
})

let rounds = 0
export const roundTrips = closedLoop({
  name: 'round-trips',
  title: '32 pairs of a publisher and a parked poll, each on and on',
  invariant: 'Each reader sees the messages of its topic in sequence, none lost, none twice, each as it was published.',
  note: 'Each pair goes on when its reader has the message. The share of a core that the generator has says whether it held the server back.',
  what: 'round trips',
  one: 'round trip (a publish and a poll)',
  loopOf: (name, ground) => ({
    name,
    ground,
    round: (generator, durationMs) => {
      const topics = numbered(`load/trips-${rounds++}`, pairs)
      return generator.order('trips', { origin: ground.server.origin, topics, durationMs })
    },
  }),
  judge: async ({ server: { control } }, trips) => judgeRoundTrips(trips, (await control.statistics()).hub.published),
})

export interface PublishObserved {
  /** Publishes that were answered with 201. */
  readonly answered: number
  /** The offset of the newest message. */
  readonly head: number
  /** What history has kept. */
  readonly keptOffsets: readonly number[]
  readonly altered: number
}

export function judgePublish({ answered, head, keptOffsets, altered }: PublishObserved): string[] {
  const first = head - keptOffsets.length + 1
  const isWhole = keptOffsets.length > 0 && keptOffsets.every((offset, at) => offset === first + at)
  const kept = `${keptOffsets.length} of them, up to ${keptOffsets.at(-1)}`
  return [
    ...(answered === 0 ? ['nothing was published'] : []),
    ...(head === answered ? [] : [`the topic has ${head} messages, and ${answered} were answered with 201`]),
    ...(isWhole ? [] : [`history does not hold the newest messages in order: ${kept}`]),
    ...(altered === 0 ? [] : [`${altered} messages are not as they were sent`]),
  ]
}

export function judgeRoundTrips(trips: number, published: number): string[] {
  return [
    ...(trips === 0 ? ['there was not a single round trip'] : []),
    ...(trips === published ? [] : [`${published} messages were published and ${trips} seen`]),
  ]
}

/** Publishes to each of `topics` in turn. */
export function publishLoop(name: string, ground: Ground, topics: readonly string[] = [topic]): Loop {
  const asks = topics.map((topic) => publishOf(topic, body))
  return requesting(name, ground, asks, { status: 201 })
}

/**
 * Polls that are one message behind on the first of `topics`: publishes that message.
 *
 * @throws Error when such a poll is not answered with that message alone
 */
export async function newsLoop(name: string, ground: Ground, topics: readonly string[]): Promise<Loop> {
  const { origin, subject } = ground.server
  using connection = await HttpConnection.open(origin, {}, subject.headers)
  await using publisher = new Publishers(origin, 'encke', 1, subject.headers)
  const reader = encke.reader(topics)
  await connection.converse(reader.greet())
  const poll = reader.poll()
  await publisher.publish(topics[0]!, body)
  const reply = await connection.request(poll)
  const { messages } = reader.take(reply)
  if (messages.length !== 1) throw new Error(`a poll that is one message behind was given ${messages.length}`)
  return requesting(name, ground, [poll], { status: 200, body: reply.body })
}

function closedLoop({ what, one, loopOf, more, judge, targets, ...scenario }: ClosedLoop): Scenario {
  const run = async (stage: Stage): Promise<Outcome> => {
    const { contenders, skipped } = fieldOf(stage, scenario)
    const loops: Loop[] = []
    for (const { name, start } of contenders) loops.push(await loopOf(name, await start()))
    if (more !== undefined) loops.push(more(await stage.startServer()))
    const results = await loopInTurn(stage, what, loops)
    const { ground } = loops[0]!
    const wrong = (await judge?.(ground, results[0]!.answered)) ?? []
    const of = <Value>(pick: (result: LoopResult) => Value) =>
      results.map((result): [string, Value] => [result.name, pick(result)])
    const rates = of(({ perSecond }) => perSecond)
    const costs = of(({ cpu }) => cpu)
    const latencies = of(({ latencies }) => latencies)
    return {
      complaints: [...results.flatMap(({ complaints }) => complaints), ...wrong],
      rows: results.map(({ row, name }) => ({ ...row, label: `${scenario.name}: ${name}` })),
      details: results.flatMap((result) => detailsOf(one, result)),
      plots: [
        latencyCurve('From the request to the reply', latencies),
        ...barsOfPeers(`How many ${what} a second`, `${what}/s`, rates),
        ...barsOfPeers(`Server CPU for each ${one}`, 'µs', costs),
        ...cpuAndMemory(ground.meter.samples),
      ],
      targets: targets?.((name) => new Map(rates).get(name)) ?? [],
      skipped,
    }
  }
  return { ...scenario, longestMs: 240_000, run }
}

function detailsOf(one: string, { name, cpu, bodyBytes, parkedShare }: LoopResult) {
  const parked = detail(`${name}: polls that were parked when their message came`, 100 * parkedShare, '%')
  return [
    detail(`${name}: server CPU per ${one}`, cpu, 'µs'),
    detail(`${name}: bytes of a reply, without its head`, bodyBytes, ''),
    ...(parkedShare === 0 ? [] : [parked]),
  ]
}
