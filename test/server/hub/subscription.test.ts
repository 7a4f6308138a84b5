import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { scope, sleep } from '../../../runtime/index.ts'
import type { Cursor, Hash, Position } from '../../../server/hub/index.ts'
import { decodeCursor, encodeCursor } from '../../../server/hub/index.ts'
import type { RigOptions } from './rig.ts'
import { Account, dataOf, hash, Rig, verdictsOf } from './rig.ts'

let rig: Rig

function begin(options: RigOptions = {}): void {
  rig = new Rig(options)
}

afterEach(() => rig.validate())

function pairsOf(topics: readonly string[]): [string, string][] {
  return topics.flatMap((one) => topics.filter((other) => other !== one).map((other): [string, string] => [one, other]))
}

/** The same cursor, with something changed in the position of its only topic. */
function tampered(cursor: string, change: (position: Position) => Partial<Position>): string {
  const [[name, position]] = [...decodeCursor(cursor).positions] as [[string, Position]]
  return encodeCursor([
    [
      { topic: 'a', name },
      { ...position, ...change(position) },
    ],
  ])
}

it('begins now: with what is published after the first cursor', () => {
  begin()
  rig.publish('a', '1', '2')
  const first = rig.ask({ topics: ['a'] })
  expect(dataOf(first)).toEqual([])
  rig.publish('a', '3')
  const second = rig.ask({ topics: ['a'], cursor: first.cursor })
  expect(dataOf(second)).toEqual(['3'])
  expect(verdictsOf(second)).toEqual({ a: 'ok' })
})

it('begins with the earliest message kept, and what went before is no gap', () => {
  begin({ history: { messages: 3 }, ring: { messages: 1 } })
  rig.publishNumbers('a', 1, 10)
  const batch = rig.ask({ topics: ['a'], from: 'earliest' })
  expect(dataOf(batch)).toEqual(['8', '9', '10'])
  expect(verdictsOf(batch)).toEqual({ a: 'ok' })
})

it('begins with the latest: the newest message, whether it is at hand or in history, and what went before is no gap', () => {
  for (const ring of [{ messages: 1 }, { messages: 5 }]) {
    begin({ history: { messages: 3 }, ring })
    rig.publishNumbers('a', 1, 10)
    const batch = rig.ask({ topics: ['a'], from: 'latest' })
    expect(dataOf(batch)).toEqual(['10'])
    expect(verdictsOf(batch)).toEqual({ a: 'ok' })
    rig.publish('a', '11')
    expect(dataOf(rig.ask({ topics: ['a'], from: 'latest', cursor: batch.cursor }))).toEqual(['11'])
  }
})

it('waits from the latest in a topic without messages, and loses none', () => {
  begin()
  const reader = rig.startPoll({ topics: ['a'], from: 'latest', holdMs: 1_000 })
  rig.settle()
  rig.publish('a', '1')
  rig.settle()
  expect(dataOf(reader.answer)).toEqual(['1'])
})

it('a topic that began with the latest and had no room yet begins there in the next batch', () => {
  begin()
  rig.publish('a', '1', '2')
  rig.publish('b', '3', '4')
  const first = rig.ask({ topics: ['a', 'b'], from: 'latest', limit: 1 })
  expect(first?.more).toBe(true)
  const second = rig.ask({ topics: ['a', 'b'], cursor: first.cursor, limit: 1 })
  expect([dataOf(first), dataOf(second)].flat().toSorted()).toEqual(['2', '4'])
  expect(verdictsOf(second)).toEqual({ a: 'ok', b: 'ok' })
})

it('waits from earliest in an empty topic, and counts what was trimmed since then', () => {
  begin({ history: { messages: 2 }, ring: { messages: 2 } })
  const reader = rig.startPoll({ topics: ['a'], from: 'earliest', holdMs: 1_000 })
  rig.settle()
  rig.scheduler.run(function* () {
    for (let number = 1; number <= 10; number += 1) yield* rig.hub.publish('a', { data: `${number}`, bytes: 1 })
  })
  rig.settle()
  expect(dataOf(reader.answer)).toEqual(['7', '8', '9', '10'])
  expect(verdictsOf(reader.answer)).toEqual({ a: 'gap 6' })
})

