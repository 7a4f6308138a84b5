// The memory broker: everything in this process, gone with it. It answers at once.
//
// Invariants:
//   - a topic's record outlives its messages, and its newest message is always kept;
//   - `aging` chains every kept message, oldest first, except newest ones that were passed over when their time was up:
//     those go as soon as they are newest no more;
//   - `idle` chains the topics that nobody follows, least recently used first;
//   - `bytes` and `messages` are the sums over all histories.

import type { Coroutine } from '../../runtime/index.ts'
import { Link, sleep, WaitList } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type {
  Broker,
  BrokerStatistics,
  Draft,
  Follower,
  HistoryLimits,
  Published,
  Slice,
  Standing,
} from '../hub/index.ts'
import { History, Message } from '../hub/index.ts'

export interface MemoryBrokerOptions {
  /** Of one topic. What is beyond is trimmed, oldest first. */
  readonly history: HistoryLimits & { readonly ageMs: number }
  /** Of all topics together, in bytes of message data. */
  readonly totalBytes: number
  readonly maxTopics: number
  /** How long a topic's record is kept after its last use while nobody follows it, in milliseconds. */
  readonly topicTtlMs: number
  /** Milliseconds since 1970. */
  readonly clock: () => number
  /** A fresh random text of at least 64 bits, from `A–Z a–z 0–9 _ -`. */
  readonly randomId: () => string
}

/** How often what is too old is looked for, in milliseconds. */
const sweepEveryMs = 10_000

/** How many are dropped before everybody else gets a turn. */
const sweepAtOnce = 1_000

export class MemoryBroker implements Broker {
  readonly #options: MemoryBrokerOptions
  readonly #topics = new Map<string, Topic>()
  readonly #idle = new WaitList<Topic>()
  readonly #aging = new WaitList<Message>()
  #messages = 0
  #bytes = 0

  constructor(options: MemoryBrokerOptions) {
    this.#options = options
  }

  *publish(name: string, draft: Draft): Coroutine<Published> {
    const { history } = this.#options
    if (draft.bytes > history.bytes) {
      throw new EnckeError(
        'ENCKE_ERR_MESSAGE_OVER_HISTORY',
        `the message has ${draft.bytes} bytes and a topic keeps at most ${history.bytes}: send less, or raise --history-bytes`,
      )
    }
    this.#makeRoom(draft.bytes, name)
    const topic = this.#use(name)
    const message = new Message(name, topic.history.end, this.#options.randomId(), this.#options.clock(), draft)
    this.#keep(message, topic)
    for (const follower of topic.followers) follower.arrived(message, topic.epoch)
    return { message, epoch: topic.epoch }
  }

  *history(name: string, from: number, limit: number): Coroutine<Slice> {
    const topic = this.#use(name)
    this.#trimOld(topic)
    return { ...topic.standing(), messages: topic.history.slice(from, limit) }
  }

  *follow(name: string, follower: Follower): Coroutine<Standing> {
    const topic = this.#use(name)
    topic.followers.add(follower)
    topic.unlink()
    return topic.standing()
  }

  *unfollow(name: string, follower: Follower): Coroutine<void> {
    const topic = this.#topics.get(name)
    if (topic?.followers.delete(follower)) this.#touch(topic)
  }

  statistics(): BrokerStatistics {
    return { topics: this.#topics.size, messages: this.#messages, bytes: this.#bytes }
  }

  /** Drop what has outlived its time, for ever: a coroutine that whoever owns the broker runs. */
  *sweep(): Coroutine<never> {
    for (;;) yield* sleep(this.#dropSomeOld() ? sweepEveryMs : 1)
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#idle.validate()
    this.#aging.validate()
    let messages = 0
    let bytes = 0
    for (const { history, followers, isLinked } of this.#topics.values()) {
      history.validate()
      messages += history.length
      bytes += history.bytes
      if (isLinked === followers.size > 0) throw new Error('a topic is idle exactly while nobody follows it')
    }
    if (messages !== this.#messages || bytes !== this.#bytes) throw new Error('the sums over all histories are wrong')
  }

  /** The topic, made if need be, and now the most recently used. */
  #use(name: string): Topic {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      if (this.#topics.size >= this.#options.maxTopics) this.#dropLeastRecentlyUsed()
      topic = new Topic(name, this.#options.randomId())
      this.#topics.set(name, topic)
    }
    this.#touch(topic)
    return topic
  }

  #touch(topic: Topic): void {
    topic.usedAt = this.#options.clock()
    topic.unlink()
    if (topic.followers.size === 0) this.#idle.add(topic)
  }

  #keep(message: Message, topic: Topic): void {
    const last = topic.newest
    topic.history.push(message)
    this.#aging.add(message)
    this.#messages += 1
    this.#bytes += message.bytes
    if (last?.isLinked === false) this.#drop(topic)
    while (topic.history.exceeds(this.#options.history)) this.#drop(topic)
    this.#trimOld(topic)
  }

  /** Drop the oldest message of a topic. */
  #drop(topic: Topic): void {
    const message = topic.history.shift()
    if (message === undefined) return
    message.unlink()
    this.#messages -= 1
    this.#bytes -= message.bytes
  }

  #dropTopic(topic: Topic): void {
    while (topic.history.length > 0) this.#drop(topic)
    topic.unlink()
    this.#topics.delete(topic.name)
  }

  #trimOld(topic: Topic): void {
    const oldestTime = this.#options.clock() - this.#options.history.ageMs
    while (topic.history.length > 1 && (topic.history.first as Message).time <= oldestTime) this.#drop(topic)
  }

