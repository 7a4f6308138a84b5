import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import type { Coroutine, Operation, Scheduler } from '../../../runtime/index.ts'
import { checkpoint, sleep } from '../../../runtime/index.ts'
import type { Append, Broker, Creation, Follower, HistoryLimits, Published, Slice } from '../../../server/hub/index.ts'
import { draftOf } from '../brokers/conformance.ts'
import { TopicLines } from '../brokers/slow-broker.ts'
import type { RigOptions } from './rig.ts'
import { Account, dataOf, hash, Rig, unfollowMs, verdictsOf } from './rig.ts'

let rig: Rig

function begin(options: RigOptions = {}): void {
  rig = new Rig(options)
}

afterEach(() => rig.validate())

/** A broker of which single operations can be watched or replaced. */
class Tapped implements Broker {
  answersAtOnce = false
  readonly inner: Broker
  readonly log: string[] = []
  before: (operation: string, topic: string) => Operation<void> = function* () {}
  followers: Follower[] = []
  readonly #lines: TopicLines

  constructor(inner: Broker, scheduler: Scheduler) {
    this.inner = inner
    this.#lines = new TopicLines(scheduler)
  }

  get health() {
    return this.inner.health
  }

  *append(topic: string, append: Append) {
    yield* this.#note('publish', topic)
    return yield* this.inner.append(topic, append)
  }

  create(topic: string, creation: Creation) {
    return this.inner.create(topic, creation)
  }

  fork(): never {
    throw new Error('no test asks for it')
  }

  remove(topic: string) {
    return this.inner.remove(topic)
  }

  list(after: string, limit: number) {
    return this.inner.list(after, limit)
  }

  inform(topic: string) {
    return this.inner.inform(topic)
  }

  *history(topic: string, from: number, limits: HistoryLimits) {
    const slice = yield* this.inner.history(topic, from, limits)
    yield* this.#note('history', topic)
    return slice
  }

  follow(topics: readonly string[], follower: Follower): void {
    this.followers = [follower]
    for (const topic of topics) {
      this.#tell('follow', topic, follower, () => this.inner.follow([topic], follower))
    }
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    for (const topic of topics) {
      this.#tell('unfollow', topic, follower, () => this.inner.unfollow([topic], follower))
    }
  }

  statistics() {
    return this.inner.statistics()
  }

  close() {
    return this.inner.close()
  }

  #tell(operation: string, topic: string, follower: Follower, tell: () => void): void {
    const note = () => this.#note(operation, topic)
    this.#lines.run(topic, function* () {
      try {
        yield* note()
        tell()
      } catch (error) {
        follower.notLocated(topic, error)
      }
    })
  }

  *#note(operation: string, topic: string): Coroutine<void> {
    this.log.push(`${operation} ${topic}`)
    yield* this.before(operation, topic)
  }
}

function beginTapped(options: RigOptions = {}): Tapped {
  let tapped: Tapped | undefined
  begin({
    ...options,
    wrap: (broker, scheduler) => {
      tapped = new Tapped(broker, scheduler)
      return tapped
    },
  })
  return tapped as unknown as Tapped
}

/** What the broker has of a topic. */
function kept(topic: string, from = 1): Slice {
  return rig.complete(() => rig.memory.history(topic, from, { messages: 1_000, bytes: 1e9 }))
}

/** Go once through the run queue, and on from there. */
function trip(of: Rig): Operation<void> {
  return of.scheduler.run(function* () {}).join()
}

function* trips(of: Rig, count: number): Coroutine<void> {
  for (let number = 0; number < count; number += 1) yield* trip(of)
}

