// Which messages and topics go: those that are beyond a bound, too old, or in the way of new ones.
//
// Messages go from the books at once, and from the file later, some at a time (`MessageRows.deleteSome`).

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Draft, HistoryLimits } from '../../hub/index.ts'
import { noRoom, noTopic, overHistory, streamsFull } from '../capacity-errors.ts'
import type { KeyRows } from './key-rows.ts'
import type { MessageRows } from './message-rows.ts'
import type { ProducerRows } from './producer-rows.ts'
import { offsetMask } from './schema.ts'
import type { TopicRow } from './topic-row.ts'
import type { TopicRows } from './topic-rows.ts'

export interface RoomOptions {
  /** Of one topic that was not created. */
  readonly history: HistoryLimits & { readonly ageMs: number }
  readonly totalBytes: number
  readonly streamsTotalBytes: number
  readonly maxTopics: number
  /** How long a topic is remembered after its last use while it has no follower. */
  readonly topicTtlMs: number
}

/** Everything of a topic. */
export interface Rows {
  readonly topics: TopicRows
  readonly messages: MessageRows
  readonly keys: KeyRows
  readonly producers: ProducerRows
}

/** So many topics are looked at in one go. */
const atOnce = 200

const unused = 'is_whole = 0 AND is_removed = 0 AND forks = 0'

export class Room {
  readonly #options: RoomOptions
  readonly #rows: Rows
  /** The topics that are followed: they are not dropped for want of use. */
  readonly followed = new Set<string>()
  readonly #byUse: StatementSync
  readonly #byAge: StatementSync
  readonly #trimming = new Map<number, number>()
  /** How many messages have gone from the books, and may still be in the file. */
  dropped = 0

