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

/** Ready once the broker has said where every topic stands, or has failed to. */
export class Located extends FeedOperation {
  /** Kept from when it was seen: the next reader clears it from the feed. */
  #failure: Feed['failure'] = null

  isReady(): boolean {
    let isReady = true
    this.#failure = null
    for (const place of this.places) {
      place.take(this.from)
      const { isLocated, failure } = place.feed
      if (isLocated) continue
      isReady = false
      this.#failure ??= failure
    }
    return isReady || this.#failure !== null
  }

  override take(): void {
    if (this.#failure !== null) throw this.#failure.error
    for (const place of this.places) place.take(this.from)
  }

  describe(): string {
    return `the broker: ${topicsInWords(this.places)}`
  }

  protected enlist(): void {
    this.join(this.places.filter(({ feed }) => !feed.isLocated))
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
      if (place.feed.failure !== null || place.hasNewsAt(place.position)) return true
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
