// The hub: fans messages out to the readers that wait for them. One for each broker on each node.
//
// Invariants:
//   - there is a feed for every topic that somebody reads, and for `unfollowMs` after that;
//   - feeds that nobody reads stand in `idle`, the one idle longest first, and at most `mostIdle` of them;
//   - the broker follows what has a feed, as far as it can: a feed is `asked` from the call of `follow` on.
//
// The broker may answer late, never, or twice. Nothing here waits for an answer to `follow` but readers, each as long as
// it likes; what an operation may take is limited.

import type { Coroutine, Operation, Scheduler, Task } from '../../runtime/index.ts'
import { after, Channel, checkpoint, select, TimeoutError, timeout, WaitList } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { Append, Appended, IdempotencyKey, Receipt, Refused } from './append.ts'
import { AppendsInFlight } from './appends-in-flight.ts'
import type { Broker, Follower, Slice } from './broker.ts'
import { unbornStanding } from './broker.ts'
import type { Cursor } from './cursor.ts'
import { encodeCursor, positionIn } from './cursor.ts'
import type { Asked, FeedOptions } from './feed.ts'
import { Feed } from './feed.ts'
import type { HistoryLimits } from './history.ts'
import type { Draft, Message } from './message.ts'
import type { From } from './place.ts'
import { Place } from './place.ts'
import type { Hash } from './position.ts'
import { epochHash, messageTag, nameHash } from './position.ts'
import type { Standing } from './record.ts'
import { refusalError } from './refusal.ts'
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
  /** How long the broker may take for one operation, in milliseconds. */
  readonly brokerTimeoutMs: number
}

/** So many topics are followed that nobody reads: a client that asks for ever new ones must not fill the memory. */
const mostIdle = 16_384

/** How long after the broker has refused to follow a topic it is asked again, in milliseconds. */
const retryMs = 1_000

/** A poll that hardly waits gives the broker this long to say where its topics stand. */
const shortestLocateMs = 1_000

/** So many topics are left, or asked for again, before others get a turn. */
const atOnce = 1_000

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

export interface AllPublished {
  /** One for each message. */
  readonly receipts: readonly Receipt[]
  readonly epoch: string
  /** How many readers of this node were waiting for them. */
  readonly waiting: number
  /** Whether its key had been seen: nothing was appended. */
  readonly isReplayed: boolean
}

export interface Published extends AllPublished {
  readonly message: Receipt
}

