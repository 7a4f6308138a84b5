// The topics in the file, and the ones that were used last at hand.
//
// Invariants, between two transactions: what is at hand is as the file has it, and `totals` are the sums over the file. In a
// transaction `flush` writes what has changed; after one that was rolled back `forget` throws all of it away.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Lifetime, Segment } from '../../hub/index.ts'
import type { TopicColumns } from './topic-row.ts'
import { TopicRow } from './topic-row.ts'

/** Once so many are at hand, a transaction begins with none. */
const mostAtHand = 20_000

/** Sums over the topics: those that drop messages, and those that keep everything. */
export interface Totals {
  topics: number
  messages: number
  bytes: number
  heldMessages: number
  heldBytes: number
}

/** What a topic is made with. */
export interface NewTopic {
  readonly name: string
  readonly epoch: string
  readonly contentType: string
  readonly isWhole: boolean
  readonly lifetime: Lifetime
  readonly expiresAt: number | null
  readonly usedAt: number
  readonly segments: readonly Segment[]
  readonly generation: number
  readonly fork?: NewFork
}

export interface NewFork {
  readonly source: TopicRow
  /** After this offset of its source it goes on by itself. */
  readonly at: number
  readonly oldest: number
  readonly headId: string | null
  readonly storedFrom: number
}

export class TopicRows {
  readonly #database: DatabaseSync
  readonly #byName: StatementSync
  readonly #byNumber: StatementSync
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #delete: StatementSync
  readonly #atHand = new Map<string, TopicRow>()
  readonly #dirty = new Set<TopicRow>()
  totals: Totals

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#byName = database.prepare('SELECT * FROM topics WHERE name = ?')
    this.#byNumber = database.prepare('SELECT * FROM topics WHERE number = ?')
    this.#insert = database.prepare(
      `INSERT INTO topics (name, epoch, content_type, is_whole, ttl_ms, expires_at_time, expires_at, head, head_id, oldest,
        bytes, used_at, is_closed, is_removed, source, forked_from, forked_at, stored_from, forks, segments, generation)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, 0, 0, ?, ?, ?, ?, 0, ?, ?) RETURNING *`,
    )
    this.#update = database.prepare(
      `UPDATE topics SET expires_at = ?, head = ?, head_id = ?, oldest = ?, oldest_since = ?, bytes = ?, used_at = ?,
        is_closed = ?, is_removed = ?, forks = ?, sequence = ?, segments = ?, generation = ? WHERE number = ?`,
    )
    this.#delete = database.prepare('DELETE FROM topics WHERE number = ?')
    this.totals = this.#count()
  }

  /** A transaction begins. Only here may what is at hand be let go: in between, two would stand for one topic. */
  begin(): void {
    if (this.#atHand.size > mostAtHand) this.#atHand.clear()
  }

  /** The topic of a name, also one that was removed and only its forks need. */
  find(name: string): TopicRow | undefined {
    const known = this.#atHand.get(name)
    if (known !== undefined) return known
    const columns = this.#byName.get(name) as unknown as TopicColumns | undefined
    return columns && this.#keep(new TopicRow(columns))
  }

  byNumber(number: number): TopicRow | undefined {
    const columns = this.#byNumber.get(number) as unknown as TopicColumns | undefined
    return columns && this.find(columns.name)
  }

  /** The topics that a question about the table gives, by their names. */
  *selected(question: StatementSync, ...values: (number | string)[]): Iterable<TopicRow> {
    this.flush()
    for (const { name } of question.all(...values) as { name: string }[]) {
      const topic = this.find(name)
      if (topic !== undefined) yield topic
    }
  }

  make(given: NewTopic): TopicRow {
    const { name, epoch, contentType, isWhole, lifetime, expiresAt, usedAt, segments, generation, fork } = given
    const columns = this.#insert.get(
      name,
      epoch,
      contentType,
      isWhole ? 1 : 0,
      lifetime !== null && 'ttlMs' in lifetime ? lifetime.ttlMs : null,
      lifetime !== null && 'expiresAt' in lifetime ? lifetime.expiresAt : null,
      expiresAt,
      fork?.at ?? 0,
      fork?.headId ?? null,
      fork?.oldest ?? 1,
      usedAt,
      fork?.source.number ?? null,
      fork?.source.name ?? null,
      fork?.at ?? null,
      fork?.storedFrom ?? 1,
      writeSegments(segments),
      generation,
    )
    const topic = this.#keep(new TopicRow(columns as unknown as TopicColumns))
    this.totals.topics += 1
    this.#countMessages(topic, topic.length, 0)
    return topic
  }

  /** Change what a topic keeps, and the totals with it. */
  resize(topic: TopicRow, messages: number, bytes: number): void {
    topic.bytes += bytes
    this.#countMessages(topic, messages, bytes)
    this.change(topic)
  }

  /** It differs from what the file has. */
  change(topic: TopicRow): void {
    topic.isDirty = true
    this.#dirty.add(topic)
  }

  /** Its messages, keys and producers are not its own to drop. */
  drop(topic: TopicRow): void {
    this.#dirty.delete(topic)
    this.#atHand.delete(topic.name)
    this.#delete.run(topic.number)
    this.totals.topics -= 1
    this.#countMessages(topic, -topic.length, -topic.bytes)
  }

  /** Write what has changed. */
  flush(): void {
    for (const topic of this.#dirty) {
      this.#update.run(
        topic.expiresAt,
        topic.head,
        topic.headId,
        topic.oldest,
        topic.oldestSince,
        topic.bytes,
        topic.usedAt,
        topic.isClosed ? 1 : 0,
        topic.isRemoved ? 1 : 0,
        topic.forks,
        topic.sequence,
        writeSegments(topic.segments),
        topic.generation,
        topic.number,
      )
      topic.isDirty = false
    }
    this.#dirty.clear()
  }

  /** Begin with what the file has. */
  forget(): void {
    this.#atHand.clear()
    this.#dirty.clear()
    this.totals = this.#count()
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    const counted = JSON.stringify(this.#count())
    if (counted !== JSON.stringify(this.totals)) {
      throw new Error(`the totals are ${JSON.stringify(this.totals)}, and the file has ${counted}`)
    }
  }

  #keep(topic: TopicRow): TopicRow {
    this.#atHand.set(topic.name, topic)
    return topic
  }

  #countMessages({ isWhole }: TopicRow, messages: number, bytes: number): void {
    this.totals[isWhole ? 'heldMessages' : 'messages'] += messages
    this.totals[isWhole ? 'heldBytes' : 'bytes'] += bytes
  }

  #count(): Totals {
    const sum = (what: string, isWhole: 0 | 1) => `coalesce(sum(${what}) FILTER (WHERE is_whole = ${isWhole}), 0)`
    const length = 'head - oldest + 1'
    const row = this.#database
      .prepare(
        `SELECT count(*) AS topics, ${sum(length, 0)} AS messages, ${sum('bytes', 0)} AS bytes,
          ${sum(length, 1)} AS heldMessages, ${sum('bytes', 1)} AS heldBytes FROM topics`,
      )
      .get()
    return { ...(row as unknown as Totals) }
  }
}

function writeSegments(segments: readonly Segment[]): string {
  return JSON.stringify(segments.map(({ number, first }) => [number, first]))
}
