// A broker whose reserved topics stay in this process, whatever broker the others are kept by: what a node tells about
// itself is of no use to another node, and of no use after a restart.
//
// Always true: a topic below `__encke/` never reaches the broker of the others, and is not counted among its topics; one
// whose name begins with `__` is written to by `tell` alone.

import type { Coroutine, Operation } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
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
import { isOwnTopic } from '../hub/index.ts'

export class LocalTopics implements Broker {
  readonly answersAtOnce: boolean
  readonly #others: Broker
  readonly #own: Broker

  /** @param own keeps the topics below `__encke/`; it must answer at once */
  constructor(others: Broker, own: Broker) {
    this.#others = others
    this.#own = own
    this.answersAtOnce = others.answersAtOnce
  }

  get health(): Health {
    return this.#others.health
  }

  /** Write JSON to a topic that only the server writes to: below `__encke/` here, any other to the broker of the others. */
  *tell(topic: string, data: string): Coroutine<Appended | Refused> {
    return yield* this.#of(topic).append(topic, { messages: [{ data, bytes: Buffer.byteLength(data) }] })
  }

  append(topic: string, append: Append): Operation<Appended | Refused> {
    return this.#writable(topic).append(topic, append)
  }

  create(topic: string, creation: Creation): Operation<Created> {
    return this.#writable(topic).create(topic, creation)
  }

  fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>): Operation<Created> {
    return this.#writable(topic).fork(source, point, topic, creation)
  }

  remove(topic: string): Operation<boolean> {
    return this.#writable(topic).remove(topic)
  }

  inform(topic: string): Operation<TopicRecord | null> {
    return this.#of(topic).inform(topic)
  }

  list(after: string, limit: number): Operation<readonly ListedTopic[]> {
    return this.#others.list(after, limit)
  }

  history(topic: string, from: number, limits: HistoryLimits): Operation<Slice> {
    return this.#of(topic).history(topic, from, limits)
  }

  follow(topics: readonly string[], follower: Follower): void {
    this.#divide(topics, (broker, some) => broker.follow(some, follower))
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    this.#divide(topics, (broker, some) => broker.unfollow(some, follower))
  }

  statistics(): BrokerStatistics {
    return this.#others.statistics()
  }

  /** Close the broker of the others; what is kept here has nothing to finish. */
  close(): Operation<void> {
    return this.#others.close()
  }

  #of(topic: string): Broker {
    return isOwnTopic(topic) ? this.#own : this.#others
  }

  #writable(topic: string): Broker {
    if (!topic.startsWith('__')) return this.#others
    throw new EnckeError(
      'ENCKE_ERR_TOPIC_RESERVED',
      `only the server itself writes to ${topic}: publish to another topic`,
    )
  }

  // Nearly always there is nothing to divide, and a node that starts again follows all its topics at once.
  #divide(topics: readonly string[], act: (broker: Broker, topics: readonly string[]) => void): void {
    if (!topics.some(isOwnTopic)) {
      act(this.#others, topics)
      return
    }
    act(this.#own, topics.filter(isOwnTopic))
    const others = topics.filter((topic) => !isOwnTopic(topic))
    if (others.length > 0) act(this.#others, others)
  }
}