export class Hub implements Follower, Disposable {
  readonly broker: Broker
  readonly hash: Hash
  readonly batchBytes: number
  readonly #options: HubOptions
  readonly #feeds = new Map<string, Feed>()
  readonly #idle = new WaitList<Feed>()
  #idleCount = 0
  /** Feeds with readers that the broker has refused to follow, the one refused first at the front. */
  readonly #refused = new WaitList<Feed>()
  readonly #inFlight: AppendsInFlight
  readonly #roused = new Channel<void>(1, { name: 'topics to ask for or leave' })
  readonly #tender: Task<never>
  readonly #feeding: FeedOptions
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
    this.#inFlight = new AppendsInFlight(options)
    this.#tender = options.scheduler.run(() => this.#tend())
    this.#tender.label = 'hub'
  }

  /**
   * Take a reader's place in `topics`. Waits for nothing and never throws; dispose it when done.
   *
   * @param cursor where to go on; a topic that it lacks begins at `from`, one that is not asked for is ignored
   */
  subscribe(topics: readonly string[], cursor?: Cursor, from: From = 'now'): Subscription {
    const places = distinct(topics).map((topic) => this.#enter(topic, cursor))
    let unasked: Feed[] | undefined
    for (const { feed } of places) {
      if (!this.#mustAskFor(feed)) continue
      unasked ??= []
      unasked.push(feed)
    }
    if (unasked !== undefined) this.#follow(unasked)
    return new Subscription(this, places, cursor, from)
  }

  /**
   * Append a message to a topic. Once the broker has been called it is carried through, even if the publisher goes away.
   *
   * @throws EnckeError as `append`, ENCKE_ERR_KEY_REUSED, ENCKE_ERR_TOPIC_CLOSED, ENCKE_ERR_TOPIC_CONTENT_TYPE
   */
  *publish(topic: string, draft: Draft, key?: IdempotencyKey): Coroutine<Published> {
    const published = yield* this.publishAll(topic, [draft], key)
    return { ...published, message: published.receipts[0] as Receipt }
  }

  /** Append several messages to a topic, all of them or none. @throws as `publish` */
  *publishAll(topic: string, messages: readonly Draft[], key?: IdempotencyKey): Coroutine<AllPublished> {
    const waiting = this.#feeds.get(topic)?.waitingCount ?? 0
    const answer = yield* this.append(topic, key === undefined ? { messages } : { messages, key })
    if (answer.outcome === 'refused') throw refusalError(topic, answer)
    const { receipts, standing, outcome } = answer
    return { receipts, epoch: standing.epoch, waiting, isReplayed: outcome === 'replayed' }
  }

  /**
   * Append to a topic. Once the broker has been called it is carried through, even if the publisher goes away: otherwise
   * nobody would know whether it has happened.
   *
   * @throws what the broker throws; EnckeError ENCKE_ERR_SERVER_PUBLISHES when too many are on their way,
   *   ENCKE_ERR_PUBLISH_UNKNOWN when the broker has not answered in time
   */
  *append(topic: string, append: Append): Coroutine<Appended | Refused> {
    yield* checkpoint()
    const answer = this.broker.answersAtOnce
      ? yield* this.broker.append(topic, append)
      : yield* this.#inFlight.carryThrough(topic, append)
    if (answer.outcome === 'appended') this.#published += append.messages.length
    return answer
  }

  /** Tell where a topic stands. @throws as `history` */
  *inform(topic: string): Coroutine<TopicInformation> {
    const { epoch, head, headId, oldest, isClosed } =
      (yield* this.#inTime(() => this.broker.inform(topic))) ?? unbornStanding
    const position = { epoch: epochHash(this.hash, epoch), tag: messageTag(this.hash, headId), offset: head }
    const cursor = encodeCursor([[{ topic, name: nameHash(this.hash, topic) }, position]])
    const waiting = this.#feeds.get(topic)?.waitingCount ?? 0
    return { topic, epoch, head, headId, oldest, isClosed, cursor, waiting }
  }

  statistics(): HubStatistics {
    return {
      ...this.broker.statistics(),
      waiting: this.#waiting,
      published: this.#published,
      delivered: this.#delivered,
    }
  }

  /** How long a poll that waits for `holdMs` gives the broker to say where its topics stand. */
  locateMs(holdMs: number): number {
    return Math.min(this.#options.brokerTimeoutMs, Math.max(holdMs, shortestLocateMs))
  }

  /** Stop following. Readers that wait go on waiting for their time-out. */
  [Symbol.dispose](): void {
    this.#tender.cancel('the hub is closed')
    this.broker.unfollow([...this.#feeds.keys()], this)
  }

  /** Assert the invariants of everything it holds. */
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

  // What follows is for the broker.

  located(topic: string, standing: Standing): void {
    const feed = this.#feeds.get(topic)
    if (feed === undefined || feed.asked === null) return
    feed.failure = null
    if (this.locate(feed, standing, feed.asked)) return
    // It moved meanwhile, and that has said more. What a message of another epoch means, only a new answer says.
    if (feed.moves === feed.asked.moves) this.#follow([feed])
  }

  notLocated(topic: string, error: unknown): void {
    const feed = this.#feeds.get(topic)
    if (feed === undefined) return
    feed.asked = null
    if (feed.readers > 0 && !feed.isLinked) {
      feed.idleSince = this.#options.scheduler.now()
      this.#refused.add(feed)
    }
    feed.fail(error)
    this.#roused.trySend()
  }

  arrived(message: Message, epoch: string): void {
    this.#forgetShared()
    this.#feeds.get(message.topic)?.arrived(message, epoch)
  }

  moved(topic: string, standing: Standing): void {
    this.#forgetShared()
    this.#feeds.get(topic)?.moved(standing)
  }

  isReading(topic: string): boolean {
    return (this.#feeds.get(topic)?.readers ?? 0) > 0
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

  /**
   * Read a topic's history.
   *
   * @throws what the broker throws; EnckeError ENCKE_ERR_SERVER_BROKER when it has not answered in time
   */
  *history(feed: Feed, from: number, limits: HistoryLimits): Coroutine<Slice> {
    for (;;) {
      const { arrivals, moves } = feed
      const slice = yield* this.#inTime(() => this.broker.history(feed.topic, from, limits))
      this.locate(feed, slice, { arrivals, moves })
      // What has moved may have lost the messages that are in the answer.
      if (feed.moves === moves) return slice
    }
  }

  release(feed: Feed): void {
    feed.readers -= 1
    if (feed.readers > 0) return
    feed.unlink()
    feed.idleSince = this.#options.scheduler.now()
    this.#idle.add(feed)
    this.#idleCount += 1
    if (this.#idleCount > mostIdle) this.broker.unfollow([this.#forget(this.#idle.first as Feed)], this)
    if (this.#idleCount === 1) this.#roused.trySend()
  }

  countWaiting(change: 1 | -1): void {
    this.#waiting += change
  }

  countDelivered(messages: number): void {
    this.#delivered += messages
  }

  /** Apply an answer. False: what was told meanwhile may be newer. */
  locate(feed: Feed, standing: Standing, asked: Asked): boolean {
    if (feed.isCrossed(standing, asked)) return false
    if (feed.locate(standing)) this.#forgetShared()
    return true
  }

  #forgetShared(): void {
    if (this.#shared.size > 0) this.#shared = new SharedBatches()
  }

  #enter(topic: string, cursor: Cursor | undefined): Place {
    let feed = this.#feeds.get(topic)
    if (feed === undefined) {
      feed = new Feed(topic, nameHash(this.hash, topic), this.hash, this.#feeding)
      this.#feeds.set(topic, feed)
    } else if (feed.readers === 0) {
      feed.unlink()
      this.#idleCount -= 1
    }
    feed.readers += 1
    return new Place(feed, cursor === undefined ? null : positionIn(cursor, feed))
  }

  /** Whether the broker has not been asked to follow, or has not answered for too long. */
  #mustAskFor({ asked, isLocated }: Feed): boolean {
    if (asked === null) return true
    return !isLocated && asked.atMs + this.#options.brokerTimeoutMs <= this.#options.scheduler.now()
  }

  #follow(feeds: readonly Feed[]): void {
    const atMs = this.#options.scheduler.now()
    for (const feed of feeds) {
      if (feed.readers > 0) feed.unlink()
      feed.failure = null
      feed.asked = { atMs, arrivals: feed.arrivals, moves: feed.moves }
    }
    this.broker.follow(
      feeds.map(({ topic }) => topic),
      this,
    )
  }

  /** Those who read its topic next begin with another feed. */
  #forget(feed: Feed): string {
    feed.unlink()
    this.#idleCount -= 1
    this.#feeds.delete(feed.topic)
    return feed.topic
  }

  /** Leave what nobody has read for `unfollowMs`, and ask again for what was refused. */
  *#tend(): Coroutine<never> {
    for (;;) {
      const dueMs = this.#nextDueMs()
      yield* select(
        { roused: this.#roused.receive(), due: dueMs === undefined ? null : after(dueMs) },
        { order: 'first' },
      )
      this.#leaveIdle()
      this.#askAgain()
      yield* checkpoint()
    }
  }

  #nextDueMs(): number | undefined {
    const idle = this.#idle.first
    const refused = this.#refused.first
    const { unfollowMs, scheduler } = this.#options
    const due = Math.min(
      idle === undefined ? Infinity : idle.idleSince + unfollowMs,
      refused === undefined ? Infinity : refused.idleSince + retryMs,
    )
    return due === Infinity ? undefined : Math.max(due - scheduler.now(), 0)
  }

  #leaveIdle(): void {
    const topics: string[] = []
    const before = this.#options.scheduler.now() - this.#options.unfollowMs
    for (let feed = this.#idle.first; feed && feed.idleSince <= before && topics.length < atOnce; ) {
      topics.push(this.#forget(feed))
      feed = this.#idle.first
    }
    if (topics.length > 0) this.broker.unfollow(topics, this)
  }

  #askAgain(): void {
    const feeds: Feed[] = []
    const before = this.#options.scheduler.now() - retryMs
    for (let feed = this.#refused.first; feed && feed.idleSince <= before && feeds.length < atOnce; ) {
      feed.unlink()
      feeds.push(feed)
      feed = this.#refused.first
    }
    if (feeds.length > 0) this.#follow(feeds)
  }

  *#inTime<T>(ask: () => Operation<T>): Coroutine<T> {
    if (this.broker.answersAtOnce) return yield* ask()
    const { brokerTimeoutMs } = this.#options
    try {
      return yield* timeout(brokerTimeoutMs, function* () {
        return yield* ask()
      })
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      const message = `the broker has not answered within ${brokerTimeoutMs} ms: come back later`
      throw new EnckeError('ENCKE_ERR_SERVER_BROKER', message, { cause: error })
    }
  }
}

function distinct(topics: readonly string[]): readonly string[] {
  return topics.length > 1 ? [...new Set(topics)] : topics
}

/** Wakes more of many readers: a coroutine, so that it comes behind those that it has woken already. */
function* doLater(work: () => void): Coroutine<void> {
  work()
}