it('nothing is lost: a message published at any step of a poll is in its answer or in the next one, once', () => {
  const outcomes = new Set<string>()
  for (const park of [undefined, trip, () => sleep(2)]) {
    for (const atMs of [0, 1, 9, 10, 11, 12]) {
      for (let steps = 0; steps < 24; steps += 1) {
        begin(park === undefined ? {} : { park })
        const { cursor } = rig.ask({ topics: ['a', 'b'] })
        if (steps % 2 === 0) rig.settle(2 * unfollowMs)
        const reader = rig.startPoll({ topics: ['a', 'b'], cursor, holdMs: 10 })
        rig.scheduler.run(function* publisher() {
          yield* sleep(atMs)
          yield* trips(rig, steps)
          yield* rig.hub.publish('a', draftOf('1'))
        })
        rig.settle(100)
        if (reader.answer === undefined) throw reader.error
        const inTime = dataOf(reader.answer) as string[]
        const later = dataOf(rig.ask({ topics: ['a', 'b'], cursor: reader.answer.cursor })) as string[]
        expect([...inTime, ...later], `${atMs} ms and ${steps} steps`).toEqual(['1'])
        outcomes.add(inTime.length === 1 ? 'in time' : 'later')
        expect(rig.hub.statistics().waiting).toBe(0)
      }
    }
  }
  expect(outcomes.size).toBe(2)
})

it('nothing is lost when a poll is cancelled at any step, and nothing stays behind', () => {
  for (const park of [undefined, trip]) {
    for (let published = 0; published < 14; published += 1) {
      for (let cancelled = 0; cancelled < 14; cancelled += 1) {
        begin(park === undefined ? {} : { park })
        const { cursor } = rig.ask({ topics: ['a', 'b'] })
        const reader = rig.startPoll({ topics: ['a', 'b'], cursor, holdMs: 10 })
        rig.scheduler.run(function* publisher() {
          yield* trips(rig, published)
          yield* rig.hub.publish('b', draftOf('1'))
        })
        rig.scheduler.run(function* canceller() {
          yield* trips(rig, cancelled)
          reader.cancel()
        })
        rig.settle(50)
        expect(dataOf(rig.ask({ topics: ['a', 'b'], cursor }))).toEqual(['1'])
        if (reader.answer !== undefined) {
          expect(dataOf(rig.ask({ topics: ['a', 'b'], cursor: reader.answer.cursor }))).toEqual([])
        }
        expect(rig.hub.statistics().waiting).toBe(0)
      }
    }
  }
})

it('nothing is lost through a broker that parks anywhere, over two nodes, in any order of running', () => {
  const topics = ['a', 'b', 'c']
  const action = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('publish' as const),
        topic: fc.constantFrom(...topics),
        count: fc.integer({ min: 1, max: 4 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('poll' as const),
        reader: fc.nat(2),
        limit: fc.integer({ min: 1, max: 5 }),
        holdMs: fc.constantFrom(0, 5, 50),
        cancelMs: fc.option(fc.nat(20)),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 7, 60, 2 * unfollowMs) }),
    },
  )
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 30 }),
      fc.integer({ min: 1, max: 1e6 }),
      fc.constantFrom(3, 100),
      (actions, seed, kept) => {
        begin({
          seed,
          order: 'shuffle',
          history: { messages: kept },
          ring: { messages: 2 },
          batchBytes: 1_000,
          park: ({ scheduler }) => (scheduler.random(3) === 0 ? checkpoint() : sleep(scheduler.random(9))),
        })
        const hubs = [rig.hub, rig.anotherHub()]
        const heads = new Map(topics.map((topic) => [topic, 0]))
        const readers = Array.from({ length: 3 }, () => ({
          account: new Account(),
          cursor: rig.ask({ topics }).cursor,
          isBusy: false,
          turns: 0,
        }))
        type Reader = (typeof readers)[0]
        function* polling(reader: Reader, limit: number, holdMs: number): Coroutine<void> {
          try {
            reader.turns += 1
            const hub = hubs[reader.turns % 2]
            const batch = yield* rig.poll({ topics, cursor: reader.cursor, limit, holdMs }, hub)
            reader.account.enter(batch)
            reader.cursor = batch.cursor
          } finally {
            reader.isBusy = false
          }
        }
        for (const next of actions) {
          if (next.do === 'wait') rig.settle(next.ms)
          else if (next.do === 'publish') {
            heads.set(next.topic, (heads.get(next.topic) as number) + next.count)
            for (let number = 0; number < next.count; number += 1) {
              rig.scheduler.run(() => hubs[number % 2]?.publish(next.topic, draftOf('1')) as Coroutine<unknown>)
            }
          } else {
            const reader = readers[next.reader] as Reader
            if (reader.isBusy) continue
            reader.isBusy = true
            const task = rig.scheduler.run(polling, reader, next.limit, next.holdMs)
            const { cancelMs } = next
            if (cancelMs === null) continue
            rig.scheduler.run(function* () {
              yield* sleep(cancelMs)
              task.cancel()
            })
          }
        }
        rig.settle(1_000)
        for (const reader of readers) {
          expect(reader.isBusy).toBe(false)
          for (let turn = 0; turn < 100; turn += 1) rig.complete(() => polling(reader, 100, 0))
          for (const topic of topics) expect(reader.account.nextOf(topic)).toBe((heads.get(topic) as number) + 1)
        }
        expect(hubs.map((hub) => hub.statistics().waiting)).toEqual([0, 0])
      },
    ),
    { numRuns: 40 },
  )
})

