// A feed: what this node knows of one topic. Where it stands, its newest messages, and who waits for the next one.
//
// Invariants, once located:
//   - `ring` ends at the head, and `before` is the message just before its first;
//   - every reader in `waiting` has been told everything up to the head, or is still in `toLookAt`;
//   - `unread` counts the readers that were woken and have not read yet; while there are any, or some are still to be
//     woken, the ring may grow to the bounds of a burst, so that it does not overtake those whom it wakes.

import { Link, WaitList } from '../../runtime/index.ts'
import type { HistoryLimits } from './history.ts'
import { History } from './history.ts'
import type { Message } from './message.ts'
import type { Hash, Position } from './position.ts'
import { epochHash, isOfAnyEpoch, isSamePosition, isSameTag, messageTag, removed, unbornEpoch } from './position.ts'
import type { Standing } from './record.ts'

/** What waits for news of a feed. */
export interface FeedWaiter {
  /** There is news. Called once, by the feed that has it first, after it has taken the link off. */
  feedHasNews(link: FeedLink): void
  /** Whether there is something to tell now that the feed has been located (or could not be). */
  isReady(): boolean
}

/** One reader's link in the wait list of one feed. */
export class FeedLink extends Link {
  readonly feed: Feed
  waiter: FeedWaiter | null = null
  /** Woken by this feed, and has not read it yet. */
  owesRead = false

  constructor(feed: Feed) {
    super()
    this.feed = feed
  }
}

export interface FeedOptions {
  readonly ring: HistoryLimits
  readonly burst?: HistoryLimits
  /** Do something soon, behind the coroutines that are runnable now. */
  readonly later: (work: () => void) => void
}

/** What a feed had been told when its broker was asked something: what is told meanwhile may be newer than the answer. */
export interface Asked {
  readonly arrivals: number
  readonly moves: number
}

/** What a feed begins with: of a message that arrived less is known. */
type Beginning = Pick<Standing, 'epoch' | 'head' | 'headId'> & Partial<Known>

/** What is known of a topic beside where it stands. */
type Known = Pick<Standing, 'segment' | 'contentType' | 'isClosed'>

const unknown: Known = { segment: 0, contentType: null, isClosed: false }

/** So many readers are woken in one go. Beyond that the first shall read before the last are woken, and others get a turn. */
const wokenAtOnce = 256

/** It is a link, so that feeds without readers, and feeds that are to be asked for again, can be queued. */
export class Feed extends Link {
  readonly topic: string
  /** The hash of the topic's name, which cursors carry. */
  readonly name: string
  /** How many subscriptions there are. */
  readers = 0
  /** Since when it stands in a queue, in milliseconds on the scheduler's clock. */
  queuedAt = 0
  waitingCount = 0
  /** When the broker was asked to follow it, and what had been told then; null while it is not followed. */
  asked: (Asked & { readonly atMs: number }) | null = null
  /** How many messages have been told of, and how often the topic has moved. */
  arrivals = 0
  moves = 0
  /** Why the broker does not follow; it is asked again soon, and for the next reader. */
  failure: { readonly error: unknown } | null = null
  readonly #hash: Hash
  readonly #ringLimits: HistoryLimits
  readonly #burstLimits: HistoryLimits
  readonly #waiting = new WaitList<FeedLink>()
  #epochText = ''
  #epoch = -1
  #head = 0
  #headId: string | null = null
  #segment = 0
  #contentType: string | null = null
  #isClosed = false
  /** The hash of the epoch of the topic that was removed; 0 unless none has come again. */
  #gone = 0
  #position: Position | null = null
  #ring = new History<Message>()
  /** The message before the ring's first, as far as it is known. */
  #before: { readonly offset: number; readonly id: string | null } | null = null
  #unread = 0
  /** Who waited when there was news, and how many of them have been looked at; empty when all have been. */
  #toLookAt: readonly FeedLink[] = []
  #lookedAt = 0
  /** There has been news since: all who wait now are to be looked at. */
  #isStale = false
  readonly #later: FeedOptions['later']

  constructor(topic: string, name: string, hash: Hash, { ring, burst, later }: FeedOptions) {
    super()
    this.topic = topic
    this.name = name
    this.#hash = hash
    this.#later = later
    this.#ringLimits = ring
    this.#burstLimits = burst ?? { messages: ring.messages * 2, bytes: ring.bytes * 2 }
  }

