// What ties a task or a scope to AbortSignals of the platform, both ways: signals that cancel it, and the signal that its
// own cancel aborts. Made when first asked for: a task that uses neither pays for neither.
//
// Invariant: from its end on, no listener of it stands on any signal.

import type { AbortControllerLike, AbortSignalLike } from './host.ts'
import { newAbortController } from './host.ts'

export class AbortTies {
  #controller: AbortControllerLike | null = null
  readonly #heard: { readonly signal: AbortSignalLike; readonly onAbort: () => void }[] = []

  /** The signal that `abort` aborts; aborted from the start if the cancel came before it. */
  signal(reason: unknown, isCancelled: boolean): AbortSignalLike {
    if (this.#controller === null) {
      this.#controller = newAbortController()
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
    const onAbort = () => cancel(signal.reason)
    signal.addEventListener('abort', onAbort)
    this.#heard.push({ signal, onAbort })
  }

  /** What they tie has ended. */
  loosen(): void {
    for (const { signal, onAbort } of this.#heard.splice(0)) signal.removeEventListener('abort', onAbort)
  }
}