it('says exactly how many messages were trimmed past the cursor, once', () => {
  begin({ history: { messages: 3 }, ring: { messages: 2 } })
  const { cursor } = rig.ask({ topics: ['a'] })
  for (let published = 1; published <= 8; published += 1) {
    rig.publish('a', `${published}`)
    const batch = rig.ask({ topics: ['a'], cursor })
    const missed = Math.max(published - 3, 0)
    expect(verdictsOf(batch)).toEqual({ a: missed === 0 ? 'ok' : `gap ${missed}` })
    expect(dataOf(batch)).toHaveLength(Math.min(published, 3))
    expect(verdictsOf(rig.ask({ topics: ['a'], cursor: batch.cursor }))).toEqual({ a: 'ok' })
  }
})

it.each<[string, (position: Position) => Partial<Position>]>([
  ['an unknown epoch', ({ epoch }) => ({ epoch: epoch === 1 ? 2 : epoch - 1 })],
  [
    'an unknown epoch with an offset that exists',
    ({ epoch }) => ({ epoch: epoch ^ 1 && (epoch ^ 1) >>> 0, offset: 9 }),
  ],
  ['a wrong tag', ({ tag }) => ({ tag: tag === 0 ? 1 : tag - 1 })],
  ['the tag of another message', () => ({ offset: 9 })],
  ['an offset past the head', () => ({ offset: 11 })],
  ['an offset far past the head', () => ({ offset: 2 ** 49 - 1 })],
  ['a tag at the beginning, where no message is', () => ({ offset: 0, tag: 7 })],
])('%s is a reset, answered at once with the oldest kept, and from there on it is ok', (_, change) => {
  for (const atHand of [1, 100]) {
    begin({ history: { messages: 4 }, ring: { messages: atHand } })
    const reader = rig.startPoll({ topics: ['a'], holdMs: 1_000_000 })
    rig.publishNumbers('a', 1, 10)
    expect(reader.answer).toBeDefined()
    const { cursor } = rig.ask({ topics: ['a'] })
    const batch = rig.ask({ topics: ['a'], cursor: tampered(cursor, change), holdMs: 1_000 })
    expect(verdictsOf(batch)).toEqual({ a: 'reset' })
    expect(batch.verdicts[0]?.missed).toBeNull()
    expect(dataOf(batch)).toEqual(['7', '8', '9', '10'])
    expect(batch.cursor).toBe(cursor)
    expect(verdictsOf(rig.ask({ topics: ['a'], cursor: batch.cursor }))).toEqual({ a: 'ok' })
  }
})

it('a topic that began with the earliest and had no room yet has missed nothing', () => {
  begin({ history: { messages: 3 }, ring: { messages: 1 } })
  const topics = ['a', 'b', 'c']
  for (const topic of topics) rig.publishNumbers(topic, 1, 10)
  for (const limit of [1, 2, 3, 4]) {
    const heard: string[] = []
    let cursor: string | undefined
    for (let isMore = true; isMore; ) {
      const batch = rig.ask({ topics, cursor, limit, ...(cursor === undefined && { from: 'earliest' }) })
      expect(verdictsOf(batch)).toEqual({ a: 'ok', b: 'ok', c: 'ok' })
      heard.push(...batch.messages.map(({ topic, data }) => `${topic}${data}`))
      cursor = batch.cursor
      isMore = batch.more
    }
    const all = topics.flatMap((topic) => [`${topic}8`, `${topic}9`, `${topic}10`])
    expect(heard.toSorted()).toEqual(all.toSorted())
  }
})

