// The hub: fans messages out to the readers that wait for them. One for each broker on each node.
//
// Invariants:
//   - there is a feed for every topic that somebody reads, and for `unfollowMs` after that;
//   - feeds that nobody reads stand in `idle`, the one idle longest first, and at most `mostIdle` of them;
//   - one coroutine does all following and unfollowing, so that the two never cross for one topic.

import type { Coroutine, Scheduler, Task } from '../../runtime/index.ts'
import { after, Cancelled, Channel, checkpoint, select, shield, WaitList } from '../../runtime/index.ts'
import type { Broker, Follower, Published, Standing } from './broker.ts'
import type { Cursor } from './cursor.ts'
import { encodeCursor, positionIn } from './cursor.ts'
import type { FeedOptions } from './feed.ts'
import { Feed } from './feed.ts'
import type { HistoryLimits } from './history.ts'
import type { Draft, Message } from './message.ts'
import type { From } from './place.ts'
import { Place } from './place.ts'
import type { Hash } from './position.ts'
import { epochHash, messageTag, nameHash } from './position.ts'
import { SharedBatches } from './shared-batches.ts'
import { Subscription } from './subscription.ts'

export interface HubOptions {
  readonly scheduler: Scheduler
  readonly broker: Broker
  readonly hash: Hash
  /** How much of a topic a node holds at hand while nobody is behind. What is older is fetched from the broker. */
  readonly ring: HistoryLimits
  /**
   * How much it holds at hand for readers that it has woken until they have read, so that a burst does not overtake them.
   * Default: twice the ring.
   */
  readonly burst?: HistoryLimits
  /** The most bytes of messages in one batch; a single message may be larger. */
  readonly batchBytes: number
  /** How long a topic is followed after its last reader has gone, in milliseconds. */
  readonly unfollowMs: number
}

/** So many topics are followed that nobody reads: a client that asks for ever new ones must not fill the memory. */
const mostIdle = 16_384

export interface HubStatistics {
  readonly topics: number
  /** Readers that wait for news. */
  readonly waiting: number
  readonly messages: number
  readonly bytes: number
  /** Messages published through this hub, and handed to readers by it, since its start. */
  readonly published: number
  readonly delivered: number
}

export interface TopicInformation extends Standing {
  readonly topic: string
  /** From where it stands. */
  readonly cursor: string
  /** How many readers of this node wait for its next message. */
  readonly waiting: number
}

export interface PublishedHere extends Published {
  /** How many readers of this node were waiting for it. */
  readonly waiting: number
}

export class Hub implements Follower, Disposable {
  readonly broker: Broker
  readonly hash: Hash
  readonly batchBytes: number
  readonly #options: HubOptions
  readonly #feeds = new Map<string, Feed>()
  readonly #idle = new WaitList<Feed>()
  #idleCount = 0
  /** Feeds to look at: they have got their first reader, or have lost their last. */
  readonly #changed = new Channel<Feed>(Number.POSITIVE_INFINITY, { name: 'topics to follow or leave' })
  readonly #follower: Task<never>
  readonly #feeding: FeedOptions
  #isTimed = false
  /** Batches made since the last message arrived. */
  #shared = new SharedBatches()
  #waiting = 0
  #published = 0
  #delivered = 0

  constructor(options: HubOptions) {
    this.#options = options
    this.broker = options.broker
    this.hash = options.hash
    this.batchBytes = options.batchBytes
    this.#feeding = { ...options, later: (work) => void options.scheduler.run(doLater, work) }
    this.#follower = options.scheduler.run(() => this.#follow())
    this.#follower.label = 'hub'
  }

