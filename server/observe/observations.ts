// What an engine observes of itself: one of these for each, which metrics, logs and the dashboard read.
//
// Counting is always on and costs some nanoseconds each; whatever must be computed is computed when somebody asks.

import type { Scheduler } from '../../runtime/index.ts'
import type { Broker, Hub } from '../hub/index.ts'
import { newBrokerTimes, ObservedBroker } from './broker-times.ts'
import { DurationHistogram } from './duration-histogram.ts'
import { EventLoop } from './event-loop.ts'
import { type Readings, samplesTopic, Timeline } from './timeline.ts'
import { Traffic } from './traffic.ts'

/** What can be read once the engine is complete. */
export interface Observed {
  readonly hub: Hub
  readonly scheduler: Scheduler
}

export class Observations implements Disposable {
  readonly traffic = new Traffic()
  /**
   * From publish to written on this node, in milliseconds: for each reply with news, or piece of an event stream, to a reader that waited
   * for it, by the oldest of its messages. A reader that catches up is not counted: how long it was away says nothing about
   * the server.
   */
  readonly latency = new DurationHistogram()
  readonly brokerTimes = newBrokerTimes()
  readonly eventLoop = new EventLoop()
  readonly clock: () => number
  #timeline: Timeline | undefined

  /** `clock` is the monotonic one, in milliseconds. */
  constructor(clock: () => number) {
    this.clock = clock
  }

  /** The broker to use, so that its operations are timed. */
  observe(broker: Broker): Broker {
    return new ObservedBroker(broker, this.brokerTimes, this.clock)
  }

  /** Begin the timeline of what is complete now; `run` of it takes the samples. */
  begin(observed: Observed): Timeline {
    this.#timeline = new Timeline({
      latency: this.latency,
      readings: () => this.#read(observed),
      takeLoopDelay: () => this.eventLoop.takeDelay(),
      clock: this.clock,
    })
    return this.#timeline
  }

  /** The last ten minutes. */
  get timeline(): Timeline {
    if (this.#timeline === undefined) throw new Error('nothing is observed yet')
    return this.#timeline
  }

  /**
   * A reply with news has been written.
   *
   * @param takenAt when this node took its oldest message, on the monotonic clock: the wall clock may be set meanwhile
   */
  wrote(takenAt: number): void {
    this.latency.record(this.clock() - takenAt)
  }

  [Symbol.dispose](): void {
    this.eventLoop[Symbol.dispose]()
  }

  #read({ hub, scheduler }: Observed): Readings {
    const { published, delivered, topics, ...all } = hub.statistics()
    const waiting = all.waiting - hub.waitingFor(samplesTopic)
    const { rss, heapUsed } = process.memoryUsage()
    const { requests, errorCount, connections } = this.traffic
    const { coroutines } = scheduler.statistics()
    const counts = { published, delivered, requests, errors: errorCount }
    return { ...counts, waiting, connections, coroutines, topics, rssBytes: rss, heapUsedBytes: heapUsed }
  }
}
