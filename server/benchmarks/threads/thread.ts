// Threads in a scope: each is watched by a coroutine of its own, so that it ends with the scope, and its failure is the
// scope's.

import { Worker } from 'node:worker_threads'
import type { Coroutine } from '../../../runtime/index.ts'
import { Latch, shield, until } from '../../../runtime/index.ts'

/** The most threads of one program: each costs megabytes, and the operating system runs them. */
export const mostThreads = 64

/** How many threads of a program are still to come up. */
export class RollCall {
  readonly complete = new Latch('all threads are up')
  #missing: number

  constructor(threads: number) {
    this.#missing = threads
  }

  answer(): void {
    this.#missing -= 1
    if (this.#missing === 0) this.complete.open()
  }
}

/**
 * Run a script in a thread of its own, to its end. Cancelling ends the thread, and waits until it is gone.
 *
 * @throws what the script throws; Error if it ends with an exit code other than 0
 */
export function* thread(script: URL, workerData: unknown, rollCall: RollCall): Coroutine<void> {
  const worker = new Worker(script, { workerData, execArgv: [] })
  worker.once('online', () => rollCall.answer())
  let isUp = true
  const ended = endOf(worker).finally(() => {
    isUp = false
  })
  // Ended from here, it is nobody's failure.
  ended.catch(() => {})
  try {
    yield* until(ended)
  } finally {
    if (isUp) yield* shield(() => terminated(worker))
  }
}

function endOf(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    let failure: { readonly error: unknown } | undefined
    worker.once('error', (error) => {
      failure = { error }
    })
    worker.once('exit', (code) => {
      if (failure !== undefined) reject(failure.error)
      else if (code === 0) resolve()
      else reject(new Error(`a thread has ended with exit code ${code}`))
    })
  })
}

function* terminated(worker: Worker): Coroutine<void> {
  yield* until(worker.terminate())
}
