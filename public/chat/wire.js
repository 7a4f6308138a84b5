// The wire: the last requests of this page, as they are under way, for the panel that shows them.
//
// Always true: it changes nothing about a request; it reads a copy of the reply, and keeps the newest few.

/**
 * @typedef {object} Exchange
 * @property {number} number
 * @property {string} method
 * @property {string} path without the query
 * @property {string[]} topics
 * @property {string} cursor that it was asked with; empty when there was none
 * @property {number | undefined} wait seconds that it asked to be held; 0 at once; undefined as the server likes
 * @property {number} began in milliseconds since 1970
 * @property {number | undefined} tookMs until the whole reply was here, or until it ended otherwise
 * @property {number | undefined} status
 * @property {string} reply its text
 * @property {string} next the cursor of the reply
 * @property {number} messages in the reply
 * @property {'under way' | 'answered' | 'given up' | 'failed'} state
 */

const mostKept = 12
const longestKept = 3_000

export class Wire {
  /** The newest first. @type {Exchange[]} */
  exchanges = []
  /** When the server answered last, in milliseconds since 1970. */
  heard = 0
  #changed
  #count = 0

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed
  }

  /** `fetch`, looked at. @type {typeof globalThis.fetch} */
  fetch = async (input, init) => {
    const exchange = this.#begin(String(input), init)
    try {
      const response = await fetch(input, init)
      exchange.status = response.status
      // It may still be given up, or be cut off, in its middle.
      this.#read(exchange, response.clone()).catch(() => this.#break(exchange, init))
      return response
    } catch (error) {
      this.#break(exchange, init)
      throw error
    }
  }

  /** @param {string} input @param {RequestInit | undefined} init */
  #begin(input, init) {
    const { pathname, searchParams } = new URL(input, location.href)
    const asked = typeof init?.body === 'string' && pathname.endsWith('/poll') ? JSON.parse(init.body) : {}
    const wait = searchParams.get('wait') ?? asked.wait
    /** @type {Exchange} */
    const exchange = {
      number: ++this.#count,
      method: init?.method ?? 'GET',
      path: pathname,
      topics: asked.topics ?? searchParams.getAll('topic'),
      cursor: searchParams.get('cursor') ?? asked.cursor ?? '',
      wait: wait === undefined ? undefined : Number(wait),
      began: Date.now(),
      tookMs: undefined,
      status: undefined,
      reply: '',
      next: '',
      messages: 0,
      state: 'under way',
    }
    this.exchanges = [exchange, ...this.exchanges].slice(0, mostKept)
    this.#changed()
    return exchange
  }

  /** @param {Exchange} exchange @param {Response} response */
  async #read(exchange, response) {
    const text = await response.text()
    exchange.reply = text.slice(0, longestKept)
    try {
      const { cursor, messages } = JSON.parse(text)
      exchange.next = typeof cursor === 'string' ? cursor : ''
      exchange.messages = Array.isArray(messages) ? messages.length : 0
    } catch {}
    this.heard = Date.now()
    this.#end(exchange, 'answered')
  }

  /** @param {Exchange} exchange @param {RequestInit | undefined} init */
  #break(exchange, init) {
    this.#end(exchange, init?.signal?.aborted ? 'given up' : 'failed')
  }

  /** @param {Exchange} exchange @param {Exchange['state']} state */
  #end(exchange, state) {
    exchange.state = state
    exchange.tookMs = Date.now() - exchange.began
    this.#changed()
  }
}
