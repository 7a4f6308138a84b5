// The one timer that a scheduler holds at its host, for the first of its own timers.
//
// Invariant: it is set for a time that is no later than the one it was last asked for, unless it has fired since.

import type { Host } from './host.ts'

export class HostTimer {
  readonly #host: Host
  readonly #onFired: () => void
  #undo: (() => void) | null = null
  #due = Number.POSITIVE_INFINITY

  constructor(host: Host, onFired: () => void) {
    this.#host = host
    this.#onFired = onFired
  }

  /** Fire at `due` or before. With nothing left to wait for it goes: a timer that stays would keep a process alive. */
  setFor(due: number): void {
    if (due === Number.POSITIVE_INFINITY) {
      this.clear()
    } else if (due < this.#due) {
      this.clear()
      this.#due = due
      this.#undo = this.#host.setTimer(() => this.#fired(), due - this.#host.now())
    }
  }

  clear(): void {
    this.#undo?.()
    this.#undo = null
    this.#due = Number.POSITIVE_INFINITY
  }

  #fired(): void {
    this.#undo = null
    this.#due = Number.POSITIVE_INFINITY
    this.#onFired()
  }
}
