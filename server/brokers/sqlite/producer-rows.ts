// The producers in the file: the last append of each, by topic.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { ProducerMark } from '../../hub/index.ts'
import type { ProducerState } from '../append-check.ts'

/** Beyond this, the one of a topic that has been silent for longest is forgotten. */
const mostProducers = 10_000

export class ProducerRows {
  readonly #last: StatementSync
  readonly #drop: StatementSync
  readonly #insert: StatementSync
  readonly #dropBeyond: StatementSync
  readonly #dropOfTopic: StatementSync

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql)
    this.#last = prepare('SELECT epoch, sequence FROM producers WHERE topic = ? AND id = ?')
    this.#drop = prepare('DELETE FROM producers WHERE topic = ? AND id = ?')
    this.#insert = prepare('INSERT INTO producers (topic, id, epoch, sequence) VALUES (?, ?, ?, ?)')
    this.#dropBeyond = prepare(
      'DELETE FROM producers WHERE serial = (SELECT serial FROM producers WHERE topic = ? ORDER BY serial DESC LIMIT 1 OFFSET ?)',
    )
    this.#dropOfTopic = prepare('DELETE FROM producers WHERE topic = ?')
  }

  last(topic: number, id: string): ProducerState | undefined {
    const row = this.#last.get(topic, id)
    return row as unknown as ProducerState | undefined
  }

  keep(topic: number, { id, epoch, sequence }: ProducerMark): void {
    const isNew = Number(this.#drop.run(topic, id).changes) === 0
    this.#insert.run(topic, id, epoch, sequence)
    if (isNew) this.#dropBeyond.run(topic, mostProducers)
  }

  dropAll(topic: number): void {
    this.#dropOfTopic.run(topic)
  }
}
