// The operations that run a body inside a scope: scope, timeout, moveOn and shield.

import { checkedLimit } from './core/deadline.ts'
import type { Operation } from './core/operation.ts'
import type { OnFailure } from './core/scope.ts'
import type { ScopeBody } from './core/scope-operation.ts'
import { ScopeOperation, ShieldOperation } from './core/scope-operation.ts'

export interface ScopeOptions {
  /**
   * Keep the siblings of a child that fails. With `true` its failure is reported, unless somebody joins it. A function is
   * told of each failure instead, joined or not, with the task that failed, before the scope can end: it may note it, spawn
   * another, or throw, of which the scope then fails. It runs no operations. Default false.
   *
   * What the body throws cancels all children in any case.
   */
  readonly supervise?: boolean | OnFailure
}

/**
 * Run `body` with a scope to spawn into, and end after the body and every task spawned.
 *
 * The first failure, of the body or of a child, cancels the rest and is thrown as itself; later ones are reported to the
 * host. The wait for the children is no cancel point: a cancel reaches them instead, and is thrown once they have ended.
 *
 * @throws TaskCancelled if `scope.cancel()`, or a signal, stopped the body; TimeoutError if `scope.setLimit()` did
 * @see Nathaniel J. Smith, "Notes on structured concurrency", 2018
 */
export function scope<T>(body: ScopeBody<T>, options: ScopeOptions = {}): Operation<T> {
  return new ScopeOperation<T, T>(body, options.supervise ?? false)
}

/**
 * Run `body` for at most `limitMs` milliseconds; `Infinity` sets no limit, 0 stops it at its first operation.
 *
 * @throws TimeoutError if it was stopped, itself or what it spawned; a body that ends all the same gives its value
 */
export function timeout<T>(limitMs: number, body: ScopeBody<T>): Operation<T> {
  return new ScopeOperation<T, T>(body, false, checkedLimit('timeout', limitMs))
}

/** Run `body` for at most `limitMs` milliseconds, and go on without its value if that was not enough. */
export function moveOn<T>(limitMs: number, body: ScopeBody<T>): Operation<MovedOn<T>> {
  return new MoveOnOperation<T>(body, false, checkedLimit('moveOn', limitMs))
}

export type MovedOn<T> = { readonly done: true; readonly value: T } | { readonly done: false }

export interface ShieldOptions {
  /** Stop the body after so many milliseconds, with a TimeoutError. Default: no limit. */
  readonly limitMs?: number
}

/** Run `body` out of reach of any cancel from around it: the only place to park while cancelled. */
export function shield<T>(body: ScopeBody<T>, options: ShieldOptions = {}): Operation<T> {
  return new ShieldOperation<T>(body, false, checkedLimit('shield', options.limitMs ?? Number.POSITIVE_INFINITY), true)
}

class MoveOnOperation<T> extends ScopeOperation<T, MovedOn<T>> {
  protected override outcomeOf(value: T): MovedOn<T> {
    return { done: true, value }
  }

  protected override stopped(): MovedOn<T> {
    return { done: false }
  }
}
