// What a tab keeps over a reload: drafts, what was not confirmed, and keys. Closing the tab ends it; other tabs have their own.
//
// A browser may refuse to keep anything; then a reload begins afresh, and nothing else changes.

/** @typedef {{ publishKey?: string, subscribeKey?: string }} Keys */
/** @typedef {{ room: string, name: string, text: string, nonce: string, tag: string, time: number, status: 'sending' | 'failed', why: string }} Unsent */

/** @returns {Record<string, string>} by room */
export const keptDrafts = () => read('encke-chat-drafts', {})

/** @param {string} room @param {string} text */
export function keepDraft(room, text) {
  const { [room]: _, ...others } = keptDrafts()
  write('encke-chat-drafts', text === '' ? others : { ...others, [room]: text })
}

/** @returns {Unsent[]} */
export const keptUnsent = () => read('encke-chat-unsent', [])

/** @param {Unsent[]} unsent */
export const keepUnsent = (unsent) => write('encke-chat-unsent', unsent)

/** @returns {Keys} */
export const keptKeys = () => read('encke-chat-keys', {})

/** @param {Keys} keys */
export const keepKeys = (keys) => write('encke-chat-keys', keys)

/** @template T @param {string} key @param {T} none @returns {T} */
function read(key, none) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? 'null') ?? none
  } catch {
    return none
  }
}

/** @param {string} key @param {unknown} value */
function write(key, value) {
  try {
    sessionStorage.setItem(key, JSON.stringify(value))
  } catch {}
}