it('trimming waits for the readers that a publish has woken, and no longer than twice the bounds', () => {
  for (const [count, missed] of [
    [6, 0],
    [7, 1],
    [20, 14],
  ] as const) {
    begin({ history: { messages: 3 }, ring: { messages: 3 } })
    const { cursor } = rig.ask({ topics: ['a'] })
    const reader = rig.startPoll({ topics: ['a'], cursor, holdMs: 1_000 })
    rig.settle()
    rig.scheduler.run(function* () {
      for (let number = 1; number <= count; number += 1) yield* rig.hub.publish('a', draftOf(`${number}`))
    })
    rig.settle()
    expect(reader.answer?.messages).toHaveLength(count - missed)
    expect(verdictsOf(reader.answer)).toEqual({ a: missed === 0 ? 'ok' : `gap ${missed}` })
    // With the same limit it would be given the batch that the first one was.
    expect(verdictsOf(rig.ask({ topics: ['a'], cursor, limit: 99 }))).toEqual({ a: `gap ${count - 3}` })
  }
})

it('a reader that had to be located, and was then woken, does not hold back trimming for ever', () => {
  begin({ history: { messages: 3 }, ring: { messages: 3 } })
  const reader = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
  rig.settle()
  rig.publish('a', '1')
  expect(dataOf(reader.answer)).toEqual(['1'])
  rig.publishNumbers('a', 2, 20)
  expect(verdictsOf(rig.ask({ topics: ['a'], cursor: reader.answer?.cursor }))).toEqual({ a: 'gap 16' })
})

it('tells who publishes how many were waiting, and counts back to nothing', () => {
  begin()
  const readers = Array.from({ length: 5 }, () => rig.startPoll({ topics: ['a', 'b'], holdMs: 100 }))
  rig.settle()
  expect(rig.hub.statistics().waiting).toBe(5)
  expect(rig.complete(() => rig.hub.inform('a'))).toMatchObject({ waiting: 5, head: 0, oldest: 1 })
  readers[0]?.cancel()
  rig.settle()
  expect(rig.publish('a', '1')[0]?.waiting).toBe(4)
  expect(rig.publish('a', '2')[0]?.waiting).toBe(0)
  rig.startPoll({ topics: ['a'], holdMs: 100 })
  rig.settle()
  expect(rig.hub.statistics().waiting).toBe(1)
  rig.settle(100)
  expect(rig.hub.statistics()).toMatchObject({ waiting: 0, published: 2, delivered: 4 })
})

