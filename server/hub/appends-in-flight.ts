// Appends on their way to a broker that may take its time: bounded in number, in bytes, and in how long their publishers
// wait. An append itself is never given up: its outcome would be unknown for ever.

import type { Coroutine, Scheduler } from '../../runtime/index.ts'
import { after, select, shield } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { Append, Appended, Refused } from './append.ts'
import type { Broker } from './broker.ts'

export interface AppendsInFlightOptions {
  readonly scheduler: Scheduler
  readonly broker: Broker
  /** How long a publisher waits for the broker, in milliseconds. */
  readonly brokerTimeoutMs: number
}

const mostAppends = 10_000
const mostBytes = 64 * 1024 * 1024

type Ending = { readonly answer: Appended | Refused } | { readonly error: unknown }

export class AppendsInFlight {
  readonly #options: AppendsInFlightOptions
  #count = 0
  #bytes = 0

  constructor(options: AppendsInFlightOptions) {
    this.#options = options
  }

  /**
   * Append, waiting as long as the broker may take.
   *
   * @throws EnckeError ENCKE_ERR_SERVER_PUBLISHES; ENCKE_ERR_PUBLISH_UNKNOWN when its outcome is unknown
   */
  *carryThrough(topic: string, append: Append): Coroutine<Appended | Refused> {
    const bytes = append.messages.reduce((sum, draft) => sum + draft.bytes, 0)
    if (this.#count >= mostAppends || (this.#count > 0 && this.#bytes + bytes > mostBytes)) throw this.#tooMany()
    const { scheduler, brokerTimeoutMs } = this.#options
    this.#count += 1
    this.#bytes += bytes
    const task = scheduler.run(() => this.#carry(topic, append, bytes))
    task.label = `append to ${topic}`
    const ended = yield* shield(function* () {
      return yield* select({ done: task.join(), late: after(brokerTimeoutMs) }, { order: 'first' })
    })
    if (ended.case === 'late') throw unknown(`the broker has not answered within ${brokerTimeoutMs} ms`)
    if ('answer' in ended.value) return ended.value.answer
    const { error } = ended.value
    throw error instanceof EnckeError ? error : unknown('the broker has failed', error)
  }

  /** It does not throw: its publisher may have gone. */
  *#carry(topic: string, append: Append, bytes: number): Coroutine<Ending> {
    try {
      return { answer: yield* this.#options.broker.append(topic, append) }
    } catch (error) {
      return { error }
    } finally {
      this.#count -= 1
      this.#bytes -= bytes
    }
  }

  #tooMany(): EnckeError {
    return new EnckeError(
      'ENCKE_ERR_SERVER_PUBLISHES',
      `${this.#count} publishes wait for the broker already: nothing was published, try again later`,
    )
  }
}

function unknown(what: string, cause?: unknown): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_PUBLISH_UNKNOWN',
    `${what}: the message may have been published or not; publish again only with the same Idempotency-Key`,
    { cause },
  )
}
