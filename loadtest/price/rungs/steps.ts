// What all rungs have in common: how a coroutine is stepped, and what the `next` of an operation gives.

import type { Coroutine, Operation, Signal } from '../../../runtime/index.ts'

/** Of an operation: new, come back for from the run queue, in line, or met. */
export const FRESH = 0
export const HELD = 1
export const PARKED = 2
export const READY = 3
export type OperationState = typeof FRESH | typeof HELD | typeof PARKED | typeof READY

/** Looked up once: every function* has a prototype of its own. */
const generatorNext = Object.getPrototypeOf(function* () {}).prototype.next as (
  this: Coroutine<unknown>,
) => IteratorResult<unknown, unknown>

export function resume(generator: Coroutine<unknown>): IteratorResult<unknown, unknown> {
  return generatorNext.call(generator)
}

/** The coroutine stops here. */
export const parkedResult: IteratorYieldResult<Signal> = { done: false, value: undefined as never }

const doneResult: { done: true; value: unknown } = { done: true, value: undefined }

/** Shared by all: `yield*` reads it at once. */
export function done<T>(value: T): IteratorReturnResult<T> {
  doneResult.value = value
  return doneResult as IteratorReturnResult<T>
}

const atOnce = { [Symbol.iterator]: () => atOnce, next: () => done(undefined) }

/** Nothing, for those that know of no host. */
export function checkpoint(): Operation<void> {
  return atOnce
}
