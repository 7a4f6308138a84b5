// How long a broker takes for each operation, and how often one fails.
//
// The hub and the protocols are given the observed broker, which asks the real one; a wrapper in between costs an operation
// of a publish a tenth of a microsecond, and a poll that has its messages at hand nothing.

import type { Coroutine, Operation } from '../../runtime/index.ts'
import type {
  Append,
  Appended,
  Broker,
  BrokerStatistics,
  Created,
  Creation,
  Follower,
  ForkPoint,
  Health,
  HistoryLimits,
  ListedTopic,
  Refused,
  Slice,
  TopicRecord,
} from '../hub/index.ts'
import { DurationHistogram } from './duration-histogram.ts'

export const brokerOperations = ['append', 'create', 'fork', 'remove', 'inform', 'list', 'history'] as const

export type BrokerOperation = (typeof brokerOperations)[number]

class OperationTimes {
  readonly took = new DurationHistogram()
  /** How many threw, those that were given up because they took too long included. */
  failed = 0
}

export type BrokerTimes = Readonly<Record<BrokerOperation, OperationTimes>>

export function newBrokerTimes(): BrokerTimes {
  return Object.fromEntries(brokerOperations.map((name) => [name, new OperationTimes()])) as Record<
    BrokerOperation,
    OperationTimes
  >
}

/** `broker`, whose operations are timed by `clock`, in milliseconds. */
export class ObservedBroker implements Broker {
  readonly #broker: Broker
  readonly #times: BrokerTimes
  readonly #clock: () => number

  constructor(broker: Broker, times: BrokerTimes, clock: () => number) {
    this.#broker = broker
    this.#times = times
    this.#clock = clock
  }

  get answersAtOnce(): boolean {
    return this.#broker.answersAtOnce
  }

  get health(): Health {
    return this.#broker.health
  }

  append(topic: string, append: Append): Operation<Appended | Refused> {
    return this.#time('append', this.#broker.append(topic, append))
  }

  create(topic: string, creation: Creation): Operation<Created> {
    return this.#time('create', this.#broker.create(topic, creation))
  }

  fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>): Operation<Created> {
    return this.#time('fork', this.#broker.fork(source, point, topic, creation))
  }

  remove(topic: string): Operation<boolean> {
    return this.#time('remove', this.#broker.remove(topic))
  }

  inform(topic: string): Operation<TopicRecord | null> {
    return this.#time('inform', this.#broker.inform(topic))
  }

  list(after: string, limit: number): Operation<readonly ListedTopic[]> {
    return this.#time('list', this.#broker.list(after, limit))
  }

  history(topic: string, from: number, limits: HistoryLimits): Operation<Slice> {
    return this.#time('history', this.#broker.history(topic, from, limits))
  }

  follow(topics: readonly string[], follower: Follower): void {
    this.#broker.follow(topics, follower)
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    this.#broker.unfollow(topics, follower)
  }

  statistics(): BrokerStatistics {
    return this.#broker.statistics()
  }

  close(): Operation<void> {
    return this.#broker.close()
  }

  *#time<T>(name: BrokerOperation, operation: Operation<T>): Coroutine<T> {
    const times = this.#times[name]
    const begun = this.#clock()
    let isDone = false
    try {
      const answer = yield* operation
      isDone = true
      return answer
    } finally {
      times.took.record(this.#clock() - begun)
      if (!isDone) times.failed += 1
    }
  }
}
