// The memory broker: everything in this process, gone with it. It answers at once.

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
  ListedTopic,
  Receipt,
  Refused,
  Slice,
  TopicRecord,
} from '../../hub/index.ts'
import { jsonType, Message, unbornStanding } from '../../hub/index.ts'
import { answerWithout, producerOf } from '../append-check.ts'
import { noRoom, overHistory, streamsFull } from '../capacity-errors.ts'
import type { Answer } from './idempotency-keys.ts'
import { IdempotencyKeys, keyMs } from './idempotency-keys.ts'
import { KeptMessages } from './kept-messages.ts'
import { Producers } from './producers.ts'
import type { Topic } from './topic.ts'
import type { TopicTableOptions } from './topic-table.ts'
import { TopicTable } from './topic-table.ts'

export interface MemoryBrokerOptions extends TopicTableOptions {
  /** Of one topic that was not created. What is beyond is trimmed, oldest first. */
  readonly history: HistoryLimits & { readonly ageMs: number }
  /** Of all topics together that were not created, in bytes of message data. */
  readonly totalBytes: number
  /** Of all topics together that were created, whose messages are never dropped. */
  readonly streamsTotalBytes: number
  /** How many messages with idempotency keys a topic remembers. */
  readonly idempotencyKeys: number
}

/** How often what is too old is looked for, in milliseconds: more often where a topic was given a lifetime. */
const sweepEveryMs = 10_000
const sweepMortalEveryMs = 500

/** How many are dropped before other coroutines get a turn. */
const sweepAtOnce = 1_000

export class MemoryBroker implements Broker {
  readonly answersAtOnce = true
  readonly health: Health = { isOk: true }
  readonly #options: MemoryBrokerOptions
  readonly #topics: TopicTable
  readonly #kept: KeptMessages
  /** The answers to keys in all topics, oldest first. */
  readonly #answers = new WaitList<Answer>()
  #sweeper: Task<never> | undefined

  constructor(options: MemoryBrokerOptions) {
    this.#options = options
    this.#kept = new KeptMessages(options.history, options.now)
    this.#topics = new TopicTable(options, this.#kept)
  }

  /** Begin to drop what has outlived its time, in the background. */
  start(scheduler: Scheduler): void {
    this.#sweeper = scheduler.run(() => this.#sweep())
    this.#sweeper.label = 'sweeper of the memory broker'
  }

  *append(name: string, append: Append): Coroutine<Appended | Refused> {
    const known = this.#topics.live(name)
    const isHidden = known === undefined && this.#topics.any(name) !== undefined
    const now = this.#options.now()
    const answer = answerWithout(known, isHidden, append, now)
    if (answer !== undefined) return answer
    if (known?.isWhole) {
      this.#makeRoomInStreams(append.messages)
      this.#topics.touch(known, now)
    } else this.#makeRoom(append.messages, known, now)
    const topic = known ?? this.#topics.make({ name, isWhole: false, contentType: append.contentType ?? jsonType })
    const receipts = this.#appendTo(topic, append.messages, now)
    this.#note(topic, append, receipts, now)
    const standing = topic.standing()
    if (append.producer === undefined) return { outcome: 'appended', standing, receipts }
    return { outcome: 'appended', standing, receipts, ...producerOf(topic, append) }
  }

  *create(name: string, creation: Creation): Coroutine<Created> {
    const known = this.#topics.any(name)
    if (known !== undefined)
      return { outcome: isLike(known, creation) ? 'existed' : 'conflict', record: known.record() }
    this.#makeRoomInStreams(creation.messages)
    const { contentType, lifetime } = creation
    return this.#begin(this.#topics.make({ name, isWhole: true, contentType, lifetime }), creation)
  }

  *fork(sourceName: string, point: ForkPoint, name: string, given: Partial<Creation>): Coroutine<Created> {
    const source = this.#topics.any(sourceName)
    if (source === undefined) return { outcome: 'noSource', record: null }
    if (source.isRemoved) return { outcome: 'sourceRemoved', record: source.record() }
    const head = source.history.end - 1
    const at = point === 'head' ? head : point
    if (at > head) return { outcome: 'pastHead', record: source.record() }
    const { contentType = source.contentType, lifetime = source.lifetime, messages = [], isClosed = false } = given
    const creation = { contentType, lifetime, messages, isClosed }
    const known = this.#topics.any(name)
    if (known !== undefined || contentType !== source.contentType) {
      const isSame = known?.source === source && known.ownFirst === at + 1 && isLike(known, creation)
      return { outcome: isSame ? 'existed' : 'conflict', record: (known ?? source).record() }
    }
    this.#makeRoomInStreams(messages)
    this.#topics.touch(source)
    return this.#begin(this.#makeFork(source, at, name, creation), creation)
  }

  *remove(name: string): Coroutine<boolean> {
    const topic = this.#topics.live(name)
    if (topic !== undefined) this.#topics.remove(topic)
    return topic !== undefined
  }

  *inform(name: string): Coroutine<TopicRecord | null> {
    return this.#topics.any(name)?.record() ?? null
  }

  *list(after: string, limit: number): Coroutine<readonly ListedTopic[]> {
    return this.#topics.page(after, limit).map((topic) => ({ topic: topic.name, ...topic.record() }))
  }

  *history(name: string, from: number, limits: HistoryLimits): Coroutine<Slice> {
    const topic = this.#topics.live(name)
    if (topic === undefined) return { ...unbornStanding, messages: [] }
    this.#topics.touch(topic)
    this.#kept.trimOld(topic.history)
    return { ...topic.standing(), messages: topic.history.read(from, limits) }
  }

