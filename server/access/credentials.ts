// What a request presents of itself: a bearer of one kind or another, and cookies.

/** So many cookies of one name are looked at: each costs a digest, and a request has room for thousands. */
const mostCookies = 16

const space = 0x20

/** What stands in `Authorization: Bearer …`. */
export function bearerIn(authorization = ''): string | undefined {
  // As nearly everybody writes it.
  if (authorization.startsWith('Bearer ') && authorization.charCodeAt(7) > space) return authorization.slice(7)
  return /^Bearer +(\S.*)$/i.exec(authorization)?.[1]
}

/**
 * The values of the cookies of a name, as a browser sends them that has one for the host and one for the domain above it.
 * Quotes around a value are no part of it (RFC 6265, 4.1.1).
 */
export function cookiesIn(cookies: string | undefined, name: string): string[] {
  const values: string[] = []
  for (const pair of (cookies ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at).trim() !== name) continue
    const value = pair.slice(at + 1).trim()
    values.push(decodeURIComponentOr(value.replace(/^"(.*)"$/, '$1')))
    if (values.length === mostCookies) break
  }
  return values
}

/** Whether a text has the form of a signed token; one without a signature has it too, and is refused for that. */
export function isTokenLike(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text)
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
