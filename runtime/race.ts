// All, race and any: several coroutines at once, and one outcome of them.
//
// Always true: what runs for one of these calls runs in a scope of its own, and has ended when the call gives its outcome.

import { AllFailed, isCancelled, Misuse } from './core/errors.ts'
import type { Coroutine, Operation } from './core/operation.ts'
import type { Scope } from './core/scope.ts'
import type { Task } from './core/task-handle.ts'
import { Deferred } from './deferred.ts'
import { scope } from './scope.ts'

/**
 * Who takes part: a body, which is started; or a task, which is joined. A body that loses is cancelled. A task belongs to
 * the scope it was spawned in: the wait for it is given up, and it goes on.
 */
export type Entrant<T> = Task<T> | (() => Coroutine<T>)

/** In a list, or by name. */
export type Entrants = readonly Entrant<unknown>[] | Readonly<Record<string, Entrant<unknown>>>

/** What an entrant gives. */
export type ResultOf<E> = E extends Task<infer T> ? T : E extends () => Coroutine<infer T> ? T : never

/** What all of them give, in the shape in which they were given. */
export type ResultsOf<E extends Entrants> = { -readonly [Name in keyof E]: ResultOf<E[Name]> }

/** Who was first, by name or by place in the list, and what it gave: a union over `case`, as `select` gives. */
export type FirstOf<E extends Entrants> = E extends readonly Entrant<unknown>[]
  ? { readonly case: number; readonly value: ResultOf<E[number]> }
  : { [Name in keyof E]: { readonly case: Name; readonly value: ResultOf<E[Name]> } }[keyof E]

/**
 * Wait for all of them, and give all results.
 *
 * The first failure cancels the others, and is thrown once they have ended; later ones are reported.
 *
 * @throws what one of them throws; TaskCancelled if a task was cancelled
 */
export function all<const E extends Entrants>(entrants: E): Operation<ResultsOf<E>> {
  return scope(function* (own) {
    const tasks = Object.entries(entrants).map(([name, entrant]) => [name, enter(own, entrant)] as const)
    const results: [name: string, result: unknown][] = []
    for (const [name, task] of tasks) results.push([name, yield* task.join()])
    return (Array.isArray(entrants) ? results.map(([, result]) => result) : Object.fromEntries(results)) as ResultsOf<E>
  })
}

/**
 * Wait for the first that ends, and give its result, or throw its failure.
 *
 * The others are cancelled then, and have ended when it gives its outcome; what they still fail of is reported.
 *
 * @throws what the first throws; Misuse without entrants
 */
export function race<const E extends Entrants>(entrants: E): Operation<FirstOf<E>> {
  return firstOf(entrants, (error, first) => first.fail(error))
}

/**
 * Wait for the first that succeeds, and give its result. Who fails before that is out, and its failure is dropped.
 *
 * The others are cancelled then, and have ended when it gives its result; what they still fail of is reported.
 *
 * @throws AllFailed if none succeeds; Misuse without entrants
 */
export function any<const E extends Entrants>(entrants: E): Operation<FirstOf<E>> {
  const { length } = Object.keys(entrants)
  const failures = new Map<string, unknown>()
  return firstOf(entrants, (error, first, name) => {
    if (first.isSettled) return false
    failures.set(name, error)
    if (failures.size === length) first.fail(new AllFailed(Object.keys(entrants).map((each) => failures.get(each))))
    return true
  })
}

/** Told of a failure. False when it came too late to count: it is reported then. */
type OnFailure<T> = (error: unknown, first: Deferred<T>, name: string) => boolean

function firstOf<E extends Entrants>(entrants: E, onFailure: OnFailure<FirstOf<E>>): Operation<FirstOf<E>> {
  const named = Object.entries(entrants)
  if (named.length === 0) throw new Misuse('there is no first of nobody: give race and any at least one entrant')
  return scope(
    function* (own) {
      const first = new Deferred<FirstOf<E>>({ name: 'the first of several' })
      const tasks = named.map(([name, entrant]) => {
        const id = Array.isArray(entrants) ? Number(name) : name
        const task = own.spawn(running, entrant, (value) => first.set({ case: id, value } as FirstOf<E>), failed)
        if (typeof entrant === 'function') task.label = entrant.name
        return task

        function failed(error: unknown): boolean {
          return onFailure(error, first, name)
        }
      })
      const winner = yield* first.wait()
      for (const task of tasks) task.cancel('another one was first')
      return winner
    },
    { supervise: true },
  )
}

function* running(
  entrant: Entrant<unknown>,
  succeeded: (value: unknown) => void,
  failed: (error: unknown) => boolean,
): Coroutine<void> {
  try {
    succeeded(typeof entrant === 'function' ? yield* entrant() : yield* entrant.join())
  } catch (error) {
    // A cancel goes on, and what a disposal has thrown beside it is reported.
    if (!failed(error) || isCancelled(error)) throw error
  }
}

function enter(own: Scope, entrant: Entrant<unknown>): Task<unknown> {
  return typeof entrant === 'function' ? own.spawn(entrant) : own.spawn(joining, entrant)
}

function* joining(task: Task<unknown>): Coroutine<unknown> {
  return yield* task.join()
}