  /**
   * Take a reader's place in `topics`. Waits for nothing and never throws; dispose it when done.
   *
   * @param cursor where to go on; a topic that it lacks begins at `from`, one that is not asked for is ignored
   */
  subscribe(topics: readonly string[], cursor?: Cursor, from: From = 'now'): Subscription {
    const places = distinct(topics).map((topic) => this.#enter(topic, cursor))
    return new Subscription(this, places, cursor, from)
  }

  /**
   * Append a message to a topic. Once the broker has been called it is carried through, even if the publisher goes away:
   * otherwise nobody would know whether it was published.
   *
   * @throws what the broker throws
   */
  *publish(topic: string, draft: Draft): Coroutine<PublishedHere> {
    yield* checkpoint()
    const waiting = this.#feeds.get(topic)?.waitingCount ?? 0
    const published = yield* shield(() => this.#carryThrough(topic, draft))
    this.#published += 1
    return { ...published, waiting }
  }

  /** Tell where a topic stands. @throws what the broker throws */
  *inform(topic: string): Coroutine<TopicInformation> {
    const { epoch, head, headId, oldest } = yield* this.broker.history(topic, 1, 0)
    const position = { epoch: epochHash(this.hash, epoch), tag: messageTag(this.hash, headId), offset: head }
    const cursor = encodeCursor([[{ topic, name: nameHash(this.hash, topic) }, position]])
    return { topic, epoch, head, headId, oldest, cursor, waiting: this.#feeds.get(topic)?.waitingCount ?? 0 }
  }

  statistics(): HubStatistics {
    return {
      ...this.broker.statistics(),
      waiting: this.#waiting,
      published: this.#published,
      delivered: this.#delivered,
    }
  }

  /** Stop following. Readers that wait go on waiting for their time-out. */
  [Symbol.dispose](): void {
    this.#follower.cancel('the hub is closed')
  }

  /** Assert the invariants of everything it holds. */
  validate(): void {
    this.#idle.validate()
    if ([...this.#idle].length !== this.#idleCount) throw new Error('the number of idle feeds is wrong')
    for (const feed of this.#feeds.values()) {
      feed.validate()
      if (feed.isLinked === feed.readers > 0) throw new Error('a feed is idle exactly while nobody reads it')
    }
  }

  arrived(message: Message, epoch: string): void {
    this.#forgetShared()
    this.#feeds.get(message.topic)?.arrived(message, epoch)
  }

  /** The topic that nobody has read for longest. */
  relinquish(): string | undefined {
    const feed = this.#idle.first
    if (feed !== undefined) this.#forget(feed)
    return feed?.topic
  }

  // What follows is for subscriptions.

  /** Batches made since the last message arrived; whoever makes one while it waits finds others here afterwards. */
  get shared(): SharedBatches {
    return this.#shared
  }

  /** The broker, asked when there had been `arrivals`, has said where a topic stands. False: that cannot be relied on. */
  locate(feed: Feed, standing: Standing, arrivals: number): boolean {
    if (feed.isCrossed(standing, arrivals)) return false
    if (feed.locate(standing)) this.#forgetShared()
    return true
  }

  release(feed: Feed): void {
    feed.readers -= 1
    if (feed.readers > 0) return
    feed.idleSince = this.#options.scheduler.now()
    this.#idle.add(feed)
    this.#idleCount += 1
    if (this.#idleCount > mostIdle) this.#changed.trySend(this.#forget(this.#idle.first as Feed))
    if (!this.#isTimed) this.#changed.trySend(feed)
  }

  countWaiting(change: 1 | -1): void {
    this.#waiting += change
  }

  countDelivered(messages: number): void {
    this.#delivered += messages
  }

  #forgetShared(): void {
    if (this.#shared.size > 0) this.#shared = new SharedBatches()
  }

  #enter(topic: string, cursor: Cursor | undefined): Place {
    let feed = this.#feeds.get(topic)
    if (feed === undefined) {
      feed = new Feed(topic, nameHash(this.hash, topic), this.hash, this.#feeding)
      this.#feeds.set(topic, feed)
    }
    if (feed.unlink()) this.#idleCount -= 1
    feed.readers += 1
    if (!feed.isFollowed) {
      feed.failure = null
      this.#changed.trySend(feed)
    }
    return new Place(feed, cursor === undefined ? null : positionIn(cursor, feed))
  }

  *#follow(): Coroutine<never> {
    try {
      for (;;) {
        const idle = this.#idle.first
        this.#isTimed = idle !== undefined
        const woken = yield* select(
          { changed: this.#changed.receive(), idle: idle === undefined ? null : after(this.#untilUnfollow(idle)) },
          { order: 'first' },
        )
        if (woken.case === 'changed') yield* this.#followOne(woken.value)
        else yield* this.#unfollowIdle()
      }
    } finally {
      for (const feed of this.#feeds.values()) yield* this.#unfollow(feed)
    }
  }

  *#followOne(feed: Feed): Coroutine<void> {
    if (feed.isFollowed && this.#feeds.get(feed.topic) !== feed) yield* this.#unfollow(feed)
    if (feed.isFollowed || feed.readers === 0) return
    try {
      let arrivals: number
      let standing: Standing
      do {
        arrivals = feed.arrivals
        standing = yield* this.broker.follow(feed.topic, this)
      } while (!this.locate(feed, standing, arrivals))
      feed.isFollowed = true
      feed.failure = null
      // It was given up meanwhile.
      if (this.#feeds.get(feed.topic) !== feed) yield* this.#unfollow(feed)
    } catch (error) {
      if (error instanceof Cancelled) throw error
      feed.fail(error)
    }
  }

  *#unfollowIdle(): Coroutine<void> {
    for (let feed = this.#idle.first; feed && this.#untilUnfollow(feed) <= 0; feed = this.#idle.first) {
      this.#forget(feed)
      if (feed.isFollowed) yield* this.#unfollow(feed)
      yield* checkpoint()
    }
  }

  /** Whoever reads its topic next begins with another feed. */
  #forget(feed: Feed): Feed {
    if (feed.unlink()) this.#idleCount -= 1
    this.#feeds.delete(feed.topic)
    return feed
  }

  /** A broker that could not be told goes on telling: nobody listens, until the topic is followed again. */
  *#unfollow(feed: Feed): Coroutine<void> {
    feed.isFollowed = false
    try {
      yield* shield(() => this.#leave(feed.topic))
    } catch (error) {
      if (error instanceof Cancelled) throw error
      this.#options.scheduler.report(error)
    }
  }

  // A method and not a function* written inline, which V8 would meet for the first time at each publish: 1.5 microseconds.
  *#carryThrough(topic: string, draft: Draft): Coroutine<Published> {
    return yield* this.broker.publish(topic, draft)
  }

  *#leave(topic: string): Coroutine<void> {
    yield* this.broker.unfollow(topic, this)
  }

  #untilUnfollow(feed: Feed): number {
    return feed.idleSince + this.#options.unfollowMs - this.#options.scheduler.now()
  }
}

function distinct(topics: readonly string[]): readonly string[] {
  return topics.length > 1 ? [...new Set(topics)] : topics
}

/** Wakes more of many readers: a coroutine, so that it comes behind those that it has woken already. */
function* doLater(work: () => void): Coroutine<void> {
  work()
}
