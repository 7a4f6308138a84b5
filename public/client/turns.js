// Turns: of many loops, only so many have a request under way at the same time. The others come in order.

export class Turns {
  /** @type {(() => void)[]} */
  #waiting = []
  #taken = 0

  /** @param {number} most */
  constructor(most) {
    this.most = most
  }

  get areTaken() {
    return this.#taken >= this.most
  }

  /**
   * @template T
   * @param {() => Promise<T>} job
   */
  async take(job) {
    if (this.areTaken) await new Promise((resolve) => this.#waiting.push(() => resolve(0)))
    else this.#taken += 1
    try {
      return await job()
    } finally {
      // A turn is handed on, so that nobody who comes at this very moment overtakes.
      const next = this.#waiting.shift()
      if (next) next()
      else this.#taken -= 1
    }
  }
}
