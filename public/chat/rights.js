// What the reader may do here, in words: by keys, or as the token itself says. A token is read, not verified: that is the
// server's to do.

import { find } from './element.js'
import { clockTime } from './times.js'

/** @typedef {{ publishKey?: string, subscribeKey?: string }} Keys */

/**
 * Show what the keys and tokens of this visit let one do, here and elsewhere, and the commands with a place for them.
 *
 * @param {Keys} keys
 * @param {string} topic
 */
export function showRights(keys, topic) {
  const words = rightsInWords(keys)
  const place = find('rights', HTMLElement)
  place.textContent = words
  place.hidden = words === ''
  document.body.classList.toggle('reads-only', !maySay(keys, topic))
  const isNeeded = { reading: Boolean(keys.subscribeKey), publishing: Boolean(keys.publishKey) }
  for (const [what, needs] of Object.entries(isNeeded)) {
    for (const bearer of document.querySelectorAll(`.bearer.${what}`)) {
      bearer.textContent = needs ? '-H "Authorization: Bearer $TOKEN" ' : ''
    }
  }
}

/** @param {Keys} keys @returns {string} empty where there is neither a key nor a token */
function rightsInWords({ subscribeKey = '', publishKey = '' }) {
  const reading = subscribeKey === '' ? undefined : claimsIn(subscribeKey)
  const publishing = publishKey === '' ? undefined : claimsIn(publishKey)
  const rights = [
    ...(subscribeKey === '' ? [] : [`read ${reading ? topicsOf(reading.encke?.subscribe) : 'here'}`]),
    ...(publishKey === ''
      ? []
      : [`say ${publishing ? placesOf(publishing.encke?.publish) : 'something in all rooms'}`]),
  ]
  if (rights.length === 0) return ''
  const ends = [reading?.exp, publishing?.exp].filter((exp) => typeof exp === 'number')
  const until = ends.length === 0 ? '' : `, until ${clockTime(Math.min(...ends) * 1_000)}`
  return `Your ${reading || publishing ? 'token' : 'key'} lets you ${rights.join(' and ')}${until}.`
}

/** A key says nothing of topics. @param {Keys} keys @param {string} topic */
function maySay({ publishKey = '' }, topic) {
  const claims = claimsIn(publishKey)
  const patterns = claims?.encke?.publish
  return (
    !claims ||
    (Array.isArray(patterns) && patterns.some((pattern) => covers(String(pattern).split('/'), topic.split('/'))))
  )
}

/** As the server reads patterns (docs/security.md). @param {string[]} pattern @param {string[]} segments */
function covers(pattern, segments) {
  const isDeep = pattern.at(-1) === '**' && segments.length > pattern.length
  if (!isDeep && segments.length !== pattern.length) return false
  return pattern.every((one, at) => one === segments[at] || one === '*' || one === '**')
}

/** @param {unknown} patterns */
function topicsOf(patterns) {
  if (!Array.isArray(patterns) || patterns.length === 0) return 'nothing'
  return patterns.includes('**') ? 'all topics' : patterns.join(', ')
}

/** @param {unknown} patterns */
function placesOf(patterns) {
  const topics = topicsOf(patterns)
  return topics === 'nothing' ? topics : `something in ${topics}`
}

/** What a token says; undefined for a key, which says nothing. @param {string} text @returns {Record<string, any> | undefined} */
function claimsIn(text) {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(text) ?? []
  if (payload === undefined) return undefined
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), (one) => one.charCodeAt(0))
    return Object(JSON.parse(new TextDecoder().decode(bytes)))
  } catch {
    return undefined
  }
}
