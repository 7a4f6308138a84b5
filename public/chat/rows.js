// The rows of the log, from what is known of a room: messages grouped by author, days between them, the line "New".

import { dayName, dayOf } from './times.js'

/** @typedef {import('./room.js').Entry} Entry */
/** @typedef {{ kind: 'said', key: string, entry: Entry, look: import('./room.js').Look, isFirst: boolean, isLast: boolean }} SaidRow */
/** @typedef {{ kind: 'day' | 'note' | 'new', key: string, text: string }} LineRow */
/** @typedef {SaidRow | LineRow} Row */

/** After a pause as long as this an author is named again. */
const groupMs = 5 * 60_000

/**
 * The rows of some entries of a room, or of all.
 *
 * @param {import('./room.js').Room} room
 * @param {number} now
 * @param {(Entry | import('./room.js').Note)[]} entries
 * @returns {Row[]}
 */
export function rowsOf(room, now, entries = room.entries) {
  const { newSince } = room
  /** @type {Row[]} */
  const rows = []
  let day = 0
  let isNewShown = newSince === undefined
  for (const entry of entries) {
    if (dayOf(entry.time) > day) {
      day = dayOf(entry.time)
      rows.push({ kind: 'day', key: `day-${day}`, text: dayName(day, now) })
    }
    if (entry.kind === 'note') {
      rows.push({ kind: 'note', key: entry.id, text: entry.text })
      continue
    }
    if (!isNewShown && !entry.isOwn && entry.time > (newSince ?? 0)) {
      isNewShown = true
      rows.push({ kind: 'new', key: 'new', text: 'New' })
    }
    const before = rows.at(-1)
    const isFirst = before?.kind !== 'said' || !belongTogether(before.entry, entry)
    if (!isFirst) before.isLast = false
    rows.push({ kind: 'said', key: entry.id, entry, look: room.lookOf(entry), isFirst, isLast: true })
  }
  return rows
}

/** @param {Entry} before @param {Entry} after */
function belongTogether(before, after) {
  return (
    before.isOwn === after.isOwn &&
    before.name === after.name &&
    before.tag === after.tag &&
    after.time - before.time < groupMs
  )
}
