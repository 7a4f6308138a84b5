// One listener on each signal of the platform, however many tasks, scopes and operations it stops.
//
// The platform searches all listeners of a signal whenever one is added: 16,000 of them would take a second.
//
// Invariant: a signal has a listener from here exactly while something here listens to it.

import type { AbortSignalLike } from './host.ts'
import { Link, WaitList } from './wait-list.ts'

const listened = new WeakMap<AbortSignalLike, SharedListener>()

/** What is to be done once, when a signal aborts. */
export class AbortListener extends Link {
  readonly #signal: AbortSignalLike
  readonly onAbort: () => void

  constructor(signal: AbortSignalLike, onAbort: () => void) {
    super()
    this.#signal = signal
    this.onAbort = onAbort
  }

  listen(): void {
    let shared = listened.get(this.#signal)
    if (shared === undefined) {
      shared = new SharedListener(this.#signal)
      this.#signal.addEventListener('abort', shared.hear)
      listened.set(this.#signal, shared)
    }
    shared.waiting.add(this)
  }

  /** Nothing is to be done any more. */
  stop(): void {
    if (!this.unlink()) return
    const shared = listened.get(this.#signal)
    if (shared?.waiting.isEmpty) shared.leave()
  }
}

class SharedListener {
  readonly waiting = new WaitList<AbortListener>()
  readonly #signal: AbortSignalLike

  constructor(signal: AbortSignalLike) {
    this.#signal = signal
  }

  readonly hear = (): void => {
    this.leave()
    const { waiting } = this
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) next.onAbort()
  }

  leave(): void {
    listened.delete(this.#signal)
    this.#signal.removeEventListener('abort', this.hear)
  }
}
