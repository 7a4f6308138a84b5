// What a ticker should do: whoever has waited longest gets all the ticks that have passed.

import type { ModelClock, ModelTimer } from './model-clock.ts'
import type { Case, Waiting } from './waiting.ts'

export class ModelTicker {
  readonly #clock: ModelClock
  readonly #waiting: Waiting
  readonly #periodMs: number
  #due: number
  #timer: ModelTimer | null = null
  #isStopped = false

  constructor(clock: ModelClock, waiting: Waiting, periodMs: number) {
    this.#clock = clock
    this.#waiting = waiting
    this.#periodMs = periodMs
    this.#due = clock.now + periodMs
  }

  /** What taking a tick would come to now; null if it had to wait. */
  peek(): string | null {
    if (this.#isStopped) return 'closed'
    // Those who wait come first.
    return this.#isAwaited || this.#ticks === 0 ? null : `${this.#ticks} ticks`
  }

  /** Take what `peek` has seen. */
  take(): void {
    if (!this.#isStopped) this.#due += this.#ticks * this.#periodMs
  }

  stop(): void {
    this.#isStopped = true
    this.#waiting.commitAll(isTick, 'closed')
  }

  /** A timer is set while somebody waits, and only then: call it when that may have changed. */
  setTimer(): void {
    if (this.#isAwaited) {
      this.#timer ??= this.#clock.set(this.#due, () => this.#tick())
    } else if (this.#timer !== null) {
      this.#clock.unset(this.#timer)
      this.#timer = null
    }
  }

  get #isAwaited(): boolean {
    return this.#waiting.first(isTick) !== undefined
  }

  get #ticks(): number {
    return this.#clock.now < this.#due ? 0 : Math.floor((this.#clock.now - this.#due) / this.#periodMs) + 1
  }

  #tick(): void {
    this.#timer = null
    const outcome = `${this.#ticks} ticks`
    this.take()
    const first = this.#waiting.first(isTick)
    if (first !== undefined) this.#waiting.commit(first, outcome)
  }
}

function isTick({ kind }: Case): boolean {
  return kind === 'tick'
}