  constructor(database: DatabaseSync, options: RoomOptions, rows: Rows) {
    this.#options = options
    this.#rows = rows
    this.#byUse = database.prepare(`SELECT name FROM topics WHERE ${unused} AND used_at <= ? ORDER BY used_at LIMIT ?`)
    this.#byAge = database.prepare(
      'SELECT name FROM topics WHERE is_whole = 0 AND oldest < head AND oldest_since <= ? ORDER BY oldest_since LIMIT ?',
    )
  }

  /** Make room for messages of a topic that drops old ones. @throws EnckeError when there is none */
  forMessages(messages: readonly Draft[], known: TopicRow | undefined): void {
    const { history, totalBytes } = this.#options
    let bytes = 0
    for (const draft of messages) {
      if (draft.bytes > history.bytes) throw overHistory(draft.bytes, history.bytes)
      bytes = Math.min(bytes + draft.bytes, history.bytes)
    }
    while (this.#rows.topics.totals.bytes + bytes > totalBytes) {
      if (this.#dropOldestMessage(known)) continue
      const topic = this.#leastRecentlyUsed(known)
      if (topic === undefined) throw noRoom(totalBytes)
      this.drop(topic)
    }
  }

  /** @throws EnckeError when there is no room for messages of a topic that keeps everything */
  forWhole(messages: readonly Draft[]): void {
    const { streamsTotalBytes } = this.#options
    const bytes = messages.reduce((sum, draft) => sum + draft.bytes, 0)
    if (this.#rows.topics.totals.heldBytes + bytes > streamsTotalBytes) throw streamsFull(streamsTotalBytes)
  }

  /** Make room for another topic. @throws EnckeError when all topics are followed, or may not be dropped */
  forTopic(known?: TopicRow): void {
    const { maxTopics } = this.#options
    if (this.#rows.topics.totals.topics < maxTopics) return
    const topic = this.#leastRecentlyUsed(known)
    if (topic === undefined) throw noTopic(maxTopics)
    this.drop(topic)
  }

  /** Drop a topic, and a removed source that only it needed. */
  drop(topic: TopicRow): void {
    const { topics, messages, keys, producers } = this.#rows
    messages.mayDeleteAll(topic.number)
    this.dropped += topic.length
    this.#trimming.delete(topic.number)
    keys.dropAll(topic.number)
    producers.dropAll(topic.number)
    topics.drop(topic)
    const source = topic.source === null ? undefined : topics.byNumber(topic.source)
    if (source === undefined) return
    source.forks -= 1
    topics.change(source)
    if (source.isRemoved && source.forks === 0) this.drop(source)
  }

  /** Drop what a topic has beyond its bounds, oldest first; the newest is always kept. */
  trim(topic: TopicRow, now: number): void {
    const { messages, bytes, ageMs } = this.#options.history
    if (topic.isWhole) return
    while (topic.length > 1 && (topic.length > messages || topic.bytes > bytes)) this.#dropFirst(topic)
    while (topic.length > 1 && (topic.oldestSince ?? 0) <= now - ageMs) this.#dropFirst(topic)
  }

  /** Drop the first few messages and topics that have outlived their time; false when that were all. */
  dropOld(now: number): boolean {
    const { topics } = this.#rows
    let looked = 0
    for (const topic of topics.selected(this.#byAge, now - this.#options.history.ageMs, atOnce)) {
      this.#trimOld(topic, now)
      looked += 1
    }
    for (const topic of topics.selected(this.#byUse, now - this.#options.topicTtlMs, atOnce)) {
      if (this.followed.has(topic.name)) this.use(topic, now)
      else this.drop(topic)
      looked += 1
    }
    return looked >= atOnce
  }

  /** A topic is used now. */
  use(topic: TopicRow, now: number): void {
    topic.use(now)
    this.#rows.topics.change(topic)
  }

  /** A topic is used now, which is written down unless that was done a short while ago. */
  touch(topic: TopicRow, now: number): void {
    if (now - topic.usedAt >= topic.slackMs(this.#options.topicTtlMs)) this.use(topic, now)
  }

  /** Let the file know what may be deleted from it: once for each topic and transaction. */
  flush(): void {
    for (const [topic, before] of this.#trimming) this.#rows.messages.mayDelete(topic, before)
    this.#trimming.clear()
  }

  /** What was to be told to the file was rolled back. */
  forget(): void {
    this.#trimming.clear()
  }

  /** Of a topic with many old messages: all at once. */
  #trimOld(topic: TopicRow, now: number): void {
    const { messages } = this.#rows
    const cutoff = now - this.#options.history.ageMs
    const young = messages.firstSince(topic.number, topic.oldest, topic.head - 1, cutoff)
    const oldest = young?.offset ?? topic.head
    const bytes = messages.bytesOf(topic.number, topic.oldest, oldest - 1)
    const dropped = oldest - topic.oldest
    topic.oldest = oldest
    topic.oldestSince = young?.since ?? messages.firstSince(topic.number, oldest, oldest, 0)?.since ?? null
    this.#dropped(topic, dropped, bytes)
  }

  /** Drop the oldest message of all, unless it is the newest of its topic; false when there is none to drop. */
  #dropOldestMessage(known: TopicRow | undefined): boolean {
    for (const topic of this.#rows.topics.selected(this.#byAge, Number.MAX_SAFE_INTEGER, 1)) {
      this.#dropFirst(topic === known ? known : topic)
      return true
    }
    return false
  }

  #dropFirst(topic: TopicRow): void {
    if (topic.sizesFrom !== topic.oldest || topic.sizes.length < 2) {
      topic.sizes = this.#rows.messages.sizesFrom(topic.number, topic.oldest)
    }
    const bytes = topic.sizes.pop()?.bytes ?? 0
    topic.oldest += 1
    topic.sizesFrom = topic.oldest
    topic.oldestSince = topic.sizes.at(-1)?.since ?? null
    this.#dropped(topic, 1, bytes)
  }

  #dropped(topic: TopicRow, messages: number, bytes: number): void {
    this.dropped += messages
    this.#rows.topics.resize(topic, -messages, -bytes)
    this.#trimming.set(topic.number, Math.min(topic.oldest, offsetMask))
  }

  #leastRecentlyUsed(except?: TopicRow): TopicRow | undefined {
    for (let most = 8; ; most *= 8) {
      let looked = 0
      for (const topic of this.#rows.topics.selected(this.#byUse, Number.MAX_SAFE_INTEGER, most)) {
        looked += 1
        if (topic !== except && !this.followed.has(topic.name)) return topic
      }
      if (looked < most) return undefined
    }
  }
}