it('a thousand polls that come and go leave no waiter, timer or coroutine', () => {
  begin()
  rig.settle()
  const before = rig.scheduler.statistics()
  for (let round = 0; round < 1_000; round += 1) {
    const reader = rig.startPoll({ topics: ['a', 'b'], holdMs: 25_000 })
    rig.host.settle()
    reader.cancel()
    rig.host.settle()
  }
  rig.settle(2 * unfollowMs)
  const { coroutines, timers, parked } = rig.scheduler.statistics()
  expect({ coroutines, timers, parked }).toEqual({ coroutines: before.coroutines, timers: 1, parked: before.parked })
  expect(rig.hub.statistics().waiting).toBe(0)
})

it('readers who go on at the end of a followed topic, by its epoch and offset, cost no hash and share what they read next', () => {
  let hashed = 0
  begin({
    hash: (text) => {
      hashed += 1
      return hash(text)
    },
  })
  const [first] = rig.publish('a', 'one') as [Published]
  using _following = rig.hub.readAfter('a', first.epoch, 1)
  const before = hashed
  const readers = Array.from({ length: 100 }, () => rig.hub.readAfter('a', first.epoch, 1))
  const behind = rig.hub.readAfter('a', first.epoch, 0)
  // That of the message at the end, once.
  expect(hashed - before).toBeLessThanOrEqual(1)
  expect(rig.complete(() => behind.read(10)).messages.map(({ data }) => data)).toEqual(['one'])
  rig.publish('a', 'two')
  const batches = readers.map((reader) => rig.complete(() => reader.read(10)))
  expect(new Set(batches).size).toBe(1)
  expect(dataOf(batches[0])).toEqual(['two'])
  for (const reader of [...readers, behind]) reader[Symbol.dispose]()
})

it('the cursor it informs of is where a reader goes on', () => {
  begin()
  rig.publish('a', '1', '2')
  const { cursor, ...information } = rig.complete(() => rig.hub.inform('a'))
  expect(information).toMatchObject({ topic: 'a', head: 2, oldest: 1 })
  expect(cursor).toBe(rig.ask({ topics: ['a'] }).cursor)
  rig.publish('a', '3')
  expect(dataOf(rig.ask({ topics: ['a'], cursor }))).toEqual(['3'])
})

it('a publisher that is cancelled once the broker was called still publishes; one cancelled before does not', () => {
  const outcomes = new Set<string>()
  for (let steps = 0; steps < 12; steps += 1) {
    const tapped = beginTapped()
    tapped.before = () => sleep(5)
    const publisher = rig.scheduler.run(() => rig.hub.publish('a', draftOf('1')))
    publisher.promise.catch(() => {})
    rig.scheduler.run(function* () {
      if (steps > 0) yield* sleep(steps - 1)
      publisher.cancel()
    })
    if (steps === 0) publisher.cancel()
    rig.settle(100)
    expect(rig.memory.statistics().messages).toBe(publisher.status === 'done' ? 1 : 0)
    expect(tapped.log).toHaveLength(publisher.status === 'done' ? 1 : 0)
    outcomes.add(publisher.status)
  }
  expect([...outcomes].toSorted()).toEqual(['cancelled', 'done'])
})

it('follows a topic while somebody reads it and for 30 s after the last has gone', () => {
  const { log } = beginTapped()
  rig.ask({ topics: ['a'] })
  rig.ask({ topics: ['a'] })
  rig.settle(unfollowMs - 1)
  expect(log).toEqual(['follow a'])
  rig.settle(1)
  expect(log).toEqual(['follow a', 'unfollow a'])
  rig.ask({ topics: ['a'] })
  expect(log.at(-1)).toBe('follow a')
})

it.each([0, 10, 999, 1_000])('leaves a topic %i ms after its last reader has gone, if it is told to', (idleMs) => {
  const { log } = beginTapped({ unfollowMs: idleMs })
  rig.settle(123)
  rig.startPoll({ topics: ['a'] })
  rig.host.settle()
  if (idleMs > 0) rig.settle(idleMs - 1)
  expect(log).toEqual(idleMs > 0 ? ['follow a'] : ['follow a', 'unfollow a'])
  rig.settle(1)
  expect(log).toEqual(['follow a', 'unfollow a'])
})

