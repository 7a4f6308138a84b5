// Keys and tokens: who may publish, who may read, who may administrate.
//
// A token comes as `Authorization: Bearer …`, or in a cookie, because a poll with a header of its own would cost a
// preflight each time.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyInstance } from 'fastify'
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

const keys: Readonly<Record<Right, Key>> = {
  publish: { code: 'ENCKE_ERR_PUBLISH_KEY', cookie: 'encke_publish_key', what: 'the publish key' },
  subscribe: { code: 'ENCKE_ERR_SUBSCRIBE_KEY', cookie: 'encke_subscribe_key', what: 'the subscribe key' },
  manage: { code: 'ENCKE_ERR_PUBLISH_KEY', cookie: 'encke_publish_key', what: 'the publish key' },
  remove: { code: 'ENCKE_ERR_ADMIN_TOKEN', cookie: null, what: 'the admin token' },
  administer: { code: 'ENCKE_ERR_ADMIN_TOKEN', cookie: null, what: 'the admin token' },
}

/** What one may do here. `manage`: make topics that keep everything, and remove them; `remove`: remove any other topic. */
export type Right = 'publish' | 'subscribe' | 'manage' | 'remove' | 'administer'

/** What a request may do. */
export interface Rights {
  /** Why the request may not use `right`; undefined when it may. */
  refusal(right: Right): EnckeError | undefined
}

export interface KeyringOptions {
  /** Without it everybody may publish. */
  readonly publishKey: string | undefined
  /** Without it everybody may read. */
  readonly subscribeKey: string | undefined
  readonly adminToken: string
}

/** The keys of a server, and the rights that they give. */
export class Keyring {
  readonly #digests: Readonly<Record<Right, Buffer | undefined>>
  /** Requests of one client, and of a herd, present the same. */
  #last: Presented

  constructor({ publishKey, subscribeKey, adminToken }: KeyringOptions) {
    const [publish, subscribe, administer] = [publishKey, subscribeKey, adminToken].map((key) => key && digest(key))
    const digests = { publish, subscribe, manage: publish, remove: administer, administer }
    this.#digests = digests as Record<Right, Buffer | undefined>
    this.#last = new Presented(this.#digests, undefined, undefined)
  }

  /** Whether everybody has the right. */
  isOpen(right: Right): boolean {
    return this.#digests[right] === undefined
  }

  /** The rights that a request's headers give it: the same object as for the request before, when they are the same. */
  rightsOf({ authorization, cookie }: IncomingHttpHeaders): Rights {
    // Cookies that hold no key of ours would be kept for as long as the request waits.
    const cookies = this.isOpen('publish') && this.isOpen('subscribe') ? undefined : cookie
    if (!this.#last.isOf(authorization, cookies)) this.#last = new Presented(this.#digests, authorization, cookies)
    return this.#last
  }
}

/** Let only requests with `right` pass by the routes of `app`. */
export function requireRight(app: FastifyInstance, keyring: Keyring, right: Right): void {
  if (keyring.isOpen(right)) return
  app.addHook('onRequest', (request, _reply, done) => done(request.admission.rights.refusal(right)))
}

/** The keys that a request has presented. */
class Presented implements Rights {
  readonly #digests: Readonly<Record<Right, Buffer | undefined>>
  readonly #authorization: string | undefined
  readonly #cookies: string | undefined

  constructor(
    digests: Readonly<Record<Right, Buffer | undefined>>,
    authorization: string | undefined,
    cookies: string | undefined,
  ) {
    this.#digests = digests
    this.#authorization = authorization
    this.#cookies = cookies
  }

  isOf(authorization: string | undefined, cookies: string | undefined): boolean {
    return this.#authorization === authorization && this.#cookies === cookies
  }

  refusal(right: Right): EnckeError | undefined {
    const expected = this.#digests[right]
    if (expected === undefined) return undefined
    const { code, cookie, what } = keys[right]
    const token = bearer(this.#authorization)
    const given = token !== undefined || cookie === null ? [token ?? ''] : cookiesOf(this.#cookies, cookie)
    if (given.some((one) => timingSafeEqual(digest(one), expected))) return undefined
    // An administrator may remove whatever anybody may.
    if (right === 'manage' && this.refusal('remove') === undefined) return undefined
    const ways = cookie === null ? '' : `, or in the cookie ${cookie}`
    const problem = given.some((one) => one !== '') ? 'this one is wrong' : 'there is none'
    return new EnckeError(code, `send ${what} as "Authorization: Bearer …"${ways} (${problem})`)
  }
}

function bearer(authorization = ''): string | undefined {
  return /^Bearer +(\S.*)$/i.exec(authorization)?.[1]
}

/**
 * The values of the cookies of a name, as a browser sends them that has one for the host and one for the domain above it.
 * Quotes around a value are no part of it (RFC 6265, 4.1.1).
 */
function cookiesOf(cookies: string | undefined, name: string): string[] {
  const values: string[] = []
  for (const pair of (cookies ?? '').split(';')) {
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
