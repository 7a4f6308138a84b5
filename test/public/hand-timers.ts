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

  /** Let the timers ring one after another, the shortest first, until something is so. */
  async ringUntil(isSo: () => boolean): Promise<void> {
    for (let rung = 0; rung < 100; rung += 1) {
      // What is answered at once has gone its way by then.
      for (let turns = 0; turns < 20; turns += 1) await turn()
      if (isSo()) return
      const shortest = Math.min(...this.waits)
      if (shortest < Number.POSITIVE_INFINITY) await this.ring(shortest)
    }
    throw new Error('it never came to this, however long')
  }
}

export class HandPage extends EventTarget {
  hidden = false

  turn(to: 'hidden' | 'visible'): void {
    this.hidden = to === 'hidden'
    this.dispatchEvent(new Event('visibilitychange'))
  }
}
