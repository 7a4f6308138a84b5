// Reads from the file, each question from one state of it. It writes nothing: what a question finds expired, or in use, the
// writer is told of by who has asked.

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { unbornStanding } from '../../hub/broker.ts'
import { MessageRows } from './message-rows.ts'
import type { Moment, ReaderRequest, ReaderResults, ReadHistory } from './requests.ts'
import type { TopicColumns } from './topic-row.ts'
import { shelvesOf, TopicRow } from './topic-row.ts'

export interface ReaderOptions {
  /** How long a topic that was not created keeps a message. */
  readonly ageMs: number
  readonly topicTtlMs: number
}

export class Reader {
  readonly #database: DatabaseSync
  readonly #options: ReaderOptions
  readonly #messages: MessageRows
  readonly #byName: StatementSync
  readonly #byNumber: StatementSync
  readonly #page: StatementSync

  constructor(database: DatabaseSync, options: ReaderOptions) {
    this.#database = database
    this.#options = options
    this.#messages = new MessageRows(database)
    this.#byName = database.prepare('SELECT * FROM topics WHERE name = ?')
    this.#byNumber = database.prepare('SELECT * FROM topics WHERE number = ?')
    this.#page = database.prepare(
      `SELECT * FROM topics WHERE name > ? AND is_removed = 0 AND (expires_at IS NULL OR expires_at > ?)
      ORDER BY name LIMIT ?`,
    )
  }

  perform(request: ReaderRequest, moment: Moment): ReaderResults[ReaderRequest['what']] {
    this.#database.exec('BEGIN')
    try {
      return this.#perform(request, moment)
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  #perform(request: ReaderRequest, { now }: Moment): ReaderResults[ReaderRequest['what']] {
    if (request.what === 'list') {
      const rows = this.#page.all(request.after, now, request.limit) as unknown as TopicColumns[]
      return rows.map((columns) => ({ topic: columns.name, ...new TopicRow(columns).record() }))
    }
    const topic = topicOf(this.#byName.get(request.topic))
    if (topic !== undefined && !topic.isRemoved && topic.hasExpired(now, request.isRead)) return 'expired'
    if (request.what === 'inform') return topic?.record() ?? null
    if (topic === undefined || topic.isRemoved) return { standing: unbornStanding, mustTouch: false }
    return this.#history(topic, now, request)
  }

  #history(topic: TopicRow, now: number, request: ReaderRequest & { readonly what: 'history' }): ReadHistory {
    this.#hideOld(topic, now)
    const from = Math.max(request.from, topic.oldest)
    const shelves = shelvesOf(topic, from, topic.head, (number) => topicOf(this.#byNumber.get(number)))
    const messages = this.#messages.read(shelves, request.limits)
    const mustTouch = now - topic.usedAt >= topic.slackMs(this.#options.topicTtlMs)
    return { standing: topic.standing(), messages, mustTouch }
  }

  /** What is too old is not shown, also while it is still there. */
  #hideOld(topic: TopicRow, now: number): void {
    const cutoff = now - this.#options.ageMs
    if (topic.isWhole || topic.length < 2 || (topic.oldestSince ?? now) > cutoff) return
    const young = this.#messages.firstSince(topic.number, topic.oldest, topic.head - 1, cutoff)
    topic.oldest = young?.offset ?? topic.head
  }
}

function topicOf(columns: unknown): TopicRow | undefined {
  return columns === undefined ? undefined : new TopicRow(columns as TopicColumns)
}
