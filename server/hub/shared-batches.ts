// Batches that readers at the same place share: made for the first of them, and old as soon as anything arrives.

import type { Batch } from './batch.ts'
import type { Feed } from './feed.ts'
import type { Place } from './place.ts'
import type { Position } from './position.ts'

/** What a batch is asked for: the same reading gets the same batch. */
export interface Reading {
  readonly places: readonly Place[]
  /** Which of the places is read first. */
  readonly start: number
  /** The most messages. */
  readonly limit: number
}

/** Herds stand at few places; readers that are each somewhere else must not fill the memory. */
const mostKept = 32

export class SharedBatches {
  readonly #byKey = new Map<string, Batch>()
  #last: LastOfOne | undefined

  get size(): number {
    return this.#byKey.size
  }

  /** The batch that was kept for the same reading. */
  find(reading: Reading): Batch | undefined {
    if (this.#last?.is(reading)) return this.#last.batch
    const batch = this.#byKey.get(keyOf(reading))
    if (batch !== undefined) this.#remember(reading, batch)
    return batch
  }

  keep(reading: Reading, batch: Batch): void {
    if (this.#byKey.size >= mostKept) this.#byKey.clear()
    this.#byKey.set(keyOf(reading), batch)
    this.#remember(reading, batch)
  }

  #remember(reading: Reading, batch: Batch): void {
    if (reading.places.length === 1) this.#last = new LastOfOne(reading, batch)
  }
}

/** The last reading of a single topic. A herd is ten thousand of the same one: it is known without a key being made. */
class LastOfOne {
  readonly batch: Batch
  readonly #feed: Feed
  readonly #position: Position | null
  readonly #limit: number

  constructor({ places, limit }: Reading, batch: Batch) {
    const { feed, position } = places[0] as Place
    this.batch = batch
    this.#feed = feed
    this.#position = position
    this.#limit = limit
  }

  is({ places, limit }: Reading): boolean {
    const [place] = places as readonly [Place]
    return (
      places.length === 1 && limit === this.#limit && place.feed === this.#feed && place.position === this.#position
    )
  }
}

function keyOf({ places, start, limit }: Reading): string {
  return `${limit} ${start} ${places.map(keyOfPlace).join(' ')}`
}

function keyOfPlace({ feed, position }: Place): string {
  return position === null ? feed.topic : `${feed.topic}=${position.epoch}.${position.tag}.${position.offset}`
}
