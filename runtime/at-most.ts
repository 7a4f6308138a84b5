// A limit on how many children of a scope run at once, and a parallel map over it.
//
// Always true: a child that was spawned here holds one of the places from its first step to its last; those that wait for
// a place have not begun, and get one in FIFO order. The scope owns all of them alike.

import { checkpoint } from './checkpoint.ts'
import type { Coroutine, Operation, Selectable } from './core/operation.ts'
import type { Scope } from './core/scope.ts'
import type { Task } from './core/task-handle.ts'
import { scope } from './scope.ts'
import { type Permit, Semaphore } from './semaphore.ts'

/**
 * Spawn into `scope` so that at most `most` of these children run at once. What is spawned into the scope itself does not
 * count.
 *
 * @throws RangeError unless `most` is a whole number above 0, or Infinity
 */
export function atMost(most: number, scope: Scope): LimitedScope {
  return new LimitedScope(most, scope)
}

export class LimitedScope {
  readonly #scope: Scope
  readonly #places: Semaphore

  constructor(most: number, scope: Scope) {
    this.#scope = scope
    this.#places = new Semaphore(most, { name: 'a place among its siblings' })
  }

  /**
   * Spawn a child that begins once there is room. Enqueues it; the spawner goes on, however many wait already: `room`
   * makes it wait for them.
   *
   * A child that is cancelled before it has begun never begins.
   *
   * @throws Misuse once the scope has ended
   */
  spawn<Args extends unknown[], T>(body: (...args: Args) => Coroutine<T>, ...args: Args): Task<T> {
    const permit = this.#places.tryAcquire()
    try {
      const task = this.#scope.spawn(inItsPlace<Args, T>, this.#places, permit, body, args)
      task.label = body.name
      return task
    } catch (error) {
      permit?.release()
      throw error
    }
  }

  /**
   * Wait until there is room for one more, so that children are not spawned faster than they end.
   *
   * It holds nothing: another spawner may be the faster one, and then the child waits for its place.
   */
  room(): Selectable<void> {
    return this.#places.vacancy()
  }
}

export interface MapOptions {
  /** How many bodies run at once, from 1. Default Infinity. */
  readonly atMost?: number
}

/**
 * Run `body` for every item, several at once, and give their results in the order of the items.
 *
 * Waits for all of them. An item is asked for only once there is room for its body, so `items` may be long, or a generator
 * that makes them. The first failure cancels the others, and is thrown once they have ended.
 *
 * @throws what a body throws; RangeError unless `atMost` is a whole number above 0, or Infinity
 */
export function map<Item, Result>(
  items: Iterable<Item>,
  body: (item: Item, index: number) => Coroutine<Result>,
  { atMost: most = Number.POSITIVE_INFINITY }: MapOptions = {},
): Operation<Result[]> {
  return scope(function* (own) {
    const few = atMost(most, own)
    const tasks: Task<Result>[] = []
    for (const item of items) {
      tasks.push(few.spawn(body, item, tasks.length))
      yield* few.room() // before the next item is asked for
    }
    const results: Result[] = []
    for (const task of tasks) results.push(yield* task.join())
    return results
  })
}

function* inItsPlace<Args extends unknown[], T>(
  places: Semaphore,
  permit: Permit | undefined,
  body: (...args: Args) => Coroutine<T>,
  args: Args,
): Coroutine<T> {
  // Not by `using`, which Node 20 does not read.
  const held = permit ?? (yield* places.acquire())
  try {
    // Its cancel may have come before its first step, as when a sibling has failed and left its place.
    if (permit !== undefined) yield* checkpoint()
    return yield* body(...args)
  } finally {
    held.release()
  }
}
