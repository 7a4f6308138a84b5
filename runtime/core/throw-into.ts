// How Misuse reaches a coroutine that has yielded what is no operation.

import type { Misuse } from './errors.ts'
import type { Coroutine } from './operation.ts'

/**
 * Throw `misuse` where a coroutine has yielded. What it delegates to there may be the iterator of an array, a string, a Set
 * or a Map: these have no `throw`, and the coroutine would get a TypeError about that. So they are lent one.
 */
export function throwInto(generator: Coroutine<unknown>, misuse: Misuse): IteratorResult<unknown, unknown> {
  const isLent = Reflect.defineProperty(iteratorPrototype, 'throw', {
    configurable: true,
    value(error: unknown) {
      throw error
    },
  })
  try {
    return generator.throw(misuse)
  } finally {
    if (isLent) Reflect.deleteProperty(iteratorPrototype, 'throw')
  }
}

/** What the iterators of the language inherit from. */
const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object
