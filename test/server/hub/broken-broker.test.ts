import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Operation } from '../../../runtime/index.ts'
import { sleep } from '../../../runtime/index.ts'
import { EnckeError } from '../../../server/errors.ts'
import type { Hub } from '../../../server/hub/index.ts'
import { draftOf } from '../brokers/conformance.ts'
import { ScriptedBroker } from '../brokers/scripted-broker.ts'
import { brokerTimeoutMs, dataOf, Rig, verdictsOf } from './rig.ts'

let broker: ScriptedBroker
let rig: Rig
let hub: Hub

beforeEach(() => {
  broker = new ScriptedBroker()
  rig = new Rig({ wrap: () => broker })
  hub = rig.hub
})

afterEach(() => rig.validate())

/** Start it, and leave it. */
function start<T>(body: () => Operation<T>) {
  const started: { value: T | undefined; error: unknown } = { value: undefined, error: undefined }
  rig.scheduler.run(function* () {
    try {
      started.value = yield* body()
    } catch (error) {
      started.error = error
    }
  })
  rig.settle()
  return started
}

function publish(topic: string, data: string) {
  return start(() => hub.publish(topic, draftOf(data)))
}

/** Polls without end, as a client does; gives what it was told. */
function reader(topic: string) {
  let { cursor } = rig.ask({ topics: [topic] })
  const told: string[] = []
  rig.scheduler.run(function* () {
    for (;;) {
      const batch = yield* rig.poll({ topics: [topic], cursor, holdMs: 1_000 })
      const [verdict] = Object.values(verdictsOf(batch))
      told.push(...(verdict === 'ok' ? [] : [verdict as string]), ...(dataOf(batch) ?? []))
      cursor = batch.cursor
    }
  })
  rig.settle()
  return told
}

it('a topic that is never answered for holds no other up, nor those who read others beside it', () => {
  const { cursor } = rig.ask({ topics: ['good', 'hanging'] })
  rig.settle(60_000)
  broker.hanging.add('hanging')
  const alone = rig.startPoll({ topics: ['good'], holdMs: 20_000 })
  const both = rig.startPoll({ topics: ['good', 'hanging'], cursor, holdMs: 20_000 })
  rig.settle(1)
  publish('good', '1')
  expect([dataOf(alone.answer), dataOf(both.answer)]).toEqual([['1'], ['1']])
  broker.hanging.clear()
  publish('hanging', '2')
  rig.settle(brokerTimeoutMs)
  expect(dataOf(rig.ask({ topics: ['good', 'hanging'], cursor: both.answer?.cursor }))).toEqual(['2'])
})

it('a poll whose topics are never answered for ends with its hold, and its cursor is as it was', () => {
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.settle(60_000)
  broker.hanging.add('a')
  const [soon, late] = [0, 20_000].map((holdMs) => rig.startPoll({ topics: ['a'], cursor, holdMs }))
  rig.settle(999)
  expect(soon?.answer).toBeUndefined()
  rig.settle(1)
  expect(soon?.answer?.cursor).toBe(cursor)
  rig.settle(25_000)
  expect([late?.answer?.cursor, verdictsOf(late?.answer)]).toEqual([cursor, { a: 'ok' }])
})

it('a poll that has no position in such a topic fails, in time, and never skips messages', () => {
  broker.hanging.add('a')
  const polls = [0, 2_000, 20_000].map((holdMs) => rig.startPoll({ topics: ['a', 'b'], holdMs }))
  for (const [ms, failed] of [
    [999, 0],
    [1, 1],
    [1_000, 2],
    [brokerTimeoutMs - 2_001, 2],
    [1, 3],
  ] as const) {
    rig.settle(ms)
    expect(polls.filter(({ error }) => error !== undefined)).toHaveLength(failed)
  }
  for (const { error } of polls) expect(error).toMatchObject({ code: 'ENCKE_ERR_SERVER_BROKER', statusCode: 503 })
})

it('from the earliest on, a reader has a position at once, and loses nothing while the broker hangs', () => {
  publish('a', '1')
  broker.hanging.add('a')
  const { answer } = rig.startPoll({ topics: ['a'], from: 'earliest' })
  expect(answer).toBeUndefined()
  const batch = rig.ask({ topics: ['a'], from: 'earliest' })
  broker.hanging.clear()
  rig.settle(brokerTimeoutMs)
  expect(dataOf(rig.ask({ topics: ['a'], cursor: batch.cursor }))).toEqual(['1'])
})

