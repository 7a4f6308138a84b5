// Which topics are the busiest: messages a second, of late.
//
// Always true: at most `mostTopics` are counted. A topic that comes when so many are counted already is left out until some
// have fallen quiet: of so many, the busiest are known long since.

import type { Appended, HubWatcher } from '../hub/index.ts'

export interface BusyTopic {
  readonly topic: string
  readonly publishedPerSecond: number
}

const mostTopics = 10_000

/** How much of the rate a second weighs: what happened five seconds ago counts a third of what happens now. */
const weight = 0.2

/** Below so many messages a second a topic is forgotten. */
const least = 0.02

export class TopicActivity implements HubWatcher {
  readonly #topics = new Map<string, { perSecond: number; isNew: boolean; count: number }>()

  appended(topic: string, { receipts }: Appended): void {
    let known = this.#topics.get(topic)
    if (known === undefined) {
      if (this.#topics.size >= mostTopics) return
      known = { perSecond: 0, isNew: true, count: 0 }
      this.#topics.set(topic, known)
    }
    known.count += receipts.length
  }

  delivered(): void {}

  /** So many seconds have passed since the last call: take what was counted into the rates. */
  pass(seconds: number): void {
    for (const [topic, known] of this.#topics) {
      const now = known.count / Math.max(seconds, 0.001)
      // The first second of a topic is all that is known of it.
      known.perSecond = known.isNew ? now : known.perSecond * (1 - weight) + now * weight
      known.isNew = false
      known.count = 0
      if (known.perSecond < least) this.#topics.delete(topic)
    }
  }

  /** The busiest first. */
  busiest(most: number): BusyTopic[] {
    return [...this.#topics]
      .map(([topic, { perSecond }]) => ({ topic, publishedPerSecond: perSecond }))
      .sort((a, b) => b.publishedPerSecond - a.publishedPerSecond || (a.topic < b.topic ? -1 : 1))
      .slice(0, most)
  }

  /** Forget everything: nobody looks any more. */
  clear(): void {
    this.#topics.clear()
  }
}
