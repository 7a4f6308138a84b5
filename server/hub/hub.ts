// The hub: fans messages out to the readers that wait for them. One for each broker on each node.
//
// The broker may answer late, never, or twice. Nothing here waits for it but readers and publishers, and those for a limited
// time.

import type { Coroutine, Operation } from '../../runtime/index.ts'
import { checkpoint, TimeoutError, timeout } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { Append, Appended, IdempotencyKey, Receipt, Refused } from './append.ts'
import type { Batch, Verdict } from './batch.ts'
import type { Broker, Slice } from './broker.ts'
import { unbornStanding } from './broker.ts'
import type { Change } from './changes-in-flight.ts'
import { ChangesInFlight } from './changes-in-flight.ts'
import type { Cursor } from './cursor.ts'
import { encodeCursor, positionIn } from './cursor.ts'
import type { Feed } from './feed.ts'
import type { FeedsOptions } from './feeds.ts'
import { Feeds } from './feeds.ts'
import type { HistoryLimits } from './history.ts'
import type { Draft } from './message.ts'
import type { Hash } from './position.ts'
import { epochHash, messageTag, nameHash, untold } from './position.ts'
import type { From } from './reader-slot.ts'
import { ReaderSlot } from './reader-slot.ts'
import type { Created, Creation, ForkPoint, ListedTopic, Standing, TopicRecord } from './record.ts'
import { refusalError } from './refusal.ts'
import { SharedBatches } from './shared-batches.ts'
import { Subscription } from './subscription.ts'

export interface HubOptions extends FeedsOptions {
  /** The most bytes of messages in one batch; a single message may be larger. */
  readonly batchBytes: number
}

/** A poll that hardly waits gives the broker this long to say where its topics stand. */
const shortestLocateMs = 1_000

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

export interface TopicInformation extends Omit<Standing, 'headId' | 'segment'> {
  readonly topic: string
  /** From where it stands. */
  readonly cursor: string
  /** How many readers of this node wait for its next message. */
  readonly waiting: number
}

/** Where a topic stands, as its node has been told. */
export interface Followed {
  readonly epoch: string
  readonly segment: number
  readonly contentType: string
  readonly isClosed: boolean
  readonly head: number
}

/** A topic in a list of topics. */
export interface TopicInList
  extends Pick<ListedTopic, 'topic' | 'epoch' | 'head' | 'oldest' | 'contentType' | 'retention' | 'isClosed'> {
  /** How many readers of this node wait for its next message. */
  readonly waiting: number
}

export interface Published {
  /** One for each message. */
  readonly receipts: readonly Receipt[]
  readonly epoch: string
  /** How many readers of this node were waiting for them. */
  readonly waiting: number
  /** Whether its key had been seen: nothing was appended. */
  readonly isReplayed: boolean
}

/** Told what happens to messages, while somebody looks. It must not throw. */
export interface HubWatcher {
  /** Messages were appended to a topic by this node, and so many readers of this node waited for them. */
  appended(topic: string, answer: Appended, waiting: number): void
  /** The coroutine that runs was given a batch. */
  delivered(batch: Batch): void
}

export class Hub implements Disposable {
  /** Null costs a publish and a delivery one look each. */
  watcher: HubWatcher | null = null
  readonly broker: Broker
  readonly hash: Hash
  readonly batchBytes: number
  readonly #brokerTimeoutMs: number
  readonly #feeds: Feeds
  readonly #inFlight: ChangesInFlight
  /** Batches made since the last message arrived. */
  #shared = new SharedBatches()
  #waiting = 0
  #published = 0
  #delivered = 0
  readonly #verdicts = { ok: 0, gap: 0, reset: 0 }
  #missed = 0

  constructor(options: HubOptions) {
    this.broker = options.broker
    this.hash = options.hash
    this.batchBytes = options.batchBytes
    this.#brokerTimeoutMs = options.brokerTimeoutMs
    this.#feeds = new Feeds(options, () => this.#forgetShared())
    this.#inFlight = new ChangesInFlight(options)
  }

