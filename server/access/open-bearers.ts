// What the options say about tokens, as what admits their bearers.

import type { Coroutine } from '../../runtime/index.ts'
import { ConfigError } from '../config/config-error.ts'
import { isLoopback } from '../config/readers.ts'
import { Bearers } from './bearers.ts'
import { KeySet } from './key-set.ts'
import { fetchKeys, keysInFile, loadFile } from './key-sources.ts'
import type { Keyring } from './keyring.ts'
import { secretKey, type VerifyingKey } from './verifying-key.ts'

export interface TokenOptions {
  readonly tokenSecret: string | undefined
  readonly tokenKeys: string | undefined
  readonly tokenJwks: string | undefined
  readonly tokenKeysMaxAgeMs: number
  readonly tokenAudience: readonly string[]
  readonly tokenIssuer: readonly string[]
}

export interface BearersParts {
  readonly keyring: Keyring
  readonly clock: () => number
  readonly wallClock: () => number
  /** Run something until the server is closed. */
  readonly inBackground: (label: string, body: () => Coroutine<unknown>) => void
  /** Write a line into the log. */
  readonly warn: (line: string) => void
}

/** RFC 7518, 3.2: a key as long as the digest, at least. */
const shortestSecret = 32

export function wantsTokens({ tokenSecret, tokenKeys, tokenJwks }: TokenOptions): boolean {
  return tokenSecret !== undefined || tokenKeys !== undefined || tokenJwks !== undefined
}

/** @throws ConfigError ENCKE_ERR_CONFIG when the file of keys cannot be read */
export function openBearers(options: TokenOptions, parts: BearersParts): Bearers | null {
  if (!wantsTokens(options)) return null
  const { tokenSecret, tokenAudience: audience, tokenIssuer: issuer } = options
  const { keyring, clock, wallClock, warn } = parts
  if (tokenSecret !== undefined && tokenSecret.length < shortestSecret) {
    warn(
      `the token secret has ${tokenSecret.length} characters: give it ${shortestSecret} random ones, or it can be guessed`,
    )
  }
  if (options.tokenJwks !== undefined && isReadableOnTheWay(options.tokenJwks)) {
    warn(
      'the keys of tokens are fetched without TLS: who stands on the way can put keys of their own there, and mint tokens',
    )
  }
  const secret = tokenSecret === undefined ? undefined : secretKey(tokenSecret)
  return new Bearers({ secret, keySets: openKeySets(options, parts), audience, issuer, clock, wallClock }, keyring)
}

function isReadableOnTheWay(address: string): boolean {
  const { protocol, hostname } = new URL(address)
  return protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'))
}

function openKeySets({ tokenKeys, tokenJwks, tokenKeysMaxAgeMs }: TokenOptions, parts: BearersParts): KeySet[] {
  const { clock, warn, inBackground } = parts
  const report = (problem: string | null) =>
    warn(
      problem === null ? 'the keys of tokens can be loaded again' : `the keys of tokens cannot be loaded: ${problem}`,
    )
  const sets: KeySet[] = []
  const open = (load: () => Promise<readonly VerifyingKey[]>, keys?: readonly VerifyingKey[]) => {
    const set = new KeySet({ load, maxAgeMs: tokenKeysMaxAgeMs, clock, report }, keys)
    inBackground('keys of tokens', () => set.keepFresh())
    sets.push(set)
  }
  if (tokenKeys !== undefined) open(() => loadFile(tokenKeys), firstKeys(tokenKeys))
  if (tokenJwks !== undefined) open(() => fetchKeys(tokenJwks))
  return sets
}

/** A file that cannot be read at the start is a mistake of who starts it; later, the keys that were read are kept. */
function firstKeys(path: string): VerifyingKey[] {
  try {
    return keysInFile(path)
  } catch (error) {
    throw new ConfigError('ENCKE_ERR_CONFIG', [`--token-keys cannot be read: ${(error as Error).message}`])
  }
}
