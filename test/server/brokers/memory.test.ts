import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Operation, Scheduler } from '../../../runtime/index.ts'
import { checkpoint, Random, sleep, until, VirtualHost } from '../../../runtime/index.ts'
import type { MemoryBrokerOptions } from '../../../server/brokers/memory/memory-broker.ts'
import { MemoryBroker } from '../../../server/brokers/memory/memory-broker.ts'
import type { Slice, Standing } from '../../../server/hub/index.ts'
import { unbornStanding } from '../../../server/hub/index.ts'
import type { Told } from './conformance.ts'
import { bounds, describeBroker, draftOf, mostKeys, publishOne, Recorder, streamBytes } from './conformance.ts'
import { SlowBroker } from './slow-broker.ts'

type Bounds = Pick<MemoryBrokerOptions, 'history' | 'totalBytes' | 'maxTopics' | 'topicTtlMs'>

function makeMemory(host: VirtualHost, options: Partial<MemoryBrokerOptions> = {}): MemoryBroker {
  let ids = 0
  return new MemoryBroker({
    history: bounds,
    totalBytes: 1_000_000,
    maxTopics: 1_000,
    topicTtlMs: 600_000,
    streamsTotalBytes: streamBytes,
    idempotencyKeys: mostKeys,
    clock: () => host.now(),
    now: () => host.now(),
    randomId: () =>
      createHash('sha256')
        .update(`${(ids += 1)}`)
        .digest('base64url')
        .slice(0, 11),
    ...options,
  })
}

/** Never the same stop twice in a row: in virtual time, on a promise, or only where it may be cancelled. */
function* anyPark(random: Random): Coroutine<void> {
  const stop = random.below(3)
  if (stop === 0) yield* sleep(1 + random.below(20))
  else if (stop === 1) yield* until(Promise.resolve())
  else yield* checkpoint()
}

describeBroker('the memory broker', (host, scheduler) => {
  const memory = makeMemory(host)
  memory.start(scheduler)
  return { broker: memory, validate: () => memory.validate() }
})

describeBroker('a broker that parks in every operation', (host, scheduler) => {
  const memory = makeMemory(host)
  memory.start(scheduler)
  const random = new Random(7)
  return {
    broker: new SlowBroker(memory, scheduler, () => anyPark(random)),
    validate: () => memory.validate(),
  }
})

