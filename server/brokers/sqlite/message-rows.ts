// The messages in the file: those of a topic beside each other, in the order of their offsets.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { HistoryLimits } from '../../hub/index.ts'
import { offsetBits, offsetMask } from './schema.ts'

/** A message as it is put into the file. */
export interface StoredMessage {
  readonly offset: number
  readonly id: string
  readonly time: number
  readonly data: string | Uint8Array
}

/**
 * Messages as they come from the file, column by column: that takes a quarter of the time to get from thread to thread that
 * an object for each would. What is not in it is what they were asked for by.
 */
export interface MessageColumns {
  readonly offsets: number[]
  readonly ids: string[]
  readonly times: number[]
  readonly data: (string | Uint8Array)[]
  readonly bytes: number[]
}

export interface MessageSize {
  readonly since: number
  readonly bytes: number
}

/** The columns of one message, in the order in which it is read. */
type ReadRow = [offset: number, id: string, time: number, data: string | Uint8Array, bytes: number]

/** Where a run of a topic's messages stands: a fork has its source's first. */
export interface Shelf {
  /** The number of the topic below which they stand. */
  readonly topic: number
  readonly from: number
  readonly to: number
}

const place = (topic: string, offset: string) => `((${topic} << ${offsetBits}) | ${offset})`

/** Deleted at once: each takes the writer some microseconds. */
const deletedAtOnce = 500

/** Sizes that are read at once, two at least: to drop message by message, each by a question, would be half of an append. */
const sizesAtOnce = 128

/** Topics that are trimmed at once. */
const trimmedAtOnce = 20

export class MessageRows {
  readonly #read: StatementSync
  readonly #insert: StatementSync
  readonly #sizes: StatementSync
  readonly #youngerThan: StatementSync
  readonly #sizeOf: StatementSync
  readonly #idOf: StatementSync
  readonly #copy: StatementSync
  readonly #trimmed: StatementSync
  readonly #lastOfMany: StatementSync
  readonly #delete: StatementSync
  readonly #forgetTrim: StatementSync
  readonly #noteTrim: StatementSync

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql)
    const [first, last] = [place('?1', '?2'), place('?1', '?3')]
    const within = `place BETWEEN ${first} AND ${last}`
    const offset = `place & ${offsetMask}`
    const columns = `${offset} AS offset, id, time, data, octet_length(data) AS bytes`
    this.#read = prepare(`SELECT ${columns} FROM messages WHERE ${within} ORDER BY place LIMIT ?4`)
    this.#read.setReturnArrays(true)
    this.#insert = prepare(`INSERT INTO messages VALUES (${first}, ?3, ?4, ?5, ?6)`)
    this.#sizes = prepare(
      `SELECT since, octet_length(data) AS bytes FROM messages WHERE ${within} ORDER BY place LIMIT ${sizesAtOnce}`,
    )
    this.#youngerThan = prepare(
      `SELECT ${offset} AS offset, since FROM messages WHERE ${within} AND since > ?4 ORDER BY place LIMIT 1`,
    )
    this.#sizeOf = prepare(`SELECT coalesce(sum(octet_length(data)), 0) AS bytes FROM messages WHERE ${within}`)
    this.#idOf = prepare(`SELECT id FROM messages WHERE place = ${first}`)
    this.#copy = prepare(
      `INSERT INTO messages SELECT ${place('?4', offset)}, id, time, since, data FROM messages WHERE ${within}`,
    )
    this.#trimmed = prepare('SELECT topic, before FROM trims LIMIT 1')
    this.#lastOfMany = prepare(
      `SELECT ${offset} AS offset FROM messages WHERE place >= ?1 << ${offsetBits} AND place < ${first} ORDER BY place LIMIT 1 OFFSET ${deletedAtOnce - 1}`,
    )
    this.#delete = prepare(`DELETE FROM messages WHERE place >= ?1 << ${offsetBits} AND place < ${first}`)
    this.#forgetTrim = prepare('DELETE FROM trims WHERE topic = ? AND before = ?')
    this.#noteTrim = prepare(
      'INSERT INTO trims VALUES (?, ?) ON CONFLICT DO UPDATE SET before = max(before, excluded.before)',
    )
  }

  add(topic: number, message: StoredMessage, since: number): void {
    this.#insert.run(topic, message.offset, message.id, message.time, since, message.data)
  }

  /** As many messages of the shelves as `limits` allow, one at least. */
  read(shelves: readonly Shelf[], limits: HistoryLimits): MessageColumns {
    const columns: MessageColumns = { offsets: [], ids: [], times: [], data: [], bytes: [] }
    let sum = 0
    for (const { topic, from, to } of shelves) {
      for (const row of this.#read.iterate(topic, from, to, limits.messages - columns.offsets.length)) {
        const [offset, id, time, data, bytes] = row as unknown as ReadRow
        sum += bytes
        if (sum > limits.bytes && columns.offsets.length > 0) return columns
        columns.offsets.push(offset)
        columns.ids.push(id)
        columns.times.push(time)
        columns.data.push(data)
        columns.bytes.push(bytes)
      }
    }
    return columns
  }

  /** How large some messages from `offset` on are, the newest first, and when each came. */
  sizesFrom(topic: number, offset: number): MessageSize[] {
    return (this.#sizes.all(topic, offset, offsetMask) as unknown as MessageSize[]).reverse()
  }

  /** The first message from `from` to `to` that came later than `since`. */
  firstSince(topic: number, from: number, to: number, since: number) {
    const row = this.#youngerThan.get(topic, from, to, since)
    return row as unknown as { readonly offset: number; readonly since: number } | undefined
  }

  bytesOf(topic: number, from: number, to: number): number {
    return Number((this.#sizeOf.get(topic, from, to) as { bytes: number }).bytes)
  }

  idOf(topic: number, offset: number): string | null {
    return (this.#idOf.get(topic, offset) as { id: string } | undefined)?.id ?? null
  }

  /** Put messages of one topic below the number of another one. */
  copy({ topic, from, to }: Shelf, other: number): void {
    this.#copy.run(topic, from, to, other)
  }

  /** What a topic has below `before` may be deleted. */
  mayDelete(topic: number, before: number): void {
    this.#noteTrim.run(topic, before)
  }

  /** Everything that a topic has may be deleted: its number is never used again. */
  mayDeleteAll(topic: number): void {
    this.#noteTrim.run(topic, offsetMask)
  }

  /** Delete some of what may be deleted; false when nothing is left. */
  deleteSome(): boolean {
    for (let topics = 0; topics < trimmedAtOnce; topics += 1) if (!this.#deleteOfOne()) return false
    return true
  }

  #deleteOfOne(): boolean {
    const trim = this.#trimmed.get() as unknown as { topic: number; before: number } | undefined
    if (trim === undefined) return false
    const last = this.#lastOfMany.get(trim.topic, trim.before) as unknown as { offset: number } | undefined
    this.#delete.run(trim.topic, last?.offset ?? trim.before)
    if (last === undefined) this.#forgetTrim.run(trim.topic, trim.before)
    return true
  }
}
