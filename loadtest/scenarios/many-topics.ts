// Many topics: what a wake-up costs when there are a hundred thousand topics beside, and what a poll costs that reads a hundred.

import { complaintsOf } from '../client/faults.ts'
import { herdRounds } from '../client/herd-rounds.ts'
import { loopInTurn } from '../client/looped-rounds.ts'
import { latenciesDue, offerWhile } from '../client/offered-phase.ts'
import { Publishers } from '../client/publishers.ts'
import type { Use } from '../measure/meter.ts'
import { untilQuiet } from '../measure/quiet.ts'
import type { Generator } from '../processes/generator.ts'
import { median, perOperation } from '../report/details.ts'
import {
  type Detail,
  type Ground,
  loopbackAddresses,
  type Outcome,
  pause,
  type Row,
  type Scenario,
  type Stage,
} from '../scenario.ts'
import { ratio, type Target, target } from '../targets.ts'
import { fanOutTopic } from './fan-out.ts'
import { pollBehind } from './news.ts'

const read = Array.from({ length: 10 }, (_, at) => `load/read-${at}`)
/** As many as the server has by default, with those that are read. */
const beside = 100_000 - read.length
const perSecond = 1_000
const rounds = 5
const quickRounds = 3
const warmUpMs = 2_000
const wide = [fanOutTopic, ...Array.from({ length: 99 }, (_, at) => `load/wide-${at}`)]
const wideReaders = 500
const fillers = 50

export const manyTopics: Scenario = {
  name: 'many-topics',
  title: '1,000 wake-ups a second among 10 topics and among 100,000, and polls of 1 topic and of 100',
  invariant:
    'Each reader sees every message of its topic once, in order; each poll is answered with its message alone.',
  note: 'Wake-ups are at a fixed rate at two servers side by side, in turn: a publish to one of ten topics, each with one reader that polls on and on. Polls of a hundred topics are measured in two ways: 500 that wait and are answered by one publish to one of their topics, park and deliver; and a closed loop of polls that find one message.',
  longestMs: 300_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const among = await wakeUps(stage)
  const parked = await widePolls(stage)
  const found = await wideNews(stage)
  return {
    complaints: [among, parked, found].flatMap(({ complaints }) => complaints),
    rows: [...among.rows, ...found.rows],
    details: [among, parked, found].flatMap(({ details }) => details),
    plots: [],
    targets: [among, parked, found].map(({ target }) => target),
  }
}

interface Part {
  readonly complaints: readonly string[]
  readonly rows: readonly Row[]
  readonly details: readonly Detail[]
  readonly target: Target
}

interface Side {
  readonly name: string
  readonly ground: Ground
  readonly readers: Generator
  readonly done: { use: Use; published: number; delivered: number; row: Row }[]
  readonly complaints: string[]
}

async function wakeUps(stage: Stage): Promise<Part> {
  const few = await sideOf(stage, '10 topics', 0)
  const many = await sideOf(stage, '100,000 topics', beside)
  const wanted = stage.isQuick ? quickRounds : rounds
  for (let round = 0; round <= wanted; round += 1) {
    for (const side of [few, many]) {
      stage.show(`wake-ups among ${side.name}, round ${round} of ${wanted}`)
      await wakeUpRound(stage, side, round === 0 ? warmUpMs : Math.max(1_000, stage.durationMs / wanted))
    }
  }
  const cost = ({ done }: Side) =>
    median(done.slice(1).map(({ use, delivered }) => perOperation('', use, delivered).value))
  const [one, other] = [cost(few), cost(many)]
  await few.ground[Symbol.asyncDispose]()
  await many.ground[Symbol.asyncDispose]()
  return {
    complaints: [few, many].flatMap(({ name, complaints }) => complaints.map((text) => `${name}: ${text}`)),
    rows: [few, many].map(({ done }) => done.at(-1)!.row),
    details: [
      { label: 'server CPU per wake-up (a publish and a poll), 10 topics', value: one, unit: 'µs' },
      { label: 'server CPU per wake-up (a publish and a poll), 100,000 topics', value: other, unit: 'µs' },
    ],
    target: target('manyTopics', ratio(other, one)),
  }
}

