// Keys and tokens: who may publish, who may read, who may administrate.
//
// A token comes as `Authorization: Bearer …`, or in a cookie, because a poll with a header of its own would cost a
// preflight each time.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { ErrorCode } from '../errors.ts'
import { EnckeError } from '../errors.ts'

interface Key {
  readonly code: ErrorCode
  /** The cookie it may come in. */
  readonly cookie: string | null
  readonly what: string
}

/** So many cookies of one name are looked at: each costs a digest, and a request has room for thousands. */
const mostCookies = 16

const admin: Key = { code: 'ENCKE_ERR_ADMIN_TOKEN', cookie: null, what: 'the admin token' }
const publisher: Key = { code: 'ENCKE_ERR_PUBLISH_KEY', cookie: 'encke_publish_key', what: 'the publish key' }
const subscriber: Key = { code: 'ENCKE_ERR_SUBSCRIBE_KEY', cookie: 'encke_subscribe_key', what: 'the subscribe key' }

/** A hook that lets only administrators pass, on loopback too. */
export function administratorsOnly(token: string): onRequestHookHandler {
  return only(admin, token)
}

/** Let only those who have the key publish by the routes of `app`; everybody when there is no key. */
export function guardPublishing(app: FastifyInstance, key: string | undefined): void {
  if (key !== undefined) app.addHook('onRequest', only(publisher, key))
}

/** Let only those who have the key read by the routes of `app`; everybody when there is no key. */
export function guardReading(app: FastifyInstance, key: string | undefined): void {
  if (key !== undefined) app.addHook('onRequest', only(subscriber, key))
}

function only({ code, cookie, what }: Key, secret: string): onRequestHookHandler {
  const expected = digest(secret)
  return (request, _reply, done) => {
    const token = bearer(request)
    const given = token !== undefined || cookie === null ? [token ?? ''] : cookiesOf(request, cookie)
    if (given.some((one) => timingSafeEqual(digest(one), expected))) return done()
    const ways = cookie === null ? '' : `, or in the cookie ${cookie}`
    const problem = given.some((one) => one !== '') ? 'this one is wrong' : 'there is none'
    done(new EnckeError(code, `send ${what} as "Authorization: Bearer …"${ways} (${problem})`))
  }
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(request.headers.authorization ?? '')?.[1]
}

/**
 * The values of the cookies of a name, as a browser sends them that has one for the host and one for the domain above it.
 * Quotes around a value are no part of it (RFC 6265, 4.1.1).
 */
function cookiesOf(request: FastifyRequest, name: string): string[] {
  const values: string[] = []
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at < 0 || pair.slice(0, at).trim() !== name) continue
    values.push(
      decodeURIComponentOr(
        pair
          .slice(at + 1)
          .trim()
          .replace(/^"(.*)"$/, '$1'),
      ),
    )
    if (values.length === mostCookies) break
  }
  return values
}

function decodeURIComponentOr(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

// Digests have one length, whatever was sent: timingSafeEqual wants that, and the time tells nothing.
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
