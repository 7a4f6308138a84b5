// What a reader waits for: that its topics are located, or that one of them has news.
//
// Waiting on N topics is N links in N wait lists, not N cases of a select.

import type { Waiter } from '../../runtime/index.ts'
import { SelectableOperation } from '../../runtime/index.ts'
import type { Feed, FeedWaiter } from './feed.ts'
import type { From, ReaderSlot } from './reader-slot.ts'

/** Told when a reader begins to wait for news, and when it ceases to. */
export interface WaitingCount {
  countWaiting(change: 1 | -1): void
}

abstract class FeedOperation extends SelectableOperation<void> implements FeedWaiter {
  protected readonly slots: readonly ReaderSlot[]
  protected readonly from: From

  constructor(slots: readonly ReaderSlot[], from: From) {
    super()
    this.slots = slots
    this.from = from
  }

  abstract isReady(): boolean

  poll(): boolean {
    return this.isReady()
  }

  take(): void {}

  override withdraw(waiter: Waiter): void {
    this.leave()
    super.withdraw(waiter)
  }

  feedHasNews(): void {
    this.leave()
    this.complete()
  }

  protected join(slots: readonly ReaderSlot[]): void {
    for (const slot of slots) {
      slot.waiter = this
      slot.feed.enlist(slot)
    }
  }

  protected leave(): void {
    for (const slot of this.slots) {
      slot.feed.withdraw(slot)
      slot.waiter = null
    }
  }
}

/**
 * Ready once the broker has said of every topic where it stands, or that it does not follow it. The latter fails readers
 * that have no position in the topic; the others keep theirs, and need not wait for it where another topic has news.
 */
export class Located extends FeedOperation {
  /** Kept from when it was seen: the next reader clears it from the feed. */
  #failure: Feed['failure'] = null

  isReady(): boolean {
    let isSettled = true
    let hasNews = false
    let isPlaced = true
    this.#failure = null
    for (const slot of this.slots) {
      slot.beginAt(this.from)
      const { isLocated, failure } = slot.feed
      if (isLocated) {
        hasNews ||= slot.hasNewsAt(slot.position)
      } else if (slot.position === null) {
        isSettled = false
        isPlaced = false
        this.#failure ??= failure
      } else if (failure === null) {
        isSettled = false
      }
    }
    return isSettled || this.#failure !== null || (hasNews && isPlaced)
  }

  override take(): void {
    if (this.#failure !== null) throw this.#failure.error
    for (const slot of this.slots) slot.beginAt(this.from)
  }

  describe(): string {
    return `the broker: ${topicsInWords(this.slots)}`
  }

  protected enlist(): void {
    this.join(this.slots)
  }
}

/**
 * Ready while there is something to tell about any of the topics: messages, or that one was closed while its reader was
 * parked; and when all of them are closed and have been read. Takes nothing.
 */
export class Changed extends FeedOperation {
  readonly #count: WaitingCount

  constructor(count: WaitingCount, slots: readonly ReaderSlot[], from: From) {
    super(slots, from)
    this.#count = count
  }

  isReady(): boolean {
    let isOver = true
    for (const slot of this.slots) {
      slot.beginAt(this.from)
      if (slot.hasNewsAt(slot.position) || slot.hasClosed) return true
      isOver &&= slot.feed.isClosed
    }
    return isOver
  }

  describe(): string {
    return `news of ${topicsInWords(this.slots)}`
  }

  protected enlist(): void {
    this.#count.countWaiting(1)
    for (const slot of this.slots) slot.wasOpen = slot.feed.isLocated && !slot.feed.isClosed
    this.join(this.slots)
  }

  protected override leave(): void {
    this.#count.countWaiting(-1)
    super.leave()
  }
}

function topicsInWords(slots: readonly ReaderSlot[]): string {
  const [first, ...others] = slots
  return others.length === 0 ? `${first?.feed.topic}` : `${first?.feed.topic} and ${others.length} more`
}
