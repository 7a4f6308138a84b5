// The admin token: it comes in the fragment of the link that the server prints, is kept for the session of this tab, and
// is sent to this server only. A browser may refuse to keep it; then a reload asks again.

import { tokenIn } from './route.js'

const key = 'encke-admin-token'

/** Take the token out of the address, where nobody shall read it over a shoulder or bookmark it, or find the kept one. */
export function takeToken() {
  const given = tokenIn(location.hash)
  if (given !== '') {
    history.replaceState(null, '', `${location.pathname}${location.search}#overview`)
    keepToken(given)
    return given
  }
  try {
    return sessionStorage.getItem(key) ?? ''
  } catch {
    return ''
  }
}

/** @param {string} token */
export function keepToken(token) {
  try {
    sessionStorage.setItem(key, token)
  } catch {}
}

export function forgetToken() {
  try {
    sessionStorage.removeItem(key)
  } catch {}
}
