// What an abort signal should do: wake those who wait for it, and cancel what is tied to it, in the order in which they
// began to listen.

import { ModelPlace } from './model-places.ts'
import type { Attempt, Case, Waiting } from './waiting.ts'
import { signalReason } from './words.ts'

export class ModelSignal {
  readonly #waiting: Waiting
  readonly #gate: number
  #listeners: (Attempt | ModelPlace)[] = []
  #isAborted = false

  constructor(waiting: Waiting, gate: number) {
    this.#waiting = waiting
    this.#gate = gate
  }

  /** Somebody has parked who waits for it, perhaps. */
  parked(attempt: Attempt): void {
    if (attempt.cases.some(this.#isAwaitedBy)) this.#listeners.push(attempt)
  }

  tie(place: ModelPlace): void {
    if (this.#isAborted) place.cancel(signalReason)
    else if (!place.hasEnded) this.#listeners.push(place)
  }

  abort(): void {
    if (this.#isAborted) return
    this.#isAborted = true
    for (const listener of this.#listeners) {
      if (!isListening(listener)) continue
      if (listener instanceof ModelPlace) listener.cancel(signalReason)
      else this.#waiting.commit(listener, `passed ${this.#gate}`)
    }
    this.#listeners = []
  }

  /** How many listeners it must have: one for all. */
  get listening(): number {
    return this.#listeners.some(isListening) ? 1 : 0
  }

  /** How many coroutines wait for it. */
  get awaiting(): number {
    return this.#waiting.all(this.#isAwaitedBy).length
  }

  readonly #isAwaitedBy = (one: Case): boolean => one.kind === 'wait' && one.gate === this.#gate
}

function isListening(listener: Attempt | ModelPlace): boolean {
  return listener instanceof ModelPlace ? !listener.hasEnded : listener.outcome === null
}
