// What every broker must keep, whatever it is made of: run it on each with `describeBroker`.
//
// A broker may park, in virtual time or on real promises: every step is awaited. `make` is asked for one whose topics
// keep at most `bounds` of history. One that talks to another process says when nothing is on its way (`settle`): virtual
// time then moves in steps, and what a step has begun comes to its end before the next.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { scope, sleep, until, VirtualHost } from '../../../runtime/index.ts'
import type {
  Append,
  Appended,
  Broker,
  Created,
  Creation,
  Draft,
  Follower,
  ForkPoint,
  Lifetime,
  ListedTopic,
  Message,
  Receipt,
  Refused,
  Slice,
  Standing,
  TopicRecord,
} from '../../../server/hub/index.ts'
import { jsonType, unbornStanding } from '../../../server/hub/index.ts'

export const bounds = { messages: 5, bytes: 100, ageMs: 60_000 }

/** What `make` is asked for, beside that. */
export const streamBytes = 1_000
export const mostKeys = 5

interface BrokerUnderTest {
  readonly broker: Broker
  /** Assert its invariants. */
  validate?(): void
  /** Wait until what is on its way in real time has come; virtual time stands still meanwhile. */
  settle?(): Promise<void>
  close?(): Promise<void>
}

export type MakeBroker = (host: VirtualHost, scheduler: Scheduler) => BrokerUnderTest | Promise<BrokerUnderTest>

export function draftOf(data: string | Uint8Array): Draft {
  return { data, bytes: typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength }
}

/** What the publisher of one message is told. */
export interface Told {
  readonly message: Receipt
  readonly epoch: string
}

export function* publishOne(broker: Broker, topic: string, data: string): Coroutine<Told> {
  const answer = yield* broker.append(topic, { messages: [draftOf(data)] })
  if (answer.outcome !== 'appended') throw new Error(`it was ${answer.outcome}`)
  return { message: answer.receipts[0] as Receipt, epoch: answer.standing.epoch }
}

/** A follower that writes down what it is told. */
export class Recorder implements Follower {
  readonly told: { readonly message: Message; readonly epoch: string }[] = []
  readonly answers: { readonly topic: string; readonly standing: Standing }[] = []
  readonly moves: { readonly topic: string; readonly standing: Standing }[] = []
  readonly reads = new Set<string>()

  located(topic: string, standing: Standing): void {
    this.answers.push({ topic, standing })
  }

  notLocated(topic: string, error: unknown): void {
    throw new Error(`${topic} is not followed: ${error}`)
  }

  moved(topic: string, standing: Standing): void {
    this.moves.push({ topic, standing })
  }

  isReading(topic: string): boolean {
    return this.reads.has(topic)
  }

  arrived(message: Message, epoch: string): void {
    this.told.push({ message, epoch })
  }

  relinquish(): undefined {}

  /** What it was told of a topic after an offset: what comes before may come again. */
  offsets(topic: string, after = 0): number[] {
    const messages = this.told.map(({ message }) => message)
    return messages.filter((message) => message.topic === topic && message.offset > after).map(({ offset }) => offset)
  }
}

const plain: Creation = { contentType: jsonType, lifetime: null, messages: [], isClosed: false }

