// A broker that parks in every operation, before and after the one it wraps has done its work, as one behind a network
// does. What it tells followers comes late, too, but in order.

import type { Coroutine, Operation, Scheduler, Task } from '../../../runtime/index.ts'
import { Channel } from '../../../runtime/index.ts'
import type {
  Append,
  Broker,
  Creation,
  Follower,
  ForkPoint,
  HistoryLimits,
  Message,
  Standing,
} from '../../../server/hub/index.ts'

/** How long to stay: called for every stop, so that each may be another. */
export type Park = () => Operation<void>

export class SlowBroker implements Broker {
  readonly answersAtOnce = false
  readonly #inner: Broker
  readonly #scheduler: Scheduler
  readonly #park: Park
  readonly #late = new Map<Follower, LateFollower>()
  readonly #lines: TopicLines

  constructor(inner: Broker, scheduler: Scheduler, park: Park) {
    this.#inner = inner
    this.#scheduler = scheduler
    this.#park = park
    this.#lines = new TopicLines(scheduler)
  }

  get health() {
    return this.#inner.health
  }

  append(topic: string, append: Append) {
    return this.#slowly(() => this.#inner.append(topic, append))
  }

  create(topic: string, creation: Creation) {
    return this.#slowly(() => this.#inner.create(topic, creation))
  }

  fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>) {
    return this.#slowly(() => this.#inner.fork(source, point, topic, creation))
  }

  remove(topic: string) {
    return this.#slowly(() => this.#inner.remove(topic))
  }

  list(after: string, limit: number) {
    return this.#slowly(() => this.#inner.list(after, limit))
  }

  inform(topic: string) {
    return this.#slowly(() => this.#inner.inform(topic))
  }

  history(topic: string, from: number, limits: HistoryLimits) {
    return this.#slowly(() => this.#inner.history(topic, from, limits))
  }

  follow(topics: readonly string[], follower: Follower): void {
    const late = this.#lateFor(follower)
    for (const topic of topics) {
      this.#lines.run(topic, () =>
        this.#slowly(function* (this: SlowBroker) {
          late.topics.add(topic)
          this.#inner.follow([topic], late)
        }),
      )
    }
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    const late = this.#lateFor(follower)
    for (const topic of topics) {
      this.#lines.run(topic, () =>
        this.#slowly(function* (this: SlowBroker) {
          late.topics.delete(topic)
          this.#inner.unfollow([topic], late)
        }),
      )
    }
  }

  statistics() {
    return this.#inner.statistics()
  }

  /** It tells followers no more. */
  close() {
    return this.#slowly(function* (this: SlowBroker) {
      for (const late of this.#late.values()) late.end()
      yield* this.#inner.close()
    })
  }

  *#slowly<T>(work: (this: this) => Operation<T>): Coroutine<T> {
    yield* this.#park()
    const result = yield* work.call(this)
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

/** One thing at a time for each topic, and topics beside each other. */
export class TopicLines {
  readonly #scheduler: Scheduler
  readonly #last = new Map<string, Task<void>>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  run(topic: string, body: () => Coroutine<void>): void {
    const before = this.#last.get(topic)
    const task = this.#scheduler.run(function* inLine() {
      if (before !== undefined) yield* before.join()
      yield* body()
    })
    this.#last.set(topic, task)
  }
}

class LateFollower implements Follower {
  readonly topics = new Set<string>()
  readonly #follower: Follower
  readonly #line = new Channel<readonly [topic: string, tell: () => void]>(Number.POSITIVE_INFINITY)

  constructor(follower: Follower) {
    this.#follower = follower
  }

  located(topic: string, standing: Standing): void {
    this.#line.trySend([topic, () => this.#follower.located(topic, standing)])
  }

  notLocated(topic: string, error: unknown): void {
    this.#line.trySend([topic, () => this.#follower.notLocated(topic, error)])
  }

  arrived(message: Message, epoch: string): void {
    this.#line.trySend([message.topic, () => this.#follower.arrived(message, epoch)])
  }

  moved(topic: string, standing: Standing): void {
    this.#line.trySend([topic, () => this.#follower.moved(topic, standing)])
  }

  isReading(topic: string): boolean {
    return this.#follower.isReading(topic)
  }

  relinquish(): string | undefined {
    return this.#follower.relinquish()
  }

  end(): void {
    this.#line.close()
  }

  *deliver(park: Park): Coroutine<void> {
    for (;;) {
      const { done, value } = yield* this.#line.next()
      if (done) return
      yield* park()
      const [topic, tell] = value
      if (this.topics.has(topic)) tell()
    }
  }
}
