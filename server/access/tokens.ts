// Tokens: JSON Web Tokens, verified once and remembered by a digest for as long as they hold.
//
// Always true:
//   - what a token says is believed once its signature fits a key, and not before: no reason but that one is told of any other;
//   - a token ends when it says so, by the monotonic clock from its first use on: a wall clock that is set back prolongs none;
//   - a token whose key was withdrawn holds no longer, remembered or not.

import { hash } from 'node:crypto'
import type { errors, JWTPayload } from 'jose'
import type { Latch } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { KeySet } from './key-set.ts'
import { type Grant, readGrant } from './token-rights.ts'
import type { VerifyingKey } from './verifying-key.ts'

/** A token that is sound. */
export interface Token {
  readonly subject: string | null
  readonly grant: Grant
  /** When it ends, in milliseconds of the monotonic clock; Infinity when it does not. */
  readonly until: number
  /** Opens when its key is withdrawn. */
  readonly withdrawn: Latch
}

export interface TokensOptions {
  readonly secret: VerifyingKey | undefined
  readonly keySets: readonly KeySet[]
  /** A token must be for one of them; none: for any. */
  readonly audience: readonly string[]
  /** A token must be from one of them; none: from any. */
  readonly issuer: readonly string[]
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** The wall clock, in milliseconds since 1970. */
  readonly wallClock: () => number
}

/** Longer ones fit into no cookie. */
const longestToken = 8 * 1024
const longestSubject = 200

export const subjectRule = `a text of 1 to ${longestSubject} printable characters`

/** Names of clients are parts of keys: a line break in one would let it be taken for another. */
export function isSubject(subject: unknown): subject is string {
  const isText = typeof subject === 'string' && subject.length > 0 && subject.length <= longestSubject
  return isText && !/[\p{C}\p{Zl}\p{Zp}]/u.test(subject)
}
const mostTokens = 10_000
/** A token without a `kid` is tried with so many keys. */
const mostTries = 8

export class Tokens<Known> {
  readonly #options: TokensOptions
  readonly #know: (token: Token) => Known
  /** Those that were found sound, the least recently used first. */
  readonly #sound = new Map<string, { readonly token: Token; readonly known: Known }>()
  readonly #inFlight = new Map<string, Promise<Known | EnckeError>>()

  /** @param know makes what is remembered of a sound token */
  constructor(options: TokensOptions, know: (token: Token) => Known) {
    this.#options = options
    this.#know = know
  }

  /** What is remembered of a token; undefined where it must be verified. */
  find(text: string): Known | undefined {
    const digest = digestOf(text)
    const found = this.#sound.get(digest)
    if (found === undefined) return undefined
    this.#sound.delete(digest)
    const { until, withdrawn } = found.token
    if (withdrawn.isOpen || this.#options.clock() >= until) return undefined
    // It stands last then, so that the first is the one to forget.
    this.#sound.set(digest, found)
    return found.known
  }

  /** Verify a token. Gives why it is not sound, if it is not. */
  verify(text: string): Promise<Known | EnckeError> {
    const digest = digestOf(text)
    let verified = this.#inFlight.get(digest)
    if (verified === undefined) {
      verified = this.#verify(text, digest).finally(() => this.#inFlight.delete(digest))
      this.#inFlight.set(digest, verified)
    }
    return verified
  }

  async #verify(text: string, digest: string): Promise<Known | EnckeError> {
    try {
      const token = await this.#read(text)
      const known = this.#know(token)
      this.#sound.set(digest, { token, known })
      if (this.#sound.size > mostTokens) this.#sound.delete(this.#sound.keys().next().value as string)
      return known
    } catch (error) {
      return error instanceof EnckeError ? error : unsound('it is not a signed JSON Web Token')
    }
  }

  async #read(text: string): Promise<Token> {
    if (text.length > longestToken) throw unsound(`it is longer than ${longestToken} characters`)
    const { decodeProtectedHeader } = await loadJose()
    const { alg, kid } = decodeProtectedHeader(text)
    if (typeof alg !== 'string' || alg === 'none') throw unsound('it is not signed')
    const candidates = await this.#candidates(alg, kid)
    for (const key of candidates.slice(0, mostTries)) {
      const payload = await this.#payloadBy(key, alg, text)
      if (payload !== undefined) return this.#tokenOf(payload, key)
    }
    throw unsound('its signature does not fit any key that this server knows')
  }

  async #candidates(alg: string, kid: string | undefined): Promise<readonly VerifyingKey[]> {
    const { secret, keySets } = this.#options
    if (secret?.algorithms.includes(alg)) return [secret]
    const found = await Promise.all(keySets.map((keys) => keys.find(alg, kid)))
    const candidates = found.flat()
    if (candidates.length === 0 && keySets.some(({ isLoaded }) => !isLoaded)) {
      throw new EnckeError(
        'ENCKE_ERR_SERVER_KEYS',
        'the keys that tokens are verified with cannot be had at the moment: come back later',
      )
    }
    return candidates
  }

  /** What a token says whose signature fits `key`; undefined when it does not. @throws EnckeError why it does not hold */
  async #payloadBy({ key }: VerifyingKey, alg: string, text: string): Promise<JWTPayload | undefined> {
    const { audience, issuer, wallClock } = this.#options
    const jose = await loadJose()
    try {
      const { payload } = await jose.jwtVerify(text, key, {
        algorithms: [alg],
        currentDate: new Date(wallClock()),
        ...(audience.length > 0 && { audience: [...audience] }),
        ...(issuer.length > 0 && { issuer: [...issuer] }),
      })
      return payload
    } catch (error) {
      if (error instanceof jose.errors.JWSSignatureVerificationFailed) return undefined
      throw explain(error, jose.errors)
    }
  }

  #tokenOf({ exp, sub, encke }: JWTPayload, { withdrawn }: VerifyingKey): Token {
    const { clock, wallClock } = this.#options
    const until = exp === undefined ? Number.POSITIVE_INFINITY : clock() + exp * 1_000 - wallClock()
    return { subject: readSubject(sub), grant: readGrant(encke), until, withdrawn }
  }
}

/** Loaded with the first token: a server that is open, or has keys, starts without it. */
const loadJose = () => import('jose')

function readSubject(sub: unknown): string | null {
  if (sub === undefined) return null
  if (isSubject(sub)) return sub
  throw unsound(`its claim sub must be ${subjectRule}`)
}

function explain(error: unknown, { JWTExpired, JWTClaimValidationFailed }: typeof errors): EnckeError {
  if (error instanceof JWTExpired) {
    return new EnckeError('ENCKE_ERR_TOKEN_EXPIRED', 'the token has expired: get a new one')
  }
  if (error instanceof JWTClaimValidationFailed)
    return unsound(complaints[error.claim] ?? `its claim ${error.claim} does not fit`)
  return unsound('it is not a signed JSON Web Token that this server can read')
}

const complaints: Readonly<Record<string, string>> = {
  nbf: 'it is not valid yet',
  aud: 'it is for another audience',
  iss: 'it is from another issuer',
}

function unsound(why: string): EnckeError {
  return new EnckeError('ENCKE_ERR_TOKEN', `the token cannot be used: ${why}`)
}

/** By which a token is remembered: what it gives must not be read out of a dump of the memory. */
function digestOf(text: string): string {
  return hash('sha256', text, 'base64')
}
