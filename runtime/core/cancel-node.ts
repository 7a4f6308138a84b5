// The tree that a cancel travels: every task and every scope is a node in it.
//
// Invariant, between any two steps of the scheduler: inside a cancelled node every node is cancelled, too, but for
// shields and what is in them.

import type { AbortTies } from './abort-ties.ts'
import type { Cancelled } from './errors.ts'

export interface CancelNode {
  /** The node around it: for a task the scope it was spawned in, for a scope the node its coroutine came from. */
  readonly outer: CancelNode | null
  /**
   * Why it is cancelled, itself or from around it, as the error that its operations throw; null while it is not. The
   * first reason stays. Each node has it at hand: looked for outward, it would cost a deep tree the square of its depth.
   */
  reason: Cancelled | null
  /** A shield lets no cancel in from around it. */
  readonly isShielded: boolean
  /** Its ties to the platform's signals, made when they are first asked for. */
  readonly ties: AbortTies
  forEachInner(visit: (inner: CancelNode) => void): void
  /** Told when it has got its reason. */
  becameCancelled(): void
  /** Assert its own invariants. */
  validate(): void
}

/** Cancel `from` and everything inside it. */
export function spreadCancel(from: CancelNode, reason: Cancelled): void {
  const reached = [from]
  // Read while it grows: outer nodes come before inner ones, and siblings in the order in which they were spawned.
  for (const node of reached) {
    if (node.reason !== null || (node.isShielded && node !== from)) continue
    node.reason = reason
    node.forEachInner((inner) => reached.push(inner))
    node.becameCancelled()
  }
}

/** The first node that one meets going from `outer` towards `innermost`, or null when they are the same. */
export function nodeJustInside(outer: CancelNode, innermost: CancelNode): CancelNode | null {
  let inside: CancelNode | null = null
  for (let node = innermost; node !== outer && node.outer !== null; node = node.outer) inside = node
  return inside
}

/** Assert the invariant at the head of this file, and those of each node, for `from` and everything inside it. */
export function validateCancelTree(from: CancelNode): void {
  const reached = [from]
  for (let node = reached.pop(); node !== undefined; node = reached.pop()) {
    node.validate()
    const mustBeCancelled = !node.isShielded && (node.outer?.reason ?? null) !== null
    if (mustBeCancelled && node.reason === null) throw new Error('a node inside a cancelled one is not cancelled')
    node.forEachInner((inner) => reached.push(inner))
  }
}
