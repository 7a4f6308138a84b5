// What a reader waits for: that its topics are located, or that one of them has news.
//
// Waiting on N topics is N links in N wait lists, not N cases of a select.

import type { Waiter } from '../../runtime/index.ts'
import { SelectableOperation } from '../../runtime/index.ts'
import type { Feed, Waiting } from './feed.ts'
import type { From, Place } from './place.ts'

/** Told when a reader begins to wait for news, and when it ceases to. */
export interface WaitingCount {
  countWaiting(change: 1 | -1): void
}

abstract class FeedOperation extends SelectableOperation<void> implements Waiting {
  protected readonly places: readonly Place[]
  protected readonly from: From

  constructor(places: readonly Place[], from: From) {
    super()
    this.places = places
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

  protected join(places: readonly Place[]): void {
    for (const place of places) {
      place.waiting = this
      place.feed.enlist(place)
    }
  }

  protected leave(): void {
    for (const place of this.places) {
      place.feed.withdraw(place)
      place.waiting = null
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
    for (const place of this.places) {
      place.take(this.from)
      const { isLocated, failure } = place.feed
      if (isLocated) {
        hasNews ||= place.hasNewsAt(place.position)
      } else if (place.position === null) {
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
    for (const place of this.places) place.take(this.from)
  }

  describe(): string {
    return `the broker: ${topicsInWords(this.places)}`
  }

  protected enlist(): void {
    this.join(this.places)
  }
}

/** Ready while there is something to tell about any of the topics. Takes nothing. */
export class Changed extends FeedOperation {
  readonly #count: WaitingCount

  constructor(count: WaitingCount, places: readonly Place[], from: From) {
    super(places, from)
    this.#count = count
  }

  isReady(): boolean {
    for (const place of this.places) {
      place.take(this.from)
      if (place.hasNewsAt(place.position)) return true
    }
    return false
  }

  describe(): string {
    return `news of ${topicsInWords(this.places)}`
  }

  protected enlist(): void {
    this.#count.countWaiting(1)
    this.join(this.places)
  }

  protected override leave(): void {
    this.#count.countWaiting(-1)
    super.leave()
  }
}

function topicsInWords(places: readonly Place[]): string {
  const [first, ...others] = places
  return others.length === 0 ? `${first?.feed.topic}` : `${first?.feed.topic} and ${others.length} more`
}
