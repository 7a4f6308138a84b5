// The memory broker: everything in this process, gone with it. It answers at once.
//
// Invariants:
//   - there is a topic for every record, and none for topics that nobody has published to: those who follow one of these
//     stand in `expecting`;
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
import { History, Message, unbornStanding } from '../hub/index.ts'

export interface MemoryBrokerOptions {
  /** Of one topic. What is beyond is trimmed, oldest first. */
  readonly history: HistoryLimits & { readonly ageMs: number }
  /** Of all topics together, in bytes of message data. */
  readonly totalBytes: number
  readonly maxTopics: number
  /** How long a topic's record is kept after its last use while nobody follows it, in milliseconds. */
  readonly topicTtlMs: number
  /** Milliseconds since 1970: what messages say. It may jump. */
  readonly clock: () => number
  /** Milliseconds on a clock that never goes back: what ages are measured by. */
  readonly now: () => number
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
  readonly #expecting = new Map<string, Set<Follower>>()
  /** How many topics each follower follows. */
  readonly #followers = new Map<Follower, number>()
  readonly #idle = new WaitList<Topic>()
  readonly #aging = new WaitList<Kept>()
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
    const topic = this.#topics.get(name) ?? this.#make(name)
    this.#touch(topic)
    const message = new Message(name, topic.history.end, this.#options.randomId(), this.#options.clock(), draft)
    this.#keep(new Kept(message, topic, this.#options.now()))
    for (const follower of topic.followers) follower.arrived(message, topic.epoch)
    return { message, epoch: topic.epoch }
  }

  *history(name: string, from: number, limit: number): Coroutine<Slice> {
    const topic = this.#topics.get(name)
    if (topic === undefined) return { ...unbornStanding, messages: [] }
    this.#touch(topic)
    this.#trimOld(topic)
    return { ...topic.standing(), messages: topic.history.slice(from, limit).map(({ message }) => message) }
  }

  *follow(name: string, follower: Follower): Coroutine<Standing> {
    const topic = this.#topics.get(name)
    if (topic !== undefined) this.#touch(topic)
    const followers = topic?.followers ?? this.#expecting.get(name) ?? new Set()
    if (topic === undefined) this.#expecting.set(name, followers)
    if (!followers.has(follower)) this.#followers.set(follower, (this.#followers.get(follower) ?? 0) + 1)
    followers.add(follower)
    topic?.unlink()
    return topic?.standing() ?? unbornStanding
  }

  *unfollow(name: string, follower: Follower): Coroutine<void> {
    this.#leave(name, follower)
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
    this.#validateFollowers()
  }

