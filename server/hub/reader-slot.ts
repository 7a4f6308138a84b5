// A reader's slot: where one reader is in one topic, and its link in the wait list of that topic's feed.

import type { Feed } from './feed.ts'
import { FeedLink } from './feed.ts'
import type { Position } from './position.ts'
import { earliest, latest } from './position.ts'

/** Where to begin in a topic that the cursor does not have. */
export type From = 'now' | 'earliest' | 'latest'

export class ReaderSlot extends FeedLink {
  /** Null for a reader that begins now, until the broker has said where that is. */
  position: Position | null
  /** Whether the topic was open when its reader parked: being closed is news then, once. */
  wasOpen = false

  constructor(feed: Feed, position: Position | null) {
    super(feed)
    this.position = position
  }

  /** The broker has said where the topic stands: a slot that had no position gets one. */
  beginAt(from: From): void {
    if (this.position === null) this.position = this.#beginning(from)
    // What is trimmed of a topic that was empty has been missed.
    if ((this.position === earliest || this.position === latest) && this.feed.isEmpty) this.position = this.feed.head
  }

  /** Whether the topic was closed while its reader was parked, which has yet to be told of it. */
  get hasClosed(): boolean {
    return this.wasOpen && this.feed.isClosed
  }

  /** Whether the reader, at `position`, is at the end of a topic that was closed. */
  isOverAt(position: Position | null): boolean {
    return this.feed.isClosed && position !== null && !this.feed.hasNewsFor(position)
  }

  /** Whether there is something to tell a reader who is at `position` of this topic. */
  hasNewsAt(position: Position | null): boolean {
    return position !== null && this.feed.isLocated && this.feed.hasNewsFor(position)
  }

  #beginning(from: From): Position | null {
    if (from === 'now') return this.feed.isLocated ? this.feed.head : null
    return from === 'earliest' ? earliest : latest
  }
}
