// Watches every thread that this process starts, to say which of them are still there.

import process from 'node:process'
import type { Worker } from 'node:worker_threads'

export class ThreadsWatched implements Disposable {
  readonly started: Worker[] = []
  readonly #onWorker = (worker: Worker) => void this.started.push(worker)

  constructor() {
    process.on('worker', this.#onWorker)
  }

  /** How many have not ended. */
  get left(): number {
    return this.started.filter(({ threadId }) => threadId >= 0).length
  }

  [Symbol.dispose](): void {
    process.off('worker', this.#onWorker)
  }
}
