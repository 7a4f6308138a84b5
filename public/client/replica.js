// A replica: what the leader's poll is in a tab that follows. It asks nothing; it is told each batch, and hands it out.
//
// Always true: it stands where the last batch that it heard ended, so that a poll can go on from there.

import { handOut, noteAnswer } from './subscription.js'

/** @typedef {import('./subscription.js').Portion} Portion */
/** @typedef {import('./tabs.js').Batch} Batch */

export class Replica {
  /** @type {Set<Portion>} */
  portions = new Set()
  isEnded = false
  /** @type {import('../client.js').Message[]} */
  overtaking = []
  target = undefined
  polls = 0
  met = 0
  upToDate = 0
  #house
  #tabs
  #handing = Promise.resolve()

  /** @param {import('./poll-loop.js').House} house @param {import('./tabs.js').Tabs} tabs @param {Batch} told */
  constructor(house, tabs, { cursor, covered, isLive }) {
    this.#house = house
    this.#tabs = tabs
    this.cursor = cursor
    this.covered = new Set(covered)
    this.isLive = isLive
    house.loops.add(this)
  }

  get topics() {
    return new Set([...this.portions].flatMap(({ topics }) => [...topics]))
  }

  get #own() {
    return [...this.portions].filter(({ loop }) => loop === this)
  }

  /** What the subscriptions here want together. */
  get options() {
    const given = (/** @type {'limit' | 'wait' | 'hiddenPauseMs'} */ name) =>
      [...this.portions].flatMap(({ subscription }) => subscription.options[name] ?? [])
    const least = (/** @type {number[]} */ of) => (of.length > 0 ? Math.min(...of) : undefined)
    const limits = given('limit')
    return {
      ...(limits.length > 0 && { limit: Math.max(...limits) }),
      wait: least(given('wait')),
      hiddenPauseMs: least(given('hiddenPauseMs')),
    }
  }

  /** Whether subscriptions may begin here: each reads by itself first, and moves here when it has caught up. */
  admits() {
    return false
  }

  /** @param {Iterable<string>} topics */
  hasRoomFor(topics) {
    return new Set([...this.covered, ...this.topics, ...topics]).size <= this.#house.terms.topicsMost
  }

  /** @param {Portion} portion */
  add(portion) {
    this.portions.add(portion)
    this.#tabs.want(true)
  }

  /** @param {Portion} portion */
  remove(portion) {
    if (this.portions.delete(portion)) this.#tabs.want()
  }

  pollNow() {
    if (this.portions.size > 0) this.#tabs.pollNow()
  }

  // It asks nothing: there is nothing to interrupt, no turn to wait for, and the leader finds out about the network.
  checkNetwork() {}
  interrupt() {}
  hurry() {}

  /**
   * Take what the leader was answered. False if something before it was missed, or if it leaves out a topic that is read
   * here: a new leader asks before it has heard what others want, and what is published meanwhile is after this cursor alone.
   *
   * @param {Batch} told
   */
  hear({ before, cursor, covered, more, isLive, batch }) {
    if (before !== this.cursor || [...this.topics].some((topic) => this.covered.has(topic) && !covered.includes(topic)))
      return false
    this.cursor = cursor
    this.covered = new Set(covered)
    if (batch) this.polls += 1
    noteAnswer(this, { isLive, more: more || !batch }, this.#house.loops)
    if (!batch) return true
    this.#handing = this.#handing.then(() => handOut(this, batch))
    return true
  }

  /** The leader waits before it asks again. @param {any} state */
  tell({ error, ...state }) {
    this.isLive = false
    const failure = error && Object.assign(new Error(error.message), error)
    for (const { subscription } of this.#own) subscription.tell({ ...state, ...(failure && { error: failure }) })
  }

  /** This tab leads from now on: all goes on by a poll of its own. @param {import('./poll-loop.js').PollLoop} loop */
  handOver(loop) {
    for (const portion of this.#own) {
      portion.loop = loop
      loop.portions.add(portion)
    }
    this.#end()
  }

  /** What is read here is read by loops of its own from now on. */
  lose() {
    if (this.isEnded) return
    const own = this.#own
    this.#end()
    this.#house.settle(own, this.cursor, this.covered)
  }

  #end() {
    this.isEnded = true
    this.isLive = false
    this.#house.loops.delete(this)
  }
}
