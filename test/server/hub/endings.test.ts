// Topics that end while they are read: closed, removed, expired.

import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Batch, Creation } from '../../../server/hub/index.ts'
import { jsonType } from '../../../server/hub/index.ts'
import { draftOf } from '../brokers/conformance.ts'
import { dataOf, Rig, verdictsOf } from './rig.ts'

const plain: Creation = { contentType: jsonType, lifetime: null, messages: [], isClosed: false }
const holdMs = 25_000

let rig: Rig

beforeEach(() => {
  rig = new Rig()
})
afterEach(() => rig.validate())

function create(topic: string, creation: Partial<Creation> = {}) {
  return rig.complete(() => rig.hub.create(topic, { ...plain, ...creation }))
}

function close(topic: string, ...data: string[]) {
  return rig.complete(() => rig.hub.append(topic, { messages: data.map(draftOf), close: true }))
}

function remove(topic: string) {
  return rig.complete(() => rig.hub.remove(topic))
}

/** `closed`, `removed`, or nothing, by topic. */
function endingsOf(batch: Batch | undefined): Record<string, string> {
  return Object.fromEntries(
    (batch?.verdicts ?? []).map(({ topic, isClosed, isRemoved }) => [
      topic,
      `${isClosed ? 'closed' : ''}${isRemoved ? 'removed' : ''}`,
    ]),
  )
}

it('a topic that is closed wakes its readers, and those who read it with others go on with those', () => {
  rig.publish('a', '1')
  rig.publish('b', '1')
  const { cursor } = rig.ask({ topics: ['a', 'b'] })
  const reader = rig.startPoll({ topics: ['a', 'b'], cursor, holdMs })
  rig.settle()
  close('a')
  expect(endingsOf(reader.answer)).toEqual({ a: 'closed', b: '' })
  expect([dataOf(reader.answer), verdictsOf(reader.answer)]).toEqual([[], { a: 'ok', b: 'ok' }])
  const again = rig.startPoll({ topics: ['a', 'b'], cursor: reader.answer?.cursor, holdMs })
  rig.settle(holdMs - 1)
  expect(again.answer).toBeUndefined()
  rig.settle(1)
  expect(endingsOf(again.answer)).toEqual({ a: 'closed', b: '' })
  const third = rig.startPoll({ topics: ['a', 'b'], cursor: reader.answer?.cursor, holdMs })
  rig.settle()
  rig.publish('b', '2')
  expect(dataOf(third.answer)).toEqual(['2'])
})

it('a poll is answered at once when all its topics are closed and read, and not before', () => {
  close('a', '1', '2')
  close('b', '3')
  const first = rig.ask({ topics: ['a', 'b'], from: 'earliest', limit: 2, holdMs })
  expect([dataOf(first)?.length, Object.values(endingsOf(first)).filter((one) => one === 'closed').length]).toEqual([
    2, 1,
  ])
  const rest = rig.ask({ topics: ['a', 'b'], cursor: first.cursor, holdMs })
  expect([dataOf(rest)?.length, endingsOf(rest)]).toEqual([1, { a: 'closed', b: 'closed' }])
  const nothing = rig.startPoll({ topics: ['a', 'b'], cursor: rest.cursor, holdMs })
  rig.settle()
  expect([dataOf(nothing.answer), endingsOf(nothing.answer)]).toEqual([[], { a: 'closed', b: 'closed' }])
})

it('the last messages of a topic that is closed with them come with the news that it is', () => {
  create('a')
  const reader = rig.startPoll({ topics: ['a'], holdMs })
  rig.settle()
  close('a', '1', '2')
  expect([dataOf(reader.answer), endingsOf(reader.answer)]).toEqual([['1', '2'], { a: 'closed' }])
})

it('a topic that was created empty and closed tells those who wait for it', () => {
  const reader = rig.startPoll({ topics: ['a'], holdMs })
  rig.settle()
  create('a', { isClosed: true })
  expect(endingsOf(reader.answer)).toEqual({ a: 'closed' })
})

it('a topic that is removed wakes its readers once; they are reset when it comes again', () => {
  rig.publish('a', '1')
  const { cursor } = rig.ask({ topics: ['a'] })
  const reader = rig.startPoll({ topics: ['a'], cursor, holdMs })
  rig.settle()
  expect(remove('a')).toBe(true)
  expect([endingsOf(reader.answer), verdictsOf(reader.answer)]).toEqual([{ a: 'removed' }, { a: 'reset' }])
  const again = rig.startPoll({ topics: ['a'], cursor: reader.answer?.cursor, holdMs })
  rig.settle(holdMs - 1)
  expect(again.answer).toBeUndefined()
  rig.settle(1)
  expect(endingsOf(again.answer)).toEqual({ a: 'removed' })
  const third = rig.startPoll({ topics: ['a'], cursor: again.answer?.cursor, holdMs })
  rig.settle()
  rig.publish('a', '2')
  expect([dataOf(third.answer), verdictsOf(third.answer), endingsOf(third.answer)]).toEqual([
    ['2'],
    { a: 'reset' },
    { a: '' },
  ])
  expect(verdictsOf(rig.ask({ topics: ['a'], cursor: third.answer?.cursor ?? '' }))).toEqual({ a: 'ok' })
})

it('who was told of a removal is reset also by a topic that comes again empty', () => {
  create('a')
  const { cursor } = rig.ask({ topics: ['a'] })
  const reader = rig.startPoll({ topics: ['a'], cursor, holdMs })
  rig.settle()
  remove('a')
  const again = rig.startPoll({ topics: ['a'], cursor: reader.answer?.cursor, holdMs })
  rig.settle()
  create('a')
  expect([verdictsOf(again.answer), endingsOf(again.answer)]).toEqual([{ a: 'reset' }, { a: '' }])
})

it('a topic that expires is removed: its readers are told', () => {
  create('a', { lifetime: { expiresAt: rig.host.now() + 5_000 }, messages: [draftOf('1')] })
  rig.memory.start(rig.scheduler)
  const { cursor } = rig.ask({ topics: ['a'] })
  const reader = rig.startPoll({ topics: ['a'], cursor, holdMs })
  rig.settle(20_000)
  expect(endingsOf(reader.answer)).toEqual({ a: 'removed' })
})

it('a topic without a record has none, and one that was created has what it was created with', () => {
  expect(rig.complete(() => rig.hub.record('a'))).toBeNull()
  create('a', { contentType: 'text/plain' })
  expect(rig.complete(() => rig.hub.record('a'))).toMatchObject({ contentType: 'text/plain', retention: 'all' })
  expect(rig.complete(() => rig.hub.fork('a', 'head', 'b', {}))).toMatchObject({ outcome: 'created' })
  expect(rig.hub.statistics().published).toBe(0)
  create('c', { messages: [draftOf('1')] })
  expect(rig.hub.statistics().published).toBe(1)
})
