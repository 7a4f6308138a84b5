// What every broker must keep, whatever it is made of: run it on each with `describeBroker`.
//
// A broker may park, in virtual time or on real promises: every step is awaited. `make` is asked for one whose topics
// keep at most `bounds` of history.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Coroutine, Scheduler } from '../../../runtime/index.ts'
import { scope, VirtualHost } from '../../../runtime/index.ts'
import type { Broker, Draft, Follower, Message, Published, Slice } from '../../../server/hub/index.ts'
import { unbornStanding } from '../../../server/hub/index.ts'

export const bounds = { messages: 5, bytes: 100, ageMs: 60_000 }

interface BrokerUnderTest {
  readonly broker: Broker
  /** Assert its invariants. */
  validate?(): void
  close?(): Promise<void>
}

export type MakeBroker = (host: VirtualHost, scheduler: Scheduler) => BrokerUnderTest | Promise<BrokerUnderTest>

export function draftOf(data: string): Draft {
  return { data, bytes: Buffer.byteLength(data) }
}

/** A follower that writes down what it is told. */
export class Recorder implements Follower {
  readonly told: { readonly message: Message; readonly epoch: string }[] = []

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

    async function publish(topic: string, ...data: string[]): Promise<Published[]> {
      const published: Published[] = []
      for (const text of data) {
        published.push(
          await play(function* () {
            return yield* broker.publish(topic, draftOf(text))
          }),
        )
      }
      return published
    }

    function history(topic: string, from = 1, limit = 1_000): Promise<Slice> {
      return play(function* () {
        return yield* broker.history(topic, from, limit)
      })
    }

    function follow(topic: string, follower: Follower) {
      return play(function* () {
        return yield* broker.follow(topic, follower)
      })
    }

    function unfollow(topic: string, follower: Follower) {
      return play(function* () {
        yield* broker.unfollow(topic, follower)
      })
    }

    /** Publish from as many coroutines at once. */
    function publishAtOnce(topic: string, data: readonly string[]): Promise<Published[]> {
      return play(() => publishing(topic, data))
    }

    function* publishing(topic: string, data: readonly string[]): Coroutine<Published[]> {
      return yield* scope(function* (s) {
        const tasks = data.map((text) =>
          s.spawn(function* () {
            return yield* broker.publish(topic, draftOf(text))
          }),
        )
        const published: Published[] = []
        for (const task of tasks) published.push(yield* task.join())
        return published
      })
    }

    /** Let what is told late arrive. */
    async function quieten(): Promise<void> {
      host.advance(1_000)
      for (let round = 0; round < 20; round += 1) {
        await new Promise<void>((resolve) => setImmediate(resolve))
        host.advance(1_000)
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
      host.advance(1_234)
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
      for (const { epoch, head, headId, oldest } of [standing, slice]) {
        expect({ epoch, head, headId, oldest }).toEqual({
          epoch: published[0]?.epoch,
          head: 2,
          headId: published[1]?.message.id,
          oldest: 1,
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
      host.advance(bounds.ageMs - 1_000)
      await publish('a', '3')
      host.advance(2_000)
      expect((await history('a')).messages.map(({ data }) => data)).toEqual(['3'])
      host.advance(10 * bounds.ageMs)
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
            const given = yield* broker.follow(topic, recorder)
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
      await follow('a', {
        relinquish() {
          return undefined
        },
        arrived(message, epoch) {
          recorder.arrived(message, epoch)
          seen.push(
            scheduler.run(function* () {
              return yield* broker.history('a', message.offset, 1)
            }).promise,
          )
        },
      })
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
  })
}
