// Who follows what, and where each topic was last told to stand.
//
// Always true:
//   - a topic with followers is subscribed to at the server that has its slot, or waits in the queue of that server to be;
//   - the standing is asked for behind the subscription, on the same connection: what comes after it will be told;
//   - an answer that was crossed by something told meanwhile sets nobody back;
//   - what another server than the one that is followed has made is not told: the one that is followed is asked;
//   - after a connection was lost, each topic of it is asked for again, and its followers are told that it moved.
//
// A position check asks the same of topics with readers, now and then: it finds what was lost on the way, an expiry that no
// server tells, and a slot that went elsewhere.

import type { Follower, Standing } from '../../hub/index.ts'
import type { Connection } from './connection.ts'
import { isComplaint } from './connection.ts'
import type { Announcement, FoundRecord } from './replies.ts'
import { readAnnouncement, standingOf } from './replies.ts'
import type { Shard } from './shard.ts'

/** What followings need of the broker. */
export interface Surroundings {
  /** The shard of a topic, if it is connected. */
  shardOf(topic: string): Shard | undefined
  /** Look again where the masters are. */
  refind(): void
  channelOf(topic: string): string
  /** Ask on this connection where a topic stands, of which it was told this much; it counts as use if it is used. */
  look(topic: string, connection: Connection, isUse: boolean, told: Standing | null): Promise<FoundRecord | null>
  /** Fetch one message. */
  fetch(topic: string, offset: number): Promise<Announcement>
  now(): number
}

/** How often a topic with readers is looked at, in milliseconds. */
const checkMs = 30_000
const shortestCheckMs = 250

/** How often it is looked which topics are due, in milliseconds. */
export const tickMs = 500

/** So many topics of one server are asked for at once, before it is seen to other things. */
const askedAtOnce = 500

class Followed {
  readonly topic: string
  readonly followers = new Set<Follower>()
  /** Followers that wait for the answer to `follow`. */
  readonly unanswered = new Set<Follower>()
  /** Where it is subscribed to. */
  shard: Shard | null = null
  /** Whether it must be told that it moved: something may have been missed. */
  isLost = false
  /** How often something was told of it. */
  arrivals = 0
  told: Standing | null = null
  checkEveryMs = checkMs
  checkedAt = 0
  /** What was told while a large message is fetched. */
  behindFetch: Announcement[] | null = null

  constructor(topic: string) {
    this.topic = topic
  }
}

export class Followings {
  readonly #around: Surroundings
  readonly #followed = new Map<string, Followed>()
  /** Those that live so short that each tick looks at them. */
  readonly #hasty = new Set<Followed>()
  /** What is to be asked of each server; a server that is here is being asked. */
  readonly #queues = new Map<Shard, Set<Followed>>()
  #round: Iterator<Followed> | undefined
  #isClosed = false

  constructor(around: Surroundings) {
    this.#around = around
  }

  follow(topics: readonly string[], follower: Follower): void {
    for (const topic of topics) {
      let followed = this.#followed.get(topic)
      if (followed === undefined) this.#followed.set(topic, (followed = new Followed(topic)))
      followed.followers.add(follower)
      followed.unanswered.add(follower)
      this.#enqueue(followed)
    }
  }

  unfollow(topics: readonly string[], follower: Follower): void {
    for (const topic of topics) {
      const followed = this.#followed.get(topic)
      if (!followed?.followers.delete(follower)) continue
      followed.unanswered.delete(follower)
      if (followed.followers.size === 0) this.#drop(followed)
    }
  }

  /** How often something was told of a topic; undefined when it is not followed. */
  arrivalsOf(topic: string): number | undefined {
    return this.#followed.get(topic)?.arrivals
  }

  /** Where a topic that is followed was last told to stand. */
  toldOf(topic: string): Standing | null {
    return this.#followed.get(topic)?.told ?? null
  }

