// Every invariant holds for what should be seen, and is broken by each way of seeing something else.

import { describe, expect, it } from 'vitest'
import { complaintsOf, type FaultKind, Faults, faultKinds } from '../../loadtest/client/faults.ts'
import { judgeEvents, judgeRound, type RoundObserved } from '../../loadtest/client/herd-rounds.ts'
import { judgeOffered } from '../../loadtest/client/offered.ts'
import { type BenchmarkObserved, judgeBenchmark } from '../../loadtest/scenarios/benchmark.ts'
import { judgePublish, judgeRoundTrips, type PublishObserved } from '../../loadtest/scenarios/closed-loops.ts'
import { judgeHeads } from '../../loadtest/scenarios/offered-rates.ts'
import { judgeStorm, type Leftovers, type StormObserved } from '../../loadtest/scenarios/storm.ts'

const oneFault = (kind: FaultKind) => {
  const faults = new Faults()
  faults.add(kind, 'here')
  return faults.counts
}
const everyFault = Object.keys(faultKinds) as FaultKind[]

describe('publish', () => {
  const good: PublishObserved = { answered: 5, head: 5, keptOffsets: [3, 4, 5], altered: 0 }

  it('holds when every message that was answered with 201 is in the topic', () => {
    expect(judgePublish(good)).toEqual([])
  })

  const bad: [what: string, observed: Partial<PublishObserved>][] = [
    ['no message', { answered: 0, head: 0 }],
    ['a message that got 201 and is not there', { head: 4, keptOffsets: [3, 4] }],
    ['a message more than there were replies', { head: 6, keptOffsets: [5, 6] }],
    ['a hole in history', { keptOffsets: [3, 5] }],
    ['history that ends before the newest', { keptOffsets: [2, 3, 4] }],
    ['no history', { keptOffsets: [] }],
    ['a message with other data', { altered: 1 }],
  ]
  it.each(bad)('is broken by %s', (_, observed) => {
    expect(judgePublish({ ...good, ...observed })).not.toEqual([])
  })
})

describe('round-trips', () => {
  it('holds when as many messages were seen as were published', () => {
    expect(judgeRoundTrips(100, 100)).toEqual([])
  })

  it.each([
    [100, 101],
    [101, 100],
    [0, 0],
  ])('is broken by %i trips of %i messages', (trips, published) => {
    expect(judgeRoundTrips(trips, published)).not.toEqual([])
  })
})

describe('a closed loop', () => {
  it.each(everyFault)('is broken by a fault of the kind %s', (kind) => {
    expect(complaintsOf(oneFault(kind))).toEqual([expect.stringContaining(faultKinds[kind])])
  })
})

describe('fan-out', () => {
  const data = { round: 2 }
  const body = (change: object = {}, message: object = {}) =>
    JSON.stringify({
      messages: [{ topic: 'load/fan-out', offset: 2, id: 'x', time: 1, data, ...message }],
      cursor: 'c',
      more: false,
      topics: { 'load/fan-out': { verdict: 'ok', missed: 0 } },
      ...change,
    })
  const good: RoundObserved = {
    readers: 1_000,
    offset: 2,
    data,
    waiting: 1_000,
    replies: [{ status: 200, body: body(), count: 1_000 }],
    faults: {},
  }
  const among = (status: number, wrong: string) => ({
    replies: [
      { status: 200, body: body(), count: 999 },
      { status, body: wrong, count: 1 },
    ],
  })

  it('holds when every poll got the message', () => {
    expect(judgeRound(good)).toEqual([])
  })

  const bad: [what: string, observed: Partial<RoundObserved>][] = [
    ['one reply too few', { replies: [{ status: 200, body: body(), count: 999 }] }],
    ['one reply too many', { replies: [{ status: 200, body: body(), count: 1_001 }] }],
    ['a poll that did not wait', { waiting: 999 }],
    ['one reply with another status', among(503, body())],
    ['one reply without messages', among(200, body({ messages: [] }))],
    ['one reply with two messages', among(200, body({ messages: [{}, {}] }))],
    ['one reply with the message of the round before', among(200, body({}, { offset: 1 }))],
    ['one reply with a message of another topic', among(200, body({}, { topic: 'load/other' }))],
    ['one reply with other data', among(200, body({}, { data: { round: 3 } }))],
    ['one reply with a gap', among(200, body({ topics: { 'load/fan-out': { verdict: 'gap', missed: 1 } } }))],
    ['one reply without a verdict', among(200, body({ topics: {} }))],
    ['one reply that was cut', among(200, body().slice(0, -9))],
    ...everyFault.map((kind): [string, Partial<RoundObserved>] => [
      `a fault of the kind ${kind}`,
      { faults: oneFault(kind) },
    ]),
  ]
  it.each(bad)('is broken by %s', (_, observed) => {
    const complaints = judgeRound({ ...good, ...observed })
    expect(complaints.length).toBeGreaterThan(0)
    for (const complaint of complaints) expect(complaint).toMatch(/^round 2: /)
  })
})

