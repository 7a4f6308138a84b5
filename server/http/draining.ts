// Draining: the requests that wait are answered a few at a time, so that their clients do not all come back at once.
//
// A few clients need no window that a herd needs: the answers are spread over 10 ms per client, and clients are sent back
// within as long, but at least a second; `windowMs` is the most of either. The clients are those that waited when it began,
// or, if these are more, those that have been sent back since.
//
// Invariant: once it has begun, no request parks here any more; those that were parked are answered within pause and window.

import type { Coroutine, Selectable } from '../../runtime/index.ts'
import { after, Latch, SelectableOperation, select, ticker, WaitList } from '../../runtime/index.ts'

export interface DrainingOptions {
  /** How long load balancers get to notice that the server is not ready, in milliseconds. */
  readonly pauseMs: number
  /** Over how long the answers are spread after that, in milliseconds, however many they are. */
  readonly windowMs: number
}

/** How often a few more are answered, in milliseconds. */
const stepMs = 50

/** How much of the window each client gets, in milliseconds: a hundred a second. */
const clientMs = 10

/** Clients come back over at least as long, in milliseconds: a server that starts again needs about as much. */
const leastBackMs = 1_000

export class Draining {
  /** Opens when draining begins. */
  readonly begun = new Latch('draining')
  readonly #options: DrainingOptions
  readonly #waiting = new WaitList<Wait>()
  readonly #hurry = new Latch('a second signal')
  #count = 0
  /** How many waited when it began, and how many have been sent back. */
  #waited = 0
  #sentBack = 0

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

  /** When a client that is sent away should come back, in milliseconds from now: at random, each later the more they are. */
  retryAfterMs(): number {
    this.#sentBack += 1
    const clients = Math.max(this.#waited, this.#sentBack)
    return Math.floor(Math.random() * Math.min(Math.max(clients * clientMs, leastBackMs), this.#options.windowMs))
  }

  /** Send everybody away, over the pause and the window; at once when nobody waits. */
  *drain(): Coroutine<void> {
    this.#begin()
    if (this.#count > 0) yield* this.#pause(this.#options.pauseMs)
    let stepsLeft = Math.ceil(Math.min(this.#count * clientMs, this.#options.windowMs) / stepMs)
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
    this.#begin()
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

  #begin(): void {
    this.#waited = Math.max(this.#waited, this.#count)
    this.begun.open()
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
