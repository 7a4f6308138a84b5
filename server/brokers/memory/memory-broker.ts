// The memory broker: everything in this process, gone with it. It answers at once.
//
// Invariants:
//   - there is a topic for every record, and none for topics that nobody has published to or created;
//   - `idle` chains the topics that may be dropped because nobody follows them, least recently used first;
//   - `mortal` has the topics that were given a lifetime.

import type { Coroutine, Scheduler, Task } from '../../../runtime/index.ts'
import { sleep, WaitList } from '../../../runtime/index.ts'
import type {
  Append,
  Appended,
  Broker,
  BrokerStatistics,
  Created,
  Creation,
  Draft,
  Follower,
  ForkPoint,
  Health,
  HistoryLimits,
  Lifetime,
  Receipt,
  Refused,
  Segment,
  Slice,
  TopicRecord,
} from '../../hub/index.ts'
import { jsonType, Message, unbornStanding } from '../../hub/index.ts'
import { answerWithout, producerOf } from './append-check.ts'
import { noRoom, noTopic, overHistory, streamsFull } from './capacity-errors.ts'
import { Followers } from './followers.ts'
import type { Answer } from './idempotency-keys.ts'
import { IdempotencyKeys, keyMs } from './idempotency-keys.ts'
import { KeptHistory, KeptMessages } from './kept-messages.ts'
import { Producers } from './producers.ts'
import { Topic } from './topic.ts'

export interface MemoryBrokerOptions {
  /** Of one topic that was not created. What is beyond is trimmed, oldest first. */
  readonly history: HistoryLimits & { readonly ageMs: number }
  /** Of all topics together that were not created, in bytes of message data. */
  readonly totalBytes: number
  /** Of all topics together that were created, whose messages are never dropped. */
  readonly streamsTotalBytes: number
  readonly maxTopics: number
  /** How long a topic's record is kept after its last use while nobody follows it, in milliseconds. */
  readonly topicTtlMs: number
  /** How many idempotency keys a topic remembers. */
  readonly idempotencyKeys: number
  /** Milliseconds since 1970: what messages say. It may jump. */
  readonly clock: () => number
  /** Milliseconds on a clock that never goes back: what ages are measured by. */
  readonly now: () => number
  /** A fresh random text of at least 64 bits, from `A–Z a–z 0–9 _ -`. */
  readonly randomId: () => string
}

/** How often what is too old is looked for, in milliseconds: more often where a topic was given a lifetime. */
const sweepEveryMs = 10_000
const sweepMortalEveryMs = 500

/** How many are dropped before everybody else gets a turn. */
const sweepAtOnce = 1_000

export class MemoryBroker implements Broker {
  readonly answersAtOnce = true
  readonly health: Health = { isOk: true }
  readonly #options: MemoryBrokerOptions
  readonly #topics = new Map<string, Topic>()
  readonly #followers = new Followers()
  readonly #kept: KeptMessages
  readonly #idle = new WaitList<Topic>()
  readonly #mortal = new Set<Topic>()
  readonly #answers = new WaitList<Answer>()
  #segment = 0
  #sweeper: Task<never> | undefined

  constructor(options: MemoryBrokerOptions) {
    this.#options = options
    this.#kept = new KeptMessages(options.history, options.now)
  }

  /** Begin to drop what has outlived its time, in the background. */
  start(scheduler: Scheduler): void {
    this.#sweeper = scheduler.run(() => this.#sweep())
    this.#sweeper.label = 'sweeper of the memory broker'
  }

