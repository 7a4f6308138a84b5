// How an error of the runtime's own reaches a coroutine where it has yielded what is no operation, or behind its end.

import type { Coroutine } from './operation.ts'

/** Go on with `generator` by throwing `error` into it: the next step of its coroutine. */
export function* throwing(
  task: { generator: Coroutine<unknown> | null },
  generator: Coroutine<unknown>,
  error: unknown,
): Coroutine<unknown> {
  task.generator = generator
  const result = throwInto(generator, error)
  if (result.done === true) return result.value
  // The very object: the scheduler tells its results apart by identity.
  return yield* { [Symbol.iterator]: () => ({ next: () => result as IteratorYieldResult<never> }) }
}

/**
 * What a coroutine delegates to where it has yielded may be the iterator of an array, a string, a Set or a Map: these have
 * no `throw`, and the coroutine would get a TypeError about that. So they are lent one.
 */
function throwInto(generator: Coroutine<unknown>, thrown: unknown): IteratorResult<unknown, unknown> {
  const isLent = Reflect.defineProperty(iteratorPrototype, 'throw', {
    configurable: true,
    value(error: unknown) {
      throw error
    },
  })
  try {
    return generator.throw(thrown)
  } finally {
    if (isLent) Reflect.deleteProperty(iteratorPrototype, 'throw')
  }
}

/** What the iterators of the language inherit from. */
const iteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object
