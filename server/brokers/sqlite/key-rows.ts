// The idempotency keys in the file: what was answered to each in the last ten minutes.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { IdempotencyKey, Receipt } from '../../hub/index.ts'
import type { RememberedAnswer } from '../append-check.ts'

/** How long the same key gives the same answer, in milliseconds. */
const keyMs = 600_000

export class KeyRows {
  readonly #most: number
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #oldest: StatementSync
  readonly #drop: StatementSync
  readonly #sizeOf: StatementSync
  readonly #dropOfTopic: StatementSync
  readonly #dropOld: StatementSync
  /** How many messages the keys of topics are about, of those that were looked at. */
  readonly #sizes = new Map<number, number>()

  /** @param most how many messages with keys a topic remembers */
  constructor(database: DatabaseSync, most: number) {
    this.#most = most
    const prepare = (sql: string) => database.prepare(sql)
    this.#find = prepare('SELECT body_hash AS bodyHash, receipts FROM keys WHERE topic = ? AND text = ? AND since > ?')
    this.#insert = prepare(
      'INSERT INTO keys (topic, text, body_hash, since, messages, receipts) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#oldest = prepare('SELECT text FROM keys WHERE topic = ? ORDER BY serial LIMIT 1')
    this.#drop = prepare('DELETE FROM keys WHERE topic = ? AND text = ? RETURNING messages')
    this.#sizeOf = prepare('SELECT coalesce(sum(messages), 0) AS messages FROM keys WHERE topic = ?')
    this.#dropOfTopic = prepare('DELETE FROM keys WHERE topic = ?')
    this.#dropOld = prepare(
      'DELETE FROM keys WHERE serial IN (SELECT serial FROM keys ORDER BY serial LIMIT ?) AND since <= ?',
    )
  }

  find(topic: number, key: IdempotencyKey, now: number): RememberedAnswer | undefined {
    const row = this.#find.get(topic, key.text, now - keyMs) as { bodyHash: string; receipts: string } | undefined
    return row && { key: { text: key.text, bodyHash: row.bodyHash }, receipts: readReceipts(row.receipts) }
  }

  /** Keep an answer, and forget the oldest ones that are too many with it. */
  keep(topic: number, key: IdempotencyKey, receipts: readonly Receipt[], now: number): void {
    this.#forget(topic, key.text)
    let size = this.#size(topic)
    while (size > 0 && size + receipts.length > this.#most) {
      const oldest = this.#oldest.get(topic) as { text: string } | undefined
      if (oldest === undefined) break
      this.#forget(topic, oldest.text)
      size = this.#size(topic)
    }
    this.#insert.run(topic, key.text, key.bodyHash, now, receipts.length, writeReceipts(receipts))
    this.#sizes.set(topic, size + receipts.length)
  }

  dropAll(topic: number): void {
    this.#dropOfTopic.run(topic)
    this.#sizes.delete(topic)
  }

  /** Forget at most `most` keys that are too old; false when that were all. */
  dropOld(now: number, most: number): boolean {
    const dropped = Number(this.#dropOld.run(most, now - keyMs).changes)
    if (dropped > 0) this.#sizes.clear()
    return dropped === most
  }

  /** What was counted may not be in the file: it was rolled back. */
  forgetCounts(): void {
    this.#sizes.clear()
  }

  #size(topic: number): number {
    const known = this.#sizes.get(topic)
    if (known !== undefined) return known
    if (this.#sizes.size > 10_000) this.#sizes.clear()
    const size = Number((this.#sizeOf.get(topic) as { messages: number }).messages)
    this.#sizes.set(topic, size)
    return size
  }

  #forget(topic: number, text: string): void {
    const size = this.#size(topic)
    const dropped = this.#drop.get(topic, text) as { messages: number } | undefined
    if (dropped !== undefined) this.#sizes.set(topic, size - dropped.messages)
  }
}

function writeReceipts(receipts: readonly Receipt[]): string {
  return JSON.stringify(receipts.map(({ offset, id, time }) => [offset, id, time]))
}

function readReceipts(text: string): Receipt[] {
  return (JSON.parse(text) as [number, string, number][]).map(([offset, id, time]) => ({ offset, id, time }))
}
