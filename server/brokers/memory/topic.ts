// A topic in memory: its record, its history, and who is told of it.

import { Link } from '../../../runtime/index.ts'
import type { Follower, Lifetime, Segment, Standing, TopicRecord } from '../../hub/index.ts'
import type { IdempotencyKeys } from './idempotency-keys.ts'
import type { KeptHistory } from './kept-messages.ts'
import type { Producers } from './producers.ts'

export interface TopicOptions {
  readonly name: string
  readonly epoch: string
  readonly contentType: string
  readonly history: KeptHistory
  readonly segments: readonly Segment[]
  readonly lifetime: Lifetime
  /** When it expires, on the clock that never goes back; Infinity when that depends on its use, or never. */
  readonly expiresAt: number
  readonly source: Topic | null
}

/** It is a link, so that its broker can queue the topics that may be dropped. */
export class Topic extends Link {
  readonly name: string
  readonly epoch: string
  readonly contentType: string
  readonly history: KeptHistory
  readonly segments: readonly Segment[]
  readonly lifetime: Lifetime
  readonly expiresAt: number
  /** What it was forked from. */
  readonly source: Topic | null
  followers: Set<Follower> = new Set()
  usedAt = 0
  isClosed = false
  /** It is gone, except for its forks. */
  isRemoved = false
  forks = 0
  /** The writer's last mark. */
  sequence: string | null = null
  keys: IdempotencyKeys | null = null
  producers: Producers | null = null

  constructor(options: TopicOptions) {
    super()
    this.name = options.name
    this.epoch = options.epoch
    this.contentType = options.contentType
    this.history = options.history
    this.segments = options.segments
    this.lifetime = options.lifetime
    this.expiresAt = options.expiresAt
    this.source = options.source
  }

  get isWhole(): boolean {
    return this.history.isWhole
  }

  /** Whether it can make way for others: it has no follower, it was born by a publish, and no fork needs it. */
  get mayBeDropped(): boolean {
    return this.followers.size === 0 && !this.isWhole && !this.isRemoved
  }

  /** The offset of the first message that it does not share with its source. */
  get ownFirst(): number {
    return this.segments.at(-1)?.first ?? 1
  }

  standing(): Standing {
    const { epoch, isClosed, contentType } = this
    const { end, oldest, last } = this.history
    const segment = (this.segments.at(-1) as Segment).number
    return { epoch, head: end - 1, headId: last?.message.id ?? null, oldest, isClosed, segment, contentType }
  }

  record(): TopicRecord {
    const { contentType, segments, lifetime, source, isRemoved } = this
    return {
      ...this.standing(),
      contentType,
      segments,
      lifetime,
      retention: this.isWhole ? 'all' : 'bounded',
      forkedFrom: source && { topic: source.name, offset: this.ownFirst - 1 },
      isRemoved,
    }
  }
}