  /** The masters have changed: ask for each topic whose server is another one now. */
  rehome(): void {
    for (const followed of this.#followed.values()) {
      if (followed.shard !== null && followed.shard === this.#around.shardOf(followed.topic)) continue
      if (followed.shard !== null) this.#leave(followed, followed.shard)
      followed.isLost ||= followed.told !== null
      this.#enqueue(followed)
    }
  }

  /** Look at those that are due, spread over the time. */
  tick(): void {
    for (const followed of this.#hasty) this.#check(followed)
    const some = Math.ceil((this.#followed.size * tickMs) / checkMs)
    for (let count = 0; count < some; count += 1) {
      this.#round ??= this.#followed.values()
      const next = this.#round.next()
      if (next.done) this.#round = undefined
      else this.#check(next.value)
    }
  }

  /** A channel of this server has carried something. */
  told(topic: string, bytes: Buffer, shard: Shard): void {
    const followed = this.#followed.get(topic)
    // One that the topic was taken from has nothing to say of it.
    if (followed === undefined || followed.shard !== shard) return
    const announcement = readAnnouncement(topic, bytes, shard)
    followed.arrivals += 1
    if (followed.behindFetch !== null) followed.behindFetch.push(announcement)
    else this.#pass(followed, announcement)
  }

  close(): void {
    this.#isClosed = true
    this.#followed.clear()
    this.#hasty.clear()
  }

  #check(followed: Followed): void {
    if (this.#around.now() - followed.checkedAt < followed.checkEveryMs * 0.9 || followed.shard === null) return
    if (!isRead(followed)) return
    followed.checkedAt = this.#around.now()
    this.#enqueue(followed)
  }

  #enqueue(followed: Followed): void {
    const shard = this.#around.shardOf(followed.topic)
    if (shard === undefined || this.#isClosed) return
    const queue = this.#queues.get(shard)
    if (queue !== undefined) {
      queue.add(followed)
      return
    }
    this.#queues.set(shard, new Set([followed]))
    void this.#ask(shard)
  }

  async #ask(shard: Shard): Promise<void> {
    const queue = this.#queues.get(shard) as Set<Followed>
    while (queue.size > 0 && shard.isOpen) {
      const some = [...take(queue, askedAtOnce)]
      await Promise.all(some.map((followed) => this.#askFor(followed, shard)))
    }
    this.#queues.delete(shard)
  }

  async #askFor(followed: Followed, shard: Shard): Promise<void> {
    if (this.#followed.get(followed.topic) !== followed) return
    const { subscriber } = shard
    const asked = { arrivals: followed.arrivals, unanswered: [...followed.unanswered], isLost: followed.isLost }
    const isUse = asked.unanswered.length > 0 || isRead(followed)
    followed.unanswered.clear()
    followed.isLost = false
    try {
      const subscribed = followed.shard === shard ? undefined : this.#subscribe(followed, shard)
      const [found] = await Promise.all([
        this.#around.look(followed.topic, subscriber, isUse, followed.told),
        subscribed,
      ])
      this.#answer(followed, asked, found)
    } catch (error) {
      this.#failed(followed, asked, shard, error)
    }
  }

  #subscribe(followed: Followed, shard: Shard): Promise<void> {
    followed.shard = shard
    return shard.subscribe(this.#around.channelOf(followed.topic))
  }

  #answer(followed: Followed, asked: Asked, found: FoundRecord | null): void {
    if (this.#followed.get(followed.topic) !== followed) return
    const standing = standingOf(found)
    this.#pace(followed, found?.ttlMs ?? 0)
    for (const follower of asked.unanswered) {
      if (followed.followers.has(follower)) follower.located(followed.topic, standing)
    }
    const { told } = followed
    if (followed.arrivals !== asked.arrivals) {
      // What was told meanwhile is newer, or it is not known which of the two is.
      if (told?.epoch !== standing.epoch) this.#enqueue(followed)
      if (told?.epoch !== standing.epoch || told.head >= standing.head) return
    }
    if (followed.behindFetch !== null) return
    followed.told = standing
    if (asked.isLost || (told !== null && !isSame(told, standing))) tellMoved(followed, standing)
  }

  #failed(followed: Followed, asked: Asked, shard: Shard, error: unknown): void {
    followed.isLost ||= asked.isLost
    // What could not be subscribed to is not taken for subscribed the next time.
    if (followed.shard === shard) followed.shard = null
    const mayWait =
      !isComplaint(error) || /^(MOVED|ASK|LOADING|MASTERDOWN|CLUSTERDOWN|READONLY|TRYAGAIN|BUSY) /.test(error.message)
    if (mayWait) {
      for (const follower of asked.unanswered) followed.unanswered.add(follower)
      // Its replies may be out of step with its subscriptions: it begins anew.
      if (shard.isOpen) shard.subscriber.fail(error as Error)
      this.#around.refind()
      return
    }
    for (const follower of asked.unanswered) follower.notLocated(followed.topic, error)
  }

  /** A topic that does not live long is looked at more often: its readers use it. */
  #pace(followed: Followed, ttlMs: number): void {
    followed.checkedAt = this.#around.now()
    followed.checkEveryMs = ttlMs === 0 ? checkMs : Math.min(checkMs, Math.max(ttlMs / 8, shortestCheckMs))
    if (followed.checkEveryMs < checkMs) this.#hasty.add(followed)
    else this.#hasty.delete(followed)
  }

  #pass(followed: Followed, announcement: Announcement): void {
    switch (announcement.what) {
      case 'message': {
        const { message, epoch } = announcement
        followed.told = movedTo(followed.told, epoch, message.offset, message.id)
        for (const follower of followed.followers) follower.arrived(message, epoch)
        return
      }
      case 'standing':
        followed.told = announcement.standing
        tellMoved(followed, announcement.standing)
        return
      case 'large':
        followed.behindFetch = []
        void this.#fetch(followed, announcement.offset)
        return
      case 'other':
        followed.isLost = true
        this.#enqueue(followed)
    }
  }

  /** Fetch a large message once for all who follow; what is told meanwhile stays behind it. */
  async #fetch(followed: Followed, offset: number): Promise<void> {
    let fetched: Announcement
    try {
      fetched = await this.#around.fetch(followed.topic, offset)
    } catch {
      fetched = { what: 'other' }
    }
    const behind = followed.behindFetch ?? []
    followed.behindFetch = null
    for (const announcement of [fetched, ...behind]) {
      if (followed.behindFetch === null) this.#pass(followed, announcement)
      else (followed.behindFetch as Announcement[]).push(announcement)
    }
  }

  #drop(followed: Followed): void {
    this.#followed.delete(followed.topic)
    this.#hasty.delete(followed)
    if (followed.shard !== null) this.#leave(followed, followed.shard)
  }

  #leave(followed: Followed, shard: Shard): void {
    followed.shard = null
    if (!shard.isOpen) return
    shard.unsubscribe(this.#around.channelOf(followed.topic)).catch(() => {})
  }
}

interface Asked {
  readonly arrivals: number
  readonly unanswered: readonly Follower[]
  readonly isLost: boolean
}

function isRead({ topic, followers }: Followed): boolean {
  for (const follower of followers) if (follower.isReading(topic)) return true
  return false
}

function tellMoved({ topic, followers }: Followed, standing: Standing): void {
  for (const follower of followers) follower.moved(topic, standing)
}

function isSame(a: Standing, b: Standing): boolean {
  return a.epoch === b.epoch && a.head === b.head && a.headId === b.headId && a.isClosed === b.isClosed
}

function movedTo(told: Standing | null, epoch: string, head: number, headId: string): Standing {
  if (told?.epoch === epoch) return { ...told, head, headId }
  return { epoch, head, headId, oldest: 1, isClosed: false, segment: 0, contentType: null }
}

function* take<T>(from: Set<T>, count: number): Generator<T> {
  for (const one of from) {
    if (count-- <= 0) return
    from.delete(one)
    yield one
  }
}
