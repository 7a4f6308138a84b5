// Reads what came over a room's topic. Anybody can publish any JSON there, so nothing about it is taken for granted:
// whatever it is, it becomes a name and a text that can be shown.

import { isTag } from './tag.js'

/** @typedef {import('../client.js').Message} Message */
/**
 * @typedef {object} Said
 * @property {string} id
 * @property {number} time in milliseconds since 1970
 * @property {string} name empty when the sender gave none
 * @property {string} text
 * @property {string} nonce what the sender tells its own message by; empty when there is none
 * @property {string} tag what people of one name are told apart by; empty when there is none
 * @property {boolean} isOdd it is not of our making, and `text` is its JSON
 */

const longestName = 32
/** What fits into a message of 64 KiB, whatever its characters are. */
export const longestText = 16_000

// What would turn the text around it, hide in it, or break the line. U+200D stays: it joins emoji.
const unwanted = /[\p{Cc}\p{Zl}\p{Zp}\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff]+/gu

/**
 * @param {Message} message
 * @returns {Said}
 */
export function readMessage({ id, time, data }) {
  const { name, text, nonce, tag } = typeof data === 'string' ? { text: data } : fieldsOf(data)
  const isOdd = typeof text !== 'string' || text.trim() === ''
  return {
    id,
    time,
    name: isOdd ? '' : cleanName(name),
    text: isOdd ? jsonOf(data) : text.toWellFormed(),
    nonce: typeof nonce === 'string' && nonce.length <= 64 ? nonce : '',
    tag: isTag(tag) ? String(tag) : '',
    isOdd,
  }
}

/**
 * A name as it may be shown: one line, not long, and nothing that disturbs what stands beside it.
 *
 * @param {unknown} name
 */
export function cleanName(name) {
  if (typeof name !== 'string') return ''
  const line = name.slice(0, 1_000).toWellFormed().normalize('NFC').replace(unwanted, ' ').replace(/\s+/gu, ' ').trim()
  return [...line].slice(0, longestName).join('').trim()
}

/**
 * @param {unknown} data
 * @returns {{ name?: unknown, text?: unknown, nonce?: unknown, tag?: unknown }}
 */
function fieldsOf(data) {
  return typeof data === 'object' && data !== null && !Array.isArray(data) ? data : {}
}

/** @param {unknown} data */
function jsonOf(data) {
  try {
    // Without indentation: ten thousand nested brackets would become a hundred megabytes of blanks.
    return JSON.stringify(data)
  } catch {
    return 'a message nested too deeply to be shown'
  }
}
