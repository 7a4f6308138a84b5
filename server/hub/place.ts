// A place: where one reader is in one topic.

import type { Feed } from './feed.ts'
import { FeedLink } from './feed.ts'
import type { Position } from './position.ts'

/** Where to begin in a topic that the cursor does not have. */
export type From = 'now' | 'earliest'

export class Place extends FeedLink {
  position: Position | null
  /** It has been nowhere yet and wants all there is, so what was trimmed before is no gap. */
  isFromEarliest = false

  constructor(feed: Feed, position: Position | null) {
    super(feed)
    this.position = position
  }

  /** The broker has said where the topic stands: a place that had no position gets one. */
  take(from: From): void {
    if (this.position !== null || !this.feed.isLocated) return
    const { head } = this.feed
    this.isFromEarliest = from === 'earliest' && head.offset > 0
    this.position = this.isFromEarliest ? { epoch: head.epoch, tag: 0, offset: 0 } : head
  }

  /** Whether there is something to tell a reader who is at `position` of this topic. */
  hasNewsAt(position: Position | null): boolean {
    return position !== null && this.feed.isLocated && this.feed.hasNewsFor(position)
  }
}
