// Timers that ring by hand, and a page that is hidden and shown by hand.

import { setImmediate as turn } from 'node:timers/promises'
import { vi } from 'vitest'

interface Timer {
  readonly ring: () => void
  readonly ms: number
}

export class HandTimers {
  readonly pending = new Set<Timer>()
  #nowMs = 0

  /** The time by these timers, in milliseconds: it moves when one rings. */
  readonly now = (): number => this.#nowMs

  readonly setTimeout = (ring: () => void, ms: number): Timer => {
    const timer = { ring, ms }
    this.pending.add(timer)
    return timer
  }

  readonly clearTimeout = (timer: Timer): void => {
    this.pending.delete(timer)
  }

  /** Let time pass without a ring. */
  elapse(ms: number): void {
    this.#nowMs += ms
  }

  /** How long the pending timers are, in milliseconds. */
  get waits(): number[] {
    return [...this.pending].map(({ ms }) => ms)
  }

  /** Let the timer of this length ring, once there is one. */
  async ring(ms: number): Promise<void> {
    const timer = await vi.waitUntil(() => [...this.pending].find((one) => one.ms === ms), {
      interval: 1,
      timeout: 60_000,
    })
    this.pending.delete(timer)
    this.#nowMs += ms
    timer.ring()
    await turn()
  }
}

export class HandPage extends EventTarget {
  hidden = false

  turn(to: 'hidden' | 'visible'): void {
    this.hidden = to === 'hidden'
    this.dispatchEvent(new Event('visibilitychange'))
  }
}
