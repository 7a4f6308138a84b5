// Parked: many coroutines wait at the same time, each on a channel of its own; then each gets its value and ends.
//
// For whoever wants to know what a coroutine costs that only waits. Always true of a run: when `whileParked` is called,
// every coroutine is parked on its channel, and nothing else is about.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { Channel, checkpoint, Latch, scope } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface ParkedResult {
  readonly coroutines: number
  readonly received: number
}

/**
 * Park `coroutines` coroutines, call `whileParked`, and let them go.
 *
 * @throws RangeError unless `coroutines` is a whole number of at least 1; BrokenInvariant
 */
export function* parked(coroutines: number, whileParked: () => void): Coroutine<ParkedResult> {
  checkedSize('coroutines', coroutines)
  const book = { received: 0 }
  yield* scope((all) => park(coroutines, whileParked, book, all))
  const result = { coroutines, ...book }
  checkParked(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkParked({ coroutines, received }: ParkedResult, statistics?: SchedulerStatistics): void {
  assertInvariants('parked', [
    equal('values received', received, coroutines),
    // And one more, which comes after all of them.
    ...ended(statistics, { coroutines: coroutines + 1, mostResumes: 2 * coroutines + 10 }),
  ])
}

type Book = { received: number }

function* park(coroutines: number, whileParked: () => void, book: Book, all: Scope): Coroutine<void> {
  // Of its final length at once: one that grows has room that nobody uses.
  const channels = new Array<Channel<number>>(coroutines)
  for (let made = 0; made < coroutines; made += 1) {
    channels[made] = new Channel<number>()
    all.spawn(wait, channels[made] as Channel<number>, book)
    if (made % 1_024 === 1_023) yield* checkpoint()
  }
  const everybodyWaits = new Latch()
  all.spawn(open, everybodyWaits)
  yield* everybodyWaits.wait()
  whileParked()
  for (const [at, channel] of channels.entries()) {
    yield* channel.send(1)
    if (at % 1_024 === 1_023) yield* checkpoint()
  }
}

function* wait(channel: Channel<number>, book: Book): Coroutine<void> {
  const value = yield* channel.receive()
  book.received += value
}

/** Spawned last, it runs last: with the order that every scheduler has unless it was asked to shuffle. */
function* open(latch: Latch): Coroutine<void> {
  latch.open()
}