  *append(name: string, append: Append): Coroutine<Appended | Refused> {
    const known = this.#live(name)
    const isHidden = known === undefined && this.#topics.has(name)
    const answer = answerWithout(known, isHidden, append, this.#options.now())
    if (answer !== undefined) return answer
    this.#makeRoomFor(append.messages, name, known)
    const topic = known ?? this.#make({ name, isWhole: false, contentType: append.contentType ?? jsonType })
    this.#touch(topic)
    const receipts = this.#appendTo(topic, append.messages)
    this.#note(topic, append, receipts)
    return { outcome: 'appended', standing: topic.standing(), receipts, ...producerOf(topic, append) }
  }

  *create(name: string, creation: Creation): Coroutine<Created> {
    const known = this.#live(name)
    const hidden = this.#topics.get(name)
    if (hidden !== undefined)
      return { outcome: isLike(known, creation) ? 'existed' : 'conflict', record: hidden.record() }
    this.#makeRoomInStreams(creation.messages)
    const { contentType, lifetime } = creation
    const topic = this.#make({ name, isWhole: true, contentType, lifetime })
    return this.#begin(topic, creation)
  }

  *fork(sourceName: string, point: ForkPoint, name: string, creation: Partial<Creation>): Coroutine<Created> {
    const source = this.#live(sourceName)
    const hidden = this.#topics.get(sourceName)
    if (source === undefined)
      return { outcome: hidden ? 'sourceRemoved' : 'noSource', record: hidden?.record() ?? null }
    const head = source.history.end - 1
    const at = point === 'head' ? head : point
    if (at > head) return { outcome: 'pastHead', record: source.record() }
    const { contentType = source.contentType, lifetime = source.lifetime, messages = [], isClosed = false } = creation
    const wanted = { contentType, lifetime, messages, isClosed }
    const there = this.#live(name)
    const blocking = this.#topics.get(name)
    if (blocking !== undefined || contentType !== source.contentType) {
      const isSame = there?.source === source && ownFirst(there) === at + 1 && isLike(there, wanted)
      return { outcome: isSame ? 'existed' : 'conflict', record: blocking?.record() ?? source.record() }
    }
    this.#makeRoomInStreams(messages)
    this.#touch(source)
    return this.#begin(this.#makeFork(source, at, name, wanted), wanted)
  }

  *remove(name: string): Coroutine<boolean> {
    const topic = this.#live(name)
    if (topic === undefined) return false
    this.#removeTopic(topic)
    return true
  }

  *inform(name: string): Coroutine<TopicRecord | null> {
    this.#live(name)
    return this.#topics.get(name)?.record() ?? null
  }

  *history(name: string, from: number, limits: HistoryLimits): Coroutine<Slice> {
    const topic = this.#live(name)
    if (topic === undefined) return { ...unbornStanding, messages: [] }
    this.#touch(topic)
    this.#kept.trimOld(topic.history)
    return { ...topic.standing(), messages: topic.history.read(from, limits) }
  }

  follow(names: readonly string[], follower: Follower): void {
    for (const name of names) {
      const topic = this.#live(name)
      this.#followers.follow(name, topic, follower)
      if (topic !== undefined) this.#touch(topic)
      follower.located(name, topic?.standing() ?? unbornStanding)
    }
  }

  unfollow(names: readonly string[], follower: Follower): void {
    for (const name of names) this.#leave(name, follower)
  }

  statistics(): BrokerStatistics {
    const { messages, bytes, heldMessages, heldBytes } = this.#kept
    return { topics: this.#topics.size, messages: messages + heldMessages, bytes: bytes + heldBytes }
  }

  *close(): Coroutine<void> {
    this.#sweeper?.cancel('the broker is closed')
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#idle.validate()
    this.#answers.validate()
    this.#kept.validate([...this.#topics.values()].map(({ history }) => history))
    this.#followers.validate(this.#topics)
    for (const topic of this.#topics.values()) {
      if (topic.isLinked !== topic.mayBeDropped) throw new Error('a topic is idle exactly while nobody follows it')
      if (this.#mortal.has(topic) !== (topic.lifetime !== null)) throw new Error('a topic is mortal by its lifetime')
    }
  }

  /** The topic, unless it has expired or was removed. */
  #live(name: string): Topic | undefined {
    const topic = this.#topics.get(name)
    if (topic === undefined || topic.isRemoved) return undefined
    if (topic.lifetime === null || !this.#hasExpired(topic)) return topic
    this.#removeTopic(topic)
    return undefined
  }

  #appendTo(topic: Topic, messages: readonly Draft[]): readonly Message[] {
    const { clock, randomId } = this.#options
    const made: Message[] = []
    for (const draft of messages) {
      const message = new Message(topic.name, topic.history.end, randomId(), clock(), draft)
      this.#kept.add(topic.history, message)
      made.push(message)
    }
    for (const message of made) for (const follower of topic.followers) follower.arrived(message, topic.epoch)
    return made
  }

  /** Keep what must happen together with the messages. */
  #note(topic: Topic, { producer, key, sequence, close }: Append, receipts: readonly Receipt[]): void {
    if (producer !== undefined) {
      topic.producers ??= new Producers()
      topic.producers.keep(producer)
    }
    if (key !== undefined) {
      topic.keys ??= new IdempotencyKeys(this.#options.idempotencyKeys, this.#answers)
      topic.keys.keep(key, receipts, this.#options.now())
    }
    if (sequence !== undefined) topic.sequence = sequence
    if (close !== true) return
    topic.isClosed = true
    tellMoved(topic)
  }

  #make(options: {
    readonly name: string
    readonly isWhole: boolean
    readonly contentType: string
    readonly lifetime?: Lifetime
    readonly source?: Topic
    readonly next?: number
    readonly first?: number
    readonly segments?: readonly Segment[]
  }): Topic {
    const { name, isWhole, contentType, lifetime = null, source = null, next = 1, first = 1, segments = [] } = options
    if (this.#topics.size >= this.#options.maxTopics) this.#dropLeastRecentlyUsed()
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
    this.#touch(topic)
    return topic
  }

  #makeFork(source: Topic, at: number, name: string, { contentType, lifetime }: Creation): Topic {
    const shared = source.history.read(1, { messages: Math.max(at - source.history.oldest + 1, 0), bytes: Infinity })
    const segments = source.segments.filter(({ first }) => first <= at)
    const next = at - shared.length + 1
    const topic = this.#make({ name, isWhole: true, contentType, lifetime, source, next, first: at + 1, segments })
    this.#kept.share(topic.history, name, shared)
    source.forks += 1
    return topic
  }

  /** A topic that was created has its first messages, and those who expected it are told. */
  #begin(topic: Topic, { messages, isClosed }: Creation): Created {
    const { followers } = topic
    topic.followers = new Set()
    this.#appendTo(topic, messages)
    topic.followers = followers
    topic.isClosed = isClosed
    tellMoved(topic)
    return { outcome: 'created', record: topic.record() }
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
    const { lifetime, expiresAt, usedAt, name } = topic
    const now = this.#options.now()
    if (expiresAt <= now) return true
    if (lifetime === null || 'expiresAt' in lifetime || usedAt + lifetime.ttlMs > now) return false
    return ![...topic.followers].some((follower) => follower.isReading(name))
  }

