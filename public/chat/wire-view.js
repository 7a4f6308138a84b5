// The panel "On the wire": this page's requests, live. The poll that hangs counts its seconds before one's eyes.
//
// It draws only while it is open, and what is folded out stays so.

import { element, find } from './element.js'

/** @typedef {import('./wire.js').Exchange} Exchange */
/** @typedef {import('./wire.js').Wire} Wire */

const tickMs = 100
/** What the server holds when it is not told how long. */
const usualHoldMs = 25_000

export class WireView {
  #panel = find('wire', HTMLElement)
  #list = find('exchanges', HTMLElement)
  #words = find('wire-words', HTMLElement)
  #button = find('open-wire', HTMLButtonElement)
  /** @type {Map<number, HTMLElement>} */
  #rows = new Map()
  #timer = 0
  #look

  /** @param {() => { exchanges: Exchange[], role: 'alone' | 'leader' | 'follower' }} look */
  constructor(look) {
    this.#look = look
    this.#button.addEventListener('click', () => this.#set(this.#panel.hidden === true))
    const close = find('close-wire', HTMLButtonElement)
    close.addEventListener('click', () => this.#set(false))
    this.#panel.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.#set(false)
    })
  }

  /** Something was asked or answered. */
  update() {
    if (!this.#panel.hidden) this.#draw()
  }

  /** @param {boolean} isOpen */
  #set(isOpen) {
    this.#panel.hidden = !isOpen
    this.#button.setAttribute('aria-expanded', String(isOpen))
    clearInterval(this.#timer)
    if (isOpen) {
      this.#timer = setInterval(() => this.#tick(), tickMs)
      this.#draw()
      this.#panel.focus()
    } else this.#button.focus()
  }

  #draw() {
    const { exchanges, role } = this.#look()
    this.#words.textContent = wordsFor(role)
    const numbers = new Set(exchanges.map(({ number }) => number))
    for (const [number, row] of this.#rows) {
      if (numbers.has(number)) continue
      row.remove()
      this.#rows.delete(number)
    }
    for (const exchange of exchanges.toReversed()) {
      const row = this.#rows.get(exchange.number) ?? makeRow(exchange)
      if (!this.#rows.has(exchange.number)) this.#list.prepend(row)
      this.#rows.set(exchange.number, row)
      updateRow(row, exchange)
    }
    this.#tick()
  }

  #tick() {
    for (const exchange of this.#look().exchanges) {
      const row = this.#rows.get(exchange.number)
      if (exchange.state !== 'under way' || !row) continue
      const ms = Date.now() - exchange.began
      const seconds = row.querySelector('.seconds')
      if (seconds) seconds.textContent = `${(ms / 1_000).toFixed(1)} s`
      row.style.setProperty('--held', String(Math.min(ms / holdOf(exchange), 1)))
    }
  }
}

/** @param {Exchange} exchange */
const holdOf = ({ wait }) => (wait === undefined ? usualHoldMs : wait * 1_000) || 1

/** @param {Exchange} exchange */
const isPoll = ({ path }) => path.endsWith('/messages') || path.endsWith('/poll')

/** @param {Exchange} exchange */
function makeRow(exchange) {
  const { method, path, topics, cursor } = exchange
  const head = element(
    'p',
    { className: 'exchange-head' },
    element('span', { className: 'method' }, method),
    element('code', {}, path),
    element('span', { className: 'seconds' }),
  )
  const what = element('p', { className: 'exchange-what' })
  const detail = element(
    'details',
    {},
    element('summary', {}, 'Look inside'),
    element(
      'dl',
      {},
      ...pair('topics', topics.join(', ') || '—'),
      ...(isPoll(exchange) ? pair('cursor it goes on from', cursor || 'none: from now') : []),
      ...pair('reply', '…', 'reply'),
    ),
  )
  return element('li', { className: 'exchange' }, head, element('div', { className: 'bar' }), what, detail)
}

/** @param {HTMLElement} row @param {Exchange} exchange */
function updateRow(row, exchange) {
  const { state, tookMs = 0, next, reply } = exchange
  row.dataset['state'] = state
  row.classList.toggle('is-held', state === 'under way' && isPoll(exchange) && exchange.wait !== 0)
  row.querySelector('.exchange-what')?.replaceChildren(...whatOf(exchange))
  const place = row.querySelector('.reply')
  if (state === 'under way') return
  const seconds = row.querySelector('.seconds')
  if (seconds) seconds.textContent = tookMs < 1_000 ? `${tookMs} ms` : `${(tookMs / 1_000).toFixed(1)} s`
  if (place) place.textContent = reply || (state === 'given up' ? 'none: the page has something newer to ask' : 'none')
  row.title = next === '' ? '' : `The next poll goes on from ${next}`
}

/** @param {Exchange} exchange @returns {(Node | string)[]} */
function whatOf(exchange) {
  const { state, status, messages, next, wait } = exchange
  if (state === 'under way') {
    if (!isPoll(exchange)) return ['on its way']
    return [wait === 0 ? 'asks what is there' : 'held by the server until there is news']
  }
  if (state !== 'answered') return [state]
  const code = element('span', { className: 'status' }, String(status))
  if (status === 201) return [code, ' published']
  if (status !== 200 || !isPoll(exchange) || next === '') return [code]
  const count = messages === 0 ? 'nothing new' : `${messages} ${messages === 1 ? 'message' : 'messages'}`
  return [code, ` ${count}, go on from `, element('code', { className: 'cursor' }, shortened(next))]
}

/** @param {string} cursor */
const shortened = (cursor) => (cursor.length > 14 ? `${cursor.slice(0, 5)}…${cursor.slice(-6)}` : cursor)

/** @param {string} name @param {string} value @param {string} [className] */
function pair(name, value, className = '') {
  return [element('dt', {}, name), element('dd', { className }, value)]
}

/** @param {'alone' | 'leader' | 'follower'} role */
function wordsFor(role) {
  if (role === 'follower')
    return 'Another tab of this browser holds the poll, and hands on what comes. Only what this page asks itself stands here.'
  if (role === 'leader') return 'One request of this browser always waits at the server, for all of its tabs.'
  return 'One request always waits at the server. The news is its answer, and the next request follows at once.'
}
