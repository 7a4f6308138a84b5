// Durable: what a server that keeps its topics in a file, and syncs every commit, costs beside one that keeps them in memory.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { complaintsIn, fanOutTopic, type HerdRound, herdRounds } from '../client/herd-rounds.ts'
import { HttpConnection } from '../client/http-connection.ts'
import { type Loop, loopInTurn } from '../client/looped-rounds.ts'
import { judgeOffered, type Offered, offeredRow, startReaders } from '../client/offered.ts'
import { json } from '../dialects/dialect.ts'
import { BareWriter, checkDisk, syncMs, transactionsOf } from '../measure/disk.ts'
import { encke } from '../processes/subject.ts'
import { detail, median, ratio } from '../report/figures.ts'
import { type Ground, numbered, type Outcome, pause, type Scenario, type Stage } from '../scenario.ts'
import { target } from '../targets.ts'
import { publishLoop } from './closed-loops.ts'
import { startOnce } from './start.ts'

const connections = 50
const bodyBytes = 100
const live = { topics: numbered('load/live', 100), readersPerTopic: 1 }
const livePerSecond = 200
const old = { topic: 'load/old', messages: 50_000, bytes: 1_000 }
const beside = { topics: 100_000, messages: 10, bytes: 1_074 }
const atOnce = 1_000

export const durable: Scenario = {
  name: 'durable',
  title: 'topics in a file, with a sync in every commit, beside topics in memory',
  invariant: 'Every publish is answered with 201; each reader sees every message of its topic once, in order.',
  note: 'At --durability full, in turn with memory. What group commits allow is what a bare writer puts into a file on the same disk, as many rows to a commit as the server had on average, while the server does nothing. The file is below TMPDIR, which must be on a disk. The delay of the event loop is the p99 of each round, the worst of its seconds. A start is from the command of npm start to the reply to GET /readyz.',
  longestMs: 900_000,
  run,
}

