// How late the event loop is, and how busy: what Node measures beneath JavaScript.

import { monitorEventLoopDelay, performance } from 'node:perf_hooks'

/** How often Node looks, in milliseconds: its own timer, which costs no JavaScript. */
const resolutionMs = 20

/** How late timers were in a span of time, in milliseconds. */
export interface LoopDelay {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export class EventLoop implements Disposable {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #begun = performance.eventLoopUtilization()

  constructor() {
    this.#delay.enable()
  }

  /** Seconds in which the event loop had something to do, since it is observed. */
  get activeSeconds(): number {
    return performance.eventLoopUtilization(this.#begun).active / 1_000
  }

  /** How late it was since this was asked last. */
  takeDelay(): LoopDelay {
    const delay = this.#delay
    const late = (nanoseconds: number) => (delay.count === 0 ? 0 : Math.max(nanoseconds / 1e6 - resolutionMs, 0))
    const taken = {
      p50Ms: late(delay.percentile(50)),
      p99Ms: late(delay.percentile(99)),
      maxMs: late(delay.max),
    }
    delay.reset()
    return taken
  }

  [Symbol.dispose](): void {
    this.#delay.disable()
  }
}
