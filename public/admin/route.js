// Where in the dashboard one is: a view, what it is about, and how it is looked at, all in the fragment of the URL.
// `#topics/news%2Fone?after=a` is the view topics, about news/one. Pure: nothing here touches the page.

/** @typedef {{ view: string, subject: string, query: URLSearchParams }} Route */

/** @param {string} hash with its # @param {readonly string[]} views the first is where one begins @returns {Route} */
export function routeOf(hash, views) {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2)
  const [view = '', subject = ''] = path.split('/', 2)
  const known = views.includes(view) ? view : (views[0] ?? '')
  return { view: known, subject: decoded(subject), query: new URLSearchParams(query) }
}

/** @param {string} view @param {string} [subject] @param {Record<string, string>} [query] empty values are left out */
export function hrefOf(view, subject = '', query = {}) {
  const given = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''))
  const path = subject === '' ? view : `${view}/${encodeURIComponent(subject)}`
  return given.size === 0 ? `#${path}` : `#${path}?${given}`
}

/** The token that a link to the dashboard brings: `#token=…`; empty in any other fragment. @param {string} hash */
export const tokenIn = (hash) => (hash.startsWith('#token=') ? decoded(hash.slice('#token='.length)) : '')

/** @param {string} text */
function decoded(text) {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
