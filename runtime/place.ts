// The tree that a cancel travels: every task and every scope is a place in it.
//
// Invariant, between any two steps of the scheduler: a place is cancelled exactly when it has a reason of its own, or
// the place around it is cancelled and it is not a shield.

import type { Cancelled } from './errors.ts'

export interface Place {
  /** The place around it: for a task the scope it was spawned in, for a scope the place its coroutine came from. */
  readonly outer: Place | null
  /** Why it was cancelled itself, as the error to throw. */
  reason: Cancelled | null
  /** Whether operations in it throw: cancelled itself, or from around it. */
  cancelled: boolean
  /** A shield lets no cancel in from around it. */
  readonly isShielded: boolean
  forEachInner(visit: (inner: Place) => void): void
  /** Told when `cancelled` has become true. */
  becameCancelled(): void
}

/** Mark everything inside `from`. Outer places come before inner ones, so that a look one step outward is enough. */
export function spreadCancel(from: Place): void {
  const reached = [from]
  for (let place = reached.pop(); place !== undefined; place = reached.pop()) {
    if (place.cancelled || !shouldBeCancelled(place)) continue
    place.cancelled = true
    place.forEachInner((inner) => reached.push(inner))
    place.becameCancelled()
  }
}

/** The nearest reason, looking outward. */
export function causeOfCancel(place: Place): Cancelled {
  for (let at: Place | null = place; at !== null; at = at.outer) {
    if (at.reason !== null) return at.reason
  }
  throw new Error('a cancelled place has no reason anywhere around it')
}

/** The first place that one meets going from `outer` towards `innermost`, or null when they are the same. */
export function placeJustInside(outer: Place, innermost: Place): Place | null {
  let inside: Place | null = null
  for (let place = innermost; place !== outer && place.outer !== null; place = place.outer) inside = place
  return inside
}

/** Assert the invariant at the head of this file for everything inside `from`. */
export function validatePlaces(from: Place): void {
  const reached = [from]
  for (let place = reached.pop(); place !== undefined; place = reached.pop()) {
    if (place.cancelled !== shouldBeCancelled(place)) throw new Error('a place disagrees with the place around it')
    place.forEachInner((inner) => reached.push(inner))
  }
}

function shouldBeCancelled(place: Place): boolean {
  return place.reason !== null || (!place.isShielded && place.outer?.cancelled === true)
}