describe('events', () => {
  const good = {
    readers: 3,
    publishedMs: 7.5,
    dueMs: [7.5, 7.5, 7.5],
    ended: 0,
  }

  it('hold when each reader got the message once, and stays', () => {
    expect(judgeEvents(good)).toEqual([])
  })

  it.each([{ dueMs: [7.5, 7.5] }, { dueMs: [7.5, 7.5, 7.5, 7.5] }, { dueMs: [7.5, 6, 7.5] }, { ended: 1 }])(
    'are broken by %j',
    (change) => {
      expect(judgeEvents({ ...good, ...change })).toHaveLength(1)
    },
  )
})

describe('topics', () => {
  const good = { perSecond: 500, published: 6, delivered: 24, complaints: [] }

  it('holds when every message reached every reader of its topic', () => {
    expect(judgeOffered([good], 4)).toEqual([])
    expect(judgeHeads(6, [2, 2, 2])).toEqual([])
  })

  it.each([
    { delivered: 23 },
    { delivered: 25 },
    { published: 7 },
    { published: 0, delivered: 0 },
    ...everyFault.map((kind) => ({ complaints: complaintsOf(oneFault(kind)) })),
  ])('is broken by %j', (observed) => {
    expect(judgeOffered([{ ...good, ...observed }], 4)).not.toEqual([])
  })

  it('is broken by topics that have other messages than were accepted', () => {
    expect(judgeHeads(6, [2, 2, 1])).not.toEqual([])
    expect(judgeHeads(6, [2, 2, 3])).not.toEqual([])
  })
})

describe('benchmark', () => {
  const run = { startMs: 0, endMs: 100, answer: 1_000_000, wallMs: 99 }
  const phase = { perSecond: 200, published: 5, delivered: 10, complaints: [] }
  const good: BenchmarkObserved = { runs: [run, run], phases: [phase, phase], deliveredDuring: [3, 4] }

  it('holds when the chain answers and the polls are answered beside it', () => {
    expect(judgeBenchmark(good)).toEqual([])
  })

  it.each([
    { runs: [] },
    { runs: [run, { ...run, answer: 999_999 }] },
    { deliveredDuring: [3, 0] },
    { phases: [phase, { ...phase, delivered: 9 }] },
    { phases: [{ ...phase, delivered: 11 }, phase] },
    { phases: [{ ...phase, published: 0, delivered: 0 }] },
    ...everyFault.map((kind) => ({ phases: [phase, { ...phase, complaints: complaintsOf(oneFault(kind)) }] })),
  ])('is broken by %j', (observed) => {
    expect(judgeBenchmark({ ...good, ...observed })).not.toEqual([])
  })
})

describe('storm', () => {
  const before: Leftovers = { waiting: 0, coroutines: 2, parked: 2, runnable: 0, timers: 1, connections: 1 }
  const good: StormObserved = { visits: 500, before, after: { ...before }, isServing: true }

  it('holds when all is as before', () => {
    expect(judgeStorm(good)).toEqual([])
  })

  it.each(Object.keys(before) as (keyof Leftovers)[])('is broken by one of %s that is left', (name) => {
    const after = { ...before, [name]: before[name] + 1 }
    expect(judgeStorm({ ...good, after })).toEqual([`${name}: ${before[name]} before, ${after[name]} after`])
  })

  it('is broken by a server that has lost one of its own coroutines', () => {
    expect(judgeStorm({ ...good, after: { ...before, coroutines: 1 } })).not.toEqual([])
  })

  it.each([{ visits: 0 }, { isServing: false }])('is broken by %j', (observed) => {
    expect(judgeStorm({ ...good, ...observed })).not.toEqual([])
  })
})
