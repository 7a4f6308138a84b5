// Keys that signatures are verified with: one secret, or public keys as PEM or as JSON Web Keys.
//
// Always true: a key verifies the algorithms of its own kind and no others. A public key is never taken for a secret, which is
// how a token signed by HS256 with a public key would pass.

import { createPublicKey, type KeyObject } from 'node:crypto'
import type { JWK } from 'jose'
import { Latch } from '../../runtime/index.ts'

export interface VerifyingKey {
  /** The same for the same key, whenever it is read. */
  readonly identity: string
  /** Its name; null where it has none. */
  readonly kid: string | null
  readonly algorithms: readonly string[]
  readonly key: KeyObject | Uint8Array
  /** Opens once it is no longer among the keys that count. */
  readonly withdrawn: Latch
}

/** More keys than any issuer has at a time. */
const mostKeys = 100

const fewestRsaBits = 2048

/** The key that a secret is. */
export function secretKey(secret: string): VerifyingKey {
  const key = new TextEncoder().encode(secret)
  return { identity: 'secret', kid: null, algorithms: ['HS256'], key, withdrawn: new Latch('a withdrawn secret') }
}

/**
 * Read the text of a file with public keys: PEM blocks, a JSON Web Key, or a set of them.
 *
 * @throws Error saying what is wrong with it, without any of it
 */
export function readPublicKeys(text: string): VerifyingKey[] {
  const keys = text.trimStart().startsWith('{') ? keysOfJson(text) : keysOfPem(text)
  if (keys.length === 0) throw new Error('it holds no public key that signatures can be verified with')
  return keys
}

/** The keys of a set that can be used; what else is in it is passed over, as RFC 7517, 5 wants it. @throws Error where it is no set */
export function readKeySet(text: string): VerifyingKey[] {
  const { keys } = parse(text) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error('it has no list of keys')
  if (keys.length > mostKeys) throw new Error(`it has more than ${mostKeys} keys`)
  return keys.map(keyOfJwk).filter((key) => key !== undefined)
}

function keysOfJson(text: string): VerifyingKey[] {
  const parsed = parse(text) as JWK & { keys?: (JWK | null)[] }
  const listed = Array.isArray(parsed.keys) ? parsed.keys : [parsed]
  if (listed.some((jwk) => jwk?.d !== undefined || jwk?.kty === 'oct')) {
    throw new Error('it holds a key that is secret: give the server the public one only')
  }
  return listed
    .slice(0, mostKeys)
    .map(keyOfJwk)
    .filter((key) => key !== undefined)
}

function keysOfPem(text: string): VerifyingKey[] {
  const blocks = text.match(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g) ?? []
  if (blocks.some((block) => block.includes('PRIVATE KEY'))) {
    throw new Error('it holds a key that is secret: give the server the public one only')
  }
  return blocks.slice(0, mostKeys).map((block) => {
    const key = keyOf(createPublicKey(block), {})
    if (key === undefined) throw new Error('it holds a key of a kind that no signature is verified with')
    return key
  })
}

function keyOfJwk(jwk: JWK | null): VerifyingKey | undefined {
  const isForSignatures = jwk?.use === undefined || jwk.use === 'sig'
  const verifies = !Array.isArray(jwk?.key_ops) || jwk.key_ops.includes('verify')
  if (typeof jwk !== 'object' || jwk === null || jwk.kty === 'oct' || !isForSignatures || !verifies) return undefined
  try {
    return keyOf(createPublicKey({ key: jwk, format: 'jwk' }), jwk)
  } catch {
    return undefined
  }
}

function keyOf(key: KeyObject, { kid, alg }: { kid?: unknown; alg?: unknown }): VerifyingKey | undefined {
  const algorithms = algorithmsOf(key).filter((one) => alg === undefined || one === alg)
  if (algorithms.length === 0) return undefined
  const name = typeof kid === 'string' ? kid : null
  const identity = JSON.stringify([name, algorithms, key.export({ format: 'der', type: 'spki' }).toString('base64')])
  return { identity, kid: name, algorithms, key, withdrawn: new Latch('a withdrawn key') }
}

const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

function algorithmsOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): readonly string[] {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {}
  if (asymmetricKeyType === 'ec') return curves[namedCurve] === undefined ? [] : [curves[namedCurve]]
  if (asymmetricKeyType === 'ed25519') return ['EdDSA', 'Ed25519']
  if (modulusLength < fewestRsaBits) return []
  if (asymmetricKeyType === 'rsa') return ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']
  return []
}

function parse(text: string): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new Error('it is not JSON')
  }
  if (typeof parsed !== 'object' || parsed === null) throw new Error('it is no JSON object')
  return parsed
}