  follow(names: readonly string[], follower: Follower): void {
    for (const name of names) {
      const topic = this.#topics.follow(name, follower)
      follower.located(name, topic?.standing() ?? unbornStanding)
    }
  }

  unfollow(names: readonly string[], follower: Follower): void {
    for (const name of names) this.#topics.leave(name, follower)
  }

  statistics(): BrokerStatistics {
    const { messages, bytes, heldMessages, heldBytes } = this.#kept
    return { topics: this.#topics.size, messages: messages + heldMessages, bytes: bytes + heldBytes }
  }

  *close(): Coroutine<void> {
    this.#sweeper?.cancel('the broker is closed')
  }

  /** Assert the invariants of everything it holds. */
  validate(): void {
    this.#topics.validate()
    this.#answers.validate()
  }

  #appendTo(topic: Topic, messages: readonly Draft[], takenAt: number): readonly Message[] {
    const { clock, randomId } = this.#options
    const made: Message[] = []
    for (const draft of messages) {
      const { id = randomId(), time = clock() } = draft
      const message = new Message(topic.name, topic.history.end, id, time, draft, takenAt)
      this.#kept.add(topic.history, message)
      made.push(message)
    }
    for (const message of made) for (const follower of topic.followers) follower.arrived(message, topic.epoch)
    return made
  }

  /** Keep what must happen together with the messages. */
  #note(topic: Topic, { producer, key, sequence, close }: Append, receipts: readonly Receipt[], now: number): void {
    if (producer !== undefined) {
      topic.producers ??= new Producers()
      topic.producers.keep(producer)
    }
    if (key !== undefined) {
      topic.keys ??= new IdempotencyKeys(this.#options.idempotencyKeys, this.#answers)
      topic.keys.keep(key, receipts, now)
    }
    if (sequence !== undefined) topic.sequence = sequence
    if (close !== true) return
    topic.isClosed = true
    tellMoved(topic)
  }

  #makeFork(source: Topic, at: number, name: string, { contentType, lifetime }: Creation): Topic {
    const shared = source.history.read(1, { messages: Math.max(at - source.history.oldest + 1, 0), bytes: Infinity })
    const segments = source.segments.filter(({ first }) => first <= at)
    const beginning = { source, segments, next: at - shared.length + 1, first: at + 1 }
    const topic = this.#topics.make({ name, isWhole: true, contentType, lifetime }, beginning)
    this.#kept.share(topic.history, name, shared)
    source.forks += 1
    return topic
  }

  /** A topic that was made has its first messages: those who expected it are told once, where it stands then. */
  #begin(topic: Topic, { messages, isClosed }: Creation): Created {
    const { followers } = topic
    topic.followers = new Set()
    this.#appendTo(topic, messages, this.#options.now())
    topic.followers = followers
    topic.isClosed = isClosed
    tellMoved(topic)
    return { outcome: 'created', record: topic.record() }
  }

  *#sweep(): Coroutine<never> {
    for (;;) {
      const pauseMs = this.#topics.hasMortals ? sweepMortalEveryMs : sweepEveryMs
      yield* sleep(this.#dropSomeOld() ? pauseMs : 1)
    }
  }

  /** Drop the first few that have outlived their time; false when there may be more. */
  #dropSomeOld(): boolean {
    this.#topics.removeExpired()
    for (let left = sweepAtOnce; left > 0; left -= 1) {
      if (!this.#kept.dropOneOld() && !this.#topics.dropOneUnused() && !this.#dropOneAnswer()) return true
    }
    return false
  }

  #dropOneAnswer(): boolean {
    const answer = this.#answers.first
    if (answer === undefined || answer.since > this.#options.now() - keyMs) return false
    answer.keys.drop(answer.key.text)
    return true
  }

  /** Make room in the total: the oldest messages go first, then whole topics without readers. */
  #makeRoom(messages: readonly Draft[], known: Topic | undefined, now: number): void {
    const { totalBytes, history } = this.#options
    let bytes = 0
    for (const draft of messages) {
      if (draft.bytes > history.bytes) throw overHistory(draft.bytes, history.bytes)
      bytes = Math.min(bytes + draft.bytes, history.bytes)
    }
    if (known !== undefined) this.#topics.touch(known, now)
    while (this.#kept.bytes - this.#kept.leaving(known?.history) + bytes > totalBytes) {
      if (this.#kept.dropOldest()) continue
      const topic = this.#topics.leastRecentlyUsed(known)
      if (topic === undefined) throw noRoom(totalBytes)
      this.#topics.drop(topic)
    }
  }

  #makeRoomInStreams(messages: readonly Draft[]): void {
    const { streamsTotalBytes } = this.#options
    const bytes = messages.reduce((sum, draft) => sum + draft.bytes, 0)
    if (this.#kept.heldBytes + bytes > streamsTotalBytes) throw streamsFull(streamsTotalBytes)
  }
}

function tellMoved(topic: Topic): void {
  for (const follower of topic.followers) follower.moved(topic.name, topic.standing())
}

/** Whether a topic is as it would be created now. */
function isLike(topic: Topic, { contentType, lifetime, isClosed }: Creation): boolean {
  return (
    topic.isWhole &&
    !topic.isRemoved &&
    topic.contentType === contentType &&
    topic.isClosed === isClosed &&
    JSON.stringify(topic.lifetime) === JSON.stringify(lifetime)
  )
}
