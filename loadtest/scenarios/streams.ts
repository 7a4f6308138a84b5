// Durable Streams: Encke and the protocol's own reference server in turn, on the workloads of its benchmark: polls that park and
// are answered, appends to many streams, catching up, and a stream of events with many readers.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complaintsIn, cycleOf, fanOutTopic, herdRounds } from '../client/herd-rounds.ts'
import { HttpConnection } from '../client/http-connection.ts'
import { type Loop, loopInTurn, requesting } from '../client/looped-rounds.ts'
import { Offering } from '../client/offered.ts'
import { type Contender, fieldOf, ours } from '../contenders.ts'
import type { Ask } from '../dialects/dialect.ts'
import { appendOf, createOf, pathOf, streams as streamsDialect } from '../dialects/streams.ts'
import { checkDisk } from '../measure/disk.ts'
import { Latencies } from '../measure/latencies.ts'
import { untilQuiet } from '../measure/quiet.ts'
import { detail, median, ratio } from '../report/figures.ts'
import { latencyCurve, namedBars } from '../report/plots.ts'
import {
  type Ground,
  loopbackAddresses,
  numbered,
  type Outcome,
  pause,
  type Scenario,
  type Stage,
} from '../scenario.ts'
import { target } from '../targets.ts'
import { readingOf } from './memory.ts'

const peer = 'Durable Streams'
const full = { readers: 4_000, rounds: 10, warmUps: 6, parked: 10_000, streams: [100, 1_000, 10_000], watchers: 1_000 }
const quick: typeof full = { readers: 500, rounds: 2, warmUps: 1, parked: 2_000, streams: [100], watchers: 200 }
const eventsPerSecond = 50
const watchMs = 10_000
/** The reference server keeps a hundred files open; of more that are appended to at once it answers some with 404. */
const mostInFiles = 100

/** 256 bytes, as in the benchmark of the protocol. */
const event = JSON.stringify({ text: 'x'.repeat(256 - '{"text":""}'.length) })
/** 1,000 events of 1 KiB. */
const backlog = JSON.stringify(new Array(1_000).fill({ text: 'x'.repeat(1_024 - '{"text":""}'.length) }))

/** By contender. */
type Figures = ReadonlyMap<string, number | undefined>

