// Finds the links in a text, for the eye and for the click: only http and https, and only what shows where it goes.

/** @typedef {{ text: string, href?: string }} Piece */

const candidate = /\bhttps?:\/\/[^\s<>"]+/giu
const trailing = /[.,;:!?'”’…*_~]+$/u
/** More of them than anybody writes; the rest stays text. */
const mostLinks = 100

/**
 * Cut a text into pieces, some of which are links. Joined, their texts are the text again.
 *
 * @param {string} text
 * @returns {Piece[]}
 */
export function splitLinks(text) {
  /** @type {Piece[]} */
  const pieces = []
  let at = 0
  for (const { 0: found, index } of text.matchAll(candidate)) {
    if (pieces.length >= 2 * mostLinks) break
    const shown = withoutTrailing(found)
    const href = safeAddress(shown)
    if (href === undefined) continue
    if (index > at) pieces.push({ text: text.slice(at, index) })
    pieces.push({ text: shown, href })
    at = index + shown.length
  }
  if (at < text.length) pieces.push({ text: text.slice(at) })
  return pieces
}

/** A full stop after a link is not part of it, and neither is a bracket that was opened before it. @param {string} link */
function withoutTrailing(link) {
  for (;;) {
    const shorter = withoutBracket(link.replace(trailing, ''))
    if (shorter === link) return link
    link = shorter
  }
}

/** @param {string} link */
function withoutBracket(link) {
  const bracket = link.at(-1) ?? ''
  const opening = { ')': '(', ']': '[', '}': '{' }[bracket]
  if (opening === undefined) return link
  return link.split(opening).length < link.split(bracket).length ? link.slice(0, -1) : link
}

/** @param {string} link */
function safeAddress(link) {
  const url = URL.parse(link)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined
  // https://bank.example@elsewhere.example shows one place and goes to another.
  return url.username === '' && url.password === '' ? url.href : undefined
}
