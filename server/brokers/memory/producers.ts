// The producers of one topic: each numbers its appends from 0 on in each of its epochs, so that each happens once.

import type { ProducerMark } from '../../hub/index.ts'
import type { ProducerState } from '../append-check.ts'

/** Beyond this, the one that has been silent for longest is forgotten. */
const mostProducers = 10_000

export class Producers {
  readonly #last = new Map<string, ProducerState>()

  last(id: string): ProducerState | undefined {
    return this.#last.get(id)
  }

  keep({ id, epoch, sequence }: ProducerMark): void {
    this.#last.delete(id)
    const oldest = this.#last.size >= mostProducers ? this.#last.keys().next() : undefined
    if (oldest?.done === false) this.#last.delete(oldest.value)
    this.#last.set(id, { epoch, sequence })
  }
}
