// Tells who comes and goes, in the topics of presence, one change after the other: in a topic they stand in the order in which
// they happened.

import type { Coroutine, Operation } from '../../../runtime/index.ts'
import { Channel, isCancelled } from '../../../runtime/index.ts'
import { type PresenceChange, presenceTopic } from './presence.ts'

export interface PresenceChangesOptions {
  /** Write JSON to a topic that only the server writes to, under a key once. */
  readonly tell: (topic: string, data: string, key?: string) => Operation<unknown>
  /** Is told of what could not be written. */
  readonly report: (error: unknown) => void
}

/** While the broker does not answer, so many changes wait; then the oldest are dropped. Who is here is known all the same. */
const mostChanges = 10_000

interface Noted {
  readonly topic: string
  readonly data: string
  readonly key: string | undefined
}

export class PresenceChanges {
  readonly #options: PresenceChangesOptions
  readonly #pending = new Channel<Noted>(mostChanges, {
    overflow: 'dropOldest',
    name: 'changes of presence',
  })

  constructor(options: PresenceChangesOptions) {
    this.#options = options
  }

  /** Note a change; with a key, one that other nodes may tell too. Waits for nothing. */
  add(topic: string, { event, name, since }: PresenceChange, key?: string): void {
    this.#pending.trySend({ topic: presenceTopic(topic), data: JSON.stringify({ event, name, since }), key })
  }

  /** Write what is noted, for as long as the server lives. */
  *write(): Coroutine<never> {
    for (;;) {
      const { topic, data, key } = yield* this.#pending.receive()
      try {
        yield* this.#options.tell(topic, data, key)
      } catch (error) {
        if (isCancelled(error)) throw error
        this.#options.report(error)
      }
    }
  }
}
