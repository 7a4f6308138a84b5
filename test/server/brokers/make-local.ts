// Local topics on two memory brokers in virtual time, and a follower that writes down what it is told.

import { type Coroutine, type Operation, Scheduler, VirtualHost } from '../../../runtime/index.ts'
import { LocalTopics } from '../../../server/brokers/local-topics.ts'
import { MemoryBroker } from '../../../server/brokers/memory/memory-broker.ts'
import { randomIds } from '../../../server/brokers/random-ids.ts'
import type { Follower } from '../../../server/hub/index.ts'
import { bounds } from './conformance.ts'

interface Told {
  readonly topic: string
  readonly offset?: number
}

export function makeLocal() {
  const host = new VirtualHost()
  const scheduler = new Scheduler({ host })
  const others = makeMemory(host)
  const local = new LocalTopics(others, makeMemory(host))
  const told: Told[] = []
  const follower: Follower & { told: Told[] } = {
    told,
    located: (topic) => void told.push({ topic }),
    notLocated: () => {},
    arrived: ({ topic, offset }) => void told.push({ topic, offset }),
    moved: () => {},
    isReading: () => true,
    relinquish: () => undefined,
  }
  return { local, others, follower, run: <T>(operation: Operation<T>) => runNow(host, scheduler, operation) }
}

function makeMemory(host: VirtualHost): MemoryBroker {
  const clocks = { clock: () => host.now(), now: () => host.now() }
  const limits = {
    totalBytes: 10_000,
    streamsTotalBytes: 10_000,
    idempotencyKeys: 5,
    maxTopics: 10,
    topicTtlMs: 60_000,
  }
  return new MemoryBroker({ history: bounds, ...limits, ...clocks, randomId: randomIds() })
}

function runNow<T>(host: VirtualHost, scheduler: Scheduler, operation: Operation<T>): T {
  let answer: { readonly value: T } | undefined
  scheduler.run(function* (): Coroutine<void> {
    answer = { value: yield* operation }
  })
  host.settle()
  if (answer === undefined) throw new Error('it did not answer at once')
  return answer.value
}
