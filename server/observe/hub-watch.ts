// What happens to messages, for those who look: how busy topics are, and the way of one message.
//
// Always true: the hub tells it nothing while nobody looks, so that publishing and reading then cost what they cost without it.

import type { Appended, Batch, Hub, HubWatcher } from '../hub/index.ts'

export class HubWatch implements HubWatcher {
  readonly #hub: Hub
  readonly #watchers = new Set<HubWatcher>()

  constructor(hub: Hub) {
    this.#hub = hub
  }

  /** Have `watcher` told, until what is given is disposed. */
  add(watcher: HubWatcher): Disposable {
    this.#watchers.add(watcher)
    this.#hub.watcher = this
    return {
      [Symbol.dispose]: () => {
        this.#watchers.delete(watcher)
        if (this.#watchers.size === 0) this.#hub.watcher = null
      },
    }
  }

  appended(topic: string, answer: Appended, waiting: number): void {
    for (const watcher of this.#watchers) watcher.appended(topic, answer, waiting)
  }

  delivered(batch: Batch): void {
    for (const watcher of this.#watchers) watcher.delivered(batch)
  }
}