export function describeBroker(name: string, make: MakeBroker): void {
  describe(`${name} keeps what a broker promises:`, () => {
    let host: VirtualHost
    let scheduler: Scheduler
    let made: BrokerUnderTest
    let broker: Broker

    beforeEach(async () => {
      host = new VirtualHost()
      scheduler = host.scheduler({ deadlock: 'ignore' })
      made = await make(host, scheduler)
      broker = made.broker
    })

    afterEach(async () => {
      await made.close?.()
      expect(host.reported).toEqual([])
    })

    /** Run `body` to its end; whatever it does, the broker stays sound. */
    async function play<T>(body: () => Coroutine<T>): Promise<T> {
      try {
        return await host.play(scheduler.run(body))
      } finally {
        made.validate?.()
      }
    }

    async function publish(topic: string, ...data: string[]): Promise<Told[]> {
      const published: Told[] = []
      for (const text of data) published.push(await play(() => publishOne(broker, topic, text)))
      return published
    }

    function append(topic: string, append: Partial<Append>): Promise<Appended | Refused> {
      return play(function* () {
        return yield* broker.append(topic, { messages: [], ...append })
      })
    }

    /** What came of it, in few words. */
    async function outcomeOf(topic: string, given: Partial<Append>): Promise<unknown> {
      const answer = await append(topic, given)
      return answer.outcome === 'refused' ? answer.reason : answer.outcome
    }

    function create(topic: string, creation: Partial<Creation> = {}): Promise<Created> {
      return play(function* () {
        return yield* broker.create(topic, { ...plain, ...creation })
      })
    }

    function fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation> = {}): Promise<Created> {
      return play(function* () {
        return yield* broker.fork(source, point, topic, creation)
      })
    }

    function remove(topic: string): Promise<boolean> {
      return play(function* () {
        return yield* broker.remove(topic)
      })
    }

    function list(after: string, limit: number): Promise<readonly ListedTopic[]> {
      return play(function* () {
        return yield* broker.list(after, limit)
      })
    }

    function inform(topic: string): Promise<TopicRecord | null> {
      return play(function* () {
        return yield* broker.inform(topic)
      })
    }

    function history(topic: string, from = 1, messages = 1_000, bytes = 1_000_000): Promise<Slice> {
      return play(function* () {
        return yield* broker.history(topic, from, { messages, bytes })
      })
    }

    async function dataOf(topic: string, from = 1): Promise<unknown[]> {
      return (await history(topic, from)).messages.map(({ data }) => data)
    }

    /** Follow, and wait for the answer. */
    function follow(topic: string, follower: Recorder): Promise<Standing> {
      return play(() => following(topic, follower))
    }

    function* following(topic: string, follower: Recorder): Coroutine<Standing> {
      const before = follower.answers.length
      const answer = () => follower.answers.slice(before).find((given) => given.topic === topic)
      broker.follow([topic], follower)
      while (answer() === undefined) {
        yield* sleep(1)
        yield* until(new Promise<void>((resolve) => setImmediate(resolve)))
      }
      return (answer() as { standing: Standing }).standing
    }

    async function unfollow(topic: string, follower: Follower): Promise<void> {
      broker.unfollow([topic], follower)
      await quieten()
    }

    /** Publish from as many coroutines at once. */
    function publishAtOnce(topic: string, data: readonly string[]): Promise<Told[]> {
      return play(() => publishing(topic, data))
    }

    function* publishing(topic: string, data: readonly string[]): Coroutine<Told[]> {
      return yield* scope(function* (s) {
        const tasks = data.map((text) => s.spawn(() => publishOne(broker, topic, text)))
        const published: Told[] = []
        for (const task of tasks) published.push(yield* task.join())
        return published
      })
    }

    /** Let what is told late arrive. */
    async function quieten(): Promise<void> {
      await advance(1_000)
      for (let round = 0; round < (made.settle ? 2 : 20); round += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        await advance(1_000)
      }
    }

    async function advance(ms: number): Promise<void> {
      if (made.settle === undefined) {
        host.advance(ms)
        return
      }
      await made.settle()
      const step = Math.max(1_000, ms / 100)
      for (let left = ms; left > 0; left -= step) {
        host.advance(Math.min(step, left))
        await made.settle()
      }
    }

    it('a topic that nobody has published to stands before its first message, in no epoch, whoever reads it', async () => {
      const recorder = new Recorder()
      expect(await history('a')).toEqual({ ...unbornStanding, messages: [] })
      expect(await follow('a', recorder)).toEqual(unbornStanding)
      expect(await history('a')).toEqual({ ...unbornStanding, messages: [] })
      expect(broker.statistics()).toEqual({ topics: 0, messages: 0, bytes: 0 })
      const [first] = await publish('a', '1')
      expect(first?.message.offset).toBe(1)
      expect(first?.epoch).not.toBe(unbornStanding.epoch)
    })

    it('whoever follows a topic before anybody has published to it hears of its first message', async () => {
      const [one, other, gone] = [new Recorder(), new Recorder(), new Recorder()]
      for (const follower of [one, other, gone]) await follow('a', follower)
      await unfollow('a', gone)
      const [first] = await publish('a', '1', '2')
      await quieten()
      expect([one.offsets('a'), other.offsets('a'), gone.offsets('a')]).toEqual([[1, 2], [1, 2], []])
      expect(one.told[0]).toEqual({ message: expect.objectContaining({ id: first?.message.id }), epoch: first?.epoch })
      await unfollow('a', one)
      await publish('a', '3')
      await quieten()
      expect([one.offsets('a', 2), other.offsets('a', 2)]).toEqual([[], [3]])
    })

    it('offsets count 1, 2, 3 … in the order of publishing, in each topic for itself', async () => {
      const a = await publish('a', '1', '2', '3')
      const b = await publish('b', '1')
      const more = await publish('a', '4')
      expect([...a, ...more].map(({ message }) => message.offset)).toEqual([1, 2, 3, 4])
      expect(b[0]?.message.offset).toBe(1)
      expect(b[0]?.epoch).not.toBe(a[0]?.epoch)
    })

    it('publishers at the same time get offsets without holes or doubles, and history has them in that order', async () => {
      const data = Array.from({ length: 30 }, (_, index) => `${index}`)
      const published = await publishAtOnce('a', data)
      const offsets = published.map(({ message }) => message.offset)
      expect(offsets.toSorted((x, y) => x - y)).toEqual(data.map((_, index) => index + 1))
      for (const message of (await history('a')).messages) {
        expect(published.find((answer) => answer.message.offset === message.offset)?.message.id).toBe(message.id)
      }
    })

    it('a message comes back as it was published: id, time, size, and every character of its data', async () => {
      const data = ['12345678901234567890', '1e400', '{"a" :  1.0}', '"\\u00e9é😀"', ' [ ]\n']
      await advance(1_234)
      const published = await publish('a', ...data)
      const { messages } = await history('a')
      expect(messages.map((message) => message.data)).toEqual(data)
      expect(messages.map(({ id }) => id)).toEqual(published.map(({ message }) => message.id))
      expect(messages.map(({ bytes }) => bytes)).toEqual(data.map((text) => Buffer.byteLength(text)))
      expect(messages.map(({ time }) => time)).toEqual(published.map(({ message }) => message.time))
      expect(messages[0]?.time).toBeGreaterThanOrEqual(1_234)
      for (const { topic, id } of messages) {
        expect(topic).toBe('a')
        expect(id).toMatch(/^[A-Za-z0-9_-]+$/)
      }
      expect(new Set(messages.map(({ id }) => id)).size).toBe(data.length)
    })

    it('every standing names the newest message, and all of them the same epoch', async () => {
      const published = await publish('a', '1', '2')
      const standing = await follow('a', new Recorder())
      const slice = await history('a', 1, 0)
      for (const given of [standing, slice, await inform('a')]) {
        expect(given).toMatchObject({
          epoch: published[0]?.epoch,
          head: 2,
          headId: published[1]?.message.id,
          oldest: 1,
          isClosed: false,
          segment: (await inform('a'))?.segments.at(-1)?.number,
          contentType: jsonType,
        })
      }
    })

    it('history starts where it is asked to, ends at the limit, and is empty past the head', async () => {
      await publish('a', '1', '2', '3', '4')
      const offsets = async (from: number, limit: number) =>
        (await history('a', from, limit)).messages.map(({ offset }) => offset)
      expect(await offsets(1, 100)).toEqual([1, 2, 3, 4])
      expect(await offsets(2, 2)).toEqual([2, 3])
      expect(await offsets(4, 1)).toEqual([4])
      expect(await offsets(5, 10)).toEqual([])
      expect(await offsets(1_000, 10)).toEqual([])
      expect(await offsets(1, 0)).toEqual([])
    })

    it('history keeps no more messages than its bound, and says which is the oldest', async () => {
      await publish('a', ...Array.from({ length: 12 }, (_, index) => `${index + 1}`))
      const slice = await history('a', 3)
      expect(slice.messages.map(({ data }) => data)).toEqual(['8', '9', '10', '11', '12'])
      expect(slice).toMatchObject({ oldest: 8, head: 12 })
      expect((await history('a', 3, 2)).messages.map(({ data }) => data)).toEqual(['8', '9'])
    })

    it('history keeps no more bytes than its bound', async () => {
      const large = `"${'x'.repeat(38)}"`
      await publish('a', large, large, large)
      expect(await history('a')).toMatchObject({ oldest: 2, head: 3 })
      await publish('a', `"${'x'.repeat(98)}"`)
      expect(await history('a')).toMatchObject({ oldest: 4, head: 4 })
    })

    it('history shows nothing that is too old, except the newest message', async () => {
      await publish('a', '1', '2')
      await advance(bounds.ageMs - 1_000)
      await publish('a', '3')
      await advance(2_000)
      expect((await history('a')).messages.map(({ data }) => data)).toEqual(['3'])
      await advance(10 * bounds.ageMs)
      const slice = await history('a')
      expect(slice.messages.map(({ data }) => data)).toEqual(['3'])
      expect(slice).toMatchObject({ head: 3, oldest: 3, headId: slice.messages[0]?.id })
    })

    it('a message larger than a whole history is refused, and no trace of it is left', async () => {
      const recorder = new Recorder()
      await publish('a', '1')
      await follow('a', recorder)
      await expect(publish('a', `"${'x'.repeat(99)}"`)).rejects.toMatchObject({
        code: 'ENCKE_ERR_MESSAGE_OVER_HISTORY',
        message: expect.stringContaining('101 bytes'),
      })
      const [next] = await publish('a', '2')
      expect(next?.message.offset).toBe(2)
      await quieten()
      expect(recorder.offsets('a')).toEqual([2])
      expect((await history('a')).messages.map(({ data }) => data)).toEqual(['1', '2'])
    })

    it('a follower is told of everything after the standing it was given, once and in order', async () => {
      const recorder = new Recorder()
      await publish('a', '1', '2')
      const standing = await follow('a', recorder)
      const published = await publish('a', '3', '4', '5')
      await quieten()
      expect(standing.head).toBe(2)
      expect(recorder.offsets('a', 2)).toEqual([3, 4, 5])
      expect(recorder.told.map(({ message }) => message.id)).toEqual(published.map(({ message }) => message.id))
      expect(recorder.told.every(({ epoch }) => epoch === standing.epoch)).toBe(true)
    })

    it('whoever begins to follow in the middle of a burst misses nothing', async () => {
      for (let ahead = 0; ahead < 12; ahead += 1) {
        const topic = `burst/${ahead}`
        const recorder = new Recorder()
        const { standing, published } = await play(function* () {
          return yield* scope(function* (s) {
            const burst = s.spawn(publishing, topic, ['1', '2', '3', '4', '5', '6', '7', '8'])
            for (let trip = 0; trip < ahead; trip += 1) yield* s.spawn(function* () {}).join()
            const given = yield* following(topic, recorder)
            return { standing: given, published: yield* burst.join() }
          })
        })
        await quieten()
        const expected = published.map(({ message }) => message.offset).filter((offset) => offset > standing.head)
        expect(recorder.offsets(topic, standing.head)).toEqual(expected.toSorted((x, y) => x - y))
      }
    })

    it('what followers are told of is in history, and is what its publisher is told', async () => {
      const seen: Promise<Slice>[] = []
      const recorder = new Recorder()
      class Looking extends Recorder {
        override arrived(message: Message, epoch: string): void {
          recorder.arrived(message, epoch)
          seen.push(
            scheduler.run(function* () {
              return yield* broker.history('a', message.offset, { messages: 1, bytes: 1 })
            }).promise,
          )
        }
      }
      await follow('a', new Looking())
      const published = await publishAtOnce('a', ['1', '2', '3'])
      await quieten()
      expect(recorder.told.map(({ message }) => message.id).toSorted()).toEqual(
        published.map(({ message }) => message.id).toSorted(),
      )
      const slices = await Promise.all(seen)
      expect(slices.map(({ messages }) => messages[0]?.id)).toEqual(recorder.told.map(({ message }) => message.id))
    })

    it('following twice is following once', async () => {
      const recorder = new Recorder()
      await follow('a', recorder)
      await follow('a', recorder)
      await publish('a', '1')
      await quieten()
      expect(recorder.offsets('a')).toEqual([1])
      await unfollow('a', recorder)
      await publish('a', '2')
      await quieten()
      expect(recorder.offsets('a')).toEqual([1])
    })

    it('a follower is told of its own topics only, and each follower for itself', async () => {
      const [one, other] = [new Recorder(), new Recorder()]
      await follow('a', one)
      await follow('b', one)
      await follow('a', other)
      await publish('a', '1')
      await publish('b', '1')
      await publish('c', '1')
      await quieten()
      expect([one.offsets('a'), one.offsets('b'), one.offsets('c')]).toEqual([[1], [1], []])
      expect([other.offsets('a'), other.offsets('b')]).toEqual([[1], []])
    })

    it('once unfollowed nothing more is told, to this follower, of this topic', async () => {
      const [one, other] = [new Recorder(), new Recorder()]
      for (const topic of ['a', 'b']) await follow(topic, one)
      await follow('a', other)
      await unfollow('a', one)
      await publish('a', '1')
      await publish('b', '1')
      await quieten()
      expect([one.offsets('a'), one.offsets('b'), other.offsets('a')]).toEqual([[], [1], [1]])
    })

    it('who follows again is given the new standing, and told of what comes after it', async () => {
      const recorder = new Recorder()
      await follow('a', recorder)
      await publish('a', '1')
      await quieten()
      await unfollow('a', recorder)
      const [second] = await publish('a', '2')
      const standing = await follow('a', recorder)
      expect(standing).toMatchObject({ head: 2, headId: second?.message.id, epoch: second?.epoch })
      await publish('a', '3')
      await quieten()
      expect(recorder.offsets('a', 2)).toEqual([3])
    })

    it('leaving a topic that one does not follow, or that does not exist, changes nothing', async () => {
      await publish('a', '1')
      await unfollow('a', new Recorder())
      await unfollow('never-heard-of', new Recorder())
      expect(await history('a')).toMatchObject({ head: 1 })
      expect(broker.statistics().topics).toBe(1)
    })

    it('statistics count topics, kept messages and the bytes of their data', async () => {
      expect(broker.statistics()).toEqual({ topics: 0, messages: 0, bytes: 0 })
      await publish('a', '1', '"é"')
      await publish('b', '')
      expect(broker.statistics()).toEqual({ topics: 2, messages: 3, bytes: 5 })
      await publish('a', ...Array.from({ length: 20 }, () => '12'))
      expect(broker.statistics()).toEqual({ topics: 2, messages: bounds.messages + 1, bytes: 2 * bounds.messages })
    })

    it('history ends where the bytes do, but has one message at least', async () => {
      await publish('a', '12345', '12345', '12345')
      const offsets = async (from: number, bytes: number) =>
        (await history('a', from, 100, bytes)).messages.map(({ offset }) => offset)
      expect([await offsets(1, 0), await offsets(1, 5), await offsets(1, 9), await offsets(1, 10)]).toEqual([
        [1],
        [1],
        [1],
        [1, 2],
      ])
      expect([await offsets(2, 1_000), await offsets(4, 1_000)]).toEqual([[2, 3], []])
    })

    it('messages that are appended together have offsets in a row and are told in order', async () => {
      const recorder = new Recorder()
      await follow('a', recorder)
      const answer = await append('a', { messages: ['1', '2', '3'].map(draftOf) })
      expect(answer).toMatchObject({ outcome: 'appended', standing: { head: 3 } })
      expect('receipts' in answer && answer.receipts.map(({ offset }) => offset)).toEqual([1, 2, 3])
      await quieten()
      expect([recorder.offsets('a'), await dataOf('a')]).toEqual([
        [1, 2, 3],
        ['1', '2', '3'],
      ])
    })

    it('of messages that are appended together none is there when one of them is refused', async () => {
      await publish('a', '1')
      const large = `"${'x'.repeat(99)}"`
      await expect(append('a', { messages: [draftOf('2'), draftOf(large)] })).rejects.toThrow('101 bytes')
      await expect(append('b', { messages: [draftOf('2'), draftOf(large)] })).rejects.toThrow('101 bytes')
      expect([await dataOf('a'), await inform('b')]).toEqual([['1'], null])
    })

    it('bytes come back as they were', async () => {
      const bytes = Uint8Array.from([0, 255, 128, 10])
      await create('a', { contentType: 'application/octet-stream' })
      const contentType = 'application/octet-stream'
      expect(await outcomeOf('a', { messages: [draftOf(bytes)], contentType })).toBe('appended')
      expect(new Uint8Array((await dataOf('a'))[0] as Uint8Array)).toEqual(bytes)
    })

    it('the same key gives the same answer and appends nothing; another body under it is refused', async () => {
      const key = { text: 'k', bodyHash: 'h' }
      const messages = ['1', '2'].map(draftOf)
      const first = await append('a', { messages, key })
      await publish('a', '3')
      const again = await append('a', { messages, key })
      expect(again).toMatchObject({ outcome: 'replayed', standing: { epoch: first.standing.epoch, head: 3 } })
      expect('receipts' in again && again.receipts).toEqual(
        ('receipts' in first ? first.receipts : []).map(({ offset, id, time }) => ({ offset, id, time })),
      )
      expect(await outcomeOf('a', { messages, key: { text: 'k', bodyHash: 'other' } })).toEqual({ what: 'keyReused' })
      expect(await outcomeOf('b', { messages, key })).toBe('appended')
      expect(await dataOf('a')).toEqual(['1', '2', '3'])
    })

    it('one of many appends under the same key at once happens, and all have its answer', async () => {
      const key = { text: 'k', bodyHash: 'h' }
      const answers = await play(function* () {
        return yield* scope(function* (s) {
          const tasks = Array.from({ length: 5 }, () =>
            s.spawn(function* () {
              return yield* broker.append('a', { messages: [draftOf('1')], key })
            }),
          )
          const all: (Appended | Refused)[] = []
          for (const task of tasks) all.push(yield* task.join())
          return all
        })
      })
      expect(answers.map(({ outcome }) => outcome).toSorted()).toEqual(['appended', ...Array(4).fill('replayed')])
      expect(new Set(answers.map((answer) => 'receipts' in answer && answer.receipts[0]?.id)).size).toBe(1)
      expect((await history('a')).head).toBe(1)
    })

    it('a key is remembered for ten minutes, and the last few of a topic only', async () => {
      const give = (text: string) => outcomeOf('a', { messages: [draftOf('1')], key: { text, bodyHash: 'h' } })
      expect(await give('k')).toBe('appended')
      await advance(590_000)
      expect(await give('k')).toBe('replayed')
      await advance(20_000)
      expect(await give('k')).toBe('appended')
      for (let number = 1; number < mostKeys; number += 1) expect(await give(`k${number}`)).toBe('appended')
      expect(await give('k')).toBe('replayed')
      expect(await give('one more')).toBe('appended')
      expect(await give('k')).toBe('appended')
    })

    it('a key ends on time, also where what is old is swept away later', async () => {
      const give = () => outcomeOf('a', { messages: [draftOf('1')], key: { text: 'k', bodyHash: 'h' } })
      await advance(5_000) // in the middle between two sweeps of a broker that sweeps every ten seconds
      expect(await give()).toBe('appended')
      await advance(590_000)
      expect(await give()).toBe('replayed')
      await advance(11_000)
      expect(await give()).toBe('appended')
    })

    it('an answer about many messages counts as many', async () => {
      const give = (text: string, count: number) =>
        outcomeOf('a', { messages: Array.from({ length: count }, () => draftOf('1')), key: { text, bodyHash: 'h' } })
      expect([await give('k1', 1), await give('k2', mostKeys - 1), await give('k1', 1)]).toEqual([
        'appended',
        'appended',
        'replayed',
      ])
      expect([await give('k3', 1), await give('k1', 1), await give('k2', mostKeys - 1)]).toEqual([
        'appended',
        'appended',
        'appended',
      ])
    })

    it('a producer’s appends happen once, in order, and in its latest epoch only', async () => {
      const give = (epoch: number, sequence: number, id = 'p') =>
        outcomeOf('a', { messages: [draftOf('1')], producer: { id, epoch, sequence } })
      expect(await give(0, 1)).toEqual({ what: 'producerGap', expected: 0, isNewEpoch: true })
      expect(await inform('a')).toBeNull()
      expect([await give(0, 0), await give(0, 1), await give(0, 0), await give(0, 1)]).toEqual([
        'appended',
        'appended',
        'duplicate',
        'duplicate',
      ])
      expect(await give(0, 3)).toEqual({ what: 'producerGap', expected: 2, isNewEpoch: false })
      expect(await give(2, 1)).toEqual({ what: 'producerGap', expected: 0, isNewEpoch: true })
      expect([await give(2, 0), await give(1, 0), await give(0, 0, 'other')]).toEqual([
        'appended',
        { what: 'producerFenced', epoch: 2 },
        'appended',
      ])
      const producer = { id: 'p', epoch: 2, sequence: 0 }
      expect(await append('a', { messages: [draftOf('1')], producer })).toMatchObject({ producerSequence: 0 })
      expect((await history('a')).head).toBe(4)
    })

    it('a writer’s marks rise in the order of their characters', async () => {
      const give = (sequence: string) => outcomeOf('a', { messages: [draftOf('1')], sequence })
      expect([await give('2'), await give('10'), await give('2'), await give('20'), await give('a')]).toEqual([
        'appended',
        { what: 'sequence' },
        { what: 'sequence' },
        'appended',
        'appended',
      ])
      expect((await history('a')).head).toBe(3)
    })

    it('a topic is closed with its last message, for good; to close it again changes nothing', async () => {
      const recorder = new Recorder()
      await follow('a', recorder)
      const producer = { id: 'p', epoch: 1, sequence: 0 }
      expect(await outcomeOf('a', { messages: [draftOf('1')], close: true, producer })).toBe('appended')
      await quieten()
      expect(recorder.moves).toMatchObject([{ topic: 'a', standing: { head: 1, isClosed: true } }])
      expect(await outcomeOf('a', { close: true })).toBe('duplicate')
      expect(await outcomeOf('a', { messages: [draftOf('2')] })).toEqual({ what: 'closed' })
      expect(await outcomeOf('a', { messages: [draftOf('1')], producer })).toBe('duplicate')
      const stale = { id: 'p', epoch: 0, sequence: 5 }
      expect(await outcomeOf('a', { messages: [draftOf('2')], producer: stale })).toMatchObject({
        what: 'producerFenced',
      })
      expect([await dataOf('a'), (await inform('a'))?.isClosed]).toEqual([['1'], true])
    })

    it('an append may ask that the topic is there already', async () => {
      const given = { messages: [draftOf('1')], ifMissing: 'refuse' } as const
      expect([await outcomeOf('a', given), await inform('a')]).toEqual([{ what: 'missing' }, null])
      await publish('a', '1')
      expect(await outcomeOf('a', given)).toBe('appended')
    })

    it('an append of another content type is refused', async () => {
      await create('a', { contentType: 'text/plain' })
      expect(await outcomeOf('a', { messages: [draftOf('1')] })).toEqual({
        what: 'contentType',
        contentType: 'text/plain',
      })
      await publish('b', '1')
      expect(await outcomeOf('b', { messages: [draftOf('1')], contentType: 'text/plain' })).toEqual({
        what: 'contentType',
        contentType: jsonType,
      })
      expect(await outcomeOf('a', { close: true })).toBe('appended')
    })

    it('a topic that is created is there with its first messages, and is as it was when that comes again', async () => {
      const recorder = new Recorder()
      await follow('a', recorder)
      const creation = { contentType: 'text/plain', messages: [draftOf('1'), draftOf('2')] }
      expect(await create('a', creation)).toMatchObject({
        outcome: 'created',
        record: { head: 2, oldest: 1, contentType: 'text/plain', retention: 'all', isClosed: false, forkedFrom: null },
      })
      await quieten()
      const segment = (await inform('a'))?.segments.at(-1)?.number
      expect(recorder.moves).toMatchObject([{ topic: 'a', standing: { head: 2, segment, contentType: 'text/plain' } }])
      expect(await create('a', creation)).toMatchObject({ outcome: 'existed', record: { head: 2 } })
      for (const other of [{ contentType: jsonType }, { lifetime: { ttlMs: 5 } }, { isClosed: true }]) {
        expect((await create('a', { ...creation, ...other })).outcome).toBe('conflict')
      }
      await publish('b', '1')
      expect((await create('b')).outcome).toBe('conflict')
      expect((await create('c', { isClosed: true })).record).toMatchObject({ head: 0, isClosed: true })
    })

    it('a topic that was created keeps everything, and says when there is no room for more', async () => {
      await create('a')
      const data = Array.from({ length: 20 }, (_, index) => `${index}`)
      await publish('a', ...data)
      await advance(100 * bounds.ageMs)
      expect(await dataOf('a')).toEqual(data)
      const left = streamBytes - broker.statistics().bytes
      await expect(publish('a', '1'.repeat(left + 1))).rejects.toMatchObject({ code: 'ENCKE_ERR_STREAMS_FULL' })
      await publish('a', '1'.repeat(left))
      await expect(create('b', { messages: [draftOf('1')] })).rejects.toMatchObject({ code: 'ENCKE_ERR_STREAMS_FULL' })
      await publish('bounded', '1')
      expect(await remove('a')).toBe(true)
      expect((await create('b', { messages: [draftOf('1')] })).outcome).toBe('created')
    })

    it('an append without room leaves nothing of itself: its producer, its key and its mark may come again', async () => {
      await create('a')
      const given = {
        producer: { id: 'p', epoch: 0, sequence: 0 },
        key: { text: 'k', bodyHash: 'h' },
        sequence: '5',
        close: true,
      }
      const messages = [draftOf('1'.repeat(streamBytes - broker.statistics().bytes + 1))]
      await expect(append('a', { ...given, messages })).rejects.toMatchObject({ code: 'ENCKE_ERR_STREAMS_FULL' })
      expect(await inform('a')).toMatchObject({ head: 0, isClosed: false })
      expect(await outcomeOf('a', { ...given, messages: [draftOf('1')] })).toBe('appended')
      expect(await dataOf('a')).toEqual(['1'])
    })

    it('a topic that is removed is as if it had never been, and its next epoch is another', async () => {
      const recorder = new Recorder()
      const [first] = await publish('a', '1', '2')
      await follow('a', recorder)
      expect([await remove('a'), await remove('a'), await remove('never')]).toEqual([true, false, false])
      await quieten()
      expect(recorder.moves).toEqual([{ topic: 'a', standing: unbornStanding }])
      expect(await history('a')).toEqual({ ...unbornStanding, messages: [] })
      expect([await inform('a'), broker.statistics()]).toEqual([null, { topics: 0, messages: 0, bytes: 0 }])
      const [again] = await publish('a', '3')
      expect(again?.message.offset).toBe(1)
      expect(again?.epoch).not.toBe(first?.epoch)
      await quieten()
      expect(recorder.told.map(({ message, epoch }) => [message.offset, epoch])).toEqual([[1, again?.epoch]])
    })

    it('a removed topic’s next life has a later segment', async () => {
      await publish('a', '1')
      const before = (await inform('a'))?.segments ?? []
      await remove('a')
      await publish('a', '1')
      const after = (await inform('a'))?.segments ?? []
      expect([before.length, after.length, before[0]?.first]).toEqual([1, 1, 1])
      expect(after[0]?.number).toBeGreaterThan(before[0]?.number as number)
    })

    it.each<[string, (now: number) => Lifetime]>([
      ['so long after its last use', () => ({ ttlMs: 10_000 })],
      ['at a time', (now) => ({ expiresAt: now + 10_000 })],
    ])('a topic that was given a lifetime expires %s, and its followers are told', async (_, lifetimeAt) => {
      const recorder = new Recorder()
      const lifetime = lifetimeAt(host.now())
      await create('a', { messages: [draftOf('1')], lifetime })
      expect((await inform('a'))?.lifetime).toEqual(lifetime)
      await advance(5_000)
      await follow('a', recorder)
      expect((await history('a')).head).toBe(1)
      await advance(30_000)
      expect(await history('a')).toMatchObject(unbornStanding)
      await quieten()
      expect(recorder.moves.at(-1)).toEqual({ topic: 'a', standing: unbornStanding })
      expect((await create('a', { lifetime: null })).outcome).toBe('created')
    })

    it('use keeps a topic that expires for want of use, and so does a reader that waits', async () => {
      const recorder = new Recorder()
      await create('a', { lifetime: { ttlMs: 10_000 } })
      for (let round = 0; round < 5; round += 1) {
        await advance(6_000)
        await (round % 2 === 0 ? publish('a', `${round}`) : history('a'))
      }
      await follow('a', recorder)
      recorder.reads.add('a')
      await advance(100_000)
      recorder.reads.clear()
      // It has been used up to now: who waits goes away between two polls.
      expect(await inform('a')).not.toBeNull()
      expect((await history('a')).head).toBe(3)
      await advance(30_000)
      expect((await history('a')).head).toBe(0)
    })

    it('a fork begins with what its source has up to a point, and goes on by itself', async () => {
      const recorder = new Recorder()
      await create('source', { messages: ['1', '2', '3'].map(draftOf) })
      await follow('fork', recorder)
      const { outcome, record } = await fork('source', 2, 'fork')
      expect([outcome, record]).toMatchObject([
        'created',
        { head: 2, oldest: 1, forkedFrom: { topic: 'source', offset: 2 } },
      ])
      await publish('fork', '"own"')
      await publish('source', '4')
      expect([await dataOf('fork'), await dataOf('source')]).toEqual([
        ['1', '2', '"own"'],
        ['1', '2', '3', '4'],
      ])
      expect((await history('fork')).messages.map(({ topic, offset }) => [topic, offset])).toEqual([
        ['fork', 1],
        ['fork', 2],
        ['fork', 3],
      ])
      await quieten()
      expect(recorder.offsets('fork', 2)).toEqual([3])
      const [sources, forks] = [(await inform('source'))?.segments, (await inform('fork'))?.segments]
      expect(forks).toEqual([sources?.[0], { number: expect.any(Number), first: 3 }])
      expect(forks?.[1]?.number).toBeGreaterThan(sources?.[0]?.number as number)
      expect((await fork('source', 'head', 'whole')).record).toMatchObject({ head: 4 })
      expect((await fork('source', 0, 'empty')).record).toMatchObject({ head: 0, oldest: 1 })
      expect((await fork('fork', 'head', 'grandchild')).record).toMatchObject({ head: 3 })
    })

    it('a fork takes its source’s content type and lifetime, and the first of its own messages', async () => {
      await create('source', { contentType: 'text/plain', lifetime: { ttlMs: 1_000_000 }, messages: [draftOf('1')] })
      const own = { messages: [draftOf('2')], isClosed: true, lifetime: null }
      expect((await fork('source', 'head', 'a')).record).toMatchObject({
        contentType: 'text/plain',
        lifetime: { ttlMs: 1_000_000 },
      })
      expect((await fork('source', 'head', 'b', own)).record).toMatchObject({ head: 2, isClosed: true, lifetime: null })
      expect((await fork('source', 'head', 'b', own)).outcome).toBe('existed')
      expect((await fork('source', 0, 'b', own)).outcome).toBe('conflict')
      expect((await fork('source', 'head', 'c', { contentType: jsonType })).outcome).toBe('conflict')
      expect((await fork('never', 'head', 'c')).outcome).toBe('noSource')
      expect((await fork('source', 2, 'c')).outcome).toBe('pastHead')
      expect(await inform('c')).toBeNull()
    })

    it('a source that is removed is hidden while it has forks, and gone with the last of them', async () => {
      await create('source', { messages: [draftOf('1')] })
      await fork('source', 'head', 'a')
      await fork('a', 'head', 'b')
      expect([await remove('source'), await remove('source')]).toEqual([true, false])
      expect([(await history('source')).head, (await inform('source'))?.isRemoved]).toEqual([0, true])
      expect(await outcomeOf('source', { messages: [draftOf('2')] })).toEqual({ what: 'removed' })
      expect((await create('source')).outcome).toBe('conflict')
      expect((await fork('source', 'head', 'c')).outcome).toBe('sourceRemoved')
      expect(await dataOf('b')).toEqual(['1'])
      await remove('a')
      expect((await inform('source'))?.isRemoved).toBe(true)
      await remove('b')
      expect([await inform('source'), await inform('a'), broker.statistics().topics]).toEqual([null, null, 0])
      expect((await create('source')).outcome).toBe('created')
    })

    it('to inform of a topic is no use of it', async () => {
      await create('a', { lifetime: { ttlMs: 10_000 } })
      await advance(6_000)
      expect(await inform('a')).toMatchObject({ head: 0, retention: 'all', isRemoved: false })
      await advance(6_000)
      expect(await inform('a')).toBeNull()
      await publish('b', '1')
      expect(await inform('b')).toMatchObject({ retention: 'bounded', contentType: jsonType, lifetime: null })
    })

    it('topics are listed page by page, in the order of their names, without those that were removed', async () => {
      for (const name of ['b', 'a/2', 'a', 'B', 'c']) await publish(name, '1')
      await create('a/1', { contentType: 'text/plain' })
      await remove('c')
      expect((await list('', 3)).map(({ topic }) => topic)).toEqual(['B', 'a', 'a/1'])
      expect(await list('a', 1)).toMatchObject([{ topic: 'a/1', contentType: 'text/plain', head: 0, retention: 'all' }])
      expect((await list('a/1', 9)).map(({ topic, head }) => [topic, head])).toEqual([
        ['a/2', 1],
        ['b', 1],
      ])
      expect(await list('b', 9)).toEqual([])
    })

    it('many topics are followed at once, each answered for itself', async () => {
      const recorder = new Recorder()
      const topics = Array.from({ length: 1_000 }, (_, index) => `many/${index}`)
      await publish('many/7', '1')
      broker.follow(topics, recorder)
      for (let round = 0; round < 20 && recorder.answers.length < topics.length; round += 1) await quieten()
      expect(new Set(recorder.answers.map(({ topic }) => topic)).size).toBe(1_000)
      expect(recorder.answers.find(({ topic }) => topic === 'many/7')?.standing.head).toBe(1)
      broker.unfollow(topics.slice(1), recorder)
      for (let round = 0; round < 3; round += 1) await quieten()
      await publish('many/0', '1')
      await publish('many/1', '1')
      await quieten()
      expect([recorder.offsets('many/0'), recorder.offsets('many/1')]).toEqual([[1], []])
    })

    it('follow and unfollow of one topic take effect in the order in which they are called', async () => {
      const recorder = new Recorder()
      for (let round = 0; round < 5; round += 1) {
        broker.follow(['a'], recorder)
        broker.unfollow(['a'], recorder)
      }
      broker.follow(['b'], recorder)
      broker.unfollow(['b'], recorder)
      broker.follow(['b'], recorder)
      await quieten()
      await publish('a', '1')
      await publish('b', '1')
      await quieten()
      expect([recorder.offsets('a'), recorder.offsets('b')]).toEqual([[], [1]])
    })

    it('is well, and closes after what it has acknowledged', async () => {
      expect(broker.health).toEqual({ isOk: true })
      await publish('a', '1')
      await play(function* () {
        yield* broker.close()
      })
    })
  })
}
