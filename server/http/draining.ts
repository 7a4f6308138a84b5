// Draining: the requests that wait are answered a few at a time, so that their clients do not all come back at once.
//
// Invariant: once it has begun, nobody parks here any more; who was parked is answered within pause and window.

import type { Coroutine, Selectable } from '../../runtime/index.ts'
import { after, Latch, SelectableOperation, select, ticker, WaitList } from '../../runtime/index.ts'

export interface DrainingOptions {
  /** How long load balancers get to notice that the server is not ready, in milliseconds. */
  readonly pauseMs: number
  /** Over how long the answers are spread after that, in milliseconds. */
  readonly windowMs: number
}

/** How often a few more are answered, in milliseconds. */
const stepMs = 50

export class Draining {
  /** Opens when draining begins. */
  readonly begun = new Latch('draining')
  readonly #options: DrainingOptions
  readonly #waiting = new WaitList<Wait>()
  readonly #hurry = new Latch('a second signal')
  #count = 0

  constructor(options: DrainingOptions) {
    this.#options = options
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#count
  }

  /** Wait for one's turn to be sent away; ready at once when draining has begun. */
  wait(): Selectable<void> {
    return new Wait(this)
  }

  /** When a client that is sent away should come back: any time within the window, in milliseconds from now. */
  retryAfterMs(): number {
    return Math.floor(Math.random() * this.#options.windowMs)
  }

  /** Send everybody away, over the pause and the window; at once when nobody waits. */
  *drain(): Coroutine<void> {
    this.begun.open()
    if (this.#count > 0) yield* this.#pause(this.#options.pauseMs)
    let stepsLeft = Math.ceil(this.#options.windowMs / stepMs)
    // The ticker tells how many steps have passed, so that a busy server does not stretch the window.
    const steps = ticker(stepMs)
    while (this.#count > 0) {
      this.#release(Math.ceil(this.#count / Math.max(stepsLeft, 1)))
      if (this.#count === 0) return
      const woken = yield* select({ step: steps.receive(), hurry: this.#hurry.wait() })
      if (woken.case === 'step') stepsLeft -= woken.value
    }
  }

  /** Send the rest away at once. */
  hurry(): void {
    this.begun.open()
    this.#hurry.open()
    this.#release(this.#count)
  }

  add(wait: Wait): void {
    this.#waiting.add(wait)
    this.#count += 1
  }

  remove(wait: Wait): void {
    if (wait.unlink()) this.#count -= 1
  }

  *#pause(ms: number): Coroutine<void> {
    yield* select({ over: after(ms), hurry: this.#hurry.wait() })
  }

  #release(count: number): void {
    for (let released = 0; released < count; released += 1) {
      const wait = this.#waiting.shift()
      if (wait === undefined) return
      this.#count -= 1
      wait.complete()
    }
  }
}

class Wait extends SelectableOperation<void> {
  readonly #draining: Draining

  constructor(draining: Draining) {
    super()
    this.#draining = draining
  }

  poll(): boolean {
    return this.#draining.begun.isOpen
  }

  take(): void {}

  describe(): string {
    return 'draining'
  }

  override withdraw(): void {
    this.#draining.remove(this)
    this.waiter = null
  }

  protected enlist(): void {
    this.#draining.add(this)
  }
}
