// The last ten minutes, second by second: what a dashboard plots.
//
// Invariant: samples are in the order of their times, at most `mostSamples` of them; each says what happened since the one before.

import type { Coroutine } from '../../runtime/index.ts'
import { ticker } from '../../runtime/index.ts'
import type { CountsThen, DurationHistogram } from './duration-histogram.ts'
import type { LoopDelay } from './event-loop.ts'

/** Where each sample is told while it has readers. Those are no part of what is observed. */
export const samplesTopic = '__encke/samples'

/** What can be read at any moment. Counts are since the start. */
export interface Readings {
  readonly published: number
  readonly delivered: number
  readonly requests: number
  readonly errors: number
  readonly waiting: number
  readonly connections: number
  readonly coroutines: number
  readonly topics: number
  readonly rssBytes: number
  readonly heapUsedBytes: number
}

/** One second. */
export interface Sample {
  /** Its end, in milliseconds since 1970. */
  readonly time: number
  /** How many a second. */
  readonly publishedPerSecond: number
  readonly deliveredPerSecond: number
  readonly requestsPerSecond: number
  readonly errorsPerSecond: number
  /** From publish to written, of the replies in this second; null where there were none. */
  readonly latencyP50Ms: number | null
  readonly latencyP99Ms: number | null
  /** How late the event loop was. */
  readonly loopDelayP50Ms: number
  readonly loopDelayP99Ms: number
  readonly loopDelayMaxMs: number
  /** At its end. */
  readonly waiting: number
  readonly connections: number
  readonly coroutines: number
  readonly topics: number
  readonly rssBytes: number
  readonly heapUsedBytes: number
}

export interface TimelineSources {
  readonly latency: DurationHistogram
  readonly readings: () => Readings
  readonly takeLoopDelay: () => LoopDelay
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
}

const sampleMs = 1_000

const mostSamples = 600

export class Timeline {
  readonly #sources: TimelineSources
  readonly #samples: Sample[] = []
  readonly #listeners = new Set<(sample: Sample) => void>()
  #before: Readings
  #countsBefore: CountsThen
  #takenAt: number

  constructor(sources: TimelineSources) {
    this.#sources = sources
    this.#before = sources.readings()
    this.#countsBefore = sources.latency.remember()
    this.#takenAt = sources.clock()
  }

  /** Oldest first. */
  get samples(): readonly Sample[] {
    return this.#samples
  }

  /** Undefined in the first second. */
  get latest(): Sample | undefined {
    return this.#samples.at(-1)
  }

  /** The last `seconds` samples, oldest first. */
  last(seconds: number): readonly Sample[] {
    return this.#samples.slice(-seconds)
  }

  /** Have `listener` told of each sample when it is taken. It must not throw. Disposing what is given ends that. */
  onSample(listener: (sample: Sample) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  /** Take a sample each second, for ever. */
  *run(): Coroutine<never> {
    const seconds = ticker(sampleMs)
    for (;;) {
      yield* seconds.receive()
      this.take()
    }
  }

  /**
   * Forget what was before. Nobody has waited for the start of a server, whose delay would be the highest point of a plot for
   * ten minutes.
   */
  restart(): void {
    this.take()
    this.#samples.length = 0
  }

  /** Take a sample now. */
  take(): void {
    const { latency, readings, takeLoopDelay, clock } = this.#sources
    const now = readings()
    const before = this.#before
    const nowMs = clock()
    const seconds = Math.max((nowMs - this.#takenAt) / 1_000, 0.001)
    const { p50Ms, p99Ms, maxMs } = takeLoopDelay()
    const { waiting, connections, coroutines, topics, rssBytes, heapUsedBytes } = now
    const sample: Sample = {
      time: Date.now(),
      publishedPerSecond: (now.published - before.published) / seconds,
      deliveredPerSecond: (now.delivered - before.delivered) / seconds,
      requestsPerSecond: (now.requests - before.requests) / seconds,
      errorsPerSecond: (now.errors - before.errors) / seconds,
      latencyP50Ms: latency.quantile(0.5, this.#countsBefore),
      latencyP99Ms: latency.quantile(0.99, this.#countsBefore),
      loopDelayP50Ms: p50Ms,
      loopDelayP99Ms: p99Ms,
      loopDelayMaxMs: maxMs,
      ...{ waiting, connections, coroutines, topics, rssBytes, heapUsedBytes },
    }
    this.#before = now
    this.#countsBefore = latency.remember()
    this.#takenAt = nowMs
    this.#samples.push(sample)
    if (this.#samples.length > mostSamples) this.#samples.shift()
    for (const listener of this.#listeners) listener(sample)
  }
}
