// Tells who comes and goes, in the topics of presence, one change after the other: in a topic they stand in the order in which
// they happened.

import type { Coroutine, Operation } from '../../../runtime/index.ts'
import { Channel, isCancelled } from '../../../runtime/index.ts'
import { type PresenceChange, presenceTopic } from './presence.ts'

export interface PresenceChangesOptions {
  /** Write JSON to a topic that only the server writes to. */
  readonly tell: (topic: string, data: string) => Operation<unknown>
  /** Is told of what could not be written. */
  readonly report: (error: unknown) => void
}

/** While the broker does not answer, so many changes wait; then the oldest are dropped. Who is here is known all the same. */
const mostChanges = 10_000

export class PresenceChanges {
  readonly #options: PresenceChangesOptions
  readonly #pending = new Channel<{ readonly topic: string; readonly data: string }>(mostChanges, {
    overflow: 'dropOldest',
    name: 'changes of presence',
  })

  constructor(options: PresenceChangesOptions) {
    this.#options = options
  }

  /** Note a change. Waits for nothing. */
  add(topic: string, { event, name, since }: PresenceChange): void {
    this.#pending.trySend({ topic: presenceTopic(topic), data: JSON.stringify({ event, name, since }) })
  }

  /** Write what is noted, for as long as the server lives. */
  *write(): Coroutine<never> {
    for (;;) {
      const { topic, data } = yield* this.#pending.receive()
      try {
        yield* this.#options.tell(topic, data)
      } catch (error) {
        if (isCancelled(error)) throw error
        this.#options.report(error)
      }
    }
  }
}