  get isLocated(): boolean {
    return this.#epoch >= 0
  }

  /** Whether the topic has no message, and never had one in this epoch. */
  get isEmpty(): boolean {
    return this.isLocated && this.#head === 0
  }

  /** The hash of its epoch; 0 before the first message, -1 before it is located. */
  get epoch(): number {
    return this.#epoch
  }

  /** The number of its newest segment; 0 while that is not known. */
  get segment(): number {
    return this.#segment
  }

  /** Of its messages; null while that is not known. */
  get contentType(): string | null {
    return this.#contentType
  }

  /** Whether nothing can be appended any more, as far as this node knows. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** The text of its epoch; empty before it is located. */
  get epochText(): string {
    return this.#epochText
  }

  /** The end of the topic as this node knows it. */
  get head(): Position {
    this.#position ??= { epoch: this.#epoch, tag: messageTag(this.#hash, this.#headId), offset: this.#head }
    return this.#position
  }

  /** How many messages it has at hand. */
  get ringLength(): number {
    return this.#ring.length
  }

  /** Whether a reader at `position` has something to be told: it is behind, or at no position of this epoch. */
  hasNewsFor(position: Position): boolean {
    if (position.epoch === 0 && isOfAnyEpoch(position)) return this.#head > 0
    // Who has been told that the topic was removed waits for it to come again.
    if (isSamePosition(position, removed)) return this.#epoch > 0
    if (position.epoch !== this.#epoch || position.offset !== this.#head) return true
    return !isSamePosition(position, this.head)
  }

  /**
   * Apply an answer of the broker: it moves the feed forward only. Those who have something to be told are woken. Gives
   * whether it said anything new.
   */
  locate(standing: Standing): boolean {
    // A standing that is older than what has arrived meanwhile says nothing new of the messages.
    if (standing.epoch === this.#epochText && standing.head <= this.#head) return this.#learn(standing)
    this.#restart(standing)
    this.#wakeReady()
    return true
  }

  /** Apply what the broker tells by itself, which binds downwards, too. Gives whether it said anything new. */
  moved(standing: Standing): boolean {
    this.moves += 1
    const { epoch, head, headId } = standing
    const isHere = this.isLocated && epoch === this.#epochText && head === this.#head && headId === this.#headId
    if (isHere) return this.#learn(standing)
    this.#restart(standing)
    this.#wakeReady()
    return true
  }

  /** Whether `position` is in the topic that was removed from here, while none has come again. */
  wasIn({ epoch }: Position): boolean {
    return epoch > 0 && epoch === this.#gone
  }

  /**
   * Whether what was told since the broker was asked may be newer than its answer: the topic has moved, or a message of
   * another epoch has arrived.
   */
  isCrossed(standing: Standing, { arrivals, moves }: Asked): boolean {
    return this.moves !== moves || (this.arrivals !== arrivals && standing.epoch !== this.#epochText)
  }

  /** The broker does not follow; those who wait to be located are told. */
  fail(error: unknown): void {
    this.failure = { error }
    this.#wakeReady()
  }

  /** A message has arrived. Duplicates are dropped; a hole or a new epoch empties the ring, and history fills it. */
  arrived(message: Message, epoch: string): void {
    this.arrivals += 1
    if (epoch === this.#epochText && message.offset <= this.#head && !this.#isReused(message)) return
    // The first message of a topic that had none is at hand: no reader has to ask the broker for it.
    if (message.offset === 1 && this.#epochText === unbornEpoch) {
      this.#restart({ epoch, head: 0, headId: null })
    }
    if (epoch !== this.#epochText || message.offset !== this.#head + 1) {
      this.#restart({ epoch, head: message.offset, headId: message.id })
    } else {
      this.#ring.push(message)
      this.#head = message.offset
      this.#headId = message.id
      this.#position = null
    }
    this.#wakeReady()
  }

  /** The oldest message at hand, when it is of this epoch: a burst can hold back more than the broker has kept. */
  oldestOf(epoch: number): number {
    return epoch === this.#epoch ? this.#ring.oldest : Number.POSITIVE_INFINITY
  }

  /** The messages at hand from offset `from`, or from the oldest if that is later. */
  messagesFrom(from: number, limit: number): Message[] {
    return this.#ring.slice(from, limit)
  }

  /** The messages after `position`, at most `limit`, if the ring has them all; undefined asks for the broker's history. */
  read(position: Position, limit: number): Message[] | undefined {
    const isBeginning = isOfAnyEpoch(position)
    if (this.#before === null || (position.epoch !== this.#epoch && !isBeginning)) return undefined
    if (position.offset < this.#before.offset || position.offset > this.#head) return undefined
    if (!isBeginning && !this.#isIn(position)) return undefined
    return this.#ring.slice(position.offset + 1, limit)
  }

  enlist(link: FeedLink): void {
    // Who waits has been told everything: a reader that was woken to be located need not read.
    this.settle(link)
    this.#waiting.add(link)
    this.waitingCount += 1
  }

  withdraw(link: FeedLink): void {
    if (link.unlink()) this.waitingCount -= 1
  }

  /** A woken reader has read, or has gone away. */
  settle(link: FeedLink): void {
    if (!link.owesRead) return
    link.owesRead = false
    this.#unread -= 1
    this.#trim()
  }

  validate(): void {
    this.#waiting.validate()
    this.#ring.validate()
    const waiting = [...this.#waiting].length
    if (waiting !== this.waitingCount) throw new Error(`${waiting} wait, not ${this.waitingCount}`)
    if (this.isLocated && this.#ring.end !== this.#head + 1) throw new Error('the ring does not end at the head')
    if (this.#unread < 0) throw new Error('more readers have read than were woken')
  }

  /** Take what stays as it is for as long as an epoch lasts, or only grows. Gives whether it was closed by it. */
  #learn({ segment, contentType, isClosed }: Standing): boolean {
    this.#segment = Math.max(this.#segment, segment)
    this.#contentType = contentType
    if (!isClosed || this.#isClosed) return false
    this.#isClosed = true
    this.#wakeReady()
    return true
  }

  #restart(beginning: Beginning): void {
    const { epoch, head, headId } = beginning
    const known: Known = epoch === this.#epochText ? this : unknown
    const { segment = known.segment, contentType = known.contentType, isClosed = known.isClosed } = beginning
    this.#gone = epoch === unbornEpoch ? Math.max(this.#epoch, 0) : 0
    this.#segment = segment
    this.#contentType = contentType
    this.#isClosed = isClosed
    this.#epochText = epoch
    this.#epoch = epochHash(this.#hash, epoch)
    this.#head = head
    this.#headId = headId
    this.#position = null
    this.#ring = new History(head + 1)
    this.#before = { offset: head, id: headId }
  }

  #isIn(position: Position): boolean {
    const last = this.#at(position.offset)
    return last !== undefined && isSameTag(messageTag(this.#hash, last.id), position.tag)
  }

  /** Whether another message had this offset: a broker that failed has lost its newest. */
  #isReused({ offset, id }: Message): boolean {
    const known = this.#at(offset)
    return known !== undefined && known.id !== id
  }

  #at(offset: number): { readonly id: string | null } | undefined {
    return offset === this.#before?.offset ? this.#before : this.#ring.at(offset)
  }

  /** Wake who is ready; when they are many, some of them, and the others soon. */
  #wakeReady(): void {
    this.#isStale = true
    if (this.#toLookAt.length === 0) this.#wakeSome()
    this.#trim()
  }

  #wakeSome(): void {
    if (this.#isStale) {
      this.#isStale = false
      this.#toLookAt = [...this.#waiting]
      this.#lookedAt = 0
    }
    const links = this.#toLookAt
    for (let woken = 0; this.#lookedAt < links.length && woken < wokenAtOnce; this.#lookedAt += 1) {
      const link = links[this.#lookedAt] as FeedLink
      if (!link.isLinked || !link.waiter?.isReady()) continue
      this.#wake(link)
      woken += 1
    }
    if (this.#lookedAt < links.length) {
      this.#later(() => this.#wakeSome())
      return
    }
    this.#toLookAt = []
    this.#trim()
  }

  #wake(link: FeedLink): void {
    this.withdraw(link)
    link.owesRead = true
    this.#unread += 1
    link.waiter?.feedHasNews(link)
  }

  #trim(): void {
    const most = this.#unread > 0 || this.#toLookAt.length > 0 ? this.#burstLimits : this.#ringLimits
    while (this.#ring.exceeds(most)) {
      // The message itself would do, but it would keep its data.
      const { offset, id } = this.#ring.shift() as Message
      this.#before = { offset, id }
    }
  }
}