  /**
   * Begin to read `topics`, with a slot in the feed of each. Waits for nothing and never throws; dispose it when done.
   *
   * @param cursor where to go on; a topic that it lacks begins at `from`, one that is not asked for is ignored
   */
  subscribe(topics: readonly string[], cursor?: Cursor, from: From = 'now'): Subscription {
    const slots = distinct(topics).map((topic) => this.#enter(topic, cursor))
    let unasked: Feed[] | undefined
    for (const { feed } of slots) {
      if (!this.#feeds.mustAskFor(feed)) continue
      unasked ??= []
      unasked.push(feed)
    }
    if (unasked !== undefined) this.#feeds.follow(unasked)
    return new Subscription(this, slots, cursor, from)
  }

  /**
   * Begin to read one topic after `offset` of an epoch, for a protocol that knows by other means that it belongs there.
   * Waits for nothing and never throws; dispose it when done.
   */
  readAfter(topic: string, epoch: string, offset: number): Subscription {
    const feed = this.#feeds.enter(topic)
    const isOfFeed = feed.isLocated && feed.epochText === epoch
    // All who stand at the end share what they read next, those of the native protocol too.
    const position =
      isOfFeed && feed.head.offset === offset
        ? feed.head
        : { epoch: isOfFeed ? feed.epoch : epochHash(this.hash, epoch), tag: untold, offset }
    if (this.#feeds.mustAskFor(feed)) this.#feeds.follow([feed])
    return new Subscription(this, [new ReaderSlot(feed, position)], undefined, 'now')
  }

  /** Where a topic stands that is followed here, as far as all of that is known; undefined asks for its record. */
  followed(topic: string): Followed | undefined {
    const feed = this.#feeds.find(topic)
    if (feed === undefined || feed.asked === null || feed.contentType === null || feed.segment === 0) return undefined
    const { epochText: epoch, segment, contentType, isClosed, head } = feed
    return { epoch, segment, contentType, isClosed, head: head.offset }
  }

  /**
   * Append a message to a topic. Once the broker has been called it is carried through, even if the publisher goes away.
   *
   * @throws EnckeError as `append`, ENCKE_ERR_KEY_REUSED, ENCKE_ERR_TOPIC_CLOSED, ENCKE_ERR_TOPIC_CONTENT_TYPE
   */
  publish(topic: string, draft: Draft, key?: IdempotencyKey): Coroutine<Published> {
    return this.publishAll(topic, [draft], key)
  }

  /** Append several messages to a topic, all of them or none. @throws as `publish` */
  *publishAll(topic: string, messages: readonly Draft[], key?: IdempotencyKey): Coroutine<Published> {
    const waiting = this.#feeds.waitingFor(topic)
    const answer = yield* this.append(topic, key === undefined ? { messages } : { messages, key })
    if (answer.outcome === 'refused') throw refusalError(topic, answer)
    const { receipts, standing, outcome } = answer
    return { receipts, epoch: standing.epoch, waiting, isReplayed: outcome === 'replayed' }
  }

  /**
   * Append to a topic. Once the broker has been called it is carried through, even if the publisher goes away: otherwise
   * its outcome would be unknown.
   *
   * @throws what the broker throws; EnckeError ENCKE_ERR_SERVER_PUBLISHES when too many are on their way,
   *   ENCKE_ERR_PUBLISH_UNKNOWN when the broker has not answered in time
   */
  *append(topic: string, append: Append): Coroutine<Appended | Refused> {
    yield* checkpoint()
    const waiting = this.watcher === null ? 0 : this.#feeds.waitingFor(topic)
    // Neither a name nor a function is made for what has neither a limit nor a task, and no coroutine stands in between:
    // each costs a publish a part of a microsecond.
    const answer = this.broker.answersAtOnce
      ? yield* this.broker.append(topic, append)
      : yield* this.#appendInTime(topic, append)
    if (answer.outcome === 'appended') {
      this.#published += append.messages.length
      this.watcher?.appended(topic, answer, waiting)
    }
    return answer
  }

  #appendInTime(topic: string, append: Append): Coroutine<Appended | Refused> {
    return this.#inFlight.carryThrough({
      label: `append to ${topic}`,
      bytes: bytesOf(append.messages),
      ask: () => this.broker.append(topic, append),
    })
  }

