// Many topics: what a wake-up costs when there are a hundred thousand topics beside, and what a poll costs that reads a hundred.

import { complaintsIn, cycleOf, fanOutTopic, herdRounds } from '../client/herd-rounds.ts'
import { loopInTurn } from '../client/looped-rounds.ts'
import { judgeOffered, type Offered, offeredRow, startReaders } from '../client/offered.ts'
import { Publishers } from '../client/publishers.ts'
import { untilQuiet } from '../measure/quiet.ts'
import { cpuEach, detail, median, ratio } from '../report/figures.ts'
import { numbered, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'
import { target } from '../targets.ts'
import { newsLoop } from './closed-loops.ts'

const read = numbered('load/read', 10)
/** As many as the server has by default, with those that are read. */
const beside = 100_000 - read.length
const perSecond = 1_000
const warmUpMs = 2_000
const wide = [fanOutTopic, ...numbered('load/wide', 99)]
const readers = 500
const fillers = 50

export const manyTopics: Scenario = {
  name: 'many-topics',
  title: '1,000 wake-ups a second among 10 topics and among 100,000, and polls of 1 topic and of 100',
  invariant:
    'Each reader sees every message of its topic once, in order; each poll is answered with its message alone.',
  note: 'Wake-ups are at a fixed rate at two servers side by side, in turn: a publish to one of ten topics, each with one reader that polls on and on. Polls of a hundred topics are measured in two ways: 500 that wait and are answered by one publish to one of their topics, park and deliver; and a closed loop of polls that find one message.',
  longestMs: 300_000,
  run: async (stage) => {
    const rounds = stage.isQuick ? 3 : 5
    const parts = [await wakeUps(stage, rounds), await widePolls(stage, rounds), await wideNews(stage)]
    return {
      complaints: parts.flatMap(({ complaints }) => complaints),
      rows: parts.flatMap(({ rows = [] }) => rows),
      details: parts.flatMap(({ details = [] }) => details),
      targets: parts.flatMap(({ targets = [] }) => targets),
    }
  },
}

async function wakeUps(stage: Stage, rounds: number): Promise<Outcome> {
  const sides = [await sideOf(stage, '10 topics', 0), await sideOf(stage, '100,000 topics', beside)]
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, load, done } of sides) {
      stage.show(`wake-ups among ${name}, round ${round} of ${rounds}`)
      const ms = round === 0 ? warmUpMs : Math.max(1_000, stage.durationMs / rounds)
      done.push(await load.offer(perSecond, () => pause(ms)))
    }
  }
  for (const { ground } of sides) await ground[Symbol.asyncDispose]()
  const costs = sides.map(({ done }) => median(done.slice(1).map(({ use, delivered }) => cpuEach(use, delivered))))
  return {
    complaints: sides.flatMap(({ name, complaints, done }) =>
      [...complaints, ...judgeOffered(done, 1)].map((text) => `${name}: ${text}`),
    ),
    rows: sides.map(({ name, done }) => offeredRow(`many-topics: ${name}`, done.at(-1)!, 'wake-ups')),
    details: sides.map(({ name }, at) =>
      detail(`server CPU per wake-up (a publish and a poll), ${name}`, costs[at], 'µs'),
    ),
    targets: [target('manyTopics', ratio(costs[1], costs[0]))],
  }
}

async function sideOf(stage: Stage, name: string, more: number) {
  const ground = await stage.startServer()
  const { server } = ground
  await using publishers = new Publishers(server.origin, 'encke', fillers)
  const filling = numbered('load/beside', more)
  for (let from = 0; from < more; from += 1_000) {
    stage.show(`${name}: ${from} filled`)
    stage.signal.throwIfAborted()
    await Promise.all(filling.slice(from, from + 1_000).map((topic) => publishers.publish(topic, '"beside"')))
  }
  const load = await startReaders(stage, ground, { topics: read, readersPerTopic: 1 })
  await untilQuiet(stage, ground)
  const { hub } = await server.control.statistics()
  // Those that are read count once something has been published to them.
  const complaints = hub.topics < more ? [`the server has ${hub.topics} topics`] : []
  return { name, ground, load, done: [] as Offered[], complaints }
}

/** Polls that wait on one topic, and on a hundred: park, and deliver by one publish to one of them. */
async function widePolls(stage: Stage, rounds: number): Promise<Outcome> {
  const cost = async (name: string, topics: readonly string[]) => {
    await using ground = await stage.startServer()
    const show = (text: string) => stage.show(`polls of ${name} that wait: ${text}`)
    const run = await herdRounds(stage, ground, { topics, readers, rounds, warmUps: 2, show })
    return { name, complaints: complaintsIn(run), cycle: median(run.rounds.map((round) => cycleOf(round, readers))) }
  }
  const costs = [await cost('1 topic', wide.slice(0, 1)), await cost('100 topics', wide)]
  return {
    complaints: costs.flatMap(({ complaints }) => complaints),
    details: costs.map(({ name, cycle }) =>
      detail(`server CPU per poll of ${name} that waits, park and deliver`, cycle, 'µs'),
    ),
    targets: [target('wideParked', ratio(costs[1]?.cycle, costs[0]?.cycle))],
  }
}

/** Polls that find one message, on one topic and on a hundred. */
async function wideNews(stage: Stage): Promise<Outcome> {
  const ground = await stage.startServer()
  const loops = [await newsLoop('1 topic', ground, ['load/narrow']), await newsLoop('100 topics', ground, wide)]
  const results = await loopInTurn(stage, 'polls', loops)
  return {
    complaints: results.flatMap(({ complaints }) => complaints),
    rows: results.map(({ row }) => ({ ...row, label: `many-topics: poll of ${row.label}` })),
    details: results.map(({ name, cpu }) => detail(`server CPU per poll of ${name} with news`, cpu, 'µs')),
    targets: [target('wideNews', ratio(results[1]?.cpu, results[0]?.cpu))],
  }
}
