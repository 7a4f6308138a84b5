// The deadline of a scope: the timer that cancels it, and can be moved until it has.

import { inWords, TimeoutError } from './errors.ts'
import type { Timekeeper, TimerEntry } from './operation.ts'

/** What a deadline asks of its scope. */
export interface Limited {
  readonly scheduler: Timekeeper
  /** What errors call it. */
  readonly name: string
  /** Cancel it; other people's code that hears of it runs between two steps. */
  stop(reason: unknown): void
}

export class Deadline implements TimerEntry {
  due = Number.POSITIVE_INFINITY
  order = 0
  place = -1
  /** Once it has fired, what it has cancelled the scope with. */
  error: TimeoutError | null = null
  readonly #scope: Limited
  #limitMs = Number.POSITIVE_INFINITY

  constructor(scope: Limited) {
    this.#scope = scope
  }

  /** Fire `limitMs` from now, at once if that is past, or never; and no more at the time that was set before. */
  set(limitMs: number): void {
    const { scheduler } = this.#scope
    scheduler.removeTimer(this)
    this.#limitMs = limitMs
    this.due = scheduler.now() + limitMs
    if (limitMs <= 0) this.fire()
    else if (limitMs !== Number.POSITIVE_INFINITY) scheduler.addTimer(this)
  }

  fire(): void {
    this.error = new TimeoutError(
      this.#limitMs,
      inWords(() => this.#scope.name),
    )
    this.#scope.stop(this.error)
  }
}

/** @throws RangeError unless it is a number */
export function checkedLimit(what: string, limitMs: number): number {
  if (typeof limitMs === 'number' && !Number.isNaN(limitMs)) return limitMs
  throw new RangeError(`${what} takes a limit in milliseconds (got ${String(limitMs)})`)
}