  /** Make a topic that keeps everything until it is removed or expires. Carried through like an append. @throws as `append` */
  *create(topic: string, creation: Creation): Coroutine<Created> {
    const { messages } = creation
    const created = yield* this.#change({
      label: `creation of ${topic}`,
      bytes: bytesOf(messages),
      ask: () => this.broker.create(topic, creation),
    })
    if (created.outcome === 'created') this.#published += messages.length
    return created
  }

  /** Make a topic that begins with what `source` has up to `point`. Carried through like an append. @throws as `append` */
  *fork(source: string, point: ForkPoint, topic: string, creation: Partial<Creation>): Coroutine<Created> {
    const { messages = [] } = creation
    const created = yield* this.#change({
      label: `fork of ${source}`,
      bytes: bytesOf(messages),
      ask: () => this.broker.fork(source, point, topic, creation),
    })
    if (created.outcome === 'created') this.#published += messages.length
    return created
  }

  /** Remove a topic; false when there is none. Carried through like an append. @throws as `append` */
  *remove(topic: string): Coroutine<boolean> {
    return yield* this.#change({ label: `removal of ${topic}`, bytes: 0, ask: () => this.broker.remove(topic) })
  }

  /** The record of a topic; null before it is born. It does not count as use. @throws as `history` */
  *record(topic: string): Coroutine<TopicRecord | null> {
    return yield* this.#inTime(() => this.broker.inform(topic))
  }

  /** Read a topic's messages from offset `from`, or from the oldest kept if that is later. It counts as use. @throws as `history` */
  *messages(topic: string, from: number, limits: HistoryLimits): Coroutine<Slice> {
    return yield* this.#inTime(() => this.broker.history(topic, from, limits))
  }

  /** Tell where a topic stands; one that was removed, while forks still need it, stands where an unborn one does. @throws as `history` */
  *inform(topic: string): Coroutine<TopicInformation> {
    const record = yield* this.record(topic)
    const isThere = record !== null && !record.isRemoved
    const { epoch, head, headId, oldest, isClosed, contentType } = isThere ? record : unbornStanding
    const position = { epoch: epochHash(this.hash, epoch), tag: messageTag(this.hash, headId), offset: head }
    const cursor = encodeCursor([[{ topic, name: nameHash(this.hash, topic) }, position]])
    const waiting = this.#feeds.waitingFor(topic)
    return { topic, epoch, head, oldest, cursor, waiting, contentType, isClosed }
  }

  /** Read what a topic keeps, from offset `from` on. @throws as `history` */
  *readHistory(topic: string, from: number, limits: HistoryLimits): Coroutine<Slice> {
    return yield* this.#inTime(() => this.broker.history(topic, from, limits))
  }

  /** Whether a topic has readers on this node, or had some less than `unfollowMs` ago. */
  isRead(topic: string): boolean {
    return this.#feeds.has(topic)
  }

  /** How many readers of this node wait for a topic. */
  waitingFor(topic: string): number {
    return this.#feeds.waitingFor(topic)
  }

  /** List topics whose names come after `after`, at most `limit`. @throws as `history` */
  *list(after: string, limit: number): Coroutine<TopicInList[]> {
    const listed = yield* this.#inTime(() => this.broker.list(after, limit))
    return listed.map(({ topic, epoch, head, oldest, contentType, retention, isClosed }) => {
      const waiting = this.#feeds.waitingFor(topic)
      return { topic, epoch, head, oldest, contentType, retention, isClosed, waiting }
    })
  }

  statistics(): HubStatistics {
    return {
      ...this.broker.statistics(),
      waiting: this.#waiting,
      published: this.#published,
      delivered: this.#delivered,
    }
  }

  /** What readers were told since the start: topics by their verdict, and how many messages gaps have missed. */
  get verdicts(): Readonly<Record<Verdict, number>> {
    return this.#verdicts
  }

  get missed(): number {
    return this.#missed
  }

  /** How long a poll that waits for `holdMs` gives the broker to say where its topics stand. */
  locateMs(holdMs: number): number {
    return Math.min(this.#brokerTimeoutMs, Math.max(holdMs, shortestLocateMs))
  }

  /** Stop following. Readers that wait go on waiting for their time-out. */
  [Symbol.dispose](): void {
    this.#feeds.close()
  }

  /** Assert the invariants of everything it holds. */
  validate(): void {
    this.#feeds.validate()
  }

  // What follows is for subscriptions.

  /** Batches made since the last message arrived; a reader that makes one while it waits finds others here afterwards. */
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
      this.#feeds.locate(feed, slice, { arrivals, moves })
      // What has moved may have lost the messages that are in the answer.
      if (feed.moves === moves) return slice
    }
  }

  release(feed: Feed): void {
    this.#feeds.release(feed)
  }

  countWaiting(change: 1 | -1): void {
    this.#waiting += change
  }

  countDelivered(batch: Batch): void {
    const { delivered, verdicts, gaps, resets, missed } = batch
    this.#delivered += delivered
    this.#verdicts.ok += verdicts.length - gaps - resets
    this.#verdicts.gap += gaps
    this.#verdicts.reset += resets
    this.#missed += missed
    this.watcher?.delivered(batch)
  }

  #forgetShared(): void {
    if (this.#shared.size > 0) this.#shared = new SharedBatches()
  }

  #enter(topic: string, cursor: Cursor | undefined): ReaderSlot {
    const feed = this.#feeds.enter(topic)
    return new ReaderSlot(feed, cursor === undefined ? null : positionIn(cursor, feed))
  }

  /** A broker that answers at once needs no time limit, and no task that outlives the one who asks. */
  *#change<T>(change: Change<T>): Coroutine<T> {
    yield* checkpoint()
    return this.broker.answersAtOnce ? yield* change.ask() : yield* this.#inFlight.carryThrough(change)
  }

  *#inTime<T>(ask: () => Operation<T>): Coroutine<T> {
    if (this.broker.answersAtOnce) return yield* ask()
    try {
      return yield* timeout(this.#brokerTimeoutMs, () => answerOf(ask))
    } catch (error) {
      if (!(error instanceof TimeoutError)) throw error
      const message = `the broker has not answered within ${this.#brokerTimeoutMs} ms: come back later`
      throw new EnckeError('ENCKE_ERR_SERVER_BROKER', message, { cause: error })
    }
  }
}

// Not written inline: see changes-in-flight.ts.
function* answerOf<T>(ask: () => Operation<T>): Coroutine<T> {
  return yield* ask()
}

function distinct(topics: readonly string[]): readonly string[] {
  return topics.length > 1 ? [...new Set(topics)] : topics
}

function bytesOf(messages: readonly Draft[]): number {
  let bytes = 0
  for (const draft of messages) bytes += draft.bytes
  return bytes
}
