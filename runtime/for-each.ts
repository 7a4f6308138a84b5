// Iteration over what is received, without the dance of `next()` and `done`.
//
// Why a body, and not a loop: `for … of` takes its values from an iterator that must answer at once, and `for await` awaits
// promises, outside of the scheduler. Neither can park in its head. Effection's `for (const value of yield* each(source))`
// needs `yield* each.next()` as the last line of its body, and a `continue` before that is an error when it comes to it. A
// generator as the body has no such trap, and several of them can run at once.

import type { Coroutine, Operation } from './core/operation.ts'
import type { Task } from './core/task-handle.ts'
import { scope } from './scope.ts'
import { type Permit, Semaphore } from './semaphore.ts'

/** Something to receive from until it is done: a channel, what `from` or `merge` gives, a subscription. */
export interface Receivable<T> {
  next(): Operation<IteratorResult<T, void>>
}

/** What is run for each value. It ends the loop when it returns `false`. */
// biome-ignore lint/suspicious/noConfusingVoidType: a body that returns nothing is what most are
export type ForEachBody<T> = (value: T) => Coroutine<void | false>

export interface ForEachOptions {
  /** How many bodies run at once, from 1. Default 1: one value after the other, in the coroutine of the caller. */
  readonly atMost?: number
}

/**
 * Receive values from `source` and run `body` for each, until the source is closed and drained, or a body returns `false`.
 *
 * With `atMost` above 1 each body is a coroutine of its own, no value is received before there is room for its body, and
 * the loop waits for all of them. The first failure cancels the others, and is thrown once they have ended. Cancelled
 * while it waits for a value, it has received none.
 *
 * @throws what a body or the source throws; RangeError unless `atMost` is a whole number above 0, or Infinity
 */
export function forEach<T>(
  source: Receivable<T>,
  body: ForEachBody<T>,
  { atMost: most = 1 }: ForEachOptions = {},
): Operation<void> {
  return most === 1 ? scope(() => oneByOne(source, body)) : severalAtOnce(source, body, most)
}

function* oneByOne<T>(source: Receivable<T>, body: ForEachBody<T>): Coroutine<void> {
  for (let got = yield* source.next(); got.done !== true; got = yield* source.next()) {
    if ((yield* body(got.value)) === false) return
  }
}

function severalAtOnce<T>(source: Receivable<T>, body: ForEachBody<T>, most: number): Operation<void> {
  return scope(function* (own) {
    const places = new Semaphore(most, { name: 'room for one more body' })
    const receiver: Task<void> = own.spawn(function* receiver() {
      for (;;) {
        // First the place, then the value: one that was received and waits would be lost to a cancel.
        const place = yield* places.acquire()
        const got = yield* source.next()
        if (got.done === true) return
        own.spawn(handle, got.value, place).label = body.name
      }
    })

    // It begins in any case, because its value is nowhere else any more.
    function* handle(value: T, place: Permit): Coroutine<void> {
      try {
        if ((yield* body(value)) === false) receiver.cancel('a body has ended the loop')
      } finally {
        place.release()
      }
    }
  })
}