it('the broker is asked again by a reader that comes after its time is up, and not before', () => {
  broker.hanging.add('a')
  rig.startPoll({ topics: ['a'] })
  rig.settle(brokerTimeoutMs - 1)
  rig.startPoll({ topics: ['a'] })
  rig.settle()
  expect(broker.asked).toEqual(['a'])
  rig.settle(1)
  broker.hanging.clear()
  const reader = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
  rig.settle()
  expect(broker.asked).toEqual(['a', 'a'])
  publish('a', '1')
  expect(dataOf(reader.answer)).toEqual(['1'])
})

it('what the broker refuses to follow fails those without a position, and is asked for again for the others', () => {
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.settle(60_000)
  broker.refusing.add('a')
  const [fresh, known] = [undefined, cursor].map((from) =>
    rig.startPoll({ topics: ['a'], cursor: from, holdMs: 20_000 }),
  )
  rig.settle(3_500)
  expect([fresh?.error, known?.error]).toMatchObject([{ message: 'the broker is away' }, undefined])
  expect(broker.asked.length).toBeGreaterThan(3)
  publish('a', '1')
  expect(known?.answer).toBeUndefined()
  broker.refusing.clear()
  rig.settle(1_000)
  expect([dataOf(known?.answer), verdictsOf(known?.answer)]).toEqual([['1'], { a: 'ok' }])
})

it('a publish that hangs is answered in time, goes on, and is read once it is there', () => {
  const told = reader('a')
  broker.before = (operation) => (operation === 'append' ? sleep(2 * brokerTimeoutMs) : undefined)
  const published = publish('a', '1')
  rig.settle(brokerTimeoutMs - 1)
  expect(published.error).toBeUndefined()
  rig.settle(1)
  expect(published.error).toMatchObject({ code: 'ENCKE_ERR_PUBLISH_UNKNOWN', statusCode: 504 })
  expect((published.error as EnckeError).retryAfterSeconds).toBeUndefined()
  rig.settle(brokerTimeoutMs)
  expect(told).toEqual(['1'])
})

it('a publish that fails is unknown, unless the broker knows better', () => {
  for (const [error, code] of [
    [new Error('cut off'), 'ENCKE_ERR_PUBLISH_UNKNOWN'],
    [new EnckeError('ENCKE_ERR_SERVER_BROKER', 'not sent'), 'ENCKE_ERR_SERVER_BROKER'],
  ] as const) {
    broker.before = () => {
      throw error
    }
    expect(publish('a', '1').error).toMatchObject({ code })
  }
})

it('publishes that hang are bounded in number and in bytes: the next is refused, and was certainly not published', () => {
  broker.before = (operation) => (operation === 'append' ? sleep(3 * brokerTimeoutMs) : undefined)
  for (let number = 0; number < 10_000; number += 1)
    rig.scheduler.run(() => hub.publish('a', draftOf('1'))).promise.catch(() => {})
  rig.settle()
  expect(publish('a', '1').error).toMatchObject({
    code: 'ENCKE_ERR_SERVER_PUBLISHES',
    statusCode: 503,
    retryAfterSeconds: 2,
  })
  rig.settle(brokerTimeoutMs)
  expect(publish('a', '1').error).toMatchObject({ code: 'ENCKE_ERR_SERVER_PUBLISHES' })
  rig.settle(2 * brokerTimeoutMs)
  broker.before = () => undefined
  expect(publish('a', '1').value).toMatchObject({ receipts: [{ offset: 10_001 }] })
  broker.before = () => broker.never()
  const other = rig.anotherHub()
  const large = { data: '1', bytes: 40 * 1024 * 1024 }
  rig.scheduler.run(() => other.publish('a', large)).promise.catch(() => {})
  rig.settle()
  expect(start(() => other.publish('a', large)).error).toMatchObject({ code: 'ENCKE_ERR_SERVER_PUBLISHES' })
  rig.settle(brokerTimeoutMs)
})

it('publishes that have come back make room for others', () => {
  broker.before = (operation) => (operation === 'append' ? sleep(10) : undefined)
  for (let number = 0; number < 3; number += 1) {
    const large = { data: '1', bytes: 40 * 1024 * 1024 }
    const published = start(() => hub.publish('a', large))
    rig.settle(10)
    expect(published.value).toMatchObject({ receipts: [{ offset: number + 1 }] })
  }
})

it('history and information that hang are given up in time', () => {
  publish('a', '1')
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.settle(60_000)
  publish('a', '2')
  broker.before = () => broker.never()
  const read = rig.startPoll({ topics: ['a'], cursor, holdMs: 20_000 })
  const informed = start(() => hub.inform('a'))
  rig.settle(brokerTimeoutMs)
  expect([read.error, informed.error]).toMatchObject([
    { code: 'ENCKE_ERR_SERVER_BROKER' },
    { code: 'ENCKE_ERR_SERVER_BROKER' },
  ])
})

