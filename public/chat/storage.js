// What this browser remembers for the next visit: a name, the rooms, what was read, and which messages are one's own.
//
// A page reads it once, when it opens, and adds to it from then on: tabs share it, and none changes what another one shows.
// A browser may refuse to keep anything; then there is nothing to remember the next time, and nothing else changes.

import { isTag } from './tag.js'

/** @typedef {{ name: string, tag: string, rooms: string[], readUntil: Record<string, number>, ownIds: string[] }} Memory */

const key = 'encke-chat'
/** More rooms would make one poll large, and the list long. */
export const mostRooms = 8
const mostOwnIds = 500

/** @returns {Memory} */
export function remember() {
  const kept = read()
  return {
    name: typeof kept.name === 'string' ? kept.name : '',
    tag: isTag(kept.tag) ? String(kept.tag) : '',
    rooms: strings(kept.rooms).slice(0, mostRooms),
    readUntil: times(kept.readUntil),
    ownIds: strings(kept.ownIds).slice(-mostOwnIds),
  }
}

/**
 * Keep what changed; what another tab has kept meanwhile stays.
 *
 * @param {Partial<Memory>} changed
 */
export function keep(changed) {
  try {
    localStorage.setItem(key, JSON.stringify({ ...remember(), ...changed }))
  } catch {}
}

/** @param {string} room */
export function keepRoom(room) {
  const { rooms } = remember()
  if (!rooms.includes(room)) keep({ rooms: [...rooms, room].slice(-mostRooms) })
}

/** @param {string} room */
export function forgetRoom(room) {
  keep({ rooms: remember().rooms.filter((name) => name !== room) })
}

/** @param {string} id */
export function keepOwnId(id) {
  keep({ ownIds: [...remember().ownIds, id].slice(-mostOwnIds) })
}

/** @param {string} room @param {number} time */
export function keepReadUntil(room, time) {
  keep({ readUntil: { ...remember().readUntil, [room]: time } })
}

/** @returns {Record<string, unknown>} */
function read() {
  try {
    return Object(JSON.parse(localStorage.getItem(key) ?? '{}'))
  } catch {
    return {}
  }
}

/** @param {unknown} kept */
function strings(kept) {
  return Array.isArray(kept) ? kept.filter((one) => typeof one === 'string') : []
}

/** @param {unknown} kept */
function times(kept) {
  const pairs = Object.entries(Object(kept)).filter(([, time]) => typeof time === 'number')
  return Object.fromEntries(pairs)
}
