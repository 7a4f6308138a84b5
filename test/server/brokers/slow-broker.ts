// A broker that parks in every operation, before and after the one it wraps has done its work, as one behind a network
// does. What it tells followers comes late, too, but in order.

import type { Coroutine, Operation, Scheduler } from '../../../runtime/index.ts'
import { Channel } from '../../../runtime/index.ts'
import type {
  Broker,
  BrokerStatistics,
  Draft,
  Follower,
  Message,
  Published,
  Slice,
  Standing,
} from '../../../server/hub/index.ts'

/** How long to stay: called for every stop, so that each may be another. */
export type Park = () => Operation<void>

export class SlowBroker implements Broker {
  readonly #inner: Broker
  readonly #scheduler: Scheduler
  readonly #park: Park
  readonly #late = new Map<Follower, LateFollower>()

  constructor(inner: Broker, scheduler: Scheduler, park: Park) {
    this.#inner = inner
    this.#scheduler = scheduler
    this.#park = park
  }

  publish(topic: string, draft: Draft): Coroutine<Published> {
    return this.#slowly(() => this.#inner.publish(topic, draft))
  }

  history(topic: string, from: number, limit: number): Coroutine<Slice> {
    return this.#slowly(() => this.#inner.history(topic, from, limit))
  }

  follow(topic: string, follower: Follower): Coroutine<Standing> {
    return this.#slowly(() => {
      const late = this.#lateFor(follower)
      late.topics.add(topic)
      return this.#inner.follow(topic, late)
    })
  }

  unfollow(topic: string, follower: Follower): Coroutine<void> {
    return this.#slowly(() => {
      const late = this.#lateFor(follower)
      late.topics.delete(topic)
      return this.#inner.unfollow(topic, late)
    })
  }

  statistics(): BrokerStatistics {
    return this.#inner.statistics()
  }

  *#slowly<T>(work: () => Operation<T>): Coroutine<T> {
    yield* this.#park()
    const result = yield* work()
    yield* this.#park()
    return result
  }

  #lateFor(follower: Follower): LateFollower {
    let late = this.#late.get(follower)
    if (late === undefined) {
      late = new LateFollower(follower)
      this.#late.set(follower, late)
      const made = late
      this.#scheduler.run(() => made.deliver(this.#park))
    }
    return late
  }
}

class LateFollower implements Follower {
  readonly topics = new Set<string>()
  readonly #follower: Follower
  readonly #line = new Channel<{ readonly message: Message; readonly epoch: string }>(Number.POSITIVE_INFINITY)

  constructor(follower: Follower) {
    this.#follower = follower
  }

  arrived(message: Message, epoch: string): void {
    this.#line.trySend({ message, epoch })
  }

  relinquish(): string | undefined {
    return this.#follower.relinquish()
  }

  *deliver(park: Park): Coroutine<never> {
    for (;;) {
      const { message, epoch } = yield* this.#line.receive()
      yield* park()
      if (this.topics.has(message.topic)) this.#follower.arrived(message, epoch)
    }
  }
}
