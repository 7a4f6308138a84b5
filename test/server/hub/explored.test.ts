// The hub before a broker that parks everywhere, under every order of coroutines that a thousand seeds give: nothing is lost,
// nothing comes twice, and nothing is left.

import { expect, it } from 'vitest'
import type { Coroutine, ExploreStage, Scheduler } from '../../../runtime/index.ts'
import { after, checkpoint, explore, scope, select, sleep } from '../../../runtime/index.ts'
import { MemoryBroker } from '../../../server/brokers/memory/memory-broker.ts'
import type { Batch } from '../../../server/hub/index.ts'
import { decodeCursor, Hub } from '../../../server/hub/index.ts'
import { draftOf } from '../brokers/conformance.ts'
import { SlowBroker } from '../brokers/slow-broker.ts'
import { Account, hash } from './rig.ts'

const topics = ['a', 'b']
const published = 3

function makeMemory(scheduler: Scheduler): MemoryBroker {
  let ids = 0
  const now = () => scheduler.now()
  return new MemoryBroker({
    history: { messages: 2, bytes: 1_000, ageMs: 60_000 },
    totalBytes: 1_000,
    streamsTotalBytes: 1_000,
    maxTopics: 10,
    topicTtlMs: 60_000,
    idempotencyKeys: 10,
    clock: now,
    now,
    randomId: () => `id${(ids += 1)}`,
  })
}

function makeHub(scheduler: Scheduler, broker: SlowBroker): Hub {
  const ring = { messages: 1, bytes: 0 }
  return new Hub({ scheduler, broker, hash, ring, batchBytes: 1_000, unfollowMs: 5, brokerTimeoutMs: 1_000 })
}

function* poll(hub: Hub, cursor: string | undefined, holdMs: number): Coroutine<Batch> {
  using place = hub.subscribe(topics, cursor === undefined ? undefined : decodeCursor(cursor))
  if (!place.isLocated) yield* place.located()
  const woken = yield* select({ news: place.changed(), quiet: after(holdMs) }, { order: 'first' })
  return woken.case === 'news' ? yield* place.read(2) : place.nothing()
}

it('loses nothing, gives nothing twice and leaves nothing, whoever is faster', () => {
  function* program({ scheduler, always }: ExploreStage): Coroutine<void> {
    const memory = makeMemory(scheduler)
    const broker = new SlowBroker(memory, scheduler, () =>
      scheduler.random(3) > 0 ? checkpoint() : sleep(scheduler.random(4)),
    )
    const hubs = [makeHub(scheduler, broker), makeHub(scheduler, broker)] as const
    always(() => {
      memory.validate()
      for (const hub of hubs) hub.validate()
    })
    const accounts = [new Account(), new Account()]
    const isOver = () => accounts.every((account) => topics.every((topic) => account.nextOf(topic) === published + 1))
    const firsts = [yield* poll(hubs[0], undefined, 0), yield* poll(hubs[1], undefined, 0)]
    yield* scope(function* (s) {
      for (const [index, account] of accounts.entries()) {
        s.spawn(() => reading(account, (firsts[index] as Batch).cursor, index))
      }
      for (const topic of topics) s.spawn(() => publishing(topic))
    })
    for (const hub of hubs) hub[Symbol.dispose]()
    yield* sleep(100)
    yield* broker.close()
    expect(isOver()).toBe(true)

    function* reading(account: Account, first: string, index: number): Coroutine<void> {
      let cursor = first
      for (let turn = index; !topics.every((topic) => account.nextOf(topic) === published + 1); turn += 1) {
        const batch = yield* poll(hubs[turn % 2] as Hub, cursor, 20)
        account.enter(batch)
        cursor = batch.cursor
      }
    }

    function* publishing(topic: string): Coroutine<void> {
      for (let number = 1; number <= published; number += 1) {
        yield* (hubs[number % 2] as Hub).publish(topic, draftOf(`${number}`))
        if (scheduler.random(2) === 0) yield* sleep(scheduler.random(30))
      }
    }
  }
  expect(explore(program, { seeds: 300, timers: 'idle' }).schedules).toBe(300)
})
