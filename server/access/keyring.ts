// Keys: who may publish, who may read, who may administrate, as far as secrets say that the server was started with. What a
// token gives is added to it (server/access/token-rights.ts).
//
// A key comes as `Authorization: Bearer …`, or in a cookie, because a poll with a header of its own would cost a preflight
// each time.

import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { ErrorCode } from '../errors.ts'
import { EnckeError } from '../errors.ts'
import { bearerIn, cookiesIn } from './credentials.ts'
import { KnownRights, type Refusal, type Right } from './rights.ts'
import { TopicPatterns } from './topic-pattern.ts'

/** The secret that a right wants. */
type Lock = 'publish' | 'subscribe' | 'administer'

interface Key {
  readonly code: ErrorCode
  /** The cookie it may come in. */
  readonly cookie: string | null
  readonly what: string
}

const keys: Readonly<Record<Lock, Key>> = {
  publish: { code: 'ENCKE_ERR_PUBLISH_KEY', cookie: 'encke_publish_key', what: 'the publish key' },
  subscribe: { code: 'ENCKE_ERR_SUBSCRIBE_KEY', cookie: 'encke_subscribe_key', what: 'the subscribe key' },
  administer: { code: 'ENCKE_ERR_ADMIN_TOKEN', cookie: null, what: 'the admin token' },
}

/** Who makes a topic by PUT may remove it; what was born by a publish is the administrator's. */
const lockOf: Readonly<Record<Right, Lock>> = {
  publish: 'publish',
  subscribe: 'subscribe',
  manage: 'publish',
  remove: 'administer',
  administer: 'administer',
}

/** So many that were presented last are remembered, with what fits of them. */
const mostRecent = 4

export interface KeyringOptions {
  /** Without it everybody may publish, unless tokens are wanted. */
  readonly publishKey: string | undefined
  /** Without it everybody may read, unless tokens are wanted. */
  readonly subscribeKey: string | undefined
  readonly adminToken: string
  /** Topics that everybody may read. Default: none. */
  readonly anonymousSubscribe?: readonly string[]
  /** Whether tokens give rights. Default: no. */
  readonly wantsTokens?: boolean
}

/** The keys of a server, and the rights that they give. */
export class Keyring {
  readonly wantsTokens: boolean
  /** Topics that everybody may read. */
  readonly anonymous: TopicPatterns
  readonly #digests: Readonly<Record<Lock, Buffer | undefined>>
  /** Requests of a client, and of a herd, present the same; readers, publishers and an operator each their own. */
  #recent: readonly Presented[] = []

  constructor({ publishKey, subscribeKey, adminToken, anonymousSubscribe = [], wantsTokens = false }: KeyringOptions) {
    const [publish, subscribe, administer] = [publishKey, subscribeKey, adminToken].map((key) => key && digest(key))
    this.#digests = { publish, subscribe, administer } as Record<Lock, Buffer | undefined>
    this.anonymous = new TopicPatterns(anonymousSubscribe)
    this.wantsTokens = wantsTokens
  }

  /** Whether everybody has the right. */
  isOpen(right: Right): boolean {
    const lock = lockOf[right]
    return this.#digests[lock] === undefined && !this.wantsTokens
  }

  /** Whether everybody may do this. */
  isFree(right: Right, topic: string | undefined): boolean {
    if (this.isOpen(right)) return true
    if (right !== 'subscribe' || this.anonymous.isEmpty) return false
    return topic === undefined || this.anonymous.matches(topic)
  }

  /** The rights that the keys in a request's headers give it: the same object as for a recent one that presented the same. */
  rightsOf({ authorization, cookie }: IncomingHttpHeaders): KnownRights {
    // Cookies that hold no key of ours would be kept for as long as the request waits.
    const holdsKeys = this.#digests.publish !== undefined || this.#digests.subscribe !== undefined
    const cookies = holdsKeys ? cookie : undefined
    for (const one of this.#recent) if (one.isOf(authorization, cookies)) return one
    const presented = new Presented(this, authorization, cookies)
    this.#recent = [presented, ...this.#recent.slice(0, mostRecent - 1)]
    return presented
  }

  /** Say why what was presented does not give the right; undefined when it does. */
  refusal(right: Right, authorization: string | undefined, cookies: string | undefined): Refusal {
    const lock = lockOf[right]
    const bearer = bearerIn(authorization)
    if (this.#fits(lock, bearer, cookies)) return undefined
    // An administrator may remove whatever anybody may.
    if (right === 'manage' && this.#fits('administer', bearer, undefined)) return undefined
    return this.#refuse(lock, bearer, cookies)
  }

  #fits(lock: Lock, bearer: string | undefined, cookies: string | undefined): boolean {
    const expected = this.#digests[lock]
    if (expected === undefined) return false
    return given(lock, bearer, cookies).some((one) => timingSafeEqual(digest(one), expected))
  }

  #refuse(lock: Lock, bearer: string | undefined, cookies: string | undefined): EnckeError {
    const { code, cookie, what } = keys[lock]
    const problem = given(lock, bearer, cookies).some((one) => one !== '') ? 'this one is wrong' : 'there is none'
    const isKey = this.#digests[lock] !== undefined
    if (lock === 'administer' || !this.wantsTokens) {
      const ways = cookie === null ? '' : `, or in the cookie ${cookie}`
      return new EnckeError(code, `send ${what} as "Authorization: Bearer …"${ways} (${problem})`)
    }
    const wanted = isKey ? `a token, or ${what},` : 'a token'
    return new EnckeError(
      bearer === undefined ? 'ENCKE_ERR_TOKEN_MISSING' : 'ENCKE_ERR_TOKEN',
      `send ${wanted} as "Authorization: Bearer …", or a token in the cookie encke_token (${problem})`,
    )
  }
}

/** What may be the key: a bearer, or else the cookies of that key. */
function given(lock: Lock, bearer: string | undefined, cookies: string | undefined): string[] {
  const { cookie } = keys[lock]
  return bearer !== undefined || cookie === null ? [bearer ?? ''] : cookiesIn(cookies, cookie)
}

/** The keys that a request has presented. */
class Presented extends KnownRights {
  readonly #keyring: Keyring
  readonly #authorization: string | undefined
  readonly #cookies: string | undefined
  /** What a key of its own was found to give: neither changes. */
  readonly #given = new Set<Right>()

  constructor(keyring: Keyring, authorization: string | undefined, cookies: string | undefined) {
    super()
    this.#keyring = keyring
    this.#authorization = authorization
    this.#cookies = cookies
  }

  isOf(authorization: string | undefined, cookies: string | undefined): boolean {
    return this.#authorization === authorization && this.#cookies === cookies
  }

  protected refusalOf(right: Right, topic: string | undefined): Refusal {
    if (this.#given.has(right) || this.#keyring.isFree(right, topic)) return undefined
    const refusal = this.#keyring.refusal(right, this.#authorization, this.#cookies)
    if (refusal === undefined) this.#given.add(right)
    return refusal
  }
}

// Digests have one length, whatever was sent: timingSafeEqual wants that, and the time tells nothing.
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
