// What a server was found to accept: how many topics a request may name, how long it holds, how much it sends at most.
//
// The loops of a client share it. It begins with the defaults of Encke and learns from refusals.

import { graceMs } from './request.js'

/** @typedef {import('./request.js').Failure} Failure */
/**
 * @typedef {object} Question
 * @property {string[]} topics
 * @property {boolean} isHolding whether the server is asked to wait for news
 * @property {{ wait: number | undefined, limit: number | undefined, [name: string]: unknown }} fields
 */

/** A server whose hold nobody knows yet may hold as long as this. */
const longestHoldMs = 120_000
const shortestHoldMs = 30_000

/** A poll that was answered sooner, and without messages, was not held. */
export const heldMs = 500

const tooMany = /TOPIC_COUNT|BODY_TOO_LARGE|URL_TOO_LONG|HEADERS_TOO_LARGE/

export class Terms {
  /** Whether event streams do not get through. */
  lacksEvents = false
  /** How many were lost since one began. */
  lostStreams = 0
  #getMost = 100
  #postMost = 1_000
  #waitMost = Number.POSITIVE_INFINITY
  #waitBelow = Number.POSITIVE_INFINITY
  #limitBelow = Number.POSITIVE_INFINITY
  /** @type {number | undefined} */
  #holdMs
  #prefersPost

  /** @param {boolean} prefersPost where a GET would cost a preflight each time: the URL of POST /poll never changes */
  constructor(prefersPost) {
    this.#prefersPost = prefersPost
  }

  /** How many topics one request may name. */
  get topicsMost() {
    return Math.max(this.#getMost, this.#postMost)
  }

  /** @param {number} count of topics */
  takesPost(count) {
    return this.#postMost >= count && (this.#prefersPost || this.#getMost < count)
  }

  /** @param {number | undefined} seconds */
  wait(seconds) {
    const most = Math.min(seconds ?? Number.POSITIVE_INFINITY, this.#waitMost)
    return seconds !== undefined && most < this.#waitBelow ? most : undefined
  }

  /** @param {number | undefined} messages */
  limit(messages) {
    return messages !== undefined && messages < this.#limitBelow ? messages : undefined
  }

  /** How long there may be no answer. @param {Question} question */
  limitMs({ isHolding, fields: { wait } }) {
    const holdMs = wait === undefined ? (this.#holdMs ?? longestHoldMs) : wait * 1_000
    return (isHolding ? holdMs : 0) + graceMs
  }

  /**
   * Learn how long the server holds from a reply: it says so, or an empty reply shows it.
   *
   * @param {Question} question @param {any} batch @param {number} tookMs
   */
  learnHold({ isHolding, fields: { wait } }, batch, tookMs) {
    if (!isHolding) return
    if (batch.wait < (wait ?? 0)) this.#waitMost = batch.wait
    if (wait !== undefined) return
    if (batch.wait >= 0) this.#holdMs = batch.wait * 1_000
    // Waits are shortened by up to a tenth.
    else if (batch.messages.length === 0 && tookMs >= heldMs)
      this.#holdMs = Math.max(this.#holdMs ?? shortestHoldMs, tookMs * 1.25)
  }

  forgetHold() {
    this.#holdMs = undefined
  }

  /**
   * Learn from a refusal. Gives whether to ask again, in another way.
   *
   * @param {Failure} failure @param {Question} question
   */
  learn({ code = '', status = 0 }, { topics, fields: { wait, limit } }) {
    if (code === 'ENCKE_ERR_WAIT_VALUE' && wait) this.#waitBelow = wait
    else if (code === 'ENCKE_ERR_LIMIT_VALUE' && limit) this.#limitBelow = limit
    else if (tooMany.test(code) || status === 413 || status === 414 || status === 431) {
      const most = topics.length >> 1
      if (this.takesPost(topics.length)) this.#postMost = most
      else this.#getMost = most
      return this.topicsMost > 0
    } else return false
    return true
  }
}