  /** Drop the first few that have outlived their time; false when there may be more. */
  #dropSomeOld(): boolean {
    const now = this.#options.clock()
    for (let left = sweepAtOnce; left > 0; left -= 1) {
      const message = this.#aging.first
      const topic = this.#idle.first
      if (message !== undefined && message.time <= now - this.#options.history.ageMs) this.#passOver(message)
      else if (topic !== undefined && topic.usedAt <= now - this.#options.topicTtlMs) this.#dropTopic(topic)
      else return true
    }
    return false
  }

  /** Drop the oldest message of all, unless it is the newest of its topic, which stays until another follows. */
  #passOver(message: Message): void {
    const topic = this.#topics.get(message.topic) as Topic
    if (topic.history.length > 1) this.#drop(topic)
    else message.unlink()
  }

  /** Make room in the total: the oldest messages go first, then whole topics that nobody follows. */
  #makeRoom(bytes: number, forTopic: string): void {
    const { totalBytes } = this.#options
    const known = this.#topics.get(forTopic)
    if (known !== undefined) this.#touch(known)
    // Once passed over, the newest of the topic itself goes as soon as the next one is there.
    const leaving = () => (known?.newest?.isLinked === false ? known.newest.bytes : 0)
    while (this.#bytes - leaving() + bytes > totalBytes) {
      const message = this.#aging.first
      const topic = this.#idle.first
      if (message !== undefined) this.#passOver(message)
      else if (topic !== undefined && topic !== known) this.#dropTopic(topic)
      else throw noRoom(totalBytes)
    }
  }

  #dropLeastRecentlyUsed(): void {
    const topic = this.#idle.first
    if (topic === undefined) {
      throw new EnckeError(
        'ENCKE_ERR_SERVER_TOPICS',
        `all ${this.#options.maxTopics} topics are in use: come back later, or raise --max-topics`,
      )
    }
    this.#dropTopic(topic)
  }
}

class Topic extends Link {
  readonly name: string
  readonly epoch: string
  readonly history = new History()
  readonly followers = new Set<Follower>()
  usedAt = 0

  constructor(name: string, epoch: string) {
    super()
    this.name = name
    this.epoch = epoch
  }

  get newest(): Message | undefined {
    return this.history.last
  }

  standing(): Standing {
    const { end, oldest } = this.history
    return { epoch: this.epoch, head: end - 1, headId: this.newest?.id ?? null, oldest }
  }
}

function noRoom(totalBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_SERVER_HISTORY',
    `the histories of all topics have reached ${totalBytes} bytes: come back later, or raise --history-total-bytes`,
  )
}
