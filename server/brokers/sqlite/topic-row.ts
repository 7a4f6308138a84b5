// A topic as it stands in the file: its record, and what its broker needs to know beside that.

import type { Lifetime, Segment, Standing, TopicRecord } from '../../hub/index.ts'
import type { MessageSize, Shelf } from './message-rows.ts'

/** The columns of a topic, as they come from the file. */
export interface TopicColumns {
  readonly number: number
  readonly name: string
  readonly epoch: string
  readonly content_type: string
  readonly is_whole: number
  readonly ttl_ms: number | null
  readonly expires_at_time: number | null
  readonly expires_at: number | null
  readonly head: number
  readonly head_id: string | null
  readonly oldest: number
  readonly oldest_since: number | null
  readonly bytes: number
  readonly used_at: number
  readonly is_closed: number
  readonly is_removed: number
  readonly source: number | null
  readonly forked_from: string | null
  readonly forked_at: number | null
  readonly stored_from: number
  readonly forks: number
  readonly sequence: string | null
  readonly segments: string
  readonly generation: number
}

export class TopicRow {
  readonly number: number
  readonly name: string
  readonly epoch: string
  readonly contentType: string
  /** Whether nothing of it is ever dropped. */
  readonly isWhole: boolean
  readonly lifetime: Lifetime
  /** When it expires, on the clock of the file; null: never. */
  expiresAt: number | null
  head: number
  headId: string | null
  oldest: number
  /** When the oldest message that is kept came; null when there is none. */
  oldestSince: number | null
  /** Of its own messages. */
  bytes: number
  usedAt: number
  isClosed: boolean
  /** It is gone, except for its forks. */
  isRemoved: boolean
  /** The number of what it was forked from, while that may have messages of it. */
  readonly source: number | null
  readonly forkedFrom: { readonly topic: string; readonly offset: number } | null
  /** The first offset that stands below its own number. */
  readonly storedFrom: number
  forks: number
  /** The writer's last mark. */
  sequence: string | null
  segments: readonly Segment[]
  /** How often the file had lost its newest messages when the topic was written to last. */
  generation: number
  /** It differs from what the file has. */
  isDirty = false
  /** How large its oldest messages are, the oldest last, and from which offset on: as far as they were looked at. */
  sizes: MessageSize[] = []
  sizesFrom = 0

  constructor(columns: TopicColumns) {
    this.number = columns.number
    this.name = columns.name
    this.epoch = columns.epoch
    this.contentType = columns.content_type
    this.isWhole = columns.is_whole === 1
    this.lifetime = lifetimeOf(columns)
    this.expiresAt = columns.expires_at
    this.head = columns.head
    this.headId = columns.head_id
    this.oldest = columns.oldest
    this.oldestSince = columns.oldest_since
    this.bytes = columns.bytes
    this.usedAt = columns.used_at
    this.isClosed = columns.is_closed === 1
    this.isRemoved = columns.is_removed === 1
    this.source = columns.source
    this.forkedFrom =
      columns.forked_from === null ? null : { topic: columns.forked_from, offset: Number(columns.forked_at) }
    this.storedFrom = columns.stored_from
    this.forks = columns.forks
    this.sequence = columns.sequence
    this.segments = JSON.parse(columns.segments).map(([number, first]: [number, number]) => ({ number, first }))
    this.generation = columns.generation
  }

  /** How many messages are kept. */
  get length(): number {
    return this.head - this.oldest + 1
  }

  /** How old its last use may look: a use that comes earlier writes nothing. */
  slackMs(topicTtlMs: number): number {
    const { lifetime } = this
    return slackOf(lifetime !== null && 'ttlMs' in lifetime ? lifetime.ttlMs : topicTtlMs)
  }

  /** It is used now: what expires for want of use lives on, by the time that a use may go unnoticed longer. */
  use(now: number): void {
    this.usedAt = now
    if (this.lifetime !== null && 'ttlMs' in this.lifetime) {
      this.expiresAt = now + this.lifetime.ttlMs + slackOf(this.lifetime.ttlMs)
    }
    this.isDirty = true
  }

  hasExpired(now: number, isRead: boolean): boolean {
    if (this.expiresAt === null || this.expiresAt > now) return false
    return !isRead || !(this.lifetime !== null && 'ttlMs' in this.lifetime)
  }

  standing(): Standing {
    const { epoch, head, headId, oldest, isClosed, contentType } = this
    return { epoch, head, headId, oldest, isClosed, segment: this.segments.at(-1)?.number ?? 0, contentType }
  }

  record(): TopicRecord {
    const { contentType, segments, lifetime, forkedFrom, isRemoved } = this
    const retention = this.isWhole ? 'all' : 'bounded'
    return { ...this.standing(), contentType, segments, lifetime, retention, forkedFrom, isRemoved }
  }
}

/** A use is written down when the last one is so long ago. */
function slackOf(ttlMs: number): number {
  return Math.min(ttlMs / 8, 60_000)
}

function lifetimeOf({ ttl_ms, expires_at_time }: TopicColumns): Lifetime {
  if (ttl_ms !== null) return { ttlMs: ttl_ms }
  return expires_at_time === null ? null : { expiresAt: expires_at_time }
}

/** Where a topic's messages from one offset to another stand, oldest first; `sourceOf` finds what a fork was made of. */
export function shelvesOf(
  topic: TopicRow,
  from: number,
  to: number,
  sourceOf: (number: number) => TopicRow | undefined,
): Shelf[] {
  const shelves: Shelf[] = []
  for (let at: TopicRow | undefined = topic, last = to; at !== undefined && from <= last; ) {
    shelves.unshift({ topic: at.number, from: Math.max(from, at.storedFrom), to: last })
    last = Math.min(last, at.storedFrom - 1)
    at = at.source === null ? undefined : sourceOf(at.source)
  }
  return shelves.filter((shelf) => shelf.from <= shelf.to)
}