async function sideOf(stage: Stage, name: string, more: number): Promise<Side> {
  const ground = await stage.startServer()
  const { server } = ground
  using publishers = new Publishers(server.origin, 'encke', fillers)
  for (let from = 0; from < more; from += 1_000) {
    stage.show(`${name}: ${from} filled`)
    stage.signal.throwIfAborted()
    const some = Array.from({ length: Math.min(1_000, more - from) }, (_, at) => `load/beside-${from + at}`)
    await Promise.all(some.map((topic) => publishers.publish(topic, '"beside"')))
  }
  const readers = ground.startGenerator()
  await readers.order('open', {
    origin: server.origin,
    topics: read,
    readersPerTopic: 1,
    localAddresses: loopbackAddresses,
  })
  await readers.order('follow', null)
  await untilQuiet(stage, ground)
  const { hub } = await server.control.statistics()
  const complaints = hub.topics < more + read.length ? [`the server has ${hub.topics} topics`] : []
  return { name, ground, readers, done: [], complaints }
}

async function wakeUpRound(stage: Stage, side: Side, ms: number): Promise<void> {
  const { ground, readers, name } = side
  const phase = await offerWhile(ground.meter, { origin: ground.server.origin, topics: read, perSecond }, () =>
    pause(ms),
  )
  await untilQuiet(stage, ground)
  const heard = await readers.order('heard', null)
  const delivered = heard.arrivedMs.length
  side.complaints.push(...[phase.faults, heard.faults].flatMap(complaintsOf))
  if (delivered !== phase.published) side.complaints.push(`${phase.published} were published and ${delivered} seen`)
  const { use, published } = phase
  const latency = latenciesDue(heard, phase).summary()
  const label = `many-topics: ${name}`
  const row = { label, what: 'wake-ups', count: delivered, seconds: use.wallMs / 1_000, latency, use }
  side.done.push({ use, published, delivered, row })
}

/** Polls that wait on one topic, and on a hundred: park, and deliver by one publish to one of them. */
async function widePolls(stage: Stage): Promise<Part> {
  const cost = async (topics: readonly string[]) => {
    await using ground = await stage.startServer()
    const wanted = stage.isQuick ? quickRounds : rounds
    const show = (round: number) =>
      stage.show(`polls of ${topics.length} topics that wait, round ${round} of ${wanted}`)
    const all = await herdRounds(stage, ground, { topics, readers: wideReaders, rounds: wanted, warmUps: 2, show })
    const each = ({ park, deliver }: { park: Use; deliver: Use }) => {
      const [one, other] = [park, deliver].map((use) => perOperation('', use, wideReaders).value)
      return one === undefined || other === undefined ? undefined : one + other
    }
    return { cycle: median(all.map(each)), complaints: all.flatMap(({ complaints }) => complaints) }
  }
  const [one, hundred] = [await cost(wide.slice(0, 1)), await cost(wide)]
  return {
    complaints: [...one.complaints, ...hundred.complaints],
    rows: [],
    details: [
      { label: 'server CPU per poll of 1 topic that waits, park and deliver', value: one.cycle, unit: 'µs' },
      { label: 'server CPU per poll of 100 topics that waits, park and deliver', value: hundred.cycle, unit: 'µs' },
    ],
    target: target('wideParked', ratio(hundred.cycle, one.cycle)),
  }
}

/** Polls that find one message, on one topic and on a hundred. */
async function wideNews(stage: Stage): Promise<Part> {
  const ground = await stage.startServer()
  const loopOf = async (name: string, topics: readonly string[]) => {
    return { name, ground, requests: [await pollBehind(ground, topics)], status: 200 }
  }
  const loops = [await loopOf('1 topic', ['load/narrow']), await loopOf('100 topics', wide)]
  const [one, hundred] = await loopInTurn(stage, 'polls', loops)
  return {
    complaints: [one!, hundred!].flatMap(({ complaints }) => complaints),
    rows: [one!, hundred!].map(({ row }) => ({ ...row, label: `many-topics: poll of ${row.label}` })),
    details: [one!, hundred!].map(({ name, cpu }) => ({
      label: `server CPU per poll of ${name} with news`,
      value: cpu,
      unit: 'µs',
    })),
    target: target('wideNews', ratio(hundred!.cpu, one!.cpu)),
  }
}