it('a topic that began with the earliest and had no room in bytes has missed nothing, and then counts', () => {
  begin({ history: { messages: 2 }, ring: { messages: 1 }, batchBytes: 1_000 })
  const large = '1'.repeat(600)
  for (const topic of ['a', 'b']) rig.publish(topic, large, large, large)
  const first = rig.ask({ topics: ['a', 'b'], from: 'earliest' })
  expect(first.messages[0]?.topic).toBe('b')
  rig.publish('b', large, large)
  rig.publish('a', large)
  const second = rig.ask({ topics: ['a', 'b'], cursor: first.cursor })
  expect([verdictsOf(second), second.messages[0]?.topic]).toEqual([{ a: 'ok', b: 'ok' }, 'a'])
  const third = rig.ask({ topics: ['a', 'b'], cursor: second.cursor })
  expect(verdictsOf(third)).toEqual({ a: 'ok', b: 'gap 1' })
})

it('a topic that is reset and had no room is told so with its first messages, once, and goes on from there', () => {
  begin({ history: { messages: 3 }, ring: { messages: 1 } })
  for (const topic of ['a', 'b']) rig.publishNumbers(topic, 1, 10)
  let cursor = 'AQ'
  const told: unknown[] = []
  for (let isMore = true; isMore; ) {
    const batch = rig.ask({ topics: ['a', 'b'], cursor, limit: 2 })
    told.push({ ...verdictsOf(batch), heard: batch.messages.map(({ topic, data }) => topic + data).join() })
    cursor = batch.cursor
    isMore = batch.more
  }
  expect(told).toEqual([
    { a: 'ok', b: 'reset', heard: 'b8,b9' },
    { a: 'reset', b: 'ok', heard: 'a8,a9' },
    { a: 'ok', b: 'ok', heard: 'b10,a10' },
  ])
})

it('a cursor of another version of the format is a reset of every topic that it is sent for, and then ok', () => {
  begin()
  rig.publish('a', '1')
  rig.ask({ topics: ['b'] })
  for (const cursor of ['AQ', 'ASzyTbpfsBUwMlQcdG8B', 'BAUG', 'Dw']) {
    const batch = rig.ask({ topics: ['a', 'b'], cursor, holdMs: 1_000 })
    expect([dataOf(batch), verdictsOf(batch)]).toEqual([['1'], { a: 'reset', b: 'reset' }])
    expect(verdictsOf(rig.ask({ topics: ['a', 'b'], cursor: batch.cursor }))).toEqual({ a: 'ok', b: 'ok' })
  }
})

it.each<[string, Hash]>([
  ['the same hash of their names', (text) => (text.length === 1 ? new Uint8Array(32) : hash(text))],
  ['the same hash of everything', () => new Uint8Array(32)],
])('topics with %s keep their places, each its own', (_, weak) => {
  begin({ hash: weak })
  const topics = ['a', 'b', 'c']
  for (const topic of topics) rig.publish(topic, `"${topic}0"`)
  let { cursor } = rig.ask({ topics })
  for (let turn = 1; turn <= 4; turn += 1) {
    for (const topic of topics.slice(turn % 3)) rig.publish(topic, `"${topic}${turn}"`)
    const heard: unknown[] = []
    for (let isMore = true; isMore; ) {
      const batch = rig.ask({ topics, cursor, limit: 1 })
      expect(verdictsOf(batch)).toEqual({ a: 'ok', b: 'ok', c: 'ok' })
      heard.push(...(dataOf(batch) as string[]))
      cursor = batch.cursor
      isMore = batch.more
    }
    expect(heard.toSorted()).toEqual(topics.slice(turn % 3).map((topic) => `"${topic}${turn}"`))
  }
  rig.publish('b', '"b5"')
  expect(dataOf(rig.ask({ topics: ['b'], cursor }))).toEqual(['"b5"'])
})

