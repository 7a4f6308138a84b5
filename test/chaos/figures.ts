// `npm run chaos:figures`: what Redis costs, beside memory, in one run; prints the table of docs/results/redis.md. With `--quick`
// everything is small: whether it runs, not what it costs.
//
// Nodes are processes of their own, Redis is on the same machine with an append-only file, the load comes from this process:
// on few cores all of them share what one would have alone. What would make the numbers lie is any other load: compare
// ratios within a run, which takes the brokers in turn.

import { execFileSync } from 'node:child_process'
import { availableParallelism, cpus } from 'node:os'
import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { Recorder } from '../server/brokers/conformance.ts'
import { RedisNode, until } from '../server/brokers/redis-harness.ts'
import { RedisServer, redisIsMissing } from '../server/brokers/redis-server.ts'
import { ServerProcess, type Serving } from '../server/server-process.ts'

const { quick } = parseArgs({ options: { quick: { type: 'boolean', default: false } } }).values
const { rounds, roundSeconds, rates, costedPublishes, followedTopics } = quick
  ? { rounds: 1, roundSeconds: 1, rates: [50, 500, 2_000], costedPublishes: 2_000, followedTopics: 5_000 }
  : { rounds: 3, roundSeconds: 3, rates: [50, 500, 2_000, 5_000], costedPublishes: 20_000, followedTopics: 100_000 }
/** Above so many a second, what is due within a millisecond goes in one request: the generator must not be what is measured. */
const singlyBelow = 1_000
const costedInFlight = 100
const body = JSON.stringify('x'.repeat(254))

if (redisIsMissing === undefined) await printAll()
else {
  process.stderr.write(`figures: ${redisIsMissing}\n`)
  process.exitCode = 2
}

async function printAll(): Promise<void> {
  print(
    `Measured on ${new Date().toISOString().slice(0, 10)} at ${commitOf()}, ${availableParallelism()} cores of ${cpus()[0]?.model}:\n`,
  )
  await using redis = await RedisServer.start({ flags: ['--appendonly', 'yes', '--stream-node-max-bytes', '512'] })
  await using memory = await node('memory:')
  await using one = await node(redis.url)
  await printPublishes(memory, one, redis)
  await printCosts(redis)
  await printDeliveries(memory, one)
  await printFollowing(redis)
}

async function printPublishes(memory: Serving, one: Serving, redis: RedisServer): Promise<void> {
  await using second = await node(redis.url)
  await using third = await node(redis.url)
  const found: Record<string, number[]> = { memory: [], one: [], two: [], three: [] }
  for (let round = 0; round < rounds; round += 1) {
    found.memory?.push(await publishesASecond([memory]))
    found.one?.push(await publishesASecond([one]))
    found.two?.push(await publishesASecond([one, second]))
    found.three?.push(await publishesASecond([one, second, third]))
  }
  print('| publishes of 256 bytes over 50 connections, a second (median) | memory | one node on Redis | two | three |')
  print('|---|--:|--:|--:|--:|')
  print(
    `| | ${['memory', 'one', 'two', 'three'].map((name) => Math.round(median(found[name] as number[]))).join(' | ')} |\n`,
  )
}

async function publishesASecond(nodes: readonly Serving[]): Promise<number> {
  const headers = { 'content-type': 'application/json' }
  const connections = Math.round(50 / nodes.length)
  const results = await Promise.all(
    nodes.map(({ origin }) =>
      autocannon({
        url: `${origin}/publish?topic=load`,
        method: 'POST',
        headers,
        body,
        connections,
        duration: roundSeconds,
      }),
    ),
  )
  for (const { non2xx, errors } of results)
    if (non2xx + errors > 0) throw new Error(`${non2xx + errors} publishes failed`)
  return results.reduce((sum, { requests }) => sum + requests.average, 0)
}

/** Processor time, which other load distorts less than it does wall time. */
async function printCosts(redis: RedisServer): Promise<void> {
  await using node = await RedisNode.open(redis.url, { prefix: 'cost:', silenceMs: 30_000 })
  const publishMany = async (count: number) => {
    let sent = 0
    const publishSome = async () => {
      for (; sent < count; sent += 1) await node.publish('cost', body)
    }
    await Promise.all(Array.from({ length: costedInFlight }, publishSome))
  }
  await publishMany(2_000)
  const [redisMs, since] = [processorMs(redis), process.cpuUsage()]
  await publishMany(costedPublishes)
  const { user, system } = process.cpuUsage(since)
  const perPublish = (ms: number) => `${((1_000 * ms) / costedPublishes).toFixed(0)} µs`
  print(`| processor time of one publish of 256 bytes, ${costedInFlight} in flight, without HTTP | the node | Redis |`)
  print('|---|--:|--:|')
  print(`| | ${perPublish((user + system) / 1_000)} | ${perPublish(processorMs(redis) - redisMs)} |\n`)
}

