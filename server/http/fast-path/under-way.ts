// A request that began on the fast path and is answered by Fastify: because more came behind it, or its reply is none for the
// fast path. It keeps its seat in the waiting room, its deadline and its admission.

import type { Coroutine, Task } from '../../../runtime/index.ts'
import { type Admission, Readmission } from '../../access/admission.ts'
import type { PreparedReply } from './prepared-reply.ts'

/** What the coroutine threw. */
export class Failure {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

export type Outcome = PreparedReply | Failure

export class UnderWay extends Readmission {
  readonly #task: Task<Outcome>

  constructor(task: Task<Outcome>, { client, rights, until, clock, subject, withdrawn }: Admission) {
    super(client, rights, until, clock, subject, withdrawn)
    this.#task = task
  }

  /** Wait for its reply. Cancelling this cancels the coroutine. */
  *reply(): Coroutine<PreparedReply> {
    try {
      const outcome = yield* this.#task.join()
      if (outcome instanceof Failure) throw outcome.error
      return outcome
    } finally {
      this.cancel()
    }
  }

  cancel(): void {
    this.#task.cancel('the client went away')
  }
}
