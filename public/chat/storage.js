// What this browser remembers: a name, the rooms, what was read, and which messages are one's own.
//
// A browser may refuse to keep anything; then it is remembered until the page is left, and nothing else changes.

/** @typedef {{ name: string, rooms: string[], readUntil: Record<string, number>, nonces: string[] }} Memory */

const key = 'encke-chat'
const mostRooms = 8
const mostNonces = 500

/** @returns {Memory} */
export function remember() {
  const kept = read()
  return {
    name: typeof kept.name === 'string' ? kept.name : '',
    rooms: strings(kept.rooms).slice(0, mostRooms),
    readUntil: times(kept.readUntil),
    nonces: strings(kept.nonces).slice(-mostNonces),
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

/**
 * Put a room into the list, or to its front: the list is bounded, and whoever has not been looked at for longest leaves.
 *
 * @param {string} room
 */
export function keepRoom(room) {
  const { rooms } = remember()
  if (rooms.includes(room)) return rooms
  const kept = [...rooms, room].slice(-mostRooms)
  keep({ rooms: kept })
  return kept
}

/** @param {string} room */
export function forgetRoom(room) {
  const rooms = remember().rooms.filter((name) => name !== room)
  keep({ rooms })
  return rooms
}

/** @param {string} nonce */
export function keepNonce(nonce) {
  keep({ nonces: [...remember().nonces, nonce].slice(-mostNonces) })
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
