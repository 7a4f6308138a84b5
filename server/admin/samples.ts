// What a node tells about itself, second by second: the last ten minutes to those who ask, and each new second in the topic
// `__encke/samples`, while that has readers.

import type { FastifyInstance } from 'fastify'
import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { requireRight } from '../access/rights.ts'
import type { Draining } from '../http/draining.ts'
import type { Appended, Health, Hub, Refused } from '../hub/index.ts'
import type { HubWatch } from '../observe/hub-watch.ts'
import { type Sample, samplesTopic, type Timeline } from '../observe/timeline.ts'
import { TopicActivity } from '../observe/topic-activity.ts'
import { samplesSchema } from './sample-schemas.ts'

export interface SamplesOptions {
  readonly scheduler: Scheduler
  readonly hub: Hub
  readonly hubWatch: HubWatch
  readonly draining: Draining
  readonly timeline: Timeline
  /** Publish in a topic of the node itself. */
  readonly tell: (topic: string, json: string) => Coroutine<Appended | Refused>
}

interface Condition {
  readonly isDraining: boolean
  readonly health: Health
  /** The busiest topics of late; none while nobody reads the samples. */
  readonly busiest: readonly {
    readonly topic: string
    readonly publishedPerSecond: number
    readonly waiting: number
  }[]
}

const mostBusy = 5

export async function sampleRoutes(app: FastifyInstance, options: SamplesOptions): Promise<void> {
  const teller = new Teller(options)
  const telling = options.timeline.onSample((sample) => teller.tell(sample))
  app.addHook('onClose', async () => {
    telling[Symbol.dispose]()
    teller[Symbol.dispose]()
  })
  requireRight(app, 'administer')
  app.get('/admin/samples', { schema: samplesSchema }, async (_request, reply) => {
    reply.header('cache-control', 'no-store')
    return { samples: options.timeline.samples, ...teller.condition() }
  })
}

/** Tells each sample while there is somebody to hear it. Topics are counted only then, too. */
class Teller implements Disposable {
  readonly #options: SamplesOptions
  readonly #activity = new TopicActivity()
  #watching: Disposable | undefined
  #lastTime = 0

  constructor(options: SamplesOptions) {
    this.#options = options
  }

  tell(sample: Sample): void {
    const { hub, scheduler, tell } = this.#options
    if (!hub.isRead(samplesTopic)) {
      this[Symbol.dispose]()
      return
    }
    if (this.#watching === undefined) this.#watching = this.#options.hubWatch.add(this.#activity)
    else this.#activity.pass((sample.time - this.#lastTime) / 1_000)
    this.#lastTime = sample.time
    const json = JSON.stringify({ ...sample, ...this.condition() })
    scheduler.run(() => tell(samplesTopic, json)).label = 'samples for the dashboard'
  }

  condition(): Condition {
    const { hub, draining } = this.#options
    const busiest = this.#activity.busiest(mostBusy).map((busy) => ({ ...busy, waiting: hub.waitingFor(busy.topic) }))
    return { isDraining: draining.begun.isOpen, health: hub.broker.health, busiest }
  }

  /** There is nobody to hear it any more. */
  [Symbol.dispose](): void {
    this.#watching?.[Symbol.dispose]()
    this.#watching = undefined
    this.#activity.clear()
  }
}
