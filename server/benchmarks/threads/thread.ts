// Threads: where the models have a coroutine, a thread of the operating system, in a scope. The baseline that the sources
// compare with, and no layer on the runtime: each thread is watched by a coroutine of its own, so that it ends with the
// scope, and its failure is the scope's.
//
// The same as there:
//   - a player is a thread with a queue of its own, and sleeps in the operating system until a message is in it;
//   - who runs, and on which core, is the operating system's choice; a message costs a wake-up, and waiting for it a sleep.
//     That is what a baseline is for;
//   - memory is shared, and the program itself sees to it that nobody is disturbed: who has the ball writes.
//
// Different, and why:
//   - a thread of Node shares no objects, only cells of a SharedArrayBuffer: messages are numbers, and what is counted
//     stands in cells;
//   - it has a heap of its own, and costs megabytes: 64 at most, and the memory reported is that of the process;
//   - a queue is four cells and two counts, not a list under a lock: it has one sender at a time and one receiver, and a
//     ball and an exit at most are in it;
//   - threads run at once; Python's lock lets one of them run at a time. With one ball the others sleep in any case;
//   - main is the thread of a server, and must not sleep: it waits in a coroutine, for promises of Atomics.waitAsync, so
//     that its own hand-overs take a turn of the event loop. There it looks in a loop whether everybody has gone;
//   - it sends the first message when all threads are up, as the definition of the chain has it; there, at once;
//   - a thread that fails ends the others and the program, and a cancel ends them wherever they are. There a trace is
//     printed and the others wait for ever, and nobody can end a thread from outside;
//   - nothing is known of resumes and of who is parked: only the operating system could count them;
//   - `rendezvous` is added: the sender sleeps until its message was taken. And so is the chain, Go's program with a
//     thread for each goroutine: there is no original on threads.
//
// Sources: G. Olson, "Why Stackless", 2006, whose first hackysack is threads with queues; the documentation of Python's
// module `thread` and of node:worker_threads; ECMA-262, "The Atomics Object".

import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Coroutine } from '../../../runtime/index.ts'
import { Latch, shield, until } from '../../../runtime/index.ts'

/** The most threads of one program: each costs megabytes, and the operating system runs them. */
export const mostThreads = 64

/** Give the script `name` beside the file at `url`: `.ts` in the checkout, `.js` in a published package. */
export function scriptBeside(name: string, url: string): URL {
  return new URL(`./${name}${extname(url)}`, url)
}

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
