// The feeds of a hub: one for each topic that is read here, kept in step with the broker.
//
// Invariants:
//   - there is a feed for every topic that has readers, and for `unfollowMs` after the last has gone;
//   - feeds without readers stand in `idle`, the one idle longest first, and at most `mostIdle` of them;
//   - feeds with readers that the broker has refused to follow stand in `refused`, the one refused first at the front;
//   - a feed is `asked` from the call of `follow` on: nothing here waits for the answer.

import type { Coroutine, Scheduler, Task } from '../../runtime/index.ts'
import { after, Channel, checkpoint, select, WaitList } from '../../runtime/index.ts'
import type { Broker, Follower } from './broker.ts'
import type { Asked, FeedOptions } from './feed.ts'
import { Feed } from './feed.ts'
import type { HistoryLimits } from './history.ts'
import type { Message } from './message.ts'
import type { Hash } from './position.ts'
import { nameHash } from './position.ts'
import type { Standing } from './record.ts'

export interface FeedsOptions {
  readonly scheduler: Scheduler
  readonly broker: Broker
  readonly hash: Hash
  /** How much of a topic a node holds at hand while no reader is behind. What is older is fetched from the broker. */
  readonly ring: HistoryLimits
  /**
   * How much it holds at hand for readers that it has woken until they have read, so that a burst does not overtake them.
   * Default: twice the ring.
   */
  readonly burst?: HistoryLimits
  /** How long a topic is followed after its last reader has gone, in milliseconds. */
  readonly unfollowMs: number
  /** How long the broker may take for one operation, in milliseconds. */
  readonly brokerTimeoutMs: number
}

/** Follow at most so many topics without readers: a client that asks for ever new ones would fill the memory. */
const mostIdle = 16_384

/** How long after the broker has refused to follow a topic it is asked again, in milliseconds. */
const retryMs = 1_000

/** While nothing is idle, no more often than this is looked, in milliseconds. */
const shortestLookMs = 1_000

/** So many topics are left, or asked for again, before others get a turn. */
const atOnce = 1_000

export class Feeds implements Follower {
  readonly #options: FeedsOptions
  /** Told that something was said of a topic: what was made of it before is old. */
  readonly #changed: () => void
  readonly #feeds = new Map<string, Feed>()
  readonly #idle = new WaitList<Feed>()
  #idleCount = 0
  readonly #refused = new WaitList<Feed>()
  readonly #roused = new Channel<void>(1, { name: 'topics to ask for or leave' })
  readonly #tender: Task<never>
  readonly #feeding: FeedOptions

  constructor(options: FeedsOptions, changed: () => void) {
    this.#options = options
    this.#changed = changed
    this.#feeding = { ...options, later: (work) => void options.scheduler.run(doLater, work) }
    this.#tender = options.scheduler.run(() => this.#tend())
    this.#tender.label = 'hub'
  }

