// The metrics over HTTP: what they count, whichever way it came, and that the documents list them in both directions.

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { metricRows } from '../../../server/observe/metric-table.ts'
import { ScriptedBroker } from '../brokers/scripted-broker.ts'
import { EventReader } from '../http/event-reader.ts'
import { rawRequest } from '../http/live-app.ts'
import { Served, until, type Wire } from '../http/served.ts'

const operations = readFileSync(new URL('../../../docs/operations.md', import.meta.url), 'utf8')

let server: Served

beforeEach(async () => {
  server = await Served.start()
})

afterEach(() => server[Symbol.asyncDispose]())

/** The value of each series that /metrics tells. */
async function metrics(of: Served = server): Promise<ReadonlyMap<string, number>> {
  const { status, headers, text } = await of.get('/metrics')
  expect(status).toBe(200)
  expect(headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/)
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(/ (\S+)$/.exec(line)?.[1])]))
}

/** How much each series has grown since `before`. */
async function growthSince(before: ReadonlyMap<string, number>, ...names: string[]): Promise<(number | undefined)[]> {
  const now = await metrics()
  return names.map((name) => (now.get(name) as number) - (before.get(name) as number))
}

/** Publish to a poll that waits, on connections that go on polling and publishing. Gives the cursor after it. */
async function deliver(wire: Wire, cursor: string, publisher: Wire): Promise<string> {
  await wire.write(`GET /messages?topic=a&cursor=${cursor} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
  await server.waiting(1)
  await publisher.write(rawRequest('POST', '/publish?topic=a', '"news"'))
  await publisher.reply()
  return (await wire.reply()).json.cursor
}

describe('the metrics', () => {
  it('count publishes, deliveries, requests and verdicts', async () => {
    const before = await metrics()
    for (const data of [1, 2]) await server.publish('a', data)
    await server.get('/messages?topic=a&from=earliest&wait=0')
    expect(
      await growthSince(
        before,
        'encke_published_total',
        'encke_delivered_total',
        'encke_verdicts_total{verdict="ok"}',
        'encke_requests_total',
        'encke_messages',
      ),
    ).toEqual([2, 2, 1, 4, 2])
  })

  it('count polls and publishes of the fast path like any other, and how long the news took', async () => {
    const [wire, publisher] = [await server.wire(), await server.wire()]
    let { cursor } = (await server.get('/messages?topic=a&wait=0')).json
    // The first of a connection go through Fastify, until they are known.
    for (let poll = 0; poll < 3; poll += 1) cursor = await deliver(wire, cursor, publisher)
    const before = await metrics()
    for (let poll = 0; poll < 5; poll += 1) cursor = await deliver(wire, cursor, publisher)
    expect(
      await growthSince(
        before,
        'encke_fast_path_total',
        'encke_delivered_total',
        'encke_delivery_seconds_count',
        'encke_requests_total',
      ),
    ).toEqual([10, 5, 5, 11])
  })

  it('measure from publish to written where a reader waited, and not where it catches up', async () => {
    await server.publish('a', 1)
    const before = await metrics()
    await server.get('/messages?topic=a&from=earliest&wait=0')
    expect(await growthSince(before, 'encke_delivery_seconds_count')).toEqual([0])
    const polls = [server.get('/messages?topic=a'), server.get('/messages?topic=a&topic=b')]
    await server.waiting(2)
    await server.publish('a', 2)
    await Promise.all(polls)
    expect(await growthSince(before, 'encke_delivery_seconds_count')).toEqual([2])
    expect((await metrics()).get('encke_delivery_seconds_bucket{le="10"}')).toBe(2)
  })

  it('measure it on a clock that is not set: neither back nor forward', async () => {
    const before = await metrics()
    const poll = server.get('/messages?topic=a')
    await server.waiting(1)
    // Each look at the wall clock finds it an hour further on.
    let hours = 0
    const wallClock = vi.spyOn(Date, 'now').mockImplementation(() => (hours += 1) * 3_600_000)
    onTestFinished(() => wallClock.mockRestore())
    await server.publish('a', 1)
    await poll
    expect(await growthSince(before, 'encke_delivery_seconds_count')).toEqual([1])
    expect((await metrics()).get('encke_delivery_seconds_bucket{le="10"}')).toBe(1)
  })

  it('measure it for event streams and Durable Streams too, by what comes after they have begun to wait', async () => {
    const stream = '/v1/stream/a'
    const json = { 'content-type': 'application/json' }
    await server.send('PUT', stream, { headers: json, body: '[1]' })
    using events = await EventReader.open(server, '/events?topic=a&from=earliest')
    using live = await EventReader.open(server, `${stream}?offset=-1&live=sse`)
    await events.has(1)
    await live.has(2)
    const poll = server.get(`${stream}?offset=now&live=long-poll`)
    await server.waiting(3)
    const before = await metrics()
    expect(before.get('encke_delivery_seconds_count')).toBe(0)
    await server.send('POST', stream, { headers: json, body: '[2]' })
    expect((await poll).json).toEqual([2])
    await events.has(2)
    await live.has(4)
    expect(await growthSince(before, 'encke_delivery_seconds_count')).toEqual([3])
    expect((await metrics()).get('encke_delivery_seconds_bucket{le="10"}')).toBe(3)
  })

  it('tell what readers have missed', async () => {
    await using small = await Served.start(['--history-messages', '2'])
    await small.publish('a', 0)
    const { cursor } = (await small.get('/messages?topic=a&wait=0')).json
    for (let n = 0; n < 5; n += 1) await small.publish('a', n)
    await small.get(`/messages?topic=a&cursor=${cursor}`)
    const now = await metrics(small)
    expect(now.get('encke_missed_total')).toBe(3)
    expect(now.get('encke_verdicts_total{verdict="gap"}')).toBe(1)
  })

  it('count errors by their code, and refused tokens, also of requests that no hook has seen', async () => {
    const before = await metrics()
    await server.get('/messages')
    await server.get('/nowhere')
    await server.get('/%zz')
    await server.get('/admin/statistics', { headers: { authorization: 'Bearer wrong' } })
    const wire = await server.wire()
    await wire.write('this is not HTTP\r\n\r\n')
    await wire.closed()
    expect(
      await growthSince(
        before,
        'encke_errors_total{code="ENCKE_ERR_TOPIC_MISSING"}',
        'encke_errors_total{code="ENCKE_ERR_NOT_FOUND"}',
        'encke_errors_total{code="ENCKE_ERR_URL_ENCODING"}',
        'encke_errors_total{code="ENCKE_ERR_REQUEST_MALFORMED"}',
        'encke_tokens_refused_total',
      ),
    ).toEqual([1, 1, 1, 1, 1])
  })

  it('time each operation of the broker, and count those that fail', async () => {
    const broker = new ScriptedBroker()
    await using scripted = await Served.start(['--broker-timeout-ms', '50'], { broker })
    await scripted.publish('a', 1)
    broker.before = (operation) => (operation === 'append' ? broker.never() : undefined)
    expect((await scripted.publish('a', 2)).status).toBe(504)
    broker.before = (operation) => {
      if (operation === 'inform') throw new Error('told so')
      return undefined
    }
    await scripted.get('/topics/a')
    broker.health = { isOk: false, since: 1, reason: 'told so' }
    const now = await metrics(scripted)
    expect(now.get('encke_broker_operation_seconds_count{operation="append"}')).toBe(1)
    expect(now.get('encke_broker_failures_total{operation="inform"}')).toBe(1)
    expect(now.get('encke_broker_operation_seconds_count{operation="inform"}')).toBe(1)
    expect(now.get('encke_broker_healthy')).toBe(0)
  })

  it('tell how many wait, and the state of the process', async () => {
    const poll = server.get('/messages?topic=a')
    await server.waiting(1)
    await until(() => server.app.observations.timeline.latest !== undefined)
    const now = await metrics()
    expect(now.get('encke_waiting')).toBe(1)
    expect(now.get('encke_connections')).toBeGreaterThanOrEqual(1)
    expect(now.get('encke_coroutines{state="parked"}')).toBeGreaterThanOrEqual(1)
    expect(now.get('encke_memory_bytes{kind="rss"}')).toBeGreaterThan(1e6)
    expect(now.get('encke_event_loop_delay_seconds{kind="max"}')).toBeGreaterThanOrEqual(0)
    expect(now.get('encke_event_loop_active_seconds_total')).toBeGreaterThan(0)
    expect(now.get('encke_cpu_seconds_total{mode="user"}')).toBeGreaterThan(0)
    await server.publish('a', 1)
    await poll
  })

  it('have bounded sets of labels: no topic, client or path becomes one', async () => {
    const names = new Set((await metrics()).keys())
    for (let n = 0; n < 20; n += 1) {
      await server.publish(`topic-${n}`, n)
      await server.get(`/nowhere/${n}`)
    }
    expect(new Set((await metrics()).keys())).toEqual(names)
  })

  const promtool = '/usr/bin/promtool'
  it.runIf(existsSync(promtool))('are what promtool finds well made', async () => {
    const { text } = await server.get('/metrics')
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' })
  })
})

describe('the documents', () => {
  it('list every metric with its kind and its labels, and no other', () => {
    const { observations, hub, scheduler, draining } = server.app
    const rows = metricRows({ observations, hub, scheduler, draining, version: '' })
    const wanted = rows.map(
      ({ name, kind, labels, about }) =>
        `| \`${name}\` | ${kind} | ${labels.map((label) => `\`${label}\``).join(', ') || 'none'} | ${about} |`,
    )
    expect(operations.split('\n').filter((line) => line.startsWith('| `encke_'))).toEqual(wanted)
  })
})
