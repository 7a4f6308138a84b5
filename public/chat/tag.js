// Tags: four letters that a browser keeps, by which two people with one name are told apart.
//
// They prove nothing: everybody may send any. They stand beside a name only where there is another with the same name.

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
const tagged = /^(?<name>.*) ~(?<tag>[a-z0-9]{4})(?: \(\d+\))?$/u

export function newTag() {
  const bytes = crypto.getRandomValues(new Uint8Array(4))
  return Array.from(bytes, (byte) => letters[byte % letters.length]).join('')
}

/** @param {unknown} tag */
export const isTag = (tag) => typeof tag === 'string' && /^[a-z0-9]{4}$/.test(tag)

/** The name by which one is present on the server. @param {string} name @param {string} tag */
export const presentAs = (name, tag) => (name === '' ? '' : `${name} ~${tag}`)

/** The inverse; whatever another program calls itself is a name. @param {string} presence */
export function readPresence(presence) {
  const { name = presence, tag = '' } = tagged.exec(presence)?.groups ?? {}
  return { name, tag }
}
