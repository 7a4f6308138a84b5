// A reader's slot: where one reader is in one topic, and its link in the wait list of that topic's feed.

import type { Feed } from './feed.ts'
import { FeedLink } from './feed.ts'
import type { Position } from './position.ts'
import { earliest } from './position.ts'

/** Where to begin in a topic that the cursor does not have. */
export type From = 'now' | 'earliest'

export class ReaderSlot extends FeedLink {
  /** Null for a reader that begins now, until the broker has said where that is. */
  position: Position | null

  constructor(feed: Feed, position: Position | null) {
    super(feed)
    this.position = position
  }

  /** The broker has said where the topic stands: a slot that had no position gets one. */
  beginAt(from: From): void {
    if (this.position === null)
      this.position = from === 'earliest' ? earliest : this.feed.isLocated ? this.feed.head : null
    // What is trimmed of a topic that was empty has been missed.
    if (this.position === earliest && this.feed.isEmpty) this.position = this.feed.head
  }

  /** Whether there is something to tell a reader who is at `position` of this topic. */
  hasNewsAt(position: Position | null): boolean {
    return position !== null && this.feed.isLocated && this.feed.hasNewsFor(position)
  }
}
