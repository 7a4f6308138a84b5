// The producers of one topic: each numbers its appends from 0 on in each of its epochs, so that each happens once.

import type { ProducerMark, Refusal } from '../../hub/index.ts'

/** Beyond this, the one that has been silent for longest is forgotten. */
const mostProducers = 10_000

interface Last {
  readonly epoch: number
  readonly sequence: number
}

export class Producers {
  readonly #last = new Map<string, Last>()

  /** `duplicate`: it has happened before. A refusal: it may not happen now. Undefined: it is the next. */
  check({ id, epoch, sequence }: ProducerMark): 'duplicate' | Refusal | undefined {
    const last = this.#last.get(id)
    if (last !== undefined && epoch < last.epoch) return { what: 'producerFenced', epoch: last.epoch }
    const isNewEpoch = last === undefined || epoch > last.epoch
    const expected = isNewEpoch ? 0 : last.sequence + 1
    if (sequence < expected) return 'duplicate'
    return sequence > expected ? { what: 'producerGap', expected, isNewEpoch } : undefined
  }

  /** The last sequence of a producer. */
  lastOf(id: string): number | undefined {
    return this.#last.get(id)?.sequence
  }

  keep({ id, epoch, sequence }: ProducerMark): void {
    this.#last.delete(id)
    const oldest = this.#last.size >= mostProducers ? this.#last.keys().next() : undefined
    if (oldest?.done === false) this.#last.delete(oldest.value)
    this.#last.set(id, { epoch, sequence })
  }
}