it('goes on following when a reader comes back in time, and counts from when that one has gone', () => {
  const { log } = beginTapped()
  rig.ask({ topics: ['a'] })
  rig.settle(20_000)
  rig.ask({ topics: ['b'] })
  const reader = rig.startPoll({ topics: ['a'], holdMs: 60_000 })
  rig.settle(29_999)
  expect(log).toEqual(['follow a', 'follow b'])
  rig.settle(30_001)
  expect(log).toEqual(['follow a', 'follow b', 'unfollow b'])
  expect(reader.answer).toBeDefined()
  rig.settle(unfollowMs)
  expect(log.at(-1)).toBe('unfollow a')
})

it('a reader that comes while its topic is being left misses nothing', () => {
  const tapped = beginTapped()
  tapped.before = () => sleep(50)
  let { cursor } = rig.ask({ topics: ['a'] })
  for (let step = 0; step < 40; step += 1) {
    rig.settle(unfollowMs - 20 + step)
    const reader = rig.startPoll({ topics: ['a'], cursor, holdMs: 1_000 })
    rig.settle(step)
    const published = rig.scheduler.run(() => rig.hub.publish('a', draftOf(`${step}`)))
    rig.settle(400)
    expect(published.status).toBe('done')
    expect(dataOf(reader.answer)).toEqual([`${step}`])
    cursor = reader.answer?.cursor as string
  }
})

it('copes with duplicates, holes and a new epoch in what arrives: everything once, or counted, or reset', () => {
  const tapped = beginTapped()
  const { cursor } = rig.ask({ topics: ['a'] })
  const first = rig.startPoll({ topics: ['a'], cursor, holdMs: 1_000 })
  rig.settle()
  rig.publish('a', '1', '2')
  const [one, two] = kept('a').messages
  const hub = tapped.followers[0] as Follower
  const reader = rig.startPoll({ topics: ['a'], cursor: rig.ask({ topics: ['a'] }).cursor, holdMs: 1_000 })
  rig.settle()
  const { epoch } = kept('a')
  for (const message of [one, two, one]) if (message) hub.arrived(message, epoch)
  rig.settle()
  expect(reader.answer).toBeUndefined()
  tapped.inner.unfollow(['a'], hub)
  rig.publish('a', '3')
  rig.publish('a', '4')
  const four = kept('a').messages.at(-1)
  if (four) hub.arrived(four, epoch)
  rig.settle()
  expect([dataOf(reader.answer), verdictsOf(reader.answer)]).toEqual([['3', '4'], { a: 'ok' }])
  expect(dataOf(rig.ask({ topics: ['a'], cursor: first.answer?.cursor }))).toEqual(['2', '3', '4'])
  const last = rig.startPoll({ topics: ['a'], cursor: reader.answer?.cursor, holdMs: 1_000 })
  rig.settle()
  if (one) hub.arrived(one, 'a new epoch')
  rig.settle()
  expect(last.answer).toBeDefined()
})

it('when the broker cannot follow, readers are told, and the next one tries again', () => {
  const tapped = beginTapped()
  let failures = 0
  tapped.before = function* (operation) {
    yield* sleep(5)
    if (operation === 'follow' && failures < 2) throw new Error(`no broker ${(failures += 1)}`)
  }
  const readers = Array.from({ length: 3 }, () => rig.startPoll({ topics: ['a', 'b'], holdMs: 1_000 }))
  rig.settle(5)
  const next = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
  rig.settle(5)
  expect(readers.map(({ error }) => (error as Error).message)).toEqual(['no broker 1', 'no broker 1', 'no broker 1'])
  rig.settle(20)
  rig.publish('a', '1')
  rig.settle(10)
  expect([next.error, dataOf(next.answer)]).toEqual([undefined, ['1']])
  expect(rig.hub.statistics().waiting).toBe(0)
})

