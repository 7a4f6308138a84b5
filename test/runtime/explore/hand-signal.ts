// An abort signal that counts its listeners, so that one left behind is seen.

import type { AbortSignalLike } from '../../../runtime/index.ts'
import { signalReason } from './words.ts'

export class HandSignal implements AbortSignalLike {
  aborted = false
  readonly reason = signalReason
  readonly #listeners = new Set<() => void>()

  get listening(): number {
    return this.#listeners.size
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.add(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.delete(listener)
  }

  abort(): void {
    if (this.aborted) return
    this.aborted = true
    // As the platform does: one that is removed by another is not called any more.
    for (const listener of [...this.#listeners]) if (this.#listeners.has(listener)) listener()
  }
}
