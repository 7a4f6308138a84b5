import { beforeEach, describe, expect, it } from 'vitest'
import { type Coroutine, Scheduler, type Task, VirtualHost } from '../../../../runtime/index.ts'
import { LocalTopics } from '../../../../server/brokers/local-topics.ts'
import { MemoryBroker } from '../../../../server/brokers/memory/memory-broker.ts'
import { randomIds } from '../../../../server/brokers/random-ids.ts'
import { PresenceChanges } from '../../../../server/protocols/encke/presence-changes.ts'
import { nodesTopic } from '../../../../server/protocols/encke/presence-message.ts'
import { SharedPresence } from '../../../../server/protocols/encke/shared-presence.ts'

const leaseMs = 15_000
const plenty = { messages: 1_000, bytes: 1_000_000, ageMs: 3_600_000 }
const bounds = { history: plenty, totalBytes: 1e8, streamsTotalBytes: 0, maxTopics: 100, topicTtlMs: 1e9 }

describe('the presence of two nodes on one broker', () => {
  let host: VirtualHost
  let scheduler: Scheduler
  let broker: MemoryBroker
  let one: Node
  let other: Node

  /** A node, as far as presence goes. */
  class Node {
    readonly presence: SharedPresence
    readonly reported: unknown[] = []
    /** What it does not hear, and whether it can write. */
    isDeaf = false
    isMute = false
    readonly #tasks: Task<unknown>[]

    constructor(name: string) {
      const topics = new LocalTopics(broker, broker)
      const tell = (topic: string, data: string, key?: string) => this.#tell(topics, topic, data, key)
      const report = (error: unknown) => void this.reported.push(error)
      const changes = new PresenceChanges({ tell, report })
      this.presence = new SharedPresence({
        node: name,
        leaseMs,
        mostMembers: 1_000,
        clock: () => host.now(),
        now: () => 1_000_000 + host.now(),
        broker: {
          follow: (names, follower) => {
            const arrived: typeof follower.arrived = (message, epoch) => {
              if (!this.isDeaf) follower.arrived(message, epoch)
            }
            topics.follow(names, Object.assign(Object.create(follower), { ...bound(follower), arrived }))
          },
          unfollow: () => {},
        },
        tell,
        report,
        changed: (topic, change, key) => changes.add(topic, change, key),
      })
      const bodies = [...this.presence.background, () => changes.write()]
      this.#tasks = bodies.map((body) => scheduler.run(body as () => Coroutine<unknown>))
      host.settle()
    }

    *#tell(topics: LocalTopics, topic: string, data: string, key?: string): Coroutine<unknown> {
      if (this.isMute) throw new Error('the broker is away')
      return yield* topics.tell(topic, data, key)
    }

    /** Come with one request; the lease runs when it is disposed of. */
    enter(name: string, { instance, client = 'host' }: { instance?: string; client?: string } = {}): Disposable {
      const lease = this.presence.enter({ client, instance, name }, ['chat'])
      host.settle()
      return lease as Disposable
    }

    async names(): Promise<string[]> {
      return (await this.attendance()).members.map(({ name }) => name)
    }

    async attendance() {
      const asked = scheduler.run(() => this.presence.attendance('chat')).promise
      host.settle()
      return asked
    }

    /** Die without a word. */
    die(): void {
      this.isMute = true
      this.isDeaf = true
      for (const task of this.#tasks) {
        task.promise.catch(() => {})
        task.cancel('killed')
      }
      host.settle()
    }
  }

  function told(): string[] {
    let data: readonly unknown[] = []
    scheduler.run(function* () {
      data = (yield* broker.history('__presence/chat', 1, { messages: 1_000, bytes: 1e6 })).messages.map(
        (message) => message.data,
      )
    })
    host.settle()
    return data.map((text) => JSON.parse(text as string)).map(({ name, event }) => `${name} ${event}`)
  }

  async function both(): Promise<string[]> {
    const names = await one.names()
    expect((await other.names()).sort()).toEqual([...names].sort())
    one.presence.validate()
    other.presence.validate()
    return names
  }

  beforeEach(() => {
    host = new VirtualHost()
    scheduler = new Scheduler({ host, deadlock: 'ignore' })
    broker = new MemoryBroker({
      ...bounds,
      idempotencyKeys: 10_000,
      clock: () => 1_000_000 + host.now(),
      now: () => host.now(),
      randomId: randomIds(),
    })
    one = new Node('one')
    other = new Node('other')
  })

  it('lists the readers of both, longest here first, and says when a node was heard last', async () => {
    one.enter('ann')
    host.advance(1_000)
    other.enter('bob')
    expect(await both()).toEqual(['ann', 'bob'])
    const { members, waiting } = await one.attendance()
    expect(waiting).toBe(1)
    expect(members).toEqual([
      { name: 'ann', since: 1_000_000, lastSeen: 1_001_000 },
      { name: 'bob', since: 1_001_000, lastSeen: 1_001_000 },
    ])
    // Nothing comes from the other node meanwhile.
    host.advance(500)
    expect((await one.attendance()).members.map(({ lastSeen }) => lastSeen)).toEqual([1_001_500, 1_001_000])
    expect(told()).toEqual(['ann join', 'bob join'])
  })

  it('tells the end of a lease once, and lists the reader nowhere', async () => {
    const poll = one.enter('ann')
    poll[Symbol.dispose]()
    host.advance(leaseMs - 1)
    expect(await both()).toEqual(['ann'])
    host.advance(1)
    expect(await both()).toEqual([])
    expect(told()).toEqual(['ann join', 'ann expired'])
  })

  it('tells readers of one name on two nodes apart', async () => {
    one.enter('ann', { instance: 'x' })
    other.enter('ann', { instance: 'y' })
    one.enter('ann', { instance: 'z' })
    expect(await both()).toEqual(['ann', 'ann (2)', 'ann (3)'])
  })

  it('tells them apart also when they came at once: the same one is called otherwise for all', async () => {
    for (const node of [one, other])
      node.presence.enter({ client: 'host', instance: `at ${node === one}`, name: 'ann' }, ['chat'])
    host.settle()
    expect((await both()).sort()).toEqual(['ann', 'ann (2)'])
    expect(told().sort()).toEqual(['ann (2) join', 'ann join', 'ann join'])
  })

  it('knows a reader that goes from node to node as one, who has come once and gone once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const poll = (round % 2 === 0 ? one : other).enter('ann', { instance: 'page' })
      expect(await both()).toEqual(['ann'])
      host.advance(25_000)
      poll[Symbol.dispose]()
      host.advance(1_000)
    }
    expect((await one.attendance()).members).toMatchObject([{ name: 'ann', since: 1_000_000 }])
    host.advance(leaseMs)
    expect(await both()).toEqual([])
    expect(told()).toEqual(['ann join', 'ann expired'])
  })

  it('has a reader once that came to two nodes at once', async () => {
    for (const node of [one, other]) node.presence.enter({ client: 'host', instance: 'page', name: 'ann' }, ['chat'])
    host.settle()
    expect(await both()).toEqual(['ann'])
    expect(new Set(told())).toEqual(new Set(['ann join']))
  })

  it('lets a reader leave by another node, and call itself otherwise there', async () => {
    one.enter('ann', { instance: 'page' })
    other.enter('anna', { instance: 'page' })
    expect(await both()).toEqual(['anna'])
    one.presence.enter({ client: 'stranger', instance: 'page', name: '' }, ['chat'])
    host.settle()
    expect(await both()).toEqual(['anna'])
    one.presence.enter({ client: 'host', instance: 'page', name: '' }, ['chat'])
    host.settle()
    expect(await both()).toEqual([])
    expect(told()).toEqual(['ann join', 'ann leave', 'anna join', 'anna leave'])
  })

  it('tells the members of a node that dies once, within the lease, however many nodes are left', async () => {
    const third = new Node('third')
    for (const name of ['ann', 'bob']) one.enter(name)
    other.enter('cyd')
    host.advance(40_000)
    one.die()
    host.advance(leaseMs)
    expect(await other.names()).toEqual(['cyd'])
    expect(await third.names()).toEqual(['cyd'])
    expect(told().slice(3).sort()).toEqual(['ann expired', 'bob expired'])
    host.advance(60_000)
    expect(told()).toHaveLength(5)
  })

  it('tells nothing of a reader that has gone on to another node when its own died', async () => {
    one.enter('ann', { instance: 'page' })
    host.advance(20_000)
    one.die()
    host.advance(2_000)
    other.enter('ann', { instance: 'page' })
    host.advance(60_000)
    expect((await other.attendance()).members).toMatchObject([{ name: 'ann', since: 1_000_000 }])
    expect(told()).toEqual(['ann join'])
  })

  it('tells a node that starts of all members, however many there are', async () => {
    for (let reader = 0; reader < 120; reader += 1) one.enter(`r${reader}`)
    other.enter('cyd')
    const late = new Node('late')
    expect(new Set(await late.names())).toEqual(new Set(await one.names()))
    expect(await late.names()).toHaveLength(121)
    late.presence.validate()
  })

  it('makes good what a node has not heard: who has come, and who has gone', async () => {
    const lease = one.enter('ann')
    other.enter('cyd')
    other.isDeaf = true
    lease[Symbol.dispose]()
    host.advance(leaseMs)
    one.enter('bob')
    expect((await other.names()).sort()).toEqual(['ann', 'cyd'])
    other.isDeaf = false
    host.advance(leaseMs / 5)
    expect(await both()).toEqual(['cyd', 'bob'])
  })

  it.each(['one', 'other'])('has no node end the members of others because it was cut off itself: %s', async (name) => {
    const cutOff = name === 'one' ? one : other
    one.enter('ann')
    other.enter('bob')
    host.advance(10_000)
    cutOff.isDeaf = true
    host.advance(120_000)
    cutOff.isDeaf = false
    host.advance(60_000)
    expect(await both()).toEqual(['ann', 'bob'])
    expect(told()).toEqual(['ann join', 'bob join'])
  })

  it('makes good that the last member has gone, which could not be written', async () => {
    one.enter('ann', { instance: 'page' })
    one.isMute = true
    one.presence.enter({ client: 'host', instance: 'page', name: '' }, ['chat'])
    host.settle()
    one.isMute = false
    host.advance(leaseMs / 5)
    expect(await both()).toEqual([])
  })

  it('makes good what could not be written, and reports it once', async () => {
    one.enter('ann')
    other.enter('cyd')
    one.isMute = true
    one.enter('bob')
    host.advance(6_000)
    expect(await other.names()).toEqual(['ann', 'cyd'])
    one.isMute = false
    host.advance(3_000)
    expect((await both()).sort()).toEqual(['ann', 'bob', 'cyd'])
    // One by who tells the others, and one by who tells readers.
    expect(one.reported).toHaveLength(2)
  })

  it('tells again that they are here, of a node that was silent for too long and is alive', async () => {
    one.enter('ann')
    other.enter('bob')
    one.isMute = true
    host.advance(leaseMs)
    expect(await other.names()).toEqual(['bob'])
    one.isMute = false
    host.advance(leaseMs / 5)
    expect(await both()).toEqual(['ann', 'bob'])
    expect(told()).toEqual(['ann join', 'bob join', 'ann expired', 'ann join'])
  })

  it("writes nobody's address, and nothing at all while nobody is here", async () => {
    const poll = one.enter('ann', { instance: 'page', client: '192.0.2.7' })
    poll[Symbol.dispose]()
    host.advance(leaseMs)
    const before = await messages()
    host.advance(600_000)
    expect(await messages()).toEqual(before)
    expect(before.join()).not.toContain('192.0.2.7')
    expect(before.join()).toContain('"ann"')
  })

  it('leaves alone what it cannot read', async () => {
    one.enter('ann')
    for (const data of ['7', 'null', '{"node":1}']) {
      scheduler.run(() => broker.append(nodesTopic, { messages: [{ data, bytes: data.length }] }) as Coroutine<unknown>)
    }
    host.settle()
    expect(await both()).toEqual(['ann'])
  })

  async function messages(): Promise<readonly unknown[]> {
    const task = scheduler.run(function* () {
      return yield* broker.history(nodesTopic, 1, plenty)
    })
    host.settle()
    return (await task.promise).messages.map(({ data }) => data)
  }
})

function bound<T extends object>(follower: T): Partial<T> {
  const names = ['located', 'notLocated', 'moved', 'isReading', 'relinquish']
  const of = follower as Record<string, (...given: unknown[]) => unknown>
  return Object.fromEntries(names.map((name) => [name, (...given: unknown[]) => of[name]?.(...given)])) as Partial<T>
}