it('a failure is told to whom it was shown, though the next reader has come already', () => {
  const tapped = beginTapped()
  let fails = true
  tapped.before = function* (operation) {
    if (operation !== 'follow') return
    yield* sleep(5)
    if (!fails) return
    fails = false
    rig.scheduler.run(function* () {
      rig.hub.subscribe(['a'])
    })
    throw new Error('no broker')
  }
  const reader = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
  rig.settle(5)
  expect(reader.error).toMatchObject({ message: 'no broker' })
})

it('goes on when the broker fails to let go of a topic', () => {
  const tapped = beginTapped()
  tapped.before = function* (operation) {
    if (operation === 'unfollow') throw new Error('no broker')
  }
  rig.ask({ topics: ['a'] })
  rig.settle(unfollowMs)
  const reader = rig.startPoll({ topics: ['b'], holdMs: 1_000 })
  rig.settle()
  rig.publish('b', '1')
  expect(dataOf(reader.answer)).toEqual(['1'])
})

it('a reader of many topics is located only when all of them are, whatever arrives before', () => {
  const tapped = beginTapped()
  rig.publish('b', '1')
  tapped.before = (operation, topic) => (operation === 'follow' && topic === 'b' ? sleep(50) : trip(rig))
  let located = false
  rig.scheduler.run(function* () {
    using place = rig.hub.subscribe(['a', 'b'])
    yield* place.located()
    located = true
    expect(place.nothing().positions).not.toContain(null)
  })
  rig.settle(10)
  rig.publish('a', '1')
  rig.settle()
  expect(located).toBe(false)
  rig.settle(50)
  expect(located).toBe(true)
})

it('a reader that is ahead of its node is given nothing twice, though the rest arrives while the broker is asked', () => {
  const tapped = beginTapped()
  const ahead = rig.anotherHub()
  rig.ask({ topics: ['a'] }, ahead)
  rig.ask({ topics: ['a'] })
  const hub = tapped.followers[0] as Follower
  rig.publishNumbers('a', 1, 3)
  tapped.inner.unfollow(['a'], hub)
  rig.publish('a', '4', '5', '6')
  const { cursor } = rig.ask({ topics: ['a'] }, ahead)
  rig.publish('a', '7')
  const late = kept('a', 4)
  tapped.before = (operation) => sleep(operation === 'history' ? 10 : 0)
  const reader = rig.startPoll({ topics: ['a'], cursor, holdMs: 1_000 })
  rig.settle(5)
  for (const message of late.messages) hub.arrived(message, late.epoch)
  rig.settle(5)
  expect([dataOf(reader.answer), verdictsOf(reader.answer)]).toEqual([['7'], { a: 'ok' }])
})

it('an old answer of the broker does not put a topic back into an epoch that has ended', () => {
  const tapped = beginTapped()
  rig.publish('a', '1')
  rig.ask({ topics: ['a'] })
  const hub = tapped.followers[0] as Follower
  tapped.before = (operation) => sleep(operation === 'history' ? 10 : 0)
  rig.publish('a', '2')
  const { cursor } = rig.ask({ topics: ['a'] })
  const behind = rig.startPoll({ topics: ['a'], from: 'earliest', holdMs: 1_000 })
  rig.settle(5)
  const [message] = kept('a', 2).messages
  if (message) hub.arrived(message, 'a new epoch')
  rig.settle(5)
  expect(dataOf(behind.answer)).toEqual(['1', '2'])
  const reader = rig.startPoll({ topics: ['a'], cursor, holdMs: 1_000 })
  rig.settle(50)
  expect(reader.answer).toBeDefined()
})

it('ten thousand readers of one topic are all woken by one publish, and share one answer', () => {
  begin()
  const readers = Array.from({ length: 10_000 }, () => rig.startPoll({ topics: ['a'], holdMs: 25_000 }))
  rig.settle()
  expect(rig.publish('a', '1')[0]?.waiting).toBe(10_000)
  expect(dataOf(readers[0]?.answer)).toEqual(['1'])
  expect(new Set(readers.map(({ answer }) => answer)).size).toBe(1)
  expect(rig.hub.statistics()).toMatchObject({ waiting: 0, delivered: 10_000 })
})

