// What ties a task or a scope to AbortSignals of the platform, both ways: signals that cancel it, and the signal that its
// own cancel aborts. Made when first asked for: a task that uses neither pays for neither.
//
// Invariant: from its end on, no listener of it stands on any signal.

import { AbortListener } from './abort-listeners.ts'
import type { AbortControllerLike, AbortSignalLike } from './host.ts'
import { newAbortController } from './host.ts'

export class AbortTies {
  #controller: AbortControllerLike | null = null
  readonly #listeners: AbortListener[] = []

  /** The signal that `abort` aborts; aborted already if the cancel came before. */
  signal(reason: unknown, isCancelled: boolean): AbortSignalLike {
    if (this.#controller === null) {
      this.#controller = newAbortController()
      // Nobody listens to it yet. One that was there before aborts between two steps: its listeners are other people's code.
      if (isCancelled) this.#controller.abort(reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason)
  }

  /** Cancel with the reason of `signal` once it aborts. */
  listen(signal: AbortSignalLike, cancel: (reason: unknown) => void): void {
    if (signal.aborted) {
      cancel(signal.reason)
      return
    }
    const listener = new AbortListener(signal, () => cancel(signal.reason))
    listener.listen()
    this.#listeners.push(listener)
  }

  /** What they tie has ended. */
  loosen(): void {
    for (const listener of this.#listeners.splice(0)) listener.stop()
  }
}
