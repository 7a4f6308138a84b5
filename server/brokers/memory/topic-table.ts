// The topics of the memory broker: which there are, who follows them, and which go when there is no room or their time is up.
//
// Invariants:
//   - there is a topic for every record, and none for topics that are only read;
//   - `idle` chains the topics that may be dropped because no follower needs them, least recently used first;
//   - `mortal` has the topics that were given a lifetime.

import { WaitList } from '../../../runtime/index.ts'
import type { Follower, Lifetime, Segment } from '../../hub/index.ts'
import { unbornStanding } from '../../hub/index.ts'
import { noTopic } from '../capacity-errors.ts'
import { Followers } from './followers.ts'
import type { KeptMessages } from './kept-messages.ts'
import { KeptHistory } from './kept-messages.ts'
import { Topic } from './topic.ts'

export interface TopicTableOptions {
  readonly maxTopics: number
  /** How long a topic's record is kept after its last use while it has no follower, in milliseconds. */
  readonly topicTtlMs: number
  /** Milliseconds since 1970. It may jump. */
  readonly clock: () => number
  /** Milliseconds on a clock that never goes back: what ages are measured by. */
  readonly now: () => number
  /** A fresh random text of at least 64 bits, from `A–Z a–z 0–9 _ -`. */
  readonly randomId: () => string
}

/** How a topic is made. */
interface Making {
  readonly name: string
  /** Whether it keeps everything. */
  readonly isWhole: boolean
  readonly contentType: string
  readonly lifetime?: Lifetime
}

/** What a fork begins with. */
interface Beginning {
  readonly source: Topic | null
  readonly segments: readonly Segment[]
  /** The offset of its first message that is kept, and of the first that is its own. */
  readonly next: number
  readonly first: number
}

const fresh: Beginning = { source: null, segments: [], next: 1, first: 1 }

export class TopicTable {
  readonly #options: TopicTableOptions
  readonly #kept: KeptMessages
  readonly #topics = new Map<string, Topic>()
  readonly #followers = new Followers()
  readonly #idle = new WaitList<Topic>()
  readonly #mortal = new Set<Topic>()
  #segment = 0

  constructor(options: TopicTableOptions, kept: KeptMessages) {
    this.#options = options
    this.#kept = kept
  }

  get size(): number {
    return this.#topics.size
  }

  get hasMortals(): boolean {
    return this.#mortal.size > 0
  }

