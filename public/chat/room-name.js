// The names of rooms, and what they are elsewhere: a topic on the server, and a link that can be shared.
//
// A room may have any name. A topic has few characters: every byte of any other is written ~XX, as % would be in a URL.

const defaultRoom = 'lobby'
/** A topic has 200 characters, and five of them are `chat/`. */
const longestTopicPart = 195
const unwanted = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu
const plain = /^[a-z0-9_.-]$/

/**
 * A room's name as it may be: one line, in small letters, short enough for a topic. Empty when nothing is left.
 *
 * @param {string} text
 */
export function cleanRoom(text) {
  const line = text.slice(0, 1_000).toWellFormed().normalize('NFC').replace(unwanted, ' ').replace(/\s+/gu, ' ')
  let name = ''
  for (const character of line
    .trim()
    .replace(/^#+\s*/u, '')
    .toLowerCase()) {
    if (encode(name + character).length > longestTopicPart) break
    name += character
  }
  return name.trim()
}

/** @param {string} room */
export function topicOf(room) {
  return `chat/${encode(room)}`
}

/** Where it is told who is writing. @param {string} room */
export function typingTopicOf(room) {
  return `type/${encode(room)}`
}

/** @param {string} room */
export function linkTo(room) {
  return `#${new URLSearchParams({ room })}`
}

/**
 * The room that a link leads to.
 *
 * @param {string} hash as in `location.hash`
 */
export function roomIn(hash) {
  return cleanRoom(new URLSearchParams(hash.slice(1)).get('room') ?? '') || defaultRoom
}

/** @param {string} room */
function encode(room) {
  // A segment of a topic is neither "." nor "..".
  if (room === '.' || room === '..') return room.replaceAll('.', '~2E')
  return [...room].map((character) => (plain.test(character) ? character : encodeBytes(character))).join('')
}

/** @param {string} character */
function encodeBytes(character) {
  const bytes = new TextEncoder().encode(character)
  return [...bytes].map((byte) => `~${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')
}
