// What a request has held is garbage once it is over, and a collection of the young generation takes it: unless something in
// the old one that is dead itself still leads to it, as the hidden class of a generator function written inline does, or a
// table that a map has outgrown. A busy server then copies what nobody needs, and its event loop stands still for that.

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Coroutine, type Operation, type Scheduler, sleep, VirtualHost } from '../../../runtime/index.ts'
import type { Append, Broker, Hub } from '../../../server/hub/index.ts'
import { leftByYoungCollections } from '../../runtime/heap.ts'
import { draftOf } from '../brokers/conformance.ts'
import { closeBroker, Folder, openOn } from '../brokers/make-sqlite.ts'
import { Rig } from './rig.ts'

const [rounds, atOnce, bytes] = [200, 50, 100]
/** Bytes of 10,000 requests: 7 to 12 million stayed, or next to none. */
const few = 4_000_000

describe('what a request to a broker that takes its time has held', () => {
  it.each([
    ['publishes', publishing],
    ['asks about a topic', informing],
  ] as const)('goes with the next young collection: one that %s', async (_what, asking) => {
    const { hub, host, scheduler } = new Rig({ history: { messages: 1 }, ring: { messages: 1 }, wrap: takingItsTime })
    const left = await leftByYoungCollections(() => {
      for (let round = 0; round < rounds; round += 1) {
        for (let at = 0; at < atOnce; at += 1) scheduler.run(asking, hub, textOf(round * atOnce + at))
        host.advance(1)
      }
    })
    expect(left).toBeLessThan(few)
  })
})

describe('what a question to the thread of a file has held', () => {
  let folder: Folder
  let broker: Broker
  let host: VirtualHost
  let scheduler: Scheduler

  beforeEach(async () => {
    folder = new Folder()
    host = new VirtualHost()
    scheduler = host.scheduler({ deadlock: 'ignore' })
    broker = await openOn(host, scheduler, folder.file())
  })
  afterEach(async () => {
    await closeBroker(broker)
    folder[Symbol.dispose]()
  })

  it('goes with the next young collection', async () => {
    const askOften = async () => {
      for (let round = 0; round < rounds; round += 1) {
        const tasks = Array.from({ length: atOnce }, (_, at) =>
          scheduler.run(appending, broker, textOf(round * atOnce + at)),
        )
        for (const task of tasks) await host.play(task)
      }
    }
    expect(await leftByYoungCollections(askOften)).toBeLessThan(few)
  })
})

/** One that is the same nowhere else. */
function textOf(number: number): string {
  return String(number).padEnd(bytes, 'x')
}

function* publishing(hub: Hub, text: string): Coroutine<void> {
  yield* hub.publish('a', draftOf(text))
}

function* informing(hub: Hub, text: string): Coroutine<void> {
  yield* hub.record(text)
}

function* appending(broker: Broker, text: string): Coroutine<void> {
  yield* broker.append('a', { messages: [draftOf(text)] })
}

/** The same, each answer a millisecond late. */
function takingItsTime(broker: Broker): Broker {
  const late: Partial<Broker> = {
    answersAtOnce: false,
    append: (topic: string, append: Append) => afterwards(broker.append(topic, append)),
    inform: (topic: string) => afterwards(broker.inform(topic)),
  }
  return new Proxy(broker, {
    get(_broker, name: keyof Broker) {
      const own = name in late ? late[name] : broker[name]
      return typeof own === 'function' ? own.bind(broker) : own
    },
  })
}

function* afterwards<T>(operation: Operation<T>): Coroutine<T> {
  yield* sleep(1)
  return yield* operation
}