async function run(stage: Stage): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'encke-durable-'))
  try {
    const system = checkDisk(folder)
    const oneSyncMs = syncMs(folder)
    const file = join(folder, 'encke.db')
    const parts = [await publishing(stage, folder, file)]
    for (const part of [fanningOut, reading, starting]) parts.push(await part(stage, file))
    return {
      complaints: parts.flatMap(({ complaints }) => complaints),
      rows: parts.flatMap(({ rows = [] }) => rows),
      details: [
        detail(`${system}: to append a page and sync it, median`, oneSyncMs, 'ms'),
        detail(`publishes a second if ${connections} were in each sync`, (connections * 1_000) / oneSyncMs, ''),
        ...parts.flatMap(({ details = [] }) => details),
      ],
      targets: parts.flatMap(({ targets = [] }) => targets),
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function inFile(file: string): Readonly<Record<string, string>> {
  return {
    ENCKE_BROKER: `sqlite:${file}`,
    ENCKE_DURABILITY: 'full',
    ENCKE_HISTORY_MESSAGES: String(old.messages),
    ENCKE_HISTORY_BYTES: String(2 * old.messages * old.bytes),
    ENCKE_MAX_TOPICS: String(2 * beside.topics),
  }
}

async function publishing(stage: Stage, folder: string, file: string): Promise<Outcome> {
  const memory = await stage.startServer()
  const disk = await stage.startServer({ ENCKE_BROKER: `sqlite:${file}`, ENCKE_DURABILITY: 'full' })
  using bare = new BareWriter(folder)
  const [delays, groups, allowed]: [Record<string, number[]>, number[], number[]] = [{ memory: [], file: [] }, [], []]
  const watched = (name: 'memory' | 'file', ground: Ground): Loop => {
    const loop = publishLoop(name, ground)
    const round: Loop['round'] = async (generator, durationMs) => {
      const [fromMs, before] = [Date.now(), name === 'file' ? transactionsOf(file) : 0]
      const looped = await loop.round(generator, durationMs)
      const { samples } = await ground.server.control.samples()
      const ofRound = samples.filter(({ time }) => time > fromMs).map(({ loopDelayP99Ms }) => loopDelayP99Ms)
      delays[name]?.push(Math.max(0, ...ofRound))
      if (name === 'file') {
        groups.push(looped.answered / Math.max(1, transactionsOf(file) - before))
        const group = Math.max(1, Math.round(groups.at(-1)!))
        allowed.push(bare.rowsPerSecond(group, bodyBytes, durationMs / 2))
      }
      return looped
    }
    return { ...loop, round }
  }
  const results = await loopInTurn(stage, 'messages', [watched('memory', memory), watched('file', disk)])
  const [ofMemory, ofFile] = results.map(({ perSecond }) => perSecond)
  const [bareRate, group] = [median(allowed.slice(1)), median(groups.slice(1))]
  const delay = (name: string) => median(delays[name]!.slice(1))
  for (const ground of [memory, disk]) await ground[Symbol.asyncDispose]()
  return {
    complaints: results.flatMap(({ complaints }) => complaints),
    rows: results.map(({ row, name }) => ({ ...row, label: `durable: ${name}` })),
    details: [
      detail('messages in a commit, median round', group, ''),
      detail('publishes a second that such group commits allow, a bare writer', bareRate, ''),
      detail('publishes a second, in times of memory', ratio(ofFile, ofMemory), '×'),
      detail('publishes a second, in times of what group commits allow', ratio(ofFile, bareRate), '×'),
      ...results.map(({ name, cpu }) => detail(`${name}: server CPU per message`, cpu, 'µs')),
      ...['memory', 'file'].map((name) => detail(`${name}: p99 of the delay of the event loop`, delay(name), 'ms')),
    ],
    targets: [
      target('durablePublish', ratio(ofFile, Math.min(0.5 * ofMemory!, 0.8 * (bareRate ?? Number.POSITIVE_INFINITY)))),
      target('durableDelay', delay('file')! - delay('memory')!),
    ],
  }
}

async function fanningOut(stage: Stage, file: string): Promise<Outcome> {
  const [complaints, walls]: [string[], Record<string, number[]>] = [[], { memory: [], file: [] }]
  const plan = { topics: [fanOutTopic], readers: 10_000, warmUps: 1, rounds: stage.isQuick ? 1 : 3 }
  const turns = stage.isQuick ? ['memory', 'file'] : ['memory', 'file', 'file', 'memory']
  for (const [at, name] of turns.entries()) {
    await using ground = await stage.startServer(name === 'file' ? inFile(`${file}-${at}`) : {})
    const run = await herdRounds(stage, ground, { ...plan, show: (text) => stage.show(`${name}: ${text}`) })
    complaints.push(...complaintsIn(run))
    walls[name]?.push(...run.rounds.map(({ wallMs }: HerdRound) => wallMs))
  }
  const [memory, disk] = [median(walls.memory!), median(walls.file!)]
  return {
    complaints,
    details: [
      detail('fan-out to 10,000, wall: memory', memory, 'ms'),
      detail('fan-out to 10,000, wall: file', disk, 'ms'),
    ],
    targets: [target('durableFanOut', ratio(disk, memory))],
  }
}

/** Live deliveries, alone and beside a reader that catches up on and on. */
async function reading(stage: Stage, file: string): Promise<Outcome> {
  await using ground = await stage.startServer(inFile(file))
  const { origin } = ground.server
  await fill(stage, origin, [old.topic], old.messages / atOnce, atOnce, old.bytes)
  const load = await startReaders(stage, ground, live)
  const ms = Math.max(1_500, stage.durationMs / 2)
  // A process of its own: live messages are published by this one, and would be late by what replies of a megabyte cost.
  const reader = ground.startGenerator()
  const plan = { origin, topic: old.topic, durationMs: ms }
  await load.offer(livePerSecond, () => pause(1_500))
  const [alone, caughtUp, ratios, rates]: [Offered[], Offered[], (number | undefined)[], number[]] = [[], [], [], []]
  for (let round = 1; round <= (stage.isQuick ? 1 : 5); round += 1) {
    stage.show(`live deliveries, alone and beside a reader that catches up, round ${round}`)
    alone.push(await load.offer(livePerSecond, () => pause(ms)))
    caughtUp.push(await load.offer(livePerSecond, async () => rates.push(await reader.order('catchUp', plan))))
    const [one, other] = [alone.at(-1)!, caughtUp.at(-1)!].map(({ latencies }) => latencies.summary()?.p99)
    ratios.push(ratio(other, one))
  }
  return {
    complaints: judgeOffered([...alone, ...caughtUp], 1),
    rows: [
      offeredRow('durable: live, alone', alone.at(-1)!),
      offeredRow('durable: live, beside a reader that catches up', caughtUp.at(-1)!),
    ],
    details: [detail('catching up with old history, beside the live deliveries', median(rates), 'MB/s')],
    targets: [target('durableLive', median(ratios))],
  }
}

async function starting(stage: Stage, file: string): Promise<Outcome> {
  const topics = stage.isQuick ? beside.topics / 10 : beside.topics
  const ground = await stage.startServer(inFile(file))
  await fill(stage, ground.server.origin, numbered('load/beside', topics), 1, beside.messages, beside.bytes)
  await ground[Symbol.asyncDispose]()
  const ours = encke()
  const times: number[] = []
  while (times.length < 3) {
    stage.show(`start ${times.length + 1} with ${topics} topics`)
    const { wallMs } = await startOnce({ ...ours, variables: { ...ours.variables, ...inFile(file) } })
    times.push(wallMs)
  }
  return {
    complaints: [],
    details: [detail(`start with ${topics.toLocaleString('en-US')} topics, median`, median(times), 'ms')],
    targets: [target('durableStart', stage.isQuick ? undefined : median(times))],
  }
}

/** Publish lists of `count` messages to each of the topics, so many `times`. @throws Error when one is refused */
async function fill(
  stage: Stage,
  origin: string,
  topics: readonly string[],
  times: number,
  count: number,
  bytes: number,
) {
  const data = 'x'.repeat(bytes - 2)
  const post = async (connection: HttpConnection, topic: string) => {
    const body = JSON.stringify({ messages: Array.from({ length: count }, () => ({ topic, data })) })
    const { status } = await connection.request({ method: 'POST', path: '/publish', headers: json, body })
    if (status !== 201) throw new Error(`messages of ${topic} were answered with ${status}`)
  }
  const all = Array.from({ length: times }, () => topics).flat()
  let next = 0
  const work = async () => {
    using connection = await HttpConnection.open(origin)
    for (let topic = all[next++]; topic !== undefined; topic = all[next++]) {
      stage.signal.throwIfAborted()
      if (next % atOnce === 0) stage.show(`${next} of ${all.length} lists are published`)
      await post(connection, topic)
    }
  }
  await Promise.all(Array.from({ length: topics.length > 1 ? connections : 1 }, work))
}
