// A schedule of tasklets: generators that yield what they wait for.
//
// Always true of it:
//   - each tasklet that was installed has one coroutine, which steps it, and whatever it calls by yielding it: the callers
//     wait in an array, not on the stack;
//   - an error, also a cancel, is thrown at the yield that led to it, and passes from there through the callers outward;
//   - every call is a turn: tasklets that do nothing but call each other starve nobody.

import type { Coroutine, Operation, Scope } from '../../index.ts'
import { checkpoint, Misuse, scope, sleep } from '../../index.ts'
import { turn } from '../turn.ts'

/** What a generator is to fibra. Declare it as `function* (): Tasklet<T>`; what a `yield` gives is yours to know. */
export interface Tasklet<T = unknown> extends Generator<Yieldable, T, unknown> {}

/**
 * An operation, a tasklet, seconds to sleep, or nothing, to let the others go first.
 *
 * A coroutine of the runtime is no tasklet, and neither are operations run by `yield*` in one: both would step the same
 * coroutine. The type refuses them; `yield scope(body)` runs a coroutine.
 */
export type Yieldable = (Operation<unknown> & { throw?: never }) | Tasklet | Async | Return | number | null | undefined

/** Yield it to start a tasklet beside this one. */
export class Async {
  readonly tasklet: Tasklet

  constructor(tasklet: Tasklet) {
    this.tasklet = tasklet
  }
}

/** Yield it to end this tasklet there, with a result: the same as `return value`. */
export class Return {
  readonly value: unknown

  constructor(value?: unknown) {
    this.value = value
  }
}

/** How many tasklets are started between two looks at whether the host is due its turn. */
const startsPerCheckpoint = 1024

/** @see fibra, `Schedule` */
export class Schedule {
  #installed: [tasklet: Tasklet, name: string][] = []
  #scope: Scope | null = null

  /**
   * Put a tasklet into the schedule: it starts when that runs, at the end of the queue. Does not wait.
   *
   * @param name what dumps call it
   * @throws Misuse for what is no generator
   */
  install(tasklet: Tasklet, name = 'tasklet'): void {
    if (!isTasklet(tasklet))
      throw new Misuse(`a schedule takes generators, made by calling a function* (got ${tasklet})`)
    if (this.#scope === null) this.#installed.push([tasklet, name])
    else this.#start(this.#scope, tasklet, name)
  }

  /**
   * Run the tasklets that are installed, and those that they install, until all have ended.
   *
   * @throws what a tasklet throws, after the others were cancelled and have ended; Misuse while it runs already
   */
  *run(): Coroutine<void> {
    if (this.#scope !== null) throw new Misuse('the schedule runs already: install tasklets into it')
    try {
      yield* scope((own) => this.#startInstalled(own))
    } finally {
      this.#scope = null
    }
  }

  *#startInstalled(own: Scope): Coroutine<void> {
    const installed = this.#installed
    this.#installed = []
    this.#scope = own
    for (let started = 1; started <= installed.length; started += 1) {
      this.#start(own, ...(installed[started - 1] as [Tasklet, string]))
      if (started % startsPerCheckpoint === 0) yield* checkpoint()
    }
  }

  #start(own: Scope, tasklet: Tasklet, name: string): void {
    own.spawn(drive, tasklet, this).label = name
  }
}

/** Step a tasklet, and do for it what it yields. */
function* drive(tasklet: Tasklet, schedule: Schedule): Coroutine<unknown> {
  const calls = new Calls(tasklet)
  let step = calls.resume('next', undefined)
  while (step.done !== true) {
    let value: unknown
    try {
      value = yield* operationFor(step.value, calls, schedule)
    } catch (error) {
      step = calls.resume('throw', error)
      continue
    }
    step = calls.resume('next', value)
  }
  return step.value
}

function operationFor(yielded: Yieldable, calls: Calls, schedule: Schedule): Operation<unknown> {
  if (yielded === undefined || yielded === null) return turn()
  if (typeof yielded === 'number') return yielded <= 0 ? turn() : sleep(yielded * 1000)
  if (yielded instanceof Async) {
    schedule.install(yielded.tasklet)
    return turn()
  }
  if (isTasklet(yielded)) {
    calls.enter(yielded)
    return turn()
  }
  if (isOperation(yielded)) return yielded
  throw new Misuse(`a tasklet yields a tasklet, an operation, seconds, or nothing (got ${String(yielded)})`)
}

/** A tasklet that was installed, and what it has called: its stack. */
class Calls {
  #innermost: Tasklet
  readonly #callers: Tasklet[] = []

  constructor(tasklet: Tasklet) {
    this.#innermost = tasklet
  }

  /** Call `tasklet`: it is the one to be resumed, and the caller once it has ended. */
  enter(tasklet: Tasklet): void {
    this.#callers.push(this.#innermost)
    this.#innermost = tasklet
  }

  /**
   * Go on with the innermost until one of them yields something to be done, or the outermost has ended.
   *
   * @throws what the outermost throws
   */
  resume(how: 'next' | 'throw' | 'return', given: unknown): IteratorResult<Yieldable, unknown> {
    for (;;) {
      try {
        const step = this.#innermost[how](given)
        if (step.done !== true) {
          if (!(step.value instanceof Return)) return step
          how = 'return'
          given = step.value.value
          continue
        }
        if (this.#callers.length === 0) return step
        how = 'next'
        given = step.value
      } catch (error) {
        if (this.#callers.length === 0) throw error
        how = 'throw'
        given = error
      }
      this.#innermost = this.#callers.pop() as Tasklet
    }
  }
}

function isTasklet(yielded: unknown): yielded is Tasklet {
  const { next, throw: thrower } = Object(yielded) as Partial<Tasklet>
  return typeof next === 'function' && typeof thrower === 'function'
}

function isOperation(yielded: unknown): yielded is Operation<unknown> {
  return typeof yielded === 'object' && yielded !== null && Symbol.iterator in yielded
}