it('of a thousand readers of one topic the first have read before the last are woken', () => {
  const rig = new Rig()
  const waitingThen: number[] = []
  for (let readers = 0; readers < 1_000; readers += 1) {
    rig.scheduler.run(function* reader() {
      yield* rig.poll({ topics: ['a'], holdMs: 60_000 })
      waitingThen.push(rig.hub.statistics().waiting)
    })
  }
  rig.settle()
  rig.publish('a', 'news')
  expect(waitingThen).toHaveLength(1_000)
  expect(waitingThen[0]).toBe(1_000 - 256)
  expect(waitingThen.at(-1)).toBe(0)
})

it('ten thousand topics with one reader each: every reader is woken by its own', () => {
  begin()
  const topics = Array.from({ length: 10_000 }, (_, index) => `topic/${index}`)
  const readers = topics.map((topic) => rig.startPoll({ topics: [topic], holdMs: 25_000 }))
  rig.settle()
  rig.complete(function* () {
    for (const topic of topics) yield* rig.hub.publish(topic, draftOf(`"${topic}"`))
  })
  expect(readers.map(({ answer }) => dataOf(answer)?.join())).toEqual(topics.map((topic) => `"${topic}"`))
  rig.settle(2 * unfollowMs)
  expect(rig.scheduler.statistics()).toMatchObject({ coroutines: 1, timers: 1 })
})

it('a reader that waits for a topic to be born is woken by its first message, which is at hand', () => {
  const tapped = beginTapped()
  const readers = (['now', 'earliest'] as const).map((from) => rig.startPoll({ topics: ['a'], from, holdMs: 1_000 }))
  rig.settle()
  expect(rig.hub.statistics()).toMatchObject({ topics: 0, waiting: 2 })
  rig.publish('a', '1', '2')
  for (const { answer } of readers) expect([dataOf(answer), verdictsOf(answer)]).toEqual([['1'], { a: 'ok' }])
  expect(tapped.log).toEqual(['follow a', 'publish a', 'publish a'])
})

it('a cursor from before the birth of a topic goes on from its first message, or counts what was trimmed', () => {
  for (const [published, verdict] of [
    [2, 'ok'],
    [3, 'ok'],
    [10, 'gap 7'],
  ] as const) {
    begin({ history: { messages: 3 }, ring: { messages: 1 } })
    const { cursor } = rig.ask({ topics: ['a'] })
    expect(rig.complete(() => rig.hub.inform('a'))).toMatchObject({ cursor, head: 0, oldest: 1 })
    rig.settle(2 * unfollowMs)
    rig.publishNumbers('a', 1, published)
    const batch = rig.ask({ topics: ['a'], cursor })
    expect(verdictsOf(batch)).toEqual({ a: verdict })
    expect(batch.messages).toHaveLength(Math.min(published, 3))
    expect(verdictsOf(rig.ask({ topics: ['a'], cursor: batch.cursor }))).toEqual({ a: 'ok' })
    rig.publish('a', 'more')
    expect(dataOf(rig.ask({ topics: ['a'], cursor: batch.cursor }))).toEqual(['more'])
  }
})

it('a topic that is followed and read no more makes way for another; one that a reader waits on does not', () => {
  begin({ maxTopics: 2 })
  rig.publish('a', '1')
  const { cursor } = rig.ask({ topics: ['a'] })
  rig.publish('b', '1')
  const waiting = rig.startPoll({ topics: ['b'], holdMs: 1_000 })
  rig.settle()
  rig.publish('c', '1')
  expect(verdictsOf(rig.ask({ topics: ['a'], cursor }))).toEqual({ a: 'reset' })
  rig.startPoll({ topics: ['c'], holdMs: 1_000 })
  rig.settle()
  expect(() => rig.publish('d', '1')).toThrow(expect.objectContaining({ code: 'ENCKE_ERR_SERVER_TOPICS' }))
  rig.publish('b', '2')
  expect(dataOf(waiting.answer)).toEqual(['2'])
  rig.publish('d', '1')
  expect(rig.hub.statistics().topics).toBe(2)
})

