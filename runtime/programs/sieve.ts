// Prime sieve: numbers run through a row of filters, one for each prime found; what comes out at the end is the next prime.
//
// McIlroy's sieve, known from Hoare's CSP paper and from Go's first example. Always true of a run:
//   - a filter lets pass what its prime does not divide, in the order in which it came;
//   - the numbers end at a limit, and every filter passes their end on: nobody is left to be cancelled.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { Channel, scope } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

/** How many primes there are, their sum, and the last of them. */
type Found = { primes: number; sum: number; largest: number }

export interface SieveResult extends Readonly<Found> {
  readonly limit: number
}

/**
 * Find the primes up to `limit`.
 *
 * @throws RangeError unless `limit` is a whole number of at least 2; BrokenInvariant
 */
export function* sieve(limit: number): Coroutine<SieveResult> {
  checkedSize('limit', limit, 2)
  const result = yield* scope((filters) => findPrimes(limit, filters))
  checkSieve(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkSieve({ limit, primes, sum, largest }: SieveResult, statistics?: SchedulerStatistics): void {
  const right = eratosthenes(limit)
  assertInvariants('sieve', [
    equal('primes', primes, right.primes),
    equal('their sum', sum, right.sum),
    equal('the largest', largest, right.largest),
    ...ended(statistics, { coroutines: 1 + right.primes }),
  ])
}

function* findPrimes(limit: number, filters: Scope): Coroutine<SieveResult> {
  let last = new Channel<number>()
  filters.spawn(count, limit, last)
  const found = { primes: 0, sum: 0, largest: 0 }
  for (let next = yield* last.next(); next.done !== true; next = yield* last.next()) {
    note(next.value, found)
    const from = last
    last = new Channel<number>()
    filters.spawn(filter, next.value, from, last)
  }
  return { limit, ...found }
}

function* count(limit: number, to: Channel<number>): Coroutine<void> {
  for (let number = 2; number <= limit; number += 1) yield* to.send(number)
  to.close()
}

function* filter(prime: number, from: Channel<number>, to: Channel<number>): Coroutine<void> {
  for (let next = yield* from.next(); next.done !== true; next = yield* from.next()) {
    if (next.value % prime !== 0) yield* to.send(next.value)
  }
  to.close()
}

/** A sieve of another kind, to hold the first against: it crosses out multiples. */
function eratosthenes(limit: number): Found {
  const isCrossedOut = new Uint8Array(limit + 1)
  const found = { primes: 0, sum: 0, largest: 0 }
  for (let number = 2; number <= limit; number += 1) {
    if (isCrossedOut[number] === 1) continue
    note(number, found)
    for (let multiple = number * number; multiple <= limit; multiple += number) isCrossedOut[multiple] = 1
  }
  return found
}

function note(prime: number, found: Found): void {
  found.primes += 1
  found.sum += prime
  found.largest = prime
}