function processorMs(redis: RedisServer): number {
  const info = redis.ask('info', 'cpu')
  return 1_000 * (Number(/used_cpu_user:([\d.]+)/.exec(info)?.[1]) + Number(/used_cpu_sys:([\d.]+)/.exec(info)?.[1]))
}

async function printDeliveries(memory: Serving, one: Serving): Promise<void> {
  print('| from publish to delivery, at messages a second | memory p50 | p99 | through Redis p50 | p99 |')
  print('|---|--:|--:|--:|--:|')
  for (const rate of rates) {
    const cells: string[] = []
    for (const { origin } of [memory, one]) {
      const delays = (await deliveries(origin, rate)).sort((a, b) => a - b)
      cells.push(ms(at(delays, 0.5)), ms(at(delays, 0.99)))
    }
    print(`| ${rate} | ${cells.join(' | ')} |`)
  }
  print('')
}

/** Publish at a rate for three seconds, to one reader that polls; gives how long each message took, in milliseconds. */
async function deliveries(origin: string, rate: number): Promise<number[]> {
  const topic = `rate/${rate}`
  const delays: number[] = []
  const total = rate * roundSeconds
  const reading = (async () => {
    let cursor = ''
    while (delays.length < total) {
      const reply = await fetch(`${origin}/messages?topic=${encodeURIComponent(topic)}&limit=1000&wait=10${cursor}`)
      const batch = (await reply.json()) as { cursor: string; messages: { data: number }[] }
      const now = performance.now()
      for (const { data } of batch.messages) delays.push(now - data)
      cursor = `&cursor=${batch.cursor}`
    }
  })()
  await wait(200)
  const startedAt = performance.now()
  const sends: Promise<unknown>[] = []
  for (let sent = 0; sent < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1_000) * rate) + 1)
    const atOnce = rate < singlyBelow ? 1 : due - sent
    for (; sent < due; sent += atOnce) sends.push(publish(origin, topic, atOnce))
    await wait(1)
  }
  await Promise.all(sends)
  await reading
  return delays
}

async function publish(origin: string, topic: string, count: number): Promise<void> {
  const headers = { 'content-type': 'application/json' }
  const messages = Array.from({ length: count }, () => ({ topic, data: performance.now() }))
  const reply = await fetch(`${origin}/publish`, { method: 'POST', headers, body: JSON.stringify({ messages }) })
  await reply.arrayBuffer()
  if (!reply.ok) throw new Error(`a publish got ${reply.status}`)
}

async function printFollowing(redis: RedisServer): Promise<void> {
  await using broker = await RedisNode.open(redis.url, { prefix: 'many:', silenceMs: 30_000 })
  const [rss, used] = [process.memoryUsage().rss, usedMemory(redis)]
  const recorder = new Recorder()
  const startedAt = performance.now()
  broker.broker.follow(
    Array.from({ length: followedTopics }, (_, index) => `topic/${index}`),
    recorder,
  )
  await until(() => recorder.answers.length === followedTopics, 120_000)
  const tookMs = performance.now() - startedAt
  print(`| ${followedTopics} topics without messages followed by one node | time | memory of the node | of Redis |`)
  print('|---|--:|--:|--:|')
  print(
    `| | ${(tookMs / 1_000).toFixed(1)} s | ${mib(process.memoryUsage().rss - rss)} | ${mib(usedMemory(redis) - used)} |`,
  )
}

/** A copy without a history has none. */
function commitOf(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'an unknown commit'
  }
}

function node(broker: string): Promise<Serving> {
  const enough = [
    '--history-messages',
    '1000000',
    '--history-bytes',
    '1000000000',
    '--history-total-bytes',
    '4000000000',
  ]
  return ServerProcess.serving(['--broker', broker, '--client-limits', 'off', ...enough])
}

function usedMemory(redis: RedisServer): number {
  return Number(/used_memory:(\d+)/.exec(redis.ask('info', 'memory'))?.[1])
}

function median(values: readonly number[]): number {
  return at(
    values.toSorted((a, b) => a - b),
    0.5,
  )
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`
}

function mib(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
