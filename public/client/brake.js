// The brake of a poll loop: whatever answers, and however fast, it makes no storm.
//
// Always true: no two requests within 100 ms are made at the same cursor. Answers that lead back (two servers that take
// turns, old answers that are kept on the way) and empty ones that come at once make the loop ever slower.

import { heldMs } from './terms.js'

/** Between two requests at the same cursor. */
export const paceMs = 100
const longestIdleMs = 5_000
const mostCursors = 16

export class Brake {
  /** The last cursors that were asked with, and when. @type {Map<string | undefined, number>} */
  #asked = new Map()
  /** How often, of late, a topic was led back; under the empty name, the cursor. @type {Map<string, number>} */
  #strikes = new Map()
  #idle = 0
  #now

  /** @param {() => number} now */
  constructor(now) {
    this.#now = now
  }

  get isUnused() {
    return this.#asked.size === 0
  }

  /** @param {string | undefined} cursor */
  isTooSoon(cursor) {
    return this.#now() - (this.#asked.get(cursor) ?? Number.NEGATIVE_INFINITY) < paceMs
  }

  /** @param {string | undefined} cursor */
  ask(cursor) {
    this.#asked.delete(cursor)
    this.#asked.set(cursor, this.#now())
    for (const [one, at] of this.#asked) {
      if (this.#asked.size <= mostCursors || this.#now() - at < paceMs) break
      this.#asked.delete(one)
    }
  }

  /** How often, of late, what this reply says has been led back. Once is a server that began anew. @param {any} batch */
  countStrikes({ messages, cursor, topics }) {
    /** @type {[string, boolean][]} */
    const told = Object.entries(topics).map(([topic, { verdict }]) => [topic, verdict === 'reset'])
    told.push(['', messages.length > 0 && this.#asked.has(cursor)])
    let most = 0
    for (const [name, isBack] of told) {
      const strikes = Math.max(0, (this.#strikes.get(name) ?? 0) + (isBack ? 1 : -0.5))
      this.#strikes.set(name, strikes)
      if (isBack) most = Math.max(most, strikes)
    }
    return most
  }

  /** How long to rest after a reply that may have come at once, with nothing. @param {boolean} isEmpty @param {number} tookMs */
  restMs(isEmpty, tookMs) {
    this.#idle = isEmpty && tookMs < heldMs ? this.#idle + 1 : 0
    return this.#idle && Math.min(longestIdleMs, paceMs * 2 ** this.#idle)
  }
}