  #validateFollowers(): void {
    const counts = new Map<Follower, number>()
    const count = (follower: Follower) => counts.set(follower, (counts.get(follower) ?? 0) + 1)
    for (const { followers } of this.#topics.values()) followers.forEach(count)
    for (const [name, followers] of this.#expecting) {
      if (this.#topics.has(name)) throw new Error('nobody expects a topic that is there')
      followers.forEach(count)
    }
    for (const follower of new Set([...counts.keys(), ...this.#followers.keys()])) {
      if (counts.get(follower) !== this.#followers.get(follower)) throw new Error('a follower follows another number')
    }
  }

  #make(name: string): Topic {
    if (this.#topics.size >= this.#options.maxTopics) {
      const topic = this.#leastRecentlyUsed()
      if (topic === undefined) throw noTopic(this.#options.maxTopics)
      this.#dropTopic(topic)
    }
    const topic = new Topic(name, this.#options.randomId(), this.#expecting.get(name) ?? new Set())
    this.#expecting.delete(name)
    this.#topics.set(name, topic)
    return topic
  }

  #touch(topic: Topic): void {
    topic.usedAt = this.#options.now()
    topic.unlink()
    if (topic.followers.size === 0) this.#idle.add(topic)
  }

  #leave(name: string, follower: Follower): void {
    const topic = this.#topics.get(name)
    const followers = topic?.followers ?? this.#expecting.get(name)
    if (!followers?.delete(follower)) return
    if (topic !== undefined) this.#touch(topic)
    else if (followers.size === 0) this.#expecting.delete(name)
    const left = (this.#followers.get(follower) as number) - 1
    if (left > 0) this.#followers.set(follower, left)
    else this.#followers.delete(follower)
  }

  #keep(kept: Kept): void {
    const { topic, bytes } = kept
    const last = topic.newest
    topic.history.push(kept)
    this.#aging.add(kept)
    this.#messages += 1
    this.#bytes += bytes
    if (last?.isLinked === false) this.#drop(topic)
    while (topic.history.exceeds(this.#options.history)) this.#drop(topic)
    this.#trimOld(topic)
  }

  /** Drop the oldest message of a topic. */
  #drop(topic: Topic): void {
    const kept = topic.history.shift()
    if (kept === undefined) return
    kept.unlink()
    this.#messages -= 1
    this.#bytes -= kept.bytes
  }

  #dropTopic(topic: Topic): void {
    while (topic.history.length > 0) this.#drop(topic)
    topic.unlink()
    this.#topics.delete(topic.name)
  }

  #trimOld(topic: Topic): void {
    const oldest = this.#options.now() - this.#options.history.ageMs
    while (topic.history.length > 1 && (topic.history.first as Kept).since <= oldest) this.#drop(topic)
  }

  /** Drop the first few that have outlived their time; false when there may be more. */
  #dropSomeOld(): boolean {
    const now = this.#options.now()
    for (let left = sweepAtOnce; left > 0; left -= 1) {
      const kept = this.#aging.first
      const topic = this.#idle.first
      if (kept !== undefined && kept.since <= now - this.#options.history.ageMs) this.#passOver(kept)
      else if (topic !== undefined && topic.usedAt <= now - this.#options.topicTtlMs) this.#dropTopic(topic)
      else return true
    }
    return false
  }

  /** Drop the oldest message of all, unless it is the newest of its topic, which stays until another follows. */
  #passOver(kept: Kept): void {
    if (kept.topic.history.length > 1) this.#drop(kept.topic)
    else kept.unlink()
  }

  /** Make room in the total: the oldest messages go first, then whole topics that nobody reads. */
  #makeRoom(bytes: number, forTopic: string): void {
    const { totalBytes } = this.#options
    const known = this.#topics.get(forTopic)
    if (known !== undefined) this.#touch(known)
    // Once passed over, the newest of the topic itself goes as soon as the next one is there.
    const leaving = () => (known?.newest?.isLinked === false ? known.newest.bytes : 0)
    while (this.#bytes - leaving() + bytes > totalBytes) {
      const kept = this.#aging.first
      const topic = kept === undefined ? this.#leastRecentlyUsed(known) : undefined
      if (kept !== undefined) this.#passOver(kept)
      else if (topic !== undefined) this.#dropTopic(topic)
      else throw noRoom(totalBytes)
    }
  }

  /** The topic that can go first. While all are followed, followers are asked to give up what nobody reads. */
  #leastRecentlyUsed(except?: Topic): Topic | undefined {
    const candidate = () => (this.#idle.first === except ? undefined : this.#idle.first)
    for (const follower of [...this.#followers.keys()]) {
      for (let topic = candidate(); topic === undefined; topic = candidate()) {
        const name = follower.relinquish()
        if (name === undefined) break
        this.#leave(name, follower)
      }
    }
    return candidate()
  }
}

/** A message in a history. */
class Kept extends Link {
  readonly message: Message
  readonly topic: Topic
  /** When it came, on the clock that never goes back. */
  readonly since: number

  constructor(message: Message, topic: Topic, since: number) {
    super()
    this.message = message
    this.topic = topic
    this.since = since
  }

  get offset(): number {
    return this.message.offset
  }

  get bytes(): number {
    return this.message.bytes
  }
}

class Topic extends Link {
  readonly name: string
  readonly epoch: string
  readonly history = new History<Kept>()
  readonly followers: Set<Follower>
  usedAt = 0

  constructor(name: string, epoch: string, followers: Set<Follower>) {
    super()
    this.name = name
    this.epoch = epoch
    this.followers = followers
  }

  get newest(): Kept | undefined {
    return this.history.last
  }

  standing(): Standing {
    const { end, oldest } = this.history
    return { epoch: this.epoch, head: end - 1, headId: this.newest?.message.id ?? null, oldest }
  }
}

function noTopic(maxTopics: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_SERVER_TOPICS',
    `all ${maxTopics} topics are in use: come back later, or raise --max-topics`,
  )
}

function noRoom(totalBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_SERVER_HISTORY',
    `the histories of all topics have reached ${totalBytes} bytes: come back later, or raise --history-total-bytes`,
  )
}
