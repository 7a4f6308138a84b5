// What becomes of an operation, as the body of a coroutine.

import { expect } from 'vitest'
import type { Coroutine, Operation } from '../../runtime/index.ts'

export function* running<T>(operation: Operation<T>): Coroutine<T> {
  return yield* operation
}

/** Give what `operation` throws. */
export function* catching(operation: Operation<unknown>): Coroutine<unknown> {
  try {
    yield* operation
  } catch (error) {
    return error
  }
  return expect.unreachable('nothing was thrown')
}
