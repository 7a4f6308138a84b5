// The dashboard: takes the token, opens the view that the address names, and says how the connection is.

import { element, find } from '../chat/element.js'
import { Benchmarks } from './benchmarks.js'
import { Controls } from './controls.js'
import { duration } from './format.js'
import { Live } from './live.js'
import { Overview } from './overview.js'
import { hrefOf, routeOf, tokenIn } from './route.js'
import { ServerApi } from './server-api.js'
import { forgetToken, keepToken, takeToken } from './token.js'
import { Topics } from './topics.js'
import { Xray } from './xray.js'

/**
 * What a view is given: how to ask the server, what is known of it, and what to do when the token is to be forgotten.
 *
 * @typedef {object} House
 * @property {ServerApi} api
 * @property {Live} live
 * @property {() => void} forget
 */
/**
 * @typedef {object} View
 * @property {string} title
 * @property {HTMLElement} root
 * @property {(route: import('./route.js').Route) => void} show
 * @property {() => void} hide
 */

/** @type {Record<string, new (house: House) => View>} */
const views = { overview: Overview, topics: Topics, xray: Xray, benchmarks: Benchmarks, controls: Controls }
/** @type {Record<string, string>} */
const names = { overview: 'Overview', topics: 'Topics', xray: 'X-ray', benchmarks: 'Benchmarks', controls: 'Controls' }

const main = find('view', HTMLElement)
const gate = find('gate', HTMLFormElement)
const field = find('gate-token', HTMLInputElement)
const pulse = find('pulse', HTMLElement)

/** @type {Map<string, View>} */
const opened = new Map()
/** @type {View | undefined} */
let current
/** @type {House | undefined} */
let house

find('nav', HTMLElement).append(
  ...Object.entries(names).map(([view, name]) => element('a', { href: hrefOf(view), 'data-view': view }, name)),
)
gate.addEventListener('submit', (event) => {
  event.preventDefault()
  void enter(field.value.trim())
})
addEventListener('hashchange', () => {
  if (tokenIn(location.hash) !== '') void enter(takeToken())
  else if (house !== undefined) open()
})
void enter(takeToken())

/** @param {string} token */
async function enter(token) {
  if (token === '') return askForToken('')
  const api = new ServerApi(token, askForToken)
  const live = new Live(api, token)
  try {
    await live.start()
  } catch (/** @type {any} */ error) {
    if (!error.wantsToken) setTimeout(() => void enter(token), 2_000)
    if (!error.wantsToken) sayPulse('bad', 'The server cannot be reached')
    return
  }
  keepToken(token)
  gate.hidden = true
  field.value = ''
  current?.hide()
  current = undefined
  opened.clear()
  house = { api, live, forget: leave }
  live.onChange(sayHowItIs)
  sayHowItIs()
  open()
}

function open() {
  if (house === undefined) return
  const route = routeOf(location.hash, Object.keys(views))
  let view = opened.get(route.view)
  if (view === undefined) {
    const Of = views[route.view]
    if (Of === undefined) return
    view = new Of(house)
    opened.set(route.view, view)
  }
  if (current !== view) {
    current?.hide()
    main.replaceChildren(view.root)
    current = view
  }
  document.title = `${view.title} · Encke`
  for (const link of document.querySelectorAll('#nav a')) {
    if (link.getAttribute('data-view') === route.view) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  view.show(route)
}

/** @param {string} why empty when there was no token at all */
function askForToken(why) {
  forgetToken()
  current?.hide()
  current = undefined
  main.replaceChildren()
  gate.hidden = false
  find('gate-words', HTMLElement).textContent = why === '' ? '' : 'The server has refused this token.'
  sayPulse('busy', 'No token')
  field.focus()
}

function leave() {
  forgetToken()
  location.hash = ''
  location.reload()
}

function sayHowItIs() {
  if (house === undefined || !gate.hidden) return
  const { connection, silentMs, condition } = house.live
  if (connection === 'cut') return sayPulse('bad', `Last seen ${duration(Math.floor(silentMs / 1_000) * 1_000)} ago`)
  if (condition.isDraining) return sayPulse('busy', 'Draining')
  if (!condition.health.isOk) return sayPulse('bad', 'The broker fails')
  sayPulse('good', 'Live')
}

/** @param {'good' | 'busy' | 'bad'} mark @param {string} words */
function sayPulse(mark, words) {
  pulse.dataset['mark'] = mark
  if (pulse.textContent !== words) pulse.textContent = words
}
