// One message as an element.

import { element, icon } from './element.js'
import { splitLinks } from './links.js'
import { initialOf } from './name-colour.js'
import { clockTime, fullTime } from './times.js'

/** @typedef {import('./rows.js').SaidRow} SaidRow */
/** @typedef {import('./room.js').Entry} Entry */
/** @typedef {{ resend: (entry: Entry) => void, discard: (entry: Entry) => void }} Actions */

/** A longer text is shown in part until one asks for the rest. */
const shownAtFirst = 1_500
const linesAtFirst = 25
const nameless = 'somebody'
const onlyEmoji = /^(?:\p{RGI_Emoji}\s*){1,3}$/v

/**
 * @param {SaidRow} row
 * @param {Actions} actions
 */
export function makeMessage({ entry }, actions) {
  const name = entry.name || nameless
  const author = element(
    'p',
    { className: 'author' },
    element('bdi', {}, name),
    element('span', { className: 'mark' }),
    entry.isOwn ? ' (you)' : '',
  )
  const avatar = element('span', { className: 'avatar', 'aria-hidden': 'true' }, initialOf(name))
  const bubble = element('div', { className: 'bubble' }, textOf(entry), element('p', { className: 'stamp' }))
  const made = element('li', { className: 'said' }, avatar, author, bubble, element('div', { className: 'trouble' }))
  made.classList.toggle('is-own', entry.isOwn)
  made.classList.toggle('is-odd', entry.isOdd)
  made.classList.toggle('is-emoji', !entry.isOdd && entry.text.length < 40 && onlyEmoji.test(entry.text))
  // A listener for each message, rather than one for the log, keeps the message and its buttons in one place.
  made.addEventListener('click', ({ target }) => {
    const action = target instanceof Element ? target.closest('button')?.dataset['action'] : undefined
    if (action === 'resend') actions.resend(entry)
    if (action === 'discard') actions.discard(entry)
  })
  return made
}

/**
 * What may change about a message: its place in the group, and whether it has arrived.
 *
 * @param {HTMLElement} made
 * @param {SaidRow} row
 */
export function updateMessage(made, { entry, look, isFirst, isLast }) {
  // Set by script, not as an attribute: the content security policy allows no inline styles.
  made.style.setProperty('--hue', String(look.hue))
  made.querySelector('.mark')?.replaceChildren(look.mark && ` ~${look.mark}`)
  made.classList.toggle('is-first', isFirst)
  made.classList.toggle('is-last', isLast)
  made.dataset['status'] = entry.status
  made.querySelector('.stamp')?.replaceChildren(...stampOf(entry))
  made.querySelector('.trouble')?.replaceChildren(...(entry.status === 'failed' ? troubleOf(entry) : []))
}

/** @param {Entry} entry */
function stampOf({ time, status, isOwn }) {
  const at = element('time', { dateTime: new Date(time).toISOString(), title: fullTime(time) }, clockTime(time))
  if (status === 'sending') return [element('span', {}, 'sending…')]
  if (status === 'failed') return [element('span', {}, 'not confirmed')]
  return isOwn ? [at, icon('done'), element('span', { className: 'unseen' }, 'arrived')] : [at]
}

/** @param {Entry} entry */
function troubleOf({ why }) {
  return [
    element('span', {}, why),
    element('button', { type: 'button', 'data-action': 'resend' }, 'Send again'),
    element('button', { type: 'button', 'data-action': 'discard' }, 'Discard'),
  ]
}

/** @param {Entry} entry */
function textOf({ text, isOdd }) {
  const place = element('div', { className: 'text', dir: 'auto' })
  const short = shortened(text)
  fill(place, short, isOdd)
  if (short.length < text.length) {
    const more = element('button', { type: 'button', className: 'more' }, `Show all ${text.length} characters`)
    more.addEventListener('click', () => fill(place, text, isOdd))
    place.append('… ', more)
  }
  return place
}

/** @param {string} text */
function shortened(text) {
  const lines = text.slice(0, shownAtFirst).split('\n').slice(0, linesAtFirst).join('\n')
  // Between the two halves of a character there is no cut.
  return text.length - lines.length < 100 ? text : lines.replace(/[\ud800-\udbff]$/, '')
}

/** @param {HTMLElement} place @param {string} text @param {boolean} isOdd */
function fill(place, text, isOdd) {
  place.replaceChildren(...(isOdd ? [element('code', {}, text)] : splitLinks(text).map(pieceOf)))
}

/** @param {import('./links.js').Piece} piece */
function pieceOf({ text, href }) {
  return href === undefined ? text : element('a', { href, target: '_blank', rel: 'noopener noreferrer' }, text)
}
