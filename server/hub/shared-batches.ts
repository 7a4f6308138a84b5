// Batches that readers at the same position share: made for the first of them, and old as soon as anything arrives.

import type { Batch } from './batch.ts'
import type { Feed } from './feed.ts'
import type { Position } from './position.ts'
import type { ReaderSlot } from './reader-slot.ts'

/** What a batch is asked for: the same request gets the same batch. */
export interface BatchRequest {
  readonly slots: readonly ReaderSlot[]
  /** Which of the slots is read first. */
  readonly start: number
  /** The most messages. */
  readonly limit: number
}

/** Herds stand at few positions; readers that each stand at another one must not fill the memory. */
const mostKept = 32

export class SharedBatches {
  readonly #byKey = new Map<string, Batch>()
  #last: LastOfOne | undefined

  get size(): number {
    return this.#byKey.size
  }

  /** The batch that was kept for the same request. */
  find(request: BatchRequest): Batch | undefined {
    if (this.#last?.is(request)) return this.#last.batch
    const batch = this.#byKey.get(keyOf(request))
    if (batch !== undefined) this.#remember(request, batch)
    return batch
  }

  keep(request: BatchRequest, batch: Batch): void {
    if (this.#byKey.size >= mostKept) this.#byKey.clear()
    this.#byKey.set(keyOf(request), batch)
    this.#remember(request, batch)
  }

  #remember(request: BatchRequest, batch: Batch): void {
    if (request.slots.length === 1) this.#last = new LastOfOne(request, batch)
  }
}

/** The last request for a single topic. A herd is ten thousand of the same one: it is known without a key being made. */
class LastOfOne {
  readonly batch: Batch
  readonly #feed: Feed
  readonly #position: Position | null
  readonly #limit: number

  constructor({ slots, limit }: BatchRequest, batch: Batch) {
    const { feed, position } = slots[0] as ReaderSlot
    this.batch = batch
    this.#feed = feed
    this.#position = position
    this.#limit = limit
  }

  is({ slots, limit }: BatchRequest): boolean {
    const [slot] = slots as readonly [ReaderSlot]
    return slots.length === 1 && limit === this.#limit && slot.feed === this.#feed && slot.position === this.#position
  }
}

function keyOf({ slots, start, limit }: BatchRequest): string {
  return `${limit} ${start} ${slots.map(keyOfSlot).join(' ')}`
}

function keyOfSlot({ feed, position }: ReaderSlot): string {
  return position === null ? feed.topic : `${feed.topic}=${position.epoch}.${position.tag}.${position.offset}`
}
