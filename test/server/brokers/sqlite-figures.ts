// What the sqlite broker costs beside the memory broker, in one process and one run: `node test/server/brokers/sqlite-figures.ts`.
//
// Publishes a second of 50 publishers that each wait for their answer, median of five; the p99 of the event loop's delay
// meanwhile; how long a start takes with 100,000 topics; and how fast old history is read. What would make it lie: a disk that
// is no disk (a tmpfs is refused), and other work on the machine. The brokers take turns, so that it slows down both.

import { statfsSync } from 'node:fs'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import { type Coroutine, run, scope, until } from '../../../runtime/index.ts'
import { openBroker } from '../../../server/brokers/open-broker.ts'
import type { Broker } from '../../../server/hub/index.ts'
import { draftOf } from './conformance.ts'
import { closeBroker, Folder } from './make-sqlite.ts'

const publishers = 50
const roundMs = 2_000
const rounds = 5
const tmpfs = 0x0102_1994
const manyTopics = 100_000
const bounds = { historyMessages: 100_000, historyBytes: 2 ** 30, maxTopics: 2 * manyTopics }

using folder = new Folder()
if (statfsSync(folder.path).type === tmpfs)
  throw new Error(`${folder.path} is in memory: set TMPDIR to a folder on a disk`)
say('one commit of one message', `${commitMs(folder.file('commit.db')).toFixed(2)} ms, median of 200`)

const file = folder.file()
const brokers = { memory: await openBroker('memory:', bounds), sqlite: await openBroker(`sqlite:${file}`, bounds) }
const measured = { memory: [] as Round[], sqlite: [] as Round[] }
for (let round = 0; round < rounds; round += 1) {
  for (const kind of ['memory', 'sqlite'] as const) measured[kind].push(await publishFor(brokers[kind], roundMs))
}
for (const kind of ['memory', 'sqlite'] as const) {
  const rate = median(measured[kind].map(({ perSecond }) => perSecond))
  const delay = median(measured[kind].map(({ delayMs }) => delayMs))
  say(`publishes a second, ${kind}`, `${Math.round(rate)}, event loop p99 ${delay.toFixed(1)} ms`)
}
say('history in MB a second', `${(await catchUp(brokers.sqlite)).toFixed(0)}`)
await play(() => makeTopics(brokers.sqlite))
for (const broker of Object.values(brokers)) await closeBroker(broker)
const began = performance.now()
const again = await openBroker(`sqlite:${file}`, bounds)
say(
  `start with ${again.statistics().topics} topics, ${Math.round(again.statistics().bytes / 2 ** 20)} MiB`,
  `${Math.round(performance.now() - began)} ms`,
)
await closeBroker(again)

interface Round {
  readonly perSecond: number
  readonly delayMs: number
}

async function publishFor(broker: Broker, ms: number): Promise<Round> {
  const delays = monitorEventLoopDelay({ resolution: 1 })
  delays.enable()
  const end = performance.now() + ms
  const data = draftOf(JSON.stringify('x'.repeat(100)))
  let count = 0
  await play(function* () {
    yield* scope(function* (s) {
      for (let publisher = 0; publisher < publishers; publisher += 1) {
        s.spawn(function* () {
          while (performance.now() < end) {
            yield* broker.append(`topic/${publisher % 10}`, { messages: [data] })
            count += 1
            if (broker.answersAtOnce) yield* turn()
          }
        })
      }
    })
  })
  delays.disable()
  return { perSecond: (count * 1_000) / ms, delayMs: delays.percentile(99) / 1e6 }
}

/** Publishers of a broker that answers at once come by a socket: each waits for the event loop. */
function* turn(): Coroutine<void> {
  yield* until(new Promise<void>((resolve) => setImmediate(resolve)))
}

async function catchUp(broker: Broker): Promise<number> {
  const start = performance.now()
  const bytes = await play(function* () {
    let sum = 0
    for (let from = 1; ; ) {
      const { messages } = yield* broker.history('topic/0', from, { messages: 1_000, bytes: 2 ** 20 })
      const last = messages.at(-1)
      if (last === undefined) return sum
      for (const message of messages) sum += message.bytes
      from = last.offset + 1
    }
  })
  return bytes / 2 ** 20 / ((performance.now() - start) / 1_000)
}

function* makeTopics(broker: Broker): Coroutine<void> {
  const messages = Array.from({ length: 20 }, () => draftOf(JSON.stringify('x'.repeat(500))))
  for (let first = 0; first < manyTopics; first += 1_000) {
    yield* scope(function* (s) {
      for (let topic = first; topic < first + 1_000; topic += 1) {
        s.spawn(function* () {
          yield* broker.append(`many/${topic}`, { messages })
        })
      }
    })
  }
}

function commitMs(path: string): number {
  const database = new DatabaseSync(path)
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (a)')
  const insert = database.prepare('INSERT INTO t VALUES (?)')
  const times = Array.from({ length: 200 }, () => {
    const start = performance.now()
    insert.run('x'.repeat(100))
    return performance.now() - start
  })
  database.close()
  return median(times)
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
}

function play<T>(body: () => Coroutine<T>): Promise<T> {
  return run(body).promise
}

function say(what: string, figure: string): void {
  process.stdout.write(`${what.padEnd(44)} ${figure}\n`)
}