  /** The topic, unless it has expired or was removed. */
  live(name: string): Topic | undefined {
    const topic = this.#topics.get(name)
    if (topic === undefined || topic.isRemoved) return undefined
    if (topic.lifetime === null || !this.#hasExpired(topic)) return topic
    this.remove(topic)
    return undefined
  }

  /** The topic, also when it was removed and only its forks need it. */
  any(name: string): Topic | undefined {
    return this.live(name) ?? this.#topics.get(name)
  }

  /** The first topics whose names come after `after`. One pass keeps `limit` names: sorting all would hold others up. */
  page(after: string, limit: number): readonly Topic[] {
    const names: string[] = []
    for (const name of this.#topics.keys()) {
      if (name <= after || (names.length === limit && name >= names[limit - 1]!)) continue
      names.splice(insertionPoint(names, name), 0, name)
      if (names.length > limit) names.pop()
    }
    return names.flatMap((name) => this.live(name) ?? [])
  }

  /** Make a topic. @throws EnckeError ENCKE_ERR_SERVER_TOPICS */
  make({ name, isWhole, contentType, lifetime = null }: Making, beginning = fresh): Topic {
    if (this.#topics.size >= this.#options.maxTopics) this.#dropLeastRecentlyUsed()
    const { source, segments, next, first } = beginning
    const topic = new Topic({
      name,
      epoch: this.#options.randomId(),
      contentType,
      history: new KeptHistory(isWhole, next),
      segments: [...segments, { number: this.#nextSegment(), first }],
      lifetime,
      expiresAt: this.#expiryOf(lifetime),
      source,
    })
    this.#followers.born(topic)
    this.#topics.set(name, topic)
    if (lifetime !== null) this.#mortal.add(topic)
    this.touch(topic)
    return topic
  }

  /** It is used now. */
  touch(topic: Topic, now = this.#options.now()): void {
    topic.usedAt = now
    topic.unlink()
    if (topic.mayBeDropped) this.#idle.add(topic)
  }

  follow(name: string, follower: Follower): Topic | undefined {
    const topic = this.live(name)
    this.#followers.follow(name, topic, follower)
    if (topic !== undefined) this.touch(topic)
    return topic
  }

  leave(name: string, follower: Follower): void {
    const topic = this.live(name)
    if (this.#followers.leave(name, topic, follower) && topic !== undefined) this.touch(topic)
  }

  /** Drop a topic, or hide it while it has forks; those who follow it are told. */
  remove(topic: Topic): void {
    const { followers } = topic
    this.#followers.gone(topic)
    topic.isRemoved = true
    if (topic.forks === 0) this.drop(topic)
    else this.touch(topic)
    for (const follower of followers) follower.moved(topic.name, unbornStanding)
  }

  drop(topic: Topic): void {
    const { source } = topic
    this.#kept.clear(topic.history)
    topic.keys?.clear()
    topic.unlink()
    this.#topics.delete(topic.name)
    this.#mortal.delete(topic)
    if (source === null) return
    source.forks -= 1
    if (source.isRemoved && source.forks === 0) this.drop(source)
  }

  /** The topic that can go first. While all are followed, followers are asked to give up topics without readers. */
  leastRecentlyUsed(except?: Topic): Topic | undefined {
    const candidate = () => (this.#idle.first === except ? undefined : this.#idle.first)
    this.#followers.relinquish(
      () => candidate() !== undefined,
      (name, follower) => this.leave(name, follower),
    )
    return candidate()
  }

  /** Remove those whose lifetime is over. */
  removeExpired(): void {
    for (const topic of this.#mortal) if (!topic.isRemoved && this.#hasExpired(topic)) this.remove(topic)
  }

  /** Drop the topic that was used least recently if that is too long ago; false when it is not. */
  dropOneUnused(): boolean {
    const topic = this.#idle.first
    if (topic === undefined || topic.usedAt > this.#options.now() - this.#options.topicTtlMs) return false
    this.drop(topic)
    return true
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#idle.validate()
    this.#kept.validate([...this.#topics.values()].map(({ history }) => history))
    this.#followers.validate(this.#topics)
    for (const topic of this.#topics.values()) {
      if (topic.isLinked !== topic.mayBeDropped) throw new Error('a topic is idle exactly while it may be dropped')
      if (this.#mortal.has(topic) !== (topic.lifetime !== null)) throw new Error('a topic is mortal by its lifetime')
    }
  }

  #dropLeastRecentlyUsed(): void {
    const topic = this.leastRecentlyUsed()
    if (topic === undefined) throw noTopic(this.#options.maxTopics)
    this.drop(topic)
  }

  #nextSegment(): number {
    this.#segment = Math.max(Math.floor(this.#options.clock() * 1_000), this.#segment + 1)
    return this.#segment
  }

  #expiryOf(lifetime: Lifetime): number {
    const { clock, now } = this.#options
    return lifetime !== null && 'expiresAt' in lifetime ? now() + lifetime.expiresAt - clock() : Infinity
  }

  #hasExpired(topic: Topic): boolean {
    const { lifetime, expiresAt, usedAt, name, followers } = topic
    const now = this.#options.now()
    if (expiresAt <= now) return true
    if (lifetime === null || 'expiresAt' in lifetime || usedAt + lifetime.ttlMs > now) return false
    if (![...followers].some((follower) => follower.isReading(name))) return true
    // A reader that waits uses it up to now, and may go away before it is looked at again.
    topic.usedAt = now
    return false
  }
}

/** Where `name` goes in a sorted list. */
function insertionPoint(names: readonly string[], name: string): number {
  let low = 0
  for (let high = names.length; low < high; ) {
    const middle = (low + high) >> 1
    if (names[middle]! < name) low = middle + 1
    else high = middle
  }
  return low
}