it('a reader of a topic that has just been given up is followed anew, whatever the broker is about to do', () => {
  for (let step = 0; step < 60; step += 1) {
    begin({ maxTopics: 1, park: () => sleep(3) })
    const { cursor } = rig.ask({ topics: ['a'] })
    rig.publish('a', '1')
    const gone = rig.startPoll({ topics: ['a'], cursor, holdMs: 1 })
    rig.settle(step % 12)
    gone.cancel()
    // While a follow is on its way, the topic counts as in use.
    rig.scheduler.run(() => rig.hub.publish('b', draftOf('1'))).promise.catch(() => {})
    rig.settle(Math.floor(step / 12) * 2)
    const reader = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
    rig.settle(30)
    const next = rig.scheduler.run(() => rig.hub.publish('a', draftOf('2')))
    rig.settle(30)
    expect([next.status, dataOf(reader.answer)?.at(-1)]).toEqual(['done', '2'])
  }
})

it('ever new topics that are read once fill neither the hub nor the broker', () => {
  begin()
  let followed = 0
  const follow = rig.memory.follow.bind(rig.memory)
  const unfollow = rig.memory.unfollow.bind(rig.memory)
  rig.memory.follow = (topics, follower) => {
    followed += topics.length
    follow(topics, follower)
  }
  rig.memory.unfollow = (topics, follower) => {
    followed -= topics.length
    unfollow(topics, follower)
  }
  for (let round = 0; round < 18; round += 1) {
    const topics = Array.from({ length: 1_000 }, (_, index) => `x${round}/${index}`)
    rig.scheduler.run(() => rig.poll({ topics }))
    rig.host.settle()
  }
  expect(followed).toBe(16_384)
  rig.settle(unfollowMs)
  expect(followed).toBe(0)
})

it('two hubs on one broker: a cursor goes on from either, and both wake their readers', () => {
  begin()
  const other = rig.anotherHub()
  const here = rig.startPoll({ topics: ['a'], holdMs: 1_000 })
  const there = rig.startPoll({ topics: ['a'], holdMs: 1_000 }, other)
  rig.settle()
  rig.publish('a', '1')
  expect([dataOf(here.answer), dataOf(there.answer)]).toEqual([['1'], ['1']])
  rig.publish('a', '2')
  expect(dataOf(rig.ask({ topics: ['a'], cursor: here.answer?.cursor }, other))).toEqual(['2'])
  expect(dataOf(rig.ask({ topics: ['a'], cursor: there.answer?.cursor }))).toEqual(['2'])
})

it('a hub that is closed leaves its topics, and another one goes on from its cursors', () => {
  for (const park of [undefined, () => sleep(3)]) {
    const tapped = beginTapped(park === undefined ? {} : { park })
    const { cursor } = rig.ask({ topics: ['a', 'b'] })
    rig.hub[Symbol.dispose]()
    rig.settle(100)
    expect(tapped.log.filter((line) => line.startsWith('unfollow')).toSorted()).toEqual(['unfollow a', 'unfollow b'])
    const next = rig.anotherHub()
    rig.publish('a', '1')
    expect(dataOf(rig.ask({ topics: ['a', 'b'], cursor }, next))).toEqual(['1'])
    next[Symbol.dispose]()
    rig.settle(100)
  }
})

it('data and ids reach the reader as they were, character by character', () => {
  begin()
  const { cursor } = rig.ask({ topics: ['a'] })
  const data = ['12345678901234567890', '1e400', '-0', '0.1000', '{"b":1,"a":[ ]}', '"\\u00e9\\/é😀"']
  const published = rig.publish('a', ...data)
  const batch = rig.ask({ topics: ['a'], cursor })
  expect(dataOf(batch)).toEqual(data)
  expect(batch.messages.map(({ id }) => id)).toEqual(published.map(({ receipts }) => receipts[0]?.id))
})