it('a topic that was dropped and begun again is a reset, never ok', () => {
  begin({ maxTopics: 2 })
  rig.publish('a', '1', '2')
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.settle(31_000)
  for (const topic of ['b', 'c', 'd']) rig.publish(topic, '1')
  rig.publish('a', 'x', 'y', 'z')
  const batch = rig.ask({ topics: ['a'], cursor })
  expect(verdictsOf(batch)).toEqual({ a: 'reset' })
  expect(dataOf(batch)).toEqual(['x', 'y', 'z'])
})

it('a topic that was dropped and is empty is a reset once, and then waits', () => {
  begin({ maxTopics: 1 })
  rig.publish('a', '1')
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.settle(31_000)
  rig.publish('b', '1')
  const batch = rig.ask({ topics: ['a'], cursor, holdMs: 1_000 })
  expect([dataOf(batch), verdictsOf(batch)]).toEqual([[], { a: 'reset' }])
  const again = rig.startPoll({ topics: ['a'], cursor: batch.cursor, holdMs: 1_000 })
  rig.settle(500)
  expect(again.answer).toBeUndefined()
  rig.publish('a', '1')
  expect([dataOf(again.answer), verdictsOf(again.answer)]).toEqual([['1'], { a: 'ok' }])
})

it('a cursor may cover more topics than are asked for, and fewer: those begin now', () => {
  begin()
  const both = rig.ask({ topics: ['a', 'b'] })
  for (const topic of ['a', 'b', 'c']) rig.publish(topic, '1')
  const fewer = rig.ask({ topics: ['b'], cursor: both.cursor })
  expect([dataOf(fewer), verdictsOf(fewer)]).toEqual([['1'], { b: 'ok' }])
  expect(decodeCursor(fewer.cursor).positions.size).toBe(1)
  const more = rig.ask({ topics: ['a', 'b', 'c'], cursor: fewer.cursor })
  expect([dataOf(more), decodeCursor(more.cursor).positions.size]).toEqual([[], 3])
  rig.publish('c', '2')
  expect(dataOf(rig.ask({ topics: ['c'], cursor: more.cursor }))).toEqual(['2'])
  const earliest = rig.ask({ topics: ['a', 'c'], cursor: fewer.cursor, from: 'earliest' })
  expect(dataOf(earliest)?.toSorted()).toEqual(['1', '1', '2'])
  expect(dataOf(rig.ask({ topics: ['x'], cursor: both.cursor }))).toEqual([])
})

it('a topic that is asked for several times counts once', () => {
  begin()
  const { cursor, verdicts } = rig.ask({ topics: ['a', 'a', 'b', 'a'] })
  expect(verdicts).toHaveLength(2)
  expect(decodeCursor(cursor).positions.size).toBe(2)
  rig.publish('a', '1')
  expect(dataOf(rig.ask({ topics: ['a', 'b', 'b', 'a'], cursor }))).toEqual(['1'])
})

it('a batch ends at the limit and says that there is more, until there is none', () => {
  begin()
  let { cursor } = rig.ask({ topics: ['a'] })
  rig.publishNumbers('a', 1, 5)
  const told: unknown[] = []
  for (let turn = 0; turn < 4; turn += 1) {
    const batch = rig.ask({ topics: ['a'], cursor, limit: 2 })
    told.push([dataOf(batch)?.join(), batch.more])
    cursor = batch.cursor
  }
  expect(told).toEqual([
    ['1,2', true],
    ['3,4', true],
    ['5', false],
    ['', false],
  ])
})

it('a batch ends where the bytes do, but one message always fits', () => {
  begin({ batchBytes: 1_000 })
  let { cursor } = rig.ask({ topics: ['a'] })
  rig.publish('a', '1'.repeat(300), '2'.repeat(300), '3'.repeat(5_000), '4')
  const sizes: (number[] | undefined)[] = []
  for (let turn = 0; turn < 4; turn += 1) {
    const batch = rig.ask({ topics: ['a'], cursor })
    sizes.push(dataOf(batch)?.map((data) => data.length))
    cursor = batch.cursor
  }
  expect(sizes).toEqual([[300], [300], [5_000], [1]])
})

