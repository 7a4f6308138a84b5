// Changes on their way to a broker that may take its time, appends nearly all of them: bounded in number, in bytes, and in
// how long those who asked for them wait. A change itself is never given up: its outcome would be unknown for ever.

import type { Coroutine, Operation, Scheduler, Task } from '../../runtime/index.ts'
import { after, select, shield } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'

export interface ChangesInFlightOptions {
  readonly scheduler: Scheduler
  /** How long a publisher waits for the broker, in milliseconds. */
  readonly brokerTimeoutMs: number
}

const mostChanges = 10_000
const mostBytes = 64 * 1024 * 1024

/** A change: what it is, how large, and how the broker is asked for it. */
export interface Change<T> {
  readonly label: string
  readonly bytes: number
  readonly ask: () => Operation<T>
}

type Ending<T> = { readonly answer: T } | { readonly error: unknown }

export class ChangesInFlight {
  readonly #options: ChangesInFlightOptions
  #count = 0
  #bytes = 0

  constructor(options: ChangesInFlightOptions) {
    this.#options = options
  }

  /**
   * Have something changed, waiting as long as the broker may take.
   *
   * @throws EnckeError ENCKE_ERR_SERVER_PUBLISHES; ENCKE_ERR_PUBLISH_UNKNOWN when its outcome is unknown
   */
  *carryThrough<T>(change: Change<T>): Coroutine<T> {
    const { bytes } = change
    if (this.#count >= mostChanges || (this.#count > 0 && this.#bytes + bytes > mostBytes)) throw this.#tooMany()
    const { scheduler, brokerTimeoutMs } = this.#options
    this.#count += 1
    this.#bytes += bytes
    const task = scheduler.run(() => this.#carry(change))
    task.label = change.label
    const ended = yield* shield(() => endOrLimit(task, brokerTimeoutMs))
    if (ended.case === 'late') throw unknown(`the broker has not answered within ${brokerTimeoutMs} ms`)
    if ('answer' in ended.value) return ended.value.answer
    const { error } = ended.value
    throw error instanceof EnckeError ? error : unknown('the broker has failed', error)
  }

  /** It does not throw: the one who asked for it may have gone. */
  *#carry<T>({ ask, bytes }: Change<T>): Coroutine<Ending<T>> {
    try {
      return { answer: yield* ask() }
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

// Not written inline, as nothing is that runs for each request: that would be a new generator function each time, whose hidden
// class V8 makes in the old generation, and all that it can reach stays until a full collection.
function* endOrLimit<T>(task: Task<T>, limitMs: number) {
  return yield* select({ done: task.join(), late: after(limitMs) }, { order: 'first' })
}

function unknown(what: string, cause?: unknown): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_PUBLISH_UNKNOWN',
    `${what}: the message may have been published or not; publish again only with the same Idempotency-Key`,
    { cause },
  )
}
