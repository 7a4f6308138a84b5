// The tree that a cancel travels: every task and every scope is a place in it.
//
// Invariant, between any two steps of the scheduler: inside a cancelled place every place is cancelled, too, but for
// shields and what is in them.

import type { AbortTies } from './abort-ties.ts'
import type { Cancelled } from './errors.ts'

export interface Place {
  /** The place around it: for a task the scope it was spawned in, for a scope the place its coroutine came from. */
  readonly outer: Place | null
  /**
   * Why it is cancelled, itself or from around it, as the error that its operations throw; null while it is not. The
   * first reason stays. Each place has it at hand: looked for outward, it would cost a deep tree the square of its depth.
   */
  reason: Cancelled | null
  /** A shield lets no cancel in from around it. */
  readonly isShielded: boolean
  /** Its ties to the platform's signals, made when they are first asked for. */
  readonly ties: AbortTies
  forEachInner(visit: (inner: Place) => void): void
  /** Told when it has got its reason. */
  becameCancelled(): void
  /** Assert its own invariants. */
  validate(): void
}

/** Cancel `from` and everything inside it. */
export function spreadCancel(from: Place, reason: Cancelled): void {
  const reached = [from]
  // Read while it grows: outer places come before inner ones, and siblings in the order in which they were spawned.
  for (const place of reached) {
    if (place.reason !== null || (place.isShielded && place !== from)) continue
    place.reason = reason
    place.forEachInner((inner) => reached.push(inner))
    place.becameCancelled()
  }
}

/** The first place that one meets going from `outer` towards `innermost`, or null when they are the same. */
export function placeJustInside(outer: Place, innermost: Place): Place | null {
  let inside: Place | null = null
  for (let place = innermost; place !== outer && place.outer !== null; place = place.outer) inside = place
  return inside
}

/** Assert the invariant at the head of this file, and those of each place, for `from` and everything inside it. */
export function validatePlaces(from: Place): void {
  const reached = [from]
  for (let place = reached.pop(); place !== undefined; place = reached.pop()) {
    place.validate()
    const mustBeCancelled = !place.isShielded && (place.outer?.reason ?? null) !== null
    if (mustBeCancelled && place.reason === null) throw new Error('a place inside a cancelled one is not cancelled')
    place.forEachInner((inner) => reached.push(inner))
  }
}
