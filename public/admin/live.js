// What the server tells about itself, second by second, over its own stream: the last ten minutes are fetched once, and
// what comes afterwards is read with the bundled client.

import { createClient } from '../client.js'
import { joined } from './samples.js'
import { base } from './server-api.js'

/** @typedef {import('./samples.js').Sample} Sample */
/** @typedef {import('./samples.js').Condition} Condition */
/** @typedef {'connecting' | 'live' | 'cut'} Connection */
/** @typedef {Sample & Condition} Told */

const topic = '__encke/samples'

/** Samples come each second: without one for so long, the server is not heard. */
const silenceMs = 4_000

export class Live {
  /** @type {Sample[]} */
  samples = []
  /** @type {Condition} */
  condition = { isDraining: false, health: { isOk: true }, busiest: [] }
  /** @type {Connection} */
  connection = 'connecting'
  #heardAt = performance.now()
  #listeners = new Set()
  #api
  #client

  /** @param {import('./server-api.js').ServerApi} api @param {string} token */
  constructor(api, token) {
    this.#api = api
    this.#client = createClient({ origin: base, subscribeKey: token })
  }

  /** Begin. Gives false when the token was refused. */
  async start() {
    const { samples, ...condition } = await this.#api.ask('/admin/samples')
    this.#take(samples, condition)
    this.#client.subscribe(topic, (messages) => {
      const told = messages.map(({ data }) => /** @type {Told} */ (data))
      const last = told.at(-1)
      if (last !== undefined) this.#take(told, last)
    })
    setInterval(() => this.#lookWhetherCut(), 1_000)
  }

  get latest() {
    return this.samples.at(-1)
  }

  /** How long ago the server was heard last, in milliseconds. */
  get silentMs() {
    return performance.now() - this.#heardAt
  }

  /** Have `listener` called after each change. @param {() => void} listener @returns {() => void} ends that */
  onChange(listener) {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** @param {readonly Sample[]} samples @param {Condition} condition */
  #take(samples, { isDraining, health, busiest }) {
    this.samples = joined(this.samples, samples)
    this.condition = { isDraining, health, busiest }
    this.connection = 'live'
    this.#heardAt = performance.now()
    this.#tell()
  }

  #lookWhetherCut() {
    if (this.silentMs < silenceMs) return
    this.connection = 'cut'
    this.#tell()
  }

  #tell() {
    for (const listener of this.#listeners) listener()
  }
}
