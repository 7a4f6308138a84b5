// Coroutine-local values: what a request, a user or a trace is, without passing it through every call.
//
// Invariant: a map of locals never changes once a task holds it. So a child shares its spawner's for nothing, and what
// either sets later is a map of its own.

import { Misuse } from './core/errors.ts'
import { running } from './core/operation.ts'
import type { CoroutineTask, Locals } from './core/task.ts'

/**
 * Make a value that each coroutine has of its own, `initial` to begin with.
 *
 * A coroutine inherits at its spawn what its spawner has then: whoever is running, or, spawned from outside of coroutines,
 * the one whose scope it is. What either sets afterwards the other does not see.
 *
 * @see Python's contextvars (PEP 567), Node's AsyncLocalStorage
 */
export function local<T>(initial: T): Local<T> {
  return new Local(initial)
}

export class Local<T> {
  readonly #initial: T

  constructor(initial: T) {
    this.#initial = initial
  }

  /**
   * The value of the coroutine that is running, in any function that it calls; in a supervisor that of the child that
   * failed. Outside of coroutines, as in a callback of the platform, it is the initial one: what is called from
   * everywhere, as logging is, may ask everywhere.
   */
  get(): T {
    const locals = ((running.task ?? running.mourned) as CoroutineTask<unknown> | null)?.locals ?? null
    return locals?.has(this) ? (locals.get(this) as T) : this.#initial
  }

  /**
   * Set the value of the coroutine that is running, until it ends; or until the end of the block, when the result is
   * disposed of there: `using _ = user.set('ann')`. Disposal gives it back the value that it had before.
   *
   * @throws Misuse outside a coroutine, where there is nobody to keep it for
   */
  set(value: T): Disposable {
    const task = running.task as CoroutineTask<unknown> | null
    if (task === null)
      throw new Misuse('a local was set outside a coroutine: set it in one, or change its initial value')
    const before = task.locals
    task.locals = new Map(before).set(this, value)
    let isRestored = false
    return {
      [Symbol.dispose]: () => {
        if (!isRestored) this.#restore(task, before)
        isRestored = true
      },
    }
  }

  /** Only this one: others may have been set since. */
  #restore(task: CoroutineTask<unknown>, before: Locals | null): void {
    const locals = new Map(task.locals)
    if (before?.has(this)) locals.set(this, before.get(this))
    else locals.delete(this)
    task.locals = locals.size === 0 ? null : locals
  }
}