export const streams: Scenario = {
  name: 'streams',
  title: 'Durable Streams: ours and its reference server in turn',
  invariant:
    'Each poll gets the message it waited for, each append is answered with 204, and each reader of events gets every message once.',
  note: 'In memory, but for appends, which are made in memory and, over 100 streams, in files: ours at --durability normal, those of the reference server as it keeps them, below TMPDIR, which must be on a disk. Messages of 256 bytes, appends and reads over 50 connections; the reader of a backlog gets 1,000 events of 1 KiB in as many replies as the server makes of them, and what is counted is the first. A poll is warm, for CPU and for memory, once it has come again over the same connection as often as the rounds are. Readers of events: 1,000 of one stream, 50 events a second for 10 s, from when an event was due to its arrival.',
  peers: [peer],
  longestMs: 1_500_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const plan = stage.isQuick ? quick : full
  const { contenders, skipped } = fieldOf(stage, streams, 'streams')
  const cycles = new Map<string, number | undefined>()
  const firstMemories = new Map<string, number | undefined>()
  const memories = new Map<string, number | undefined>()
  for (const contender of contenders) {
    cycles.set(contender.name, await cycleCost(stage, contender, plan))
    const memoryAfter = async (rounds: number) =>
      (await readingOf(stage, contender, plan.parked, undefined, rounds)).kibibytesEach
    firstMemories.set(contender.name, await memoryAfter(0))
    memories.set(contender.name, await memoryAfter(plan.warmUps + plan.rounds))
  }
  const appends: [streams: number, where: string, rates: Figures][] = []
  for (const count of plan.streams) {
    appends.push([count, 'in memory', await loopOfEach(stage, contenders, 'appends', appendLoop(count))])
    if (count > mostInFiles) continue
    const folder = mkdtempSync(join(tmpdir(), 'encke-streams-'))
    try {
      checkDisk(folder)
      const kept = contenders.map(({ name, start }) => ({ name, start: () => start(inFiles(name, folder)) }))
      appends.push([count, 'in files', await loopOfEach(stage, kept, 'appends', appendLoop(count))])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const catchUps = await loopOfEach(stage, contenders, 'replies', catchUpLoop)
  const events = new Map<string, Watch>()
  for (const contender of contenders) events.set(contender.name, await watch(stage, contender, plan.watchers))
  const of = (figures: Figures) => ratio(figures.get(ours), figures.get(peer))
  const p99 = new Map([...events].map(([name, { latencies }]) => [name, latencies.summary()?.p99]))
  const smallest = Math.min(...appends.map(([, , rates]) => of(rates) ?? Number.NaN))
  return {
    complaints: [...events].flatMap(([name, { complaints }]) => complaints.map((complaint) => `${name}: ${complaint}`)),
    details: [
      ...each('server CPU of a parked poll, park and deliver', 'µs', cycles),
      ...each('memory added by a poll that parks for the first time', 'KiB', firstMemories),
      ...each('memory added by a parked poll, warm', 'KiB', memories),
      ...appends.flatMap(([count, where, rates]) =>
        each(`appends over ${count.toLocaleString('en-US')} streams ${where}`, '/s', rates),
      ),
      ...each('catching up', 'MB/s', catchUps),
      ...each(`p99 of ${plan.watchers} readers of events`, 'ms', p99),
    ],
    plots: [
      namedBars('Server CPU of a parked poll', 'µs', cycles),
      latencyCurve(
        'From when an event was due to its arrival',
        [...events].map(([name, { latencies }]) => [name, latencies]),
      ),
    ],
    targets: [
      target('streamsCycle', of(cycles)),
      target('streamsMemory', of(memories)),
      target('streamsAppends', Number.isNaN(smallest) ? undefined : smallest),
      target('streamsCatchUp', of(catchUps)),
      target('streamsEvents', of(p99)),
    ],
    skipped,
  }
}

/** Ours without a sync in every commit; the other one syncs each file that was written to. */
function inFiles(name: string, folder: string): Readonly<Record<string, string>> {
  if (name !== ours) return { DATA_FOLDER: join(folder, 'reference') }
  return { ENCKE_BROKER: `sqlite:${join(folder, 'encke.db')}`, ENCKE_DURABILITY: 'normal' }
}

function each(what: string, unit: string, figures: Figures) {
  return [...figures].map(([name, value]) => detail(`${name}: ${what}`, value, unit))
}

async function cycleCost(stage: Stage, { name, start }: Contender, plan: typeof full): Promise<number | undefined> {
  await using ground = await start()
  const show = (text: string) => stage.show(`${name}: ${text}`)
  const run = await herdRounds(stage, ground, { ...plan, topics: [fanOutTopic], show })
  const [complaint] = complaintsIn(run)
  if (complaint !== undefined) throw new Error(`${name}: ${complaint}`)
  return median(run.rounds.map((round) => cycleOf(round, plan.readers)))
}

type Looping = (name: string, ground: Ground) => Promise<{ readonly loop: Loop; readonly isBytes: boolean }>

/** The rate of each contender, in turn over several rounds: requests a second, or the megabytes of their replies. */
async function loopOfEach(stage: Stage, all: readonly Contender[], what: string, looping: Looping): Promise<Figures> {
  const grounds: Ground[] = []
  try {
    const loops: Awaited<ReturnType<Looping>>[] = []
    for (const { name, start } of all) {
      const ground = await start()
      grounds.push(ground)
      loops.push(await looping(name, ground))
    }
    const results = await loopInTurn(
      stage,
      what,
      loops.map(({ loop }) => loop),
    )
    const [wrong] = results.flatMap(({ complaints }) => complaints)
    if (wrong !== undefined) throw new Error(wrong)
    return new Map(
      results.map(({ name, perSecond, bodyBytes }, at) => [
        name,
        loops[at]!.isBytes ? (perSecond * bodyBytes) / 1e6 : perSecond,
      ]),
    )
  } finally {
    for (const ground of grounds) await ground[Symbol.asyncDispose]()
  }
}

function appendLoop(count: number): Looping {
  const topics = numbered('load/appends', count)
  return async (name, ground) => {
    await sendAll(ground, topics.map(createOf))
    const asks = topics.map((topic) => appendOf(topic, event))
    return { loop: requesting(name, ground, asks, { status: 204 }), isBytes: false }
  }
}

async function catchUpLoop(name: string, ground: Ground) {
  const topic = 'load/backlog'
  await sendAll(ground, [createOf(topic), appendOf(topic, backlog)])
  const read: Ask = { method: 'GET', path: `${pathOf(topic)}?offset=-1` }
  return { loop: requesting(name, ground, [read], { status: 200 }), isBytes: true }
}

async function sendAll({ server }: Ground, asks: readonly Ask[]): Promise<void> {
  using connection = await HttpConnection.open(server.origin)
  for (const ask of asks) {
    const { status, body } = await connection.request(ask)
    if (status >= 300) throw new Error(`${ask.method} ${ask.path} was answered with ${status}: ${body.slice(0, 200)}`)
  }
}

interface Watch {
  readonly latencies: Latencies
  readonly complaints: readonly string[]
}

async function watch(stage: Stage, { name, start }: Contender, readers: number): Promise<Watch> {
  stage.show(`${name}: ${readers} readers of events`)
  await using ground = await start()
  const { origin } = ground.server
  const topic = 'load/events'
  await sendAll(ground, [createOf(topic)])
  const herd = ground.startGenerator()
  const path = streamsDialect.eventsOf!(topic)
  await herd.order('watch', { origin, path, readers, localAddresses: loopbackAddresses })
  const offering = new Offering({ origin, topics: [topic], perSecond: eventsPerSecond, dialect: 'streams' })
  await pause(watchMs)
  const { published } = await offering.stop()
  await untilQuiet(stage, ground)
  const { dueMs, arrivedMs, ended } = await herd.order('watched')
  await herd.order('leaveEvents')
  const latencies = Latencies.of([...dueMs].map((due, at) => arrivedMs[at]! - due))
  const due = published * readers
  return {
    latencies,
    complaints: [
      ...(dueMs.length === due ? [] : [`${due} events were due and there were ${dueMs.length}`]),
      ...(ended === 0 ? [] : [`${ended} event streams were ended`]),
    ],
  }
}
