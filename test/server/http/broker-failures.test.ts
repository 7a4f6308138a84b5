import { afterEach, beforeEach, expect, it } from 'vitest'
import { ScriptedBroker } from '../brokers/scripted-broker.ts'
import { LiveApp, until } from './live-app.ts'

let broker: ScriptedBroker
let live: LiveApp

beforeEach(async () => {
  broker = new ScriptedBroker()
  live = await LiveApp.open(['--broker-timeout-ms', '30', '--drain-pause-ms', '0', '--drain-ms', '10'], { broker })
})

afterEach(async () => {
  await live[Symbol.asyncDispose]()
})

it('a poll whose topic is never answered for ends in time, with its cursor; one without a position fails', async () => {
  const { cursor } = (await live.poll('a', { wait: 0 })).body
  broker.hanging.add('b')
  const fresh = await live.poll('b', { wait: 0 })
  expect(fresh).toMatchObject({ status: 503, body: { code: 'ENCKE_ERR_SERVER_BROKER' } })
  expect(fresh.headers['retry-after']).toBe('2')
  const known = await live.ask<{ cursor: string }>('POST', '/poll', { body: { topics: ['a'], cursor, wait: 0 } })
  expect([known.status, known.body.cursor]).toEqual([200, cursor])
})

it('a poll that hangs is drained like any other, and so is one that comes meanwhile', async () => {
  const { cursor } = (await live.poll('a', { wait: 0 })).body
  live.app.hub[Symbol.dispose]()
  await using other = await LiveApp.open(['--drain-pause-ms', '0', '--drain-ms', '10'], { broker })
  broker.hanging.add('a')
  const hanging = other.poll('a', { wait: 60, cursor })
  await until('it is asked for', () => broker.asked.filter((topic) => topic === 'a').length > 1)
  const drained = other.app.drain()
  expect((await hanging).body).toMatchObject({ messages: [], cursor, retryAfterMs: expect.any(Number) })
  await drained
})

it('while the broker is not well no poll is refused: an empty reply says since when, and the server is not ready', async () => {
  const { cursor } = (await live.poll('a', { wait: 0 })).body
  broker.health = { isOk: false, since: 1_700_000_000_000, reason: 'no connection' }
  const empty = await live.poll('a', { wait: 0, cursor })
  expect(empty).toMatchObject({ status: 200, body: { cursor, brokerFailingSince: 1_700_000_000_000 } })
  const ready = await live.ask<{ code: string; message: string }>('GET', '/readyz')
  expect(ready).toMatchObject({ status: 503, body: { code: 'ENCKE_ERR_SERVER_BROKER' } })
  expect(ready.body.message).toContain('no connection')
  expect((await live.ask('GET', '/healthz')).status).toBe(200)
  await live.publishNow('a', 'news')
  expect((await live.poll('a', { wait: 0, cursor })).body.messages).toHaveLength(1)
  broker.health = { isOk: true }
  expect((await live.ask('GET', '/readyz')).status).toBe(200)
})

it('a publish whose outcome nobody knows is 504 without Retry-After', async () => {
  broker.before = (operation) => (operation === 'append' ? broker.never() : undefined)
  const { status, headers, body } = await live.publish('a', 1)
  expect([status, headers['retry-after'], body]).toEqual([
    504,
    undefined,
    expect.objectContaining({ code: 'ENCKE_ERR_PUBLISH_UNKNOWN' }),
  ])
})