it('a topic that had no room is told nothing yet: what it missed is counted in the batch that has its messages', () => {
  begin({ batchBytes: 1_000, history: { messages: 1 }, ring: { messages: 1 } })
  const topics = ['a', 'b', 'c']
  const account = new Account()
  let { cursor } = rig.ask({ topics, from: 'earliest' })
  for (const topic of topics) for (let number = 1; number <= 5; number += 1) rig.publish(topic, '1'.repeat(600))
  for (let turn = 0; turn < 3; turn += 1) {
    const batch = rig.ask({ topics, cursor })
    expect(batch.messages).toHaveLength(1)
    account.enter(batch)
    cursor = batch.cursor
  }
  expect(topics.map((topic) => account.nextOf(topic))).toEqual([6, 6, 6])
})

it.each([
  [1, 1, 3],
  [2, 1, 3],
  [100, 600, 3],
  [100, 600, 1],
])(
  'no topic is starved by another that always fills the batch (limit %i, %i bytes, %i at once)',
  (limit, size, atOnce) => {
    begin({ batchBytes: 1_000 })
    const topics = ['a', 'b', 'c', 'd']
    for (const [busy, other] of pairsOf(topics)) {
      let { cursor } = rig.ask({ topics })
      const heard = new Map<string, number>()
      rig.publish(other, ...Array.from({ length: 3 }, () => '1'.repeat(size)))
      for (let turn = 0; turn < 9; turn += 1) {
        rig.publish(busy, ...Array.from({ length: atOnce }, () => '1'.repeat(size)))
        const batch = rig.ask({ topics, cursor, limit })
        for (const { topic } of batch.messages) heard.set(topic, (heard.get(topic) ?? 0) + 1)
        cursor = batch.cursor
      }
      expect(heard.get(other)).toBe(3)
    }
  },
)

it('whatever is published between polls, whatever the limits: everything once, in order, or counted', () => {
  const topics = ['a', 'b', 'c']
  const burst = fc.record({
    topic: fc.constantFrom(...topics),
    size: fc.constantFrom(1, 200, 500, 900),
    count: fc.integer({ min: 0, max: 4 }),
  })
  const turn = fc.record({
    bursts: fc.array(burst, { maxLength: 4 }),
    limit: fc.integer({ min: 1, max: 4 }),
    asks: fc.integer({ min: 0, max: 2 }),
  })
  fc.assert(
    fc.property(
      fc.array(turn, { maxLength: 15 }),
      fc.constantFrom(3, 1_000),
      fc.constantFrom(1, 2, 5),
      (turns, kept, atHand) => {
        begin({ batchBytes: 1_200, history: { messages: kept }, ring: { messages: atHand } })
        const account = new Account()
        const heads = new Map(topics.map((topic) => [topic, 0]))
        let { cursor } = rig.ask({ topics })
        for (const { bursts, limit, asks } of turns) {
          for (const { topic, size, count } of bursts) {
            rig.publish(topic, ...Array.from({ length: count }, () => '1'.repeat(size)))
            heads.set(topic, (heads.get(topic) as number) + count)
          }
          for (let number = 0; number < asks; number += 1) {
            const batch = rig.ask({ topics, cursor, limit })
            account.enter(batch)
            cursor = batch.cursor
          }
        }
        for (let isMore = true; isMore; ) {
          const batch = rig.ask({ topics, cursor, limit: 2 })
          account.enter(batch)
          cursor = batch.cursor
          isMore = batch.more
        }
        for (const topic of topics) expect(account.nextOf(topic)).toBe((heads.get(topic) as number) + 1)
      },
    ),
    { numRuns: 150 },
  )
})

