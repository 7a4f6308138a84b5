// What this node has written last, topic by topic: where a failover has lost it, nobody else may know.

import type { Told } from './topic-scripts.ts'

/** Beyond this, the topic that was written to longest ago is forgotten. */
const mostTopics = 10_000

export class Acknowledged {
  readonly #last = new Map<string, Told>()

  get topics(): readonly string[] {
    return [...this.#last.keys()]
  }

  note(topic: string, { epoch, head, headId }: Told): void {
    this.#last.delete(topic)
    this.#last.set(topic, { epoch, head, headId })
    if (this.#last.size > mostTopics) this.#last.delete(this.#last.keys().next().value as string)
  }

  /** What was written last, or what was told of the topic, if that is newer. */
  orTold(topic: string, told: Told | null): Told | null {
    const written = this.#last.get(topic)
    if (written === undefined) return told
    return told !== null && (told.epoch !== written.epoch || told.head > written.head) ? told : written
  }
}
