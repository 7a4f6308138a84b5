// The replies of appends. All of one kind have a head in common, but for the offset and the mark of the producer.

import { PreparedReplies, type PreparedReply } from '../../http/fast-path/prepared-reply.ts'
import type { Place } from './replies.ts'

/** What a producer is told of itself. */
export interface ProducerStanding {
  readonly epoch: number
  readonly sequence: number
}

export class AppendReplies {
  readonly #isLast: () => boolean
  readonly #kinds = new Map<string, PreparedReplies>()

  /** `isLast` says whether the connection ends with the reply, or somebody else's hooks want to see it: then none is prepared. */
  constructor(isLast: () => boolean) {
    this.#isLast = isLast
  }

  of(status: 200 | 204, { offset, isEnd }: Place, producer?: ProducerStanding): PreparedReply {
    const kind = this.#kind(status, isEnd, producer !== undefined)
    return kind.of('', producer === undefined ? [offset] : [offset, String(producer.epoch), String(producer.sequence)])
  }

  #kind(status: number, isEnd: boolean, hasProducer: boolean): PreparedReplies {
    const name = `${status} ${isEnd} ${hasProducer}`
    let kind = this.#kinds.get(name)
    if (kind === undefined) {
      const varying = ['stream-next-offset', ...(hasProducer ? ['producer-epoch', 'producer-seq'] : [])]
      const headers: Record<string, string> = isEnd ? { 'stream-closed': 'true' } : {}
      kind = new PreparedReplies({ status, headers, varying, isLast: this.#isLast })
      this.#kinds.set(name, kind)
    }
    return kind
  }
}
