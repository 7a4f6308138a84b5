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
    const given = bearer(request) ?? (cookie === null ? undefined : cookieOf(request, cookie))
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return done()
    const ways = cookie === null ? '' : `, or in the cookie ${cookie}`
    const problem = given === undefined ? 'there is none' : 'this one is wrong'
    done(new EnckeError(code, `send ${what} as "Authorization: Bearer …"${ways} (${problem})`))
  }
}

function bearer(request: FastifyRequest): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(request.headers.authorization ?? '')?.[1]
}

function cookieOf(request: FastifyRequest, name: string): string | undefined {
  for (const pair of (request.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (pair.slice(0, at).trim() === name) return decodeURIComponentOr(pair.slice(at + 1).trim())
  }
  return undefined
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