  /** The feed of a topic, which has one more reader. */
  enter(topic: string): Feed {
    let feed = this.#feeds.get(topic)
    if (feed === undefined) {
      feed = new Feed(topic, nameHash(this.#options.hash, topic), this.#options.hash, this.#feeding)
      this.#feeds.set(topic, feed)
    } else if (feed.readers === 0) {
      feed.unlink()
      this.#idleCount -= 1
    }
    feed.readers += 1
    return feed
  }

  release(feed: Feed): void {
    feed.readers -= 1
    if (feed.readers > 0) return
    feed.unlink()
    feed.queuedAt = this.#options.scheduler.now()
    this.#idle.add(feed)
    this.#idleCount += 1
    if (this.#options.unfollowMs < shortestLookMs) this.#roused.trySend()
    if (this.#idleCount > mostIdle) this.#options.broker.unfollow([this.#forget(this.#idle.first as Feed)], this)
  }

  /** Whether the broker has not been asked to follow, or has not answered for too long. */
  mustAskFor({ asked, isLocated }: Feed): boolean {
    if (asked === null) return true
    return !isLocated && asked.atMs + this.#options.brokerTimeoutMs <= this.#options.scheduler.now()
  }

  follow(feeds: readonly Feed[]): void {
    const atMs = this.#options.scheduler.now()
    for (const feed of feeds) {
      if (feed.readers > 0) feed.unlink()
      feed.failure = null
      feed.asked = { atMs, arrivals: feed.arrivals, moves: feed.moves }
    }
    const topics = feeds.map(({ topic }) => topic)
    this.#options.broker.follow(topics, this)
  }

  /** Apply an answer to what was `asked`. False: what was told meanwhile may be newer. */
  locate(feed: Feed, standing: Standing, asked: Asked): boolean {
    if (feed.isCrossed(standing, asked)) return false
    if (feed.locate(standing)) this.#changed()
    return true
  }

  /** Whether there is a feed of a topic. */
  has(topic: string): boolean {
    return this.#feeds.has(topic)
  }

  /** The feed of a topic, if there is one. */
  find(topic: string): Feed | undefined {
    return this.#feeds.get(topic)
  }

  /** How many readers of a topic wait. */
  waitingFor(topic: string): number {
    return this.#feeds.get(topic)?.waitingCount ?? 0
  }

  /** Follow nothing any more. */
  close(): void {
    this.#tender.cancel('the hub is closed')
    this.#options.broker.unfollow([...this.#feeds.keys()], this)
  }

  located(topic: string, standing: Standing): void {
    const feed = this.#feeds.get(topic)
    if (feed === undefined || feed.asked === null) return
    feed.failure = null
    if (this.locate(feed, standing, feed.asked)) return
    // It moved meanwhile, and that has said more. What a message of another epoch means, only a new answer says.
    if (feed.moves === feed.asked.moves) this.follow([feed])
  }

  notLocated(topic: string, error: unknown): void {
    const feed = this.#feeds.get(topic)
    if (feed === undefined) return
    feed.asked = null
    if (feed.readers > 0 && !feed.isLinked) {
      feed.queuedAt = this.#options.scheduler.now()
      this.#refused.add(feed)
    }
    feed.fail(error)
    this.#roused.trySend()
  }

  arrived(message: Message, epoch: string): void {
    this.#changed()
    this.#feeds.get(message.topic)?.arrived(message, epoch)
  }

  moved(topic: string, standing: Standing): void {
    this.#changed()
    this.#feeds.get(topic)?.moved(standing)
  }

  isReading(topic: string): boolean {
    return (this.#feeds.get(topic)?.readers ?? 0) > 0
  }

  /** The topic that has been without readers for longest. */
  relinquish(): string | undefined {
    const feed = this.#idle.first
    return feed && this.#forget(feed)
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#idle.validate()
    this.#refused.validate()
    if ([...this.#idle].length !== this.#idleCount) throw new Error('the number of idle feeds is wrong')
    for (const feed of this.#feeds.values()) {
      feed.validate()
      const isRefused = feed.readers > 0 && feed.asked === null
      if (feed.isLinked !== (feed.readers === 0 || isRefused)) throw new Error('a feed is queued without reason')
    }
  }

  /** Those who read its topic next begin with another feed. */
  #forget(feed: Feed): string {
    feed.unlink()
    this.#idleCount -= 1
    this.#feeds.delete(feed.topic)
    return feed.topic
  }

  /** Leave topics that had no reader for `unfollowMs`, and ask again for what was refused. */
  *#tend(): Coroutine<never> {
    for (;;) {
      yield* select({ roused: this.#roused.receive(), due: after(this.#nextDueMs()) }, { order: 'first' })
      const idle = this.#due(this.#idle, this.#options.unfollowMs).map((feed) => this.#forget(feed))
      if (idle.length > 0) this.#options.broker.unfollow(idle, this)
      const refused = this.#due(this.#refused, retryMs)
      if (refused.length > 0) this.follow(refused)
      yield* checkpoint()
    }
  }

  /** When something may have to be done: what becomes idle later than now is due later. */
  #nextDueMs(): number {
    const { unfollowMs, scheduler } = this.#options
    const now = scheduler.now()
    const idle = this.#idle.first
    const idleMs = idle === undefined ? Math.max(unfollowMs, shortestLookMs) : idle.queuedAt + unfollowMs - now
    const refusedMs = (this.#refused.first?.queuedAt ?? Infinity) + retryMs - now
    return Math.max(Math.min(idleMs, refusedMs), 0)
  }

  /** The first feeds of a queue that have stood in it for so long. */
  #due(queue: WaitList<Feed>, ms: number): Feed[] {
    const before = this.#options.scheduler.now() - ms
    const due: Feed[] = []
    for (const feed of queue) {
      if (feed.queuedAt > before || due.length === atOnce) break
      due.push(feed)
    }
    return due
  }
}

/** Wakes more of many readers: a coroutine, so that it comes behind those that it has woken already. */
function* doLater(work: () => void): Coroutine<void> {
  work()
}
