// Minting a token: what a web application does for its users, in whatever language; here for the command line and for trying.

import { SignJWT } from 'jose'
import { isTopicPattern, patternRule } from './topic-pattern.ts'

export interface TokenRequest {
  /** What the server was started with as `--token-secret`. */
  readonly secret: string
  /** Patterns of topics, for each right. Default: none. */
  readonly publish?: readonly string[]
  readonly subscribe?: readonly string[]
  readonly manage?: readonly string[]
  /** Whether its bearer administrates the server. Default: no. */
  readonly admin?: boolean
  /** Whose it is, for limits, presence and idempotency keys. Default: nobody's, and the address counts. */
  readonly subject?: string
  readonly audience?: string
  readonly issuer?: string
  /** How long it holds, in seconds. */
  readonly ttlSeconds: number
  /** The wall clock, in milliseconds since 1970. */
  readonly wallClock?: () => number
}

/** Mint a token, signed by HS256. @throws TypeError when a pattern is none, or the time is not above 0 */
export function mintToken({ secret, ttlSeconds, wallClock = Date.now, ...request }: TokenRequest): Promise<string> {
  const { publish = [], subscribe = [], manage = [], admin = false, subject, audience, issuer } = request
  for (const pattern of [...publish, ...subscribe, ...manage]) {
    if (!isTopicPattern(pattern)) throw new TypeError(`a pattern is ${patternRule} (got ${JSON.stringify(pattern)})`)
  }
  if (!(ttlSeconds > 0)) throw new TypeError(`a token holds for some seconds (got ${ttlSeconds})`)
  const now = Math.floor(wallClock() / 1_000)
  const token = new SignJWT({ encke: { publish, subscribe, manage, ...(admin && { admin }) } })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setIssuedAt(now)
    .setExpirationTime(now + Math.ceil(ttlSeconds))
  if (subject !== undefined) token.setSubject(subject)
  if (audience !== undefined) token.setAudience(audience)
  if (issuer !== undefined) token.setIssuer(issuer)
  return token.sign(new TextEncoder().encode(secret))
}