describe('the memory broker', () => {
  let host: VirtualHost
  let scheduler: Scheduler
  let broker: MemoryBroker

  function make(options: Partial<MemoryBrokerOptions> = {}): void {
    broker = makeMemory(host, options)
    broker.start(scheduler)
  }

  beforeEach(() => {
    host = new VirtualHost()
    scheduler = host.scheduler({ deadlock: 'ignore' })
    make()
  })

  afterEach(() => {
    broker.validate()
    expect(host.reported).toEqual([])
  })

  /** It answers at once: nothing may be left to wait for. */
  function ask<T>(operation: Operation<T>): T {
    let outcome: { readonly value: T } | { readonly error: unknown } | undefined
    scheduler.run(function* () {
      try {
        outcome = { value: yield* operation }
      } catch (error) {
        outcome = { error }
      }
    })
    host.settle()
    broker.validate()
    if (outcome === undefined) throw new Error('the memory broker parked')
    if ('error' in outcome) throw outcome.error
    return outcome.value
  }

  function publish(topic: string, ...data: string[]): Told[] {
    return data.map((text) => ask(publishOne(broker, topic, text)))
  }

  function standingOf(topic: string, follower: Recorder): Standing {
    broker.follow([topic], follower)
    broker.validate()
    return follower.answers.at(-1)?.standing as Standing
  }

  function publishBytes(topic: string, ...sizes: number[]): Told[] {
    return publish(topic, ...sizes.map((size) => '1'.repeat(size)))
  }

  function history(topic: string): Slice {
    return ask(broker.history(topic, 1, { messages: 1_000, bytes: 1e9 }))
  }

  function offsets(topic: string): number[] {
    return history(topic).messages.map(({ offset }) => offset)
  }

  /** Only sweeps run. */
  function advance(ms: number): void {
    host.advance(ms)
    broker.validate()
  }

  function codeOf(action: () => unknown): string | undefined {
    try {
      action()
      return undefined
    } catch (error) {
      return (error as { code?: string }).code
    }
  }

  it('tells of the first message of an append only when the last one is there', () => {
    const there: number[] = []
    const follower = Object.assign(new Recorder(), { arrived: () => there.push(broker.statistics().messages) })
    broker.follow(['a'], follower)
    ask(broker.append('a', { messages: [draftOf('1'), draftOf('2'), draftOf('3')] }))
    expect(there).toEqual([3, 3, 3])
  })

  it('sweeps away what is too old, without anybody asking, except the newest of each topic', () => {
    publish('a', '1', '2')
    publish('b', '1')
    advance(30_000)
    publish('a', '3')
    advance(40_000)
    expect(broker.statistics()).toEqual({ topics: 2, messages: 2, bytes: 2 })
    expect([offsets('a'), offsets('b')]).toEqual([[3], [1]])
    advance(60_000)
    expect([offsets('a'), offsets('b')]).toEqual([[3], [1]])
    publish('b', '2')
    expect(offsets('b')).toEqual([2])
  })

  it('makes room in the total by dropping the oldest message of all', () => {
    make({ totalBytes: 100 })
    publishBytes('a', 20, 20)
    publishBytes('b', 20, 20)
    publishBytes('a', 20)
    publishBytes('b', 20)
    expect([offsets('a'), offsets('b')]).toEqual([
      [2, 3],
      [1, 2, 3],
    ])
    publishBytes('c', 20)
    expect([offsets('a'), offsets('b'), offsets('c')]).toEqual([[3], [1, 2, 3], [1]])
    expect(broker.statistics().bytes).toBe(100)
  })

  it('keeps the newest message of each topic when it makes room, as long as others can go', () => {
    make({ totalBytes: 100 })
    publishBytes('a', 20)
    publishBytes('b', 20, 20, 20, 20)
    publishBytes('b', 20, 20)
    expect([offsets('a'), offsets('b')]).toEqual([[1], [3, 4, 5, 6]])
  })

  it('drops whole topics that nobody follows, least recently used first, once every topic is down to its newest', () => {
    make({ totalBytes: 100 })
    for (const topic of ['a', 'b', 'c', 'd']) publishBytes(topic, 25)
    history('a')
    publishBytes('e', 25)
    expect(broker.statistics()).toEqual({ topics: 4, messages: 4, bytes: 100 })
    expect(history('a').head).toBe(1)
    expect(history('b').head).toBe(0)
  })

  it('refuses when all that is left is followed, with 503, and keeps what it has', () => {
    make({ totalBytes: 100 })
    for (const topic of ['a', 'b', 'c', 'd']) {
      publishBytes(topic, 25)
      broker.follow([topic], new Recorder())
    }
    expect(codeOf(() => publishBytes('e', 25))).toBe('ENCKE_ERR_SERVER_HISTORY')
    expect(['a', 'b', 'c', 'd'].map((topic) => offsets(topic))).toEqual([[1], [1], [1], [1]])
    expect(broker.statistics()).toMatchObject({ topics: 4, bytes: 100 })
  })

  it('goes on publishing to a topic that is full of its own newest message', () => {
    make({ totalBytes: 100 })
    for (const topic of ['a', 'b', 'c', 'd']) {
      publishBytes(topic, 25)
      broker.follow([topic], new Recorder())
    }
    publishBytes('a', 25, 25)
    expect(offsets('a')).toEqual([3])
    expect(codeOf(() => publishBytes('a', 26))).toBe('ENCKE_ERR_SERVER_HISTORY')
    expect(broker.statistics()).toEqual({ topics: 4, messages: 4, bytes: 100 })
  })

  it('drops a topic that nobody uses for topicTtlMs, and that ends its epoch', () => {
    const [first] = publish('a', '1')
    advance(595_000)
    expect(history('a')).toMatchObject({ epoch: first?.epoch, head: 1 })
    advance(595_000)
    expect(broker.statistics().topics).toBe(1)
    advance(20_000)
    expect(broker.statistics()).toEqual({ topics: 0, messages: 0, bytes: 0 })
    const again = history('a')
    expect(again).toEqual({ ...unbornStanding, messages: [] })
    expect(publish('a', '1')[0]?.epoch).not.toBe(first?.epoch)
  })

  it('never drops a topic that is followed, and counts its time from when the last follower left', () => {
    const [one, other] = [new Recorder(), new Recorder()]
    publish('a', '1')
    for (const follower of [one, other]) broker.follow(['a'], follower)
    broker.unfollow(['a'], one)
    advance(10_000_000)
    expect(broker.statistics().topics).toBe(1)
    broker.unfollow(['a'], other)
    advance(590_000)
    expect(broker.statistics().topics).toBe(1)
    advance(20_000)
    expect(broker.statistics().topics).toBe(0)
  })

  it('at maxTopics the least recently used topic makes way, and never one that is followed', () => {
    make({ maxTopics: 3 })
    const epochs = ['a', 'b', 'c'].map((topic) => publish(topic, '1')[0]?.epoch)
    broker.follow(['a'], new Recorder())
    publish('b', '2')
    publish('d', '1')
    expect(broker.statistics().topics).toBe(3)
    expect([history('a').epoch, history('b').epoch]).toEqual(epochs.slice(0, 2))
    expect(history('c').epoch).toBe(unbornStanding.epoch)
    expect(broker.statistics().topics).toBe(3)
    expect(history('a').epoch).toBe(epochs[0])
  })

  it('at maxTopics with all of them followed, a new topic is refused with 503, and only when it is published to', () => {
    make({ maxTopics: 2 })
    const recorder = new Recorder()
    for (const topic of ['a', 'b']) {
      publish(topic, '1')
      broker.follow([topic], recorder)
    }
    expect(codeOf(() => publish('c', '1'))).toBe('ENCKE_ERR_SERVER_TOPICS')
    expect([history('c').head, standingOf('c', recorder).head]).toEqual([0, 0])
    publish('a', '2')
    broker.unfollow(['b'], recorder)
    expect(publish('c', '1')[0]?.message.offset).toBe(1)
    expect([offsets('a'), history('b').head]).toEqual([[1, 2], 0])
  })

  it('reading topics that nobody has published to drops nothing and takes no place', () => {
    make({ maxTopics: 3 })
    publish('victim', '1')
    const recorder = new Recorder()
    for (let number = 0; number < 100; number += 1) {
      history(`unborn/${number}`)
      broker.follow([`unborn/${number}`], recorder)
    }
    expect([publish('victim', '2')[0]?.message.offset, offsets('victim')]).toEqual([2, [1, 2]])
    expect(broker.statistics()).toMatchObject({ topics: 1, messages: 2 })
  })

  it('asks its followers to give up topics only when nothing else can go, until one is free', () => {
    make({ maxTopics: 3 })
    const spare = ['b', 'a', 'unborn', 'c']
    const asked: string[] = []
    const giving = Object.assign(new Recorder(), {
      relinquish: () => {
        const topic = spare.pop()
        if (topic !== undefined) asked.push(topic)
        return topic
      },
    })
    const holding = new Recorder()
    for (const topic of ['a', 'b', 'c', 'unborn']) {
      if (topic !== 'unborn') publish(topic, '1')
      broker.follow([topic], giving)
    }
    broker.follow(['c'], holding)
    publish('d', '1')
    expect(asked).toEqual(['c', 'unborn', 'a'])
    expect([history('a').head, history('b').head, history('c').head]).toEqual([0, 1, 1])
    publish('e', '1')
    expect(asked).toEqual(['c', 'unborn', 'a'])
    publish('c', '2')
    expect([giving.offsets('c'), holding.offsets('c')]).toEqual([[], [2]])
  })

  it('makes room in the total, too, by topics that followers give up', () => {
    make({ totalBytes: 100 })
    const spare = ['a']
    const giving = Object.assign(new Recorder(), { relinquish: () => spare.pop() })
    for (const topic of ['a', 'b', 'c', 'd']) {
      publishBytes(topic, 25)
      broker.follow([topic], giving)
    }
    publishBytes('e', 25)
    expect(history('a').head).toBe(0)
    broker.follow(['e'], giving)
    expect(codeOf(() => publishBytes('f', 25))).toBe('ENCKE_ERR_SERVER_HISTORY')
  })

  it.each([
    ['set back by an hour', -3_600_000],
    ['jumping forward by two days', 2 * 86_400_000],
  ])('a wall clock %s neither keeps anything longer nor drops it early; messages say its time', (_, jump) => {
    let wall = 1_700_000_000_000
    make({ clock: () => wall })
    const [first] = publish('a', '1', '2')
    publish('b', '1')
    wall += jump
    const [third] = publish('a', '3')
    expect([first?.message.time, third?.message.time]).toEqual([1_700_000_000_000, wall])
    advance(bounds.ageMs - 10_000)
    expect(offsets('a')).toEqual([1, 2, 3])
    advance(20_000)
    expect(offsets('a')).toEqual([3])
    advance(600_000)
    expect(broker.statistics()).toEqual({ topics: 0, messages: 0, bytes: 0 })
  })

  it('uses no epoch twice, however often a topic is dropped', () => {
    make({ maxTopics: 1 })
    const epochs = Array.from({ length: 50 }, (_, index) => publish(index % 2 === 0 ? 'a' : 'b', '1')[0])
    expect(new Set(epochs.map((published) => published?.epoch)).size).toBe(50)
    expect(epochs.every((published) => published?.message.offset === 1)).toBe(true)
  })

  it('sweeps a hundred thousand old messages a few at a time, so that everybody else gets a turn in between', () => {
    make({ history: { messages: 100_000, bytes: 1e9, ageMs: 60_000 }, totalBytes: 1e9 })
    const publisher = scheduler.run(function* () {
      for (let index = 0; index < 100_000; index += 1) yield* publishOne(broker, 'a', '1')
    })
    host.settle()
    expect(publisher.status).toBe('done')
    const { resumes } = scheduler.statistics()
    host.advance(80_000)
    expect(broker.statistics().messages).toBe(1)
    expect(scheduler.statistics().resumes - resumes).toBeGreaterThanOrEqual(100)
  })

  it('does what a plain model of it does, for any sequence of operations', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        host = new VirtualHost()
        scheduler = host.scheduler({ deadlock: 'ignore' })
        const options = {
          history: { messages: 4, bytes: 60, ageMs: 30_000 },
          totalBytes: 150,
          maxTopics: 4,
          topicTtlMs: 50_000,
        }
        make(options)
        const model = new Model(options)
        const recorders = [new Recorder(), new Recorder()]
        for (const next of steps) {
          let result: unknown
          const follower = recorders['who' in next ? next.who : 0] as Recorder
          const answer = codeOf(() => {
            if (next.do === 'publish') result = publishBytes(next.topic, next.size)[0]?.message.offset
            else if (next.do === 'history') result = offsets(next.topic).join()
            else if (next.do === 'follow') result = standingOf(next.topic, follower).head
            else if (next.do === 'unfollow') broker.unfollow([next.topic], follower)
            else advance(10_000)
          })
          const expected = model.does(next)
          expect(answer ?? result).toEqual(expected)
          expect(broker.statistics()).toEqual(model.statistics())
          expect(broker.statistics().bytes).toBeLessThanOrEqual(options.totalBytes)
        }
      }),
      { numRuns: 400 },
    )
  })
})

