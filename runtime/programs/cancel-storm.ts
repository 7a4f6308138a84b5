// Cancel storm: coroutines wait in every way there is, some have not even begun, and all of them are cancelled at once.
//
// Always true of a run:
//   - everybody is cancelled once, and nobody gets what it waited for;
//   - everybody cleans up, and may wait while it does so, because it is shielded then;
//   - nobody is left behind where it waited: not in a channel, not at a latch, not among the timers.

import type { Coroutine, Operation, SchedulerStatistics, Scope } from '../index.ts'
import { after, Cancelled, Channel, Latch, scope, select, shield, sleep } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

type Book = { cancelled: number; cleanedUp: number; served: number }

export interface CancelStormResult extends Readonly<Book> {
  readonly coroutines: number
  readonly stillWaiting: number
}

/**
 * Let `coroutines` coroutines wait, and as many again come too late to begin, and cancel them all.
 *
 * @throws RangeError unless `coroutines` is a whole number of at least 1; BrokenInvariant
 */
export function* cancelStorm(coroutines: number): Coroutine<CancelStormResult> {
  checkedSize('coroutines', coroutines)
  const book = { cancelled: 0, cleanedUp: 0, served: 0 }
  const places = { empty: new Channel<void>(), full: new Channel<void>(), never: new Latch() }
  yield* scope((storm) => gather(coroutines, places, book, storm))
  const stillWaiting = Number(places.empty.trySend()) + Number(places.full.tryReceive().status === 'value')
  const result = { coroutines, ...book, stillWaiting }
  checkCancelStorm(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkCancelStorm(result: CancelStormResult, statistics?: SchedulerStatistics): void {
  const all = 2 * result.coroutines
  assertInvariants('cancel storm', [
    equal('the cancelled', result.cancelled, all),
    equal('those that cleaned up', result.cleanedUp, all),
    equal('those that got what they waited for', result.served, 0),
    equal('those that still wait', result.stillWaiting, 0),
    ...ended(statistics, { coroutines: all, mostResumes: 4 * all + 10 }),
  ])
}

type Places = { readonly empty: Channel<void>; readonly full: Channel<void>; readonly never: Latch }

const hourMs = 3_600_000

const ways: readonly ((places: Places) => Operation<unknown>)[] = [
  ({ empty }) => empty.receive(),
  ({ full }) => full.send(),
  ({ never }) => never.wait(),
  () => sleep(hourMs),
  ({ empty, full, never }) => select({ a: empty.receive(), b: full.send(), c: never.wait(), d: after(hourMs) }),
  ({ never }) => scope(() => whole(never.wait())),
]

function* gather(coroutines: number, places: Places, book: Book, storm: Scope): Coroutine<void> {
  for (let made = 0; made < coroutines; made += 1) storm.spawn(wait, made, places, book)
  // A tick later everybody waits; and then come those that will not have begun.
  yield* sleep(1)
  for (let made = 0; made < coroutines; made += 1) storm.spawn(wait, made, places, book)
  storm.cancel('the storm')
}

function* wait(at: number, places: Places, book: Book): Coroutine<void> {
  try {
    yield* (ways[at % ways.length] as (places: Places) => Operation<unknown>)(places)
    book.served += 1
  } catch (error) {
    if (error instanceof Cancelled) book.cancelled += 1
    throw error
  } finally {
    yield* shield(() => whole(sleep(1)))
    book.cleanedUp += 1
  }
}

/** A body that is this operation and nothing else. */
function* whole(operation: Operation<void>): Coroutine<void> {
  yield* operation
}