it('readers at the same place share one batch and its text; those elsewhere, or with another limit, do not', () => {
  begin()
  const { cursor } = rig.ask({ topics: ['a', 'b'] })
  rig.publish('a', '1')
  const later = rig.ask({ topics: ['a', 'b'], cursor }).cursor
  const asks = [
    { topics: ['a', 'b'], cursor },
    { topics: ['b', 'a'], cursor },
    { topics: ['a', 'b'], cursor, limit: 99 },
    { topics: ['a'], cursor },
    { topics: ['a', 'b'], cursor: later },
  ].map((ask) => rig.startPoll({ ...ask, holdMs: 1_000 }))
  rig.publish('a', '2')
  rig.settle()
  const batches = asks.map(({ answer }) => answer)
  expect(batches[0]).toBe(batches[1])
  expect(new Set(batches).size).toBe(4)
  expect(batches.map((batch) => dataOf(batch)?.join())).toEqual(['1', '1', '1', '1', '2'])
  const waiting = Array.from({ length: 5 }, () =>
    rig.startPoll({ topics: ['a'], cursor: batches[4]?.cursor, holdMs: 9 }),
  )
  rig.settle()
  rig.publish('a', '3')
  expect(new Set(waiting.map(({ answer }) => answer)).size).toBe(1)
})

it('readers that begin now and readers that begin with the earliest never share', () => {
  begin()
  rig.publish('a', '1', '2')
  const read = (from: 'now' | 'earliest') =>
    rig.complete(function* () {
      using place = rig.hub.subscribe(['a'], undefined, from)
      yield* sleep(1)
      return yield* place.read(10)
    })
  rig.settle(40_000)
  const both = rig.complete(() =>
    scope(function* (s) {
      const tasks = (['now', 'earliest'] as const).map((from) =>
        s.spawn(function* () {
          using place = rig.hub.subscribe(['a'], undefined, from)
          yield* sleep(1)
          return yield* place.read(10)
        }),
      )
      return [yield* (tasks[0] as (typeof tasks)[0]).join(), yield* (tasks[1] as (typeof tasks)[0]).join()]
    }),
  )
  expect(both.map((batch) => dataOf(batch))).toEqual([[], ['1', '2']])
  expect(dataOf(read('earliest'))).toEqual(['1', '2'])
  expect(dataOf(read('now'))).toEqual([])
})

it('a batch made before a message arrived is not given to a reader that comes after it', () => {
  begin()
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.publish('a', '1')
  expect(dataOf(rig.ask({ topics: ['a'], cursor }))).toEqual(['1'])
  rig.publish('a', '2')
  expect(dataOf(rig.ask({ topics: ['a'], cursor }))).toEqual(['1', '2'])
})

it('reads on in one subscription, as a stream does', () => {
  begin()
  const heard: string[] = []
  const stream = rig.scheduler.run(function* () {
    using place = rig.hub.subscribe(['a', 'b'])
    yield* place.located()
    for (;;) {
      yield* place.changed()
      for (let more = true; more; ) {
        const batch = yield* place.read(2)
        heard.push(...(dataOf(batch) as string[]))
        more = batch.more
      }
    }
  })
  rig.settle()
  rig.publish('a', '1')
  rig.scheduler.run(function* () {
    for (const data of ['2', '3', '4', '5', '6']) yield* rig.hub.publish('b', { data, bytes: 1 })
  })
  rig.settle()
  rig.publish('a', '7')
  expect(heard).toEqual(['1', '2', '3', '4', '5', '6', '7'])
  expect(rig.hub.statistics()).toMatchObject({ waiting: 1, published: 7, delivered: 7 })
  stream.cancel()
  rig.settle()
  expect(rig.hub.statistics().waiting).toBe(0)
})

it('a cursor that names no topic is as good as none', () => {
  begin()
  const empty: Cursor = decodeCursor(encodeCursor([]))
  using place = rig.hub.subscribe(['a'], empty)
  const { cursor } = place.nothing()
  expect(decodeCursor(cursor).positions.size).toBe(1)
  rig.settle()
})
