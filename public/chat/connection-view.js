// How the connection stands, in words that are true: a mark beside the room's name, and a bar while it is down.
//
// The seconds are for the eye only; what is read out changes when the state does.

import { find } from './element.js'
import { wantsKey } from './key-form.js'

/** @typedef {import('../client.js').State} State */
/** @typedef {{ mark: 'live' | 'busy' | 'down', short: string, long: string }} Words */

export class ConnectionView {
  #mark = find('connection', HTMLElement)
  #bar = find('trouble-bar', HTMLElement)
  #words = find('trouble-words', HTMLElement)
  #countdown = find('trouble-countdown', HTMLElement)
  #seen = find('trouble-seen', HTMLElement)
  #now = find('try-now', HTMLButtonElement)
  #wasLive = false
  #isDown = false
  #until = 0
  #timer = 0

  #lastSeen = 0
  #heard

  /** @param {() => void} tryNow @param {() => number} heard when the server answered last, in milliseconds since 1970; 0 for never */
  constructor(tryNow, heard) {
    this.#heard = heard
    this.#now.addEventListener('click', tryNow)
  }

  /** @param {State} state */
  show(state) {
    if (state.name === 'live') this.#wasLive = true
    if (state.name === 'live') this.#lastSeen = Date.now()
    if (state.name === 'waiting' || state.name === 'closed') this.#isDown = true
    if (state.name === 'live') this.#isDown = false
    const { mark, short, long } = wordsFor(state, this.#wasLive)
    this.#mark.dataset['mark'] = mark
    this.#mark.textContent = short
    if (this.#isDown && this.#words.textContent !== long) this.#words.textContent = long
    this.#now.textContent = state.name === 'closed' ? 'Try again' : 'Try now'
    // Whoever pressed it must not lose the focus with it.
    if (!this.#isDown && document.activeElement === this.#now) find('log', HTMLElement).focus()
    this.#bar.hidden = !this.#isDown
    this.#count(state)
  }

  /** @param {State} state */
  #count(state) {
    clearInterval(this.#timer)
    this.#countdown.textContent = ''
    this.#seen.textContent = ''
    if (state.name !== 'waiting') return
    this.#until = Date.now() + (state.ms ?? 0)
    this.#tick()
    this.#timer = setInterval(() => this.#tick(), 250)
  }

  #tick() {
    const seconds = Math.max(Math.ceil((this.#until - Date.now()) / 1_000), 0)
    const seen = Math.max(this.#lastSeen, this.#heard())
    this.#seen.textContent = seen === 0 ? '' : `Last seen ${agoOf(Date.now() - seen)} ago.`
    this.#countdown.textContent = seconds === 0 ? '' : `Next try in ${seconds} s.`
  }
}

/** @param {number} ms */
function agoOf(ms) {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 90) return `${seconds} s`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`
}

/**
 * @param {State} state
 * @param {boolean} wasLive
 * @returns {Words}
 */
function wordsFor({ name, error }, wasLive) {
  if (name === 'live') return { mark: 'live', short: 'Live', long: '' }
  if (error && wantsKey(error)) {
    const what = error.code === 'ENCKE_ERR_SUBSCRIBE_KEY' ? 'key' : 'token'
    return { mark: 'down', short: 'Stopped', long: `Stopped for want of a ${what}.` }
  }
  if (name === 'closed') return { mark: 'down', short: 'Stopped', long: `Stopped: ${error?.message ?? 'closed'}.` }
  if (name === 'connecting') {
    return { mark: 'busy', short: wasLive ? 'Reconnecting…' : 'Connecting…', long: 'Trying to reach the server…' }
  }
  const short = wasLive ? 'Reconnecting…' : 'No connection'
  if (error === undefined) return { mark: 'busy', short, long: 'The server is going away for a moment.' }
  if (error.code === 'LED_BACK')
    return { mark: 'down', short: 'Unsteady', long: `Something is wrong: ${error.message}.` }
  if (error.status === undefined) return { mark: 'down', short, long: 'The server cannot be reached.' }
  if (error.status === 429)
    return { mark: 'busy', short, long: 'Too many requests from here; the server asks for patience.' }
  return { mark: 'down', short, long: `The server has trouble: ${error.message}.` }
}
