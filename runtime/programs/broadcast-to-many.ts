// Broadcast to many: one coroutine publishes in bursts, and every reader sees every message, or learns how many it missed.
//
// Always true of a run:
//   - a burst longer than the ring costs every reader exactly what the ring could not hold;
//   - what is read and what is missed add up to what was published, for every reader, in the order of publishing;
//   - a reader that waits is woken once for a burst.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { Broadcast, Channel, scope } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface BroadcastToManyOptions {
  readonly readers: number
  readonly bursts: number
  readonly burstSize: number
  /** How many messages are held for those who have not read them. */
  readonly capacity: number
}

export interface BroadcastToManyResult extends BroadcastToManyOptions {
  readonly read: number
  readonly missed: number
  readonly outOfOrder: number
}

/** Publish to all readers. @throws RangeError unless all sizes are whole numbers of at least 1; BrokenInvariant */
export function* broadcastToMany(options: BroadcastToManyOptions): Coroutine<BroadcastToManyResult> {
  for (const [name, size] of Object.entries(options)) checkedSize(name, size)
  const book = { read: 0, missed: 0, outOfOrder: 0 }
  yield* scope((readers) => publish(options, book, readers))
  const result = { ...options, ...book }
  checkBroadcastToMany(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkBroadcastToMany(result: BroadcastToManyResult, statistics?: SchedulerStatistics): void {
  const { readers, bursts, burstSize, capacity, read, missed, outOfOrder } = result
  const held = Math.min(burstSize, capacity)
  assertInvariants('broadcast to many', [
    equal('messages read', read, readers * bursts * held),
    equal('messages missed', missed, readers * bursts * (burstSize - held)),
    equal('messages out of order', outOfOrder, 0),
    ...ended(statistics, { coroutines: readers, mostResumes: 3 * readers * (bursts + 1) + 10 }),
  ])
}

type Book = { read: number; missed: number; outOfOrder: number }

function* publish(options: BroadcastToManyOptions, book: Book, readers: Scope): Coroutine<void> {
  const news = new Broadcast<number>(options.capacity)
  const seen = new Channel<void>()
  for (let made = 0; made < options.readers; made += 1) readers.spawn(read, news, seen, book)
  for (let burst = 0; burst < options.bursts; burst += 1) {
    for (let message = 0; message < options.burstSize; message += 1) news.publish(news.head + 1)
    for (let reader = 0; reader < options.readers; reader += 1) yield* seen.receive()
  }
  news.close()
}

function* read(news: Broadcast<number>, seen: Channel<void>, book: Book): Coroutine<void> {
  using place = news.subscribe({ from: 0 })
  let last = 0
  for (let next = yield* place.next(); next.done !== true; next = yield* place.next()) {
    const { values, missed } = next.value
    book.read += values.length
    book.missed += missed
    last += missed
    for (const message of values) if (message !== (last += 1)) book.outOfOrder += 1
    yield* seen.send()
  }
}