type Step =
  | { readonly do: 'publish'; readonly topic: string; readonly size: number }
  | { readonly do: 'history'; readonly topic: string }
  | { readonly do: 'follow' | 'unfollow'; readonly topic: string; readonly who: number }
  | { readonly do: 'wait' }

const topic = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
const who = fc.integer({ min: 0, max: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('publish' as const), topic, size: fc.integer({ min: 1, max: 62 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('history' as const), topic }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('follow' as const, 'unfollow' as const), topic, who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
)

interface ModelMessage {
  readonly topic: string
  readonly offset: number
  readonly bytes: number
  readonly time: number
  /** It was the newest of its topic when its time was up. */
  isPassedOver: boolean
}

interface ModelTopic {
  head: number
  readonly followers: Set<number>
  usedAt: number
}

/** All messages in one array, all topics in one map, which is kept in the order of last use; nothing is clever. */
class Model {
  readonly #options: Bounds
  readonly #topics = new Map<string, ModelTopic>()
  readonly #expecting = new Map<string, Set<number>>()
  #messages: ModelMessage[] = []
  #now = 0

  constructor(options: Bounds) {
    this.#options = options
  }

  statistics() {
    return { topics: this.#topics.size, messages: this.#messages.length, bytes: this.#bytes() }
  }

  does(next: Step): unknown {
    if (next.do === 'publish') return this.#publish(next.topic, next.size)
    if (next.do === 'wait') return this.#sweep()
    if (next.do === 'unfollow') {
      this.#expecting.get(next.topic)?.delete(next.who)
      if (this.#topics.get(next.topic)?.followers.delete(next.who)) this.#touch(next.topic)
      return undefined
    }
    const known = this.#topics.get(next.topic)
    if (known !== undefined) this.#touch(next.topic)
    if (next.do === 'follow') {
      if (known === undefined) this.#expected(next.topic).add(next.who)
      known?.followers.add(next.who)
      return known?.head ?? 0
    }
    if (known !== undefined) this.#dropAged(next.topic)
    return this.#of(next.topic)
      .map(({ offset }) => offset)
      .join()
  }

  #expected(topic: string): Set<number> {
    const followers = this.#expecting.get(topic) ?? new Set()
    this.#expecting.set(topic, followers)
    return followers
  }

  #publish(topic: string, bytes: number): unknown {
    const { history, totalBytes } = this.#options
    if (bytes > history.bytes) return 'ENCKE_ERR_MESSAGE_OVER_HISTORY'
    if (this.#topics.has(topic)) this.#touch(topic)
    for (;;) {
      const own = this.#of(topic).at(-1)
      if (this.#bytes() + bytes - (own?.isPassedOver ? own.bytes : 0) <= totalBytes) break
      const oldest = this.#messages.find((message) => !message.isPassedOver)
      const idle = [...this.#topics].find(([name, { followers }]) => followers.size === 0 && name !== topic)
      if (oldest !== undefined) this.#passOver(oldest)
      else if (idle !== undefined) this.#dropTopic(idle[0])
      else return 'ENCKE_ERR_SERVER_HISTORY'
    }
    const used = this.#use(topic)
    if (used === undefined) return 'ENCKE_ERR_SERVER_TOPICS'
    used.head += 1
    this.#drop((message) => message.topic === topic && message.isPassedOver)
    this.#messages.push({ topic, offset: used.head, bytes, time: this.#now, isPassedOver: false })
    while (this.#isOver(this.#of(topic))) this.#dropOne(this.#of(topic)[0])
    this.#dropAged(topic)
    return used.head
  }

  #sweep(): undefined {
    this.#now += 10_000
    const { history, topicTtlMs } = this.#options
    for (const message of [...this.#messages]) {
      if (message.time <= this.#now - history.ageMs && !message.isPassedOver) this.#passOver(message)
    }
    for (const [name, { followers, usedAt }] of [...this.#topics]) {
      if (followers.size === 0 && usedAt <= this.#now - topicTtlMs) this.#dropTopic(name)
    }
  }

  #passOver(message: ModelMessage): void {
    if (this.#of(message.topic).length > 1) this.#dropOne(message)
    else message.isPassedOver = true
  }

  #use(name: string): ModelTopic | undefined {
    if (!this.#topics.has(name)) {
      const idle = [...this.#topics].find(([, { followers }]) => followers.size === 0)
      if (this.#topics.size >= this.#options.maxTopics) {
        if (idle === undefined) return undefined
        this.#dropTopic(idle[0])
      }
      this.#topics.set(name, { head: 0, followers: this.#expected(name), usedAt: this.#now })
      this.#expecting.delete(name)
    }
    this.#touch(name)
    return this.#topics.get(name)
  }

  #touch(name: string): void {
    const known = this.#topics.get(name) as ModelTopic
    known.usedAt = this.#now
    this.#topics.delete(name)
    this.#topics.set(name, known)
  }

  #isOver(messages: readonly ModelMessage[]): boolean {
    const { history } = this.#options
    return messages.length > 1 && (messages.length > history.messages || sum(messages) > history.bytes)
  }

  #dropAged(topic: string): void {
    const isAged = ({ time }: ModelMessage) => time <= this.#now - this.#options.history.ageMs
    for (const message of this.#of(topic).slice(0, -1)) if (isAged(message)) this.#dropOne(message)
  }

  #dropTopic(name: string): void {
    this.#topics.delete(name)
    this.#drop((message) => message.topic === name)
  }

  #dropOne(gone: ModelMessage | undefined): void {
    this.#drop((message) => message === gone)
  }

  #drop(isGone: (message: ModelMessage) => boolean): void {
    this.#messages = this.#messages.filter((message) => !isGone(message))
  }

  #of(topic: string): ModelMessage[] {
    return this.#messages.filter((message) => message.topic === topic)
  }

  #bytes(): number {
    return sum(this.#messages)
  }
}

function sum(messages: readonly ModelMessage[]): number {
  return messages.reduce((total, { bytes }) => total + bytes, 0)
}
