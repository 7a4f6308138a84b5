// A thread of the sqlite broker ends by itself: it is started again, and what was acknowledged is there.

import { writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Coroutine, type Scheduler, sleep, VirtualHost } from '../../../runtime/index.ts'
import { BrokerThread } from '../../../server/brokers/sqlite/broker-thread.ts'
import { lockFile } from '../../../server/brokers/sqlite/file-lock.ts'
import type { Broker } from '../../../server/hub/index.ts'
import { jsonType } from '../../../server/hub/index.ts'
import { draftOf, publishOne, Recorder } from './conformance.ts'
import { answered, closeBroker, Folder, openFailing, openOn } from './make-sqlite.ts'

let host: VirtualHost
let scheduler: Scheduler
let folder: Folder
let broker: Broker
const unwell = (reason: string) => expect.objectContaining({ isOk: false, reason: expect.stringContaining(reason) })

beforeEach(() => {
  host = new VirtualHost()
  scheduler = host.scheduler({ deadlock: 'ignore' })
  folder = new Folder()
})

afterEach(async () => {
  await closeBroker(broker)
  folder[Symbol.dispose]()
  expect(host.reported).toEqual([])
})

const death = () => folder.file('death')
const open = async () => {
  broker = await openFailing(host, scheduler, folder.file(), { seed: 1, death: death() })
}
const play = <T>(body: () => Coroutine<T>) => host.play(scheduler.run(body))
const publish = (topic: string, data: string) => play(() => publishOne(broker, topic, data))
const pass = (ms: number) =>
  play(function* () {
    yield* sleep(ms)
  })
const dataOf = (topic: string) =>
  play(function* () {
    return (yield* broker.history(topic, 1, { messages: 100, bytes: 10_000 })).messages.map(({ data }) => data)
  })

/** End the thread in the commit of the next publish. */
async function dieAt(when: 'before' | 'after', topic: string, data: string): Promise<void> {
  writeFileSync(death(), when)
  const failure = await publish(topic, data).catch((error: unknown) => error)
  expect(String(failure)).toContain('a thread of the broker has ended')
}

describe.each(['before', 'after'] as const)('when the writing thread ends %s a commit', (when) => {
  it('what was acknowledged is there, and the topic goes on in its epoch and segment', async () => {
    await open()
    const first = await publish('a', '1')
    await dieAt(when, 'a', '2')
    await pass(1_000)
    expect(broker.health).toEqual({ isOk: true })
    const { epoch, message } = await publish('a', '3')
    const kept = when === 'after' ? ['1', '2', '3'] : ['1', '3']
    expect(await dataOf('a')).toEqual(kept)
    expect([epoch, message.offset]).toEqual([first.epoch, kept.length])
    expect(broker.statistics().messages).toBe(kept.length)
  })

  it('followers are told where their topics stand, and hear what comes then; keys still answer', async () => {
    await open()
    const follower = new Recorder()
    const key = { text: 'k', bodyHash: 'h' }
    const keyed = () =>
      play(function* () {
        return yield* broker.append('a', { messages: [draftOf('1')], key })
      })
    await keyed()
    broker.follow(['a', 'b'], follower)
    await answered(host, scheduler)
    await dieAt(when, 'a', '2')
    await pass(1_000)
    await answered(host, scheduler)
    const head = when === 'after' ? 2 : 1
    expect(follower.moves).toEqual([
      { topic: 'a', standing: expect.objectContaining({ head }) },
      { topic: 'b', standing: expect.objectContaining({ head: 0 }) },
    ])
    await publish('a', '3')
    await publish('b', '4')
    expect(follower.told.map(({ message }) => message.data)).toEqual(['3', '4'])
    expect(await keyed()).toMatchObject({ outcome: 'replayed', receipts: [{ offset: 1 }] })
  })
})

describe('until the writing thread is back', () => {
  it('health says so, publishes are refused with 503, and what is there can be read', async () => {
    await open()
    await publish('a', '1')
    await dieAt('before', 'a', '2')
    expect(broker.health).toEqual(unwell('the database has failed: a thread of the broker has ended'))
    await expect(publish('a', '3')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_BROKER', statusCode: 503 })
    expect(await dataOf('a')).toEqual(['1'])
  })

  it('it is tried again, ever more rarely, while the file cannot be opened', async () => {
    await open()
    await publish('a', '1')
    await dieAt('before', 'a', '2')
    const opened = vi.spyOn(BrokerThread.prototype, 'greeting')
    const lock = lockFile(folder.file(), 1)
    await pass(650)
    // After 100 and 300 ms, and not before 700.
    expect(opened).toHaveBeenCalledTimes(2)
    expect(broker.health).toEqual(unwell('is in use by the process 1'))
    lock.close()
    await pass(100)
    expect(opened).toHaveBeenCalledTimes(3)
    opened.mockRestore()
    expect(broker.health).toEqual({ isOk: true })
    expect(await dataOf('a')).toEqual(['1'])
  })

  it.each([
    ['before', 0],
    ['while', 100],
  ])('the broker can be closed %s the file is opened, which is free then', async (_, ms) => {
    await open()
    await publish('a', '1')
    await dieAt('before', 'a', '2')
    const started = vi.spyOn(BrokerThread.prototype, 'greeting')
    host.advance(ms)
    await closeBroker(broker)
    const threads = started.mock.contexts as BrokerThread<never, never>[]
    started.mockRestore()
    expect(threads.map(({ ending }) => ending)).toEqual(ms === 0 ? [] : [expect.any(Error)])
    await open()
    expect(await dataOf('a')).toEqual(['1'])
  })
})

it('a topic that is read does not expire, nor does its follower lose it, with a thread that has ended', async () => {
  await open()
  const follower = new Recorder()
  follower.reads.add('a')
  const lifetime = { ttlMs: 20_000 }
  await play(function* () {
    return yield* broker.create('a', { contentType: jsonType, lifetime, messages: [], isClosed: false })
  })
  broker.follow(['a'], follower)
  await answered(host, scheduler)
  await dieAt('before', 'b', '1')
  await pass(60_000)
  await publish('a', '1')
  expect(follower.told.map(({ message }) => message.offset)).toEqual([1])
})

it('the reading thread is started again, and questions that it was asked fail with 503', async () => {
  const listening = vi.spyOn(BrokerThread.prototype, 'listen')
  broker = await openOn(host, scheduler, folder.file())
  const [, reader] = listening.mock.contexts as BrokerThread<never, never>[]
  await publish('a', '1')
  const asked = expect(dataOf('a')).rejects.toMatchObject({ code: 'ENCKE_ERR_SERVER_BROKER', statusCode: 503 })
  await reader?.terminate()
  await asked
  expect(broker.health).toEqual(unwell('a thread of the broker has ended'))
  await publish('a', '2')
  expect(broker.health).toEqual(unwell('a thread of the broker has ended'))
  await pass(1_000)
  expect(broker.health).toEqual({ isOk: true })
  expect(await dataOf('a')).toEqual(['1', '2'])
  listening.mockRestore()
})
