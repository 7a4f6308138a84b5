// Operations under watch: each `next()` of the runtime's operation is compared with what the model says it must do.
//
// A `next()` does one of three things: it ends the operation, it parks the coroutine, or it has the coroutine hand over
// first (before a cancel is delivered, or when its budget is spent). What it did is read off the task's status.

import type { Operation, Signal, Task } from '../../../runtime/index.ts'
import type { Model } from './model.ts'
import type { ModelScope, ModelTask } from './model-places.ts'
import type { Attempt } from './waiting.ts'
import { carriesCancel, errorInWords } from './words.ts'

/** A coroutine of the program: the runtime's handle, and what the model has of it. */
export interface Actor {
  readonly model: ModelTask
  readonly handle: Task<number>
  /** Told what the runtime did and the model does not allow. */
  violated(violation: unknown): void
}

interface Watch {
  before(): void
  stopped(status: Task<number>['status']): void
  ended(outcome: string): void
}

/** Runs `operation` for `actor`, under watch. */
export class Watched<T> implements Operation<T> {
  readonly #actor: Actor
  readonly #iterator: Iterator<Signal, T, void>
  readonly #watch: Watch
  readonly #inWords: (result: T) => string

  constructor(actor: Actor, operation: Operation<T>, watch: Watch, inWords: (result: T) => string) {
    this.#actor = actor
    this.#iterator = operation[Symbol.iterator]()
    this.#watch = watch
    this.#inWords = inWords
  }

  [Symbol.iterator](): this {
    return this
  }

  next(): IteratorResult<Signal, T> {
    this.#judge(() => this.#watch.before())
    let result: IteratorResult<Signal, T>
    try {
      result = this.#iterator.next()
    } catch (error) {
      if (carriesCancel(error)) this.#actor.model.isTold = true
      this.#judge(() => this.#watch.ended(errorInWords(error)))
      throw error
    }
    if (result.done === true) this.#judge(() => this.#watch.ended(this.#inWords(result.value)))
    else this.#judge(() => this.#watch.stopped(this.#actor.handle.status))
    return result
  }

  /** Thrown from here, a violation might be caught by the program. */
  #judge(judgement: () => void): void {
    try {
      judgement()
    } catch (violation) {
      this.#actor.violated(violation)
    }
  }
}

/** Of everything that can be a case of select, and of select itself. */
export class OperationWatch implements Watch {
  readonly #model: Model
  readonly #attempt: Attempt
  readonly #mayAlwaysHandOver: boolean
  #isHeld = false
  #hasParked = false

  constructor(model: Model, attempt: Attempt, mayAlwaysHandOver = false) {
    this.#model = model
    this.#attempt = attempt
    this.#mayAlwaysHandOver = mayAlwaysHandOver
  }

  before(): void {
    this.#model.clock.catchUp()
    if (this.#hasParked && this.#attempt.outcome === null) throw new Error('woken, and nothing has happened')
  }

  stopped(status: Task<number>['status']): void {
    const { task } = this.#attempt
    if (this.#hasParked) throw new Error('stopped once more after it was woken')
    if (status === 'runnable') this.#held()
    else this.#parked()
    task.stopped()
  }

  ended(outcome: string): void {
    const { cancellation } = this.#attempt.task
    if (this.#hasParked) agree(outcome, [this.#model.outcome(this.#attempt)])
    else if (cancellation === null) this.#endedAtOnce(outcome)
    else if (this.#isHeld) agree(outcome, [cancellation])
    else throw new Error(`"${outcome}" without a trip through the run queue, while cancelled`)
  }

  #endedAtOnce(outcome: string): void {
    if (!this.#isHeld && !this.#mayAlwaysHandOver) this.#attempt.task.countOperation()
    agree(outcome, this.#ready())
    if (!this.#mayAlwaysHandOver) this.#model.choose(this.#attempt, outcome)
  }

  #held(): void {
    if (this.#isHeld) throw new Error('handed over twice')
    if (!this.#mayAlwaysHandOver && !this.#attempt.task.mayHandOver) throw new Error('handed over for no reason')
    this.#isHeld = true
  }

  #parked(): void {
    if (this.#attempt.task.cancellation !== null) throw new Error('parked while cancelled')
    if (this.#ready().length > 0) throw new Error(`parked, and it could have had "${this.#ready().join('" or "')}"`)
    this.#hasParked = true
    this.#model.park(this.#attempt)
  }

  #ready(): string[] {
    return this.#mayAlwaysHandOver ? ['passed'] : this.#model.readyOutcomes(this.#attempt)
  }
}

/** Of scope, timeout, moveOn and shield. */
export class EnclosureWatch implements Watch {
  readonly #model: Model
  readonly #task: ModelTask
  readonly #isShield: boolean
  readonly #enter: () => ModelScope
  #isHeld = false
  #scope: ModelScope | null = null

  constructor(model: Model, task: ModelTask, isShield: boolean, enter: () => ModelScope) {
    this.#model = model
    this.#task = task
    this.#isShield = isShield
    this.#enter = enter
  }

  before(): void {
    this.#model.clock.catchUp()
  }

  stopped(status: Task<number>['status']): void {
    if (this.#scope !== null) throw new Error('it stopped where its outcome was due')
    if (status === 'running') this.#entered()
    else if (status === 'runnable') this.#held()
    else throw new Error('parked where it was to be entered')
  }

  #held(): void {
    if (this.#isHeld) throw new Error('handed over twice')
    if (!this.#task.mayHandOver) throw new Error('handed over for no reason')
    this.#isHeld = true
    this.#task.stopped()
  }

  ended(outcome: string): void {
    if (this.#scope === null && !this.#isHeld) throw new Error(`"${outcome}" before it was entered`)
    agree(outcome, [this.#scope?.outcome() ?? this.#task.cancellation ?? 'its body'])
  }

  #entered(): void {
    const { cancellation } = this.#task
    if (cancellation !== null && !(this.#isShield && this.#isHeld)) throw new Error('entered while cancelled')
    if (!this.#isHeld) this.#task.countOperation()
    this.#scope = this.#enter()
  }
}

/** @throws Error unless `outcome` is one of those wanted */
export function agree<T>(outcome: T, wanted: readonly T[]): void {
  if (wanted.includes(outcome)) return
  const said = wanted.length === 0 ? 'nothing' : `"${wanted.join('" or "')}"`
  throw new Error(`the runtime says "${outcome}", the model ${said}`)
}