it('the last message before the broker was cut off wakes its readers once it is back', () => {
  const told = reader('a')
  publish('a', '1')
  broker.isCutOff = true
  publish('a', '2')
  publish('a', '3')
  rig.settle(100)
  expect(told).toEqual(['1'])
  broker.comeBack()
  rig.settle()
  expect(told).toEqual(['1', '2', '3'])
  publish('a', '4')
  expect(told).toEqual(['1', '2', '3', '4'])
})

it('a topic that is born while the broker is cut off is heard of once it is back', () => {
  const told = reader('a')
  broker.isCutOff = true
  publish('a', '1')
  broker.comeBack()
  rig.settle()
  expect(told).toEqual(['1'])
})

it('a broker that loses its newest messages resets those who have read them, and nobody else', () => {
  const behind = rig.ask({ topics: ['a'] })
  const told = reader('a')
  for (const data of ['1', '2', '3']) publish('a', data)
  broker.lose('a', 2)
  rig.settle()
  expect(told).toEqual(['1', '2', '3', 'reset', '1'])
  publish('a', 'again 2')
  expect(told.at(-1)).toBe('again 2')
  expect([dataOf(rig.ask({ topics: ['a'], cursor: behind.cursor }))]).toEqual([['1', 'again 2']])
})

it('offsets that are given again are not mistaken for those that were lost, though nobody was told', () => {
  const told = reader('a')
  for (const data of ['1', '2', '3']) publish('a', data)
  broker.isCutOff = true
  broker.lose('a', 2)
  publish('a', 'again 2')
  publish('a', 'again 3')
  broker.comeBack()
  rig.settle()
  expect(told).toEqual(['1', '2', '3', 'reset', '1', 'again 2', 'again 3'])
})

it('an answer that was on its way when the newest were lost moves nobody to where they were', () => {
  for (const data of ['1', '2', '3']) publish('a', data)
  const first = rig.ask({ topics: ['a'] })
  rig.settle(60_000)
  for (const data of ['4', '5', '6']) publish('a', data)
  broker.after = (operation) => (operation === 'history' ? sleep(10) : undefined)
  const late = rig.startPoll({ topics: ['a'], cursor: first.cursor, holdMs: 1_000 })
  rig.settle(5)
  broker.lose('a', 2)
  rig.settle(100)
  expect([dataOf(late.answer), verdictsOf(late.answer)]).toEqual([['4'], { a: 'ok' }])
  const next = rig.startPoll({ topics: ['a'], cursor: late.answer?.cursor, holdMs: 1_000 })
  rig.settle(500)
  expect(next.answer).toBeUndefined()
  publish('a', 'again 5')
  rig.settle(100)
  expect([dataOf(next.answer), verdictsOf(next.answer)]).toEqual([['again 5'], { a: 'ok' }])
})

it('a broker that says everything twice delivers everything once', () => {
  broker.saysTwice = true
  const told = reader('a')
  for (const data of ['1', '2', '3']) publish('a', data)
  broker.comeBack()
  broker.lose('a', 1)
  publish('a', 'again 3')
  rig.settle(100)
  expect(told).toEqual(['1', '2', '3', 'reset', '1', '2', 'again 3'])
})

it('a topic that is removed resets its readers once, and again with its next life', () => {
  const rig = new Rig()
  for (const data of ['1', '2']) rig.publish('a', data)
  const { cursor } = rig.ask({ topics: ['a'] })
  const waiting = rig.startPoll({ topics: ['a'], cursor, holdMs: 1_000 })
  rig.settle()
  expect(rig.complete(() => rig.memory.remove('a'))).toBe(true)
  rig.settle()
  expect([dataOf(waiting.answer), verdictsOf(waiting.answer)]).toEqual([[], { a: 'reset' }])
  const next = rig.startPoll({ topics: ['a'], cursor: waiting.answer?.cursor, holdMs: 1_000 })
  rig.settle(500)
  expect(next.answer).toBeUndefined()
  rig.publish('a', 'reborn')
  expect([dataOf(next.answer), verdictsOf(next.answer)]).toEqual([['reborn'], { a: 'reset' }])
})

it('a topic that is created with messages wakes those who waited for it', () => {
  const rig = new Rig()
  const waiting = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
  rig.settle()
  const creation = { contentType: 'application/json', lifetime: null, isClosed: false }
  rig.complete(() => rig.memory.create('a', { ...creation, messages: [draftOf('1'), draftOf('2')] }))
  rig.settle()
  expect([dataOf(waiting.answer), verdictsOf(waiting.answer)]).toEqual([['1', '2'], { a: 'ok' }])
})
