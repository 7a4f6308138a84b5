// Bearers: those who present a token, and what it lets them do. A token comes as `Authorization: Bearer …` or in the cookie
// `encke_token`; of several cookies of that name the first sound one counts.

import type { IncomingHttpHeaders } from 'node:http'
import { EnckeError } from '../errors.ts'
import { Admission, type BearerAdmissions } from './admission.ts'
import { bearerIn, cookiesIn, isTokenLike } from './credentials.ts'
import type { Keyring } from './keyring.ts'
import type { Rights } from './rights.ts'
import { type Grant, NoRights, TokenRights } from './token-rights.ts'
import { type Token, Tokens, type TokensOptions } from './tokens.ts'

const cookieName = 'encke_token'

/** So many cookies of that name are looked at: verifying one that is not sound costs far more than sending it. */
const mostTokens = 4

/** Who has presented a sound token, and how. */
class Bearer {
  readonly #token: Token
  readonly #rights: Rights
  readonly #clock: () => number
  #last: Admission | null = null

  constructor(token: Token, rights: Rights, clock: () => number) {
    this.#token = token
    this.#rights = rights
    this.#clock = clock
  }

  /** Its admission, coming from an address. A subject is one client, wherever it comes from. */
  admissionFor(address: string): Admission {
    const { subject, until, withdrawn } = this.#token
    const client = subject === null ? address : `sub:${subject}`
    if (this.#last?.client !== client) {
      this.#last = new Admission(client, this.#rights, until, this.#clock, subject, withdrawn)
    }
    return this.#last
  }
}

type Way = 'header' | 'cookie'

export class Bearers implements BearerAdmissions {
  readonly #tokens: Tokens<Readonly<Record<Way, Bearer>>>
  readonly #keyring: Keyring
  readonly #clock: () => number

  constructor(options: TokensOptions, keyring: Keyring) {
    const { clock } = options
    this.#keyring = keyring
    this.#clock = clock
    const bearerOf = (token: Token, grant: Grant) => new Bearer(token, new TokenRights(grant, keyring), clock)
    this.#tokens = new Tokens(options, (token) => ({
      header: bearerOf(token, token.grant),
      // A browser sends a cookie whoever asks for it: administration takes none.
      cookie: bearerOf(token, { ...token.grant, admin: false }),
    }))
  }

  admit(
    { authorization, cookie }: IncomingHttpHeaders,
    client: string,
    mayVerify: (client: string) => boolean,
  ): Admission | undefined | Promise<Admission | undefined> {
    const bearer = bearerIn(authorization)
    const way = bearer === undefined ? 'cookie' : 'header'
    // Whether it looks like a token matters only where it is not known.
    const known = bearer === undefined ? undefined : this.#tokens.find(bearer)
    if (known !== undefined) return known.header.admissionFor(client)
    const texts = tokensIn(bearer, cookie)
    if (bearer === undefined) {
      for (const text of texts) {
        const found = this.#tokens.find(text)
        if (found !== undefined) return found.cookie.admissionFor(client)
      }
    }
    return texts.length === 0 || !mayVerify(client) ? undefined : this.#verifyFirst(texts, client, way)
  }

  async #verifyFirst(texts: readonly string[], client: string, way: Way): Promise<Admission> {
    let why: EnckeError | undefined
    for (const text of texts) {
      const verified = await this.#tokens.verify(text)
      if (!(verified instanceof EnckeError)) return verified[way].admissionFor(client)
      // Of several reasons the one that helps most: a token that has expired was right once.
      if (why?.code !== 'ENCKE_ERR_TOKEN_EXPIRED') why = verified
    }
    return new Admission(client, new NoRights(why as EnckeError, this.#keyring), Number.POSITIVE_INFINITY, this.#clock)
  }
}

function tokensIn(bearer: string | undefined, cookies: string | undefined): readonly string[] {
  if (bearer !== undefined) return isTokenLike(bearer) ? [bearer] : []
  return cookies?.includes(cookieName) ? cookiesIn(cookies, cookieName).slice(0, mostTokens) : []
}
