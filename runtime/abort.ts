// What ties a task or a scope to AbortSignals of the platform, both ways: signals that cancel it, and the signal that its
// own cancel aborts. Made when first asked for: whoever asks for neither pays for neither.
//
// Invariant: from its end on, no listener of it stands on any signal.

import { Misuse } from './errors.ts'
import type { AbortControllerLike, AbortSignalLike } from './host.ts'
import { newAbortController } from './host.ts'
import { running } from './operation.ts'
import type { CoroutineTask } from './task.ts'
import type { PlatformSignal } from './until.ts'

/**
 * Give the signal that aborts when the innermost scope around the caller, or else its coroutine, is cancelled: what it
 * hands it to stops then, `fetch(url, { signal: abortSignal() })`. The reason of the signal is the reason of the cancel.
 *
 * It can be called in any function that a coroutine calls. In the same scope it gives the same signal. Behind a `shield`
 * only a cancel of the shield itself aborts it.
 *
 * @throws Misuse outside a coroutine
 */
export function abortSignal(): PlatformSignal {
  const task = running.task as CoroutineTask<unknown> | null
  if (task === null) {
    throw new Misuse('abortSignal() was called outside a coroutine: there is nothing whose cancel it could tell of')
  }
  const { place } = task
  return place.ties.signal(place.reason?.reason, place.reason !== null) as PlatformSignal
}

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