  #touch(topic: Topic): void {
    topic.usedAt = this.#options.now()
    topic.unlink()
    if (topic.mayBeDropped) this.#idle.add(topic)
  }

  #leave(name: string, follower: Follower): void {
    const topic = this.#live(name)
    if (this.#followers.leave(name, topic, follower) && topic !== undefined) this.#touch(topic)
  }

  /** Drop a topic, or hide it while it has forks; whoever follows it is told. */
  #removeTopic(topic: Topic): void {
    const { followers } = topic
    this.#followers.gone(topic)
    topic.isRemoved = true
    if (topic.forks === 0) this.#dropTopic(topic)
    else this.#touch(topic)
    for (const follower of followers) follower.moved(topic.name, unbornStanding)
  }

  #dropTopic(topic: Topic): void {
    const { source } = topic
    this.#kept.clear(topic.history)
    topic.keys?.clear()
    topic.unlink()
    this.#topics.delete(topic.name)
    this.#mortal.delete(topic)
    if (source === null) return
    source.forks -= 1
    if (source.isRemoved && source.forks === 0) this.#dropTopic(source)
  }

  *#sweep(): Coroutine<never> {
    for (;;) {
      const pauseMs = this.#mortal.size > 0 ? sweepMortalEveryMs : sweepEveryMs
      yield* sleep(this.#dropSomeOld() ? pauseMs : 1)
    }
  }

  /** Drop the first few that have outlived their time; false when there may be more. */
  #dropSomeOld(): boolean {
    const now = this.#options.now()
    for (const topic of this.#mortal) if (!topic.isRemoved && this.#hasExpired(topic)) this.#removeTopic(topic)
    for (let left = sweepAtOnce; left > 0; left -= 1) {
      const topic = this.#idle.first
      const answer = this.#answers.first
      if (this.#kept.dropOneOld()) continue
      if (topic !== undefined && topic.usedAt <= now - this.#options.topicTtlMs) this.#dropTopic(topic)
      else if (answer !== undefined && answer.since <= now - keyMs) answer.keys.drop(answer.key.text)
      else return true
    }
    return false
  }

  #makeRoomFor(messages: readonly Draft[], name: string, topic: Topic | undefined): void {
    if (topic?.isWhole) {
      this.#makeRoomInStreams(messages)
      return
    }
    const { history } = this.#options
    let bytes = 0
    for (const draft of messages) {
      if (draft.bytes > history.bytes) throw overHistory(draft.bytes, history.bytes)
      bytes += draft.bytes
    }
    this.#makeRoom(Math.min(bytes, history.bytes), topic ?? this.#topics.get(name))
  }

  #makeRoomInStreams(messages: readonly Draft[]): void {
    const { streamsTotalBytes } = this.#options
    const bytes = messages.reduce((sum, draft) => sum + draft.bytes, 0)
    if (this.#kept.heldBytes + bytes > streamsTotalBytes) throw streamsFull(streamsTotalBytes)
  }

  /** Make room in the total: the oldest messages go first, then whole topics that nobody reads. */
  #makeRoom(bytes: number, known: Topic | undefined): void {
    const { totalBytes } = this.#options
    if (known !== undefined) this.#touch(known)
    while (this.#kept.bytes - this.#kept.leaving(known?.history) + bytes > totalBytes) {
      if (this.#kept.dropOldest()) continue
      const topic = this.#leastRecentlyUsed(known)
      if (topic === undefined) throw noRoom(totalBytes)
      this.#dropTopic(topic)
    }
  }

  #dropLeastRecentlyUsed(): void {
    const topic = this.#leastRecentlyUsed()
    if (topic === undefined) throw noTopic(this.#options.maxTopics)
    this.#dropTopic(topic)
  }

  /** The topic that can go first. While all are followed, followers are asked to give up what nobody reads. */
  #leastRecentlyUsed(except?: Topic): Topic | undefined {
    const candidate = () => (this.#idle.first === except ? undefined : this.#idle.first)
    this.#followers.relinquish(
      () => candidate() !== undefined,
      (name, follower) => this.#leave(name, follower),
    )
    return candidate()
  }
}

function tellMoved(topic: Topic): void {
  for (const follower of topic.followers) follower.moved(topic.name, topic.standing())
}

function ownFirst(topic: Topic): number | undefined {
  return topic.segments.at(-1)?.first
}

/** Whether a topic is as it would be created now. */
function isLike(topic: Topic | undefined, { contentType, lifetime, isClosed }: Creation): boolean {
  return (
    topic?.isWhole === true &&
    topic.contentType === contentType &&
    topic.isClosed === isClosed &&
    JSON.stringify(topic.lifetime) === JSON.stringify(lifetime)
  )
}
