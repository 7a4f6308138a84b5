// Who waits in the model: one list, the longest first, and linear searches in it.
//
// As whoever parks stands in all its queues from the same moment on, its place in this list is its place in each of them.

import type { ModelClock, ModelTimer } from './model-clock.ts'
import type { ModelTask } from './model-places.ts'

export type Case =
  | { readonly kind: 'send'; readonly channel: number; readonly value: number }
  | { readonly kind: 'receive' | 'next'; readonly channel: number }
  | { readonly kind: 'after'; readonly ms: number }
  | { readonly kind: 'wait'; readonly gate: number }
  | { readonly kind: 'join'; readonly task: ModelTask }
  | { readonly kind: 'tick' }
  | { readonly kind: 'changed'; readonly subscription: number }
  | { readonly kind: 'batch'; readonly subscription: number; readonly limit: number }

export interface Beginning {
  /** Whose it is; null from outside all coroutines. */
  readonly task: ModelTask | null
  readonly cases: readonly Case[]
  readonly inOrder: boolean
}

export interface Attempt extends Beginning {
  readonly task: ModelTask
  /** Null while nobody can know it. */
  outcome: string | null
  timer: ModelTimer | null
  /** What it is to read, once there is something. */
  batch: (Case & { readonly kind: 'batch' }) | null
}

export type Concerns = (one: Case) => boolean

export class Waiting {
  readonly #clock: ModelClock
  readonly #changed: () => void
  readonly #attempts: Attempt[] = []

  /** `changed` is called when somebody has come or gone. */
  constructor(clock: ModelClock, changed: () => void) {
    this.#clock = clock
    this.#changed = changed
  }

  park(attempt: Attempt): void {
    attempt.task.isWaiting = true
    this.#attempts.push(attempt)
    for (const one of attempt.cases) {
      if (one.kind !== 'after' || one.ms === Number.POSITIVE_INFINITY) continue
      attempt.timer = this.#clock.set(this.#clock.now + one.ms, () => this.commit(attempt, 'time'))
    }
    this.#changed()
  }

  /** What `attempt` waited for has happened: it leaves all its queues at once. */
  commit(attempt: Attempt, outcome: string): void {
    attempt.outcome = outcome
    attempt.task.isWaiting = false
    this.#attempts.splice(this.#attempts.indexOf(attempt), 1)
    if (attempt.timer !== null) this.#clock.unset(attempt.timer)
    this.#changed()
  }

  commitAll(concerns: Concerns, outcome: string): boolean {
    const concerned = this.all(concerns)
    for (const attempt of concerned) this.commit(attempt, outcome)
    return concerned.length > 0
  }

  all(concerns: Concerns): Attempt[] {
    return this.#attempts.filter(({ cases }) => cases.some(concerns))
  }

  /** The one that has waited longest. */
  first(concerns: Concerns): Attempt | undefined {
    return this.#attempts.find(({ cases }) => cases.some(concerns))
  }

  of(task: ModelTask): Attempt | undefined {
    return this.#attempts.find((attempt) => attempt.task === task)
  }
}
