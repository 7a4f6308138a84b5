// What a token gives its bearer: patterns of topics for each right, and whether its bearer administrates.

import { clip, EnckeError } from '../errors.ts'
import type { Keyring } from './keyring.ts'
import { doing, KnownRights, type Refusal, type Right } from './rights.ts'
import { isTopicPattern, patternRule, TopicPatterns } from './topic-pattern.ts'

/** The claim `encke` of a token. */
export interface Grant {
  readonly publish: TopicPatterns
  readonly subscribe: TopicPatterns
  readonly manage: TopicPatterns
  readonly admin: boolean
}

const lists = ['publish', 'subscribe', 'manage'] as const

/** So many patterns of one right cost little to match. */
const mostPatterns = 200

/** Read the claim. @throws EnckeError ENCKE_ERR_TOKEN, saying which part of it does not fit */
export function readGrant(claim: unknown): Grant {
  if (claim === undefined) return noGrant
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) {
    throw misfit('encke', 'must be an object with publish, subscribe, manage or admin')
  }
  const { admin = false, ...others } = claim as Record<string, unknown>
  if (typeof admin !== 'boolean') throw misfit('encke.admin', 'must be true or false')
  const [publish, subscribe, manage] = lists.map((name) => readPatterns(name, others[name]))
  return { publish, subscribe, manage, admin } as Grant
}

function readPatterns(name: string, claim: unknown): TopicPatterns {
  if (claim === undefined) return none
  const isList = Array.isArray(claim) && claim.every((one) => typeof one === 'string' && isTopicPattern(one))
  if (!isList) throw misfit(`encke.${name}`, `must be a list, each of it ${patternRule}`)
  if (claim.length > mostPatterns) throw misfit(`encke.${name}`, `must have at most ${mostPatterns} patterns`)
  return new TopicPatterns(claim)
}

function misfit(claim: string, rule: string): EnckeError {
  return new EnckeError('ENCKE_ERR_TOKEN', `the token's claim ${claim} ${rule}: mint another`)
}

const none = new TopicPatterns([])
const noGrant: Grant = { publish: none, subscribe: none, manage: none, admin: false }

/** The rights of the bearer of a sound token. */
export class TokenRights extends KnownRights {
  readonly #grant: Grant
  readonly #keyring: Keyring

  constructor(grant: Grant, keyring: Keyring) {
    super()
    this.#grant = grant
    this.#keyring = keyring
  }

  protected refusalOf(right: Right, topic: string | undefined): Refusal {
    if (this.#isGranted(right, topic) || this.#keyring.isFree(right, topic)) return undefined
    const what = right === 'administer' ? '' : topic === undefined ? ' any topic' : ` ${clip(topic)}`
    return new EnckeError('ENCKE_ERR_RIGHT', `this token does not let its bearer ${doing[right]}${what}`)
  }

  #isGranted(right: Right, topic: string | undefined): boolean {
    const { admin } = this.#grant
    if (right === 'administer') return admin
    // As with the admin token: an administrator may remove whatever anybody may.
    if (admin && (right === 'manage' || right === 'remove')) return true
    const patterns = this.#grant[right === 'remove' ? 'manage' : right]
    return topic === undefined ? !patterns.isEmpty : patterns.matches(topic)
  }
}

/** The rights of who has presented a token that is not sound: what everybody has, and otherwise the reason why it is not. */
export class NoRights extends KnownRights {
  readonly #why: EnckeError
  readonly #keyring: Keyring

  constructor(why: EnckeError, keyring: Keyring) {
    super()
    this.#why = why
    this.#keyring = keyring
  }

  protected refusalOf(right: Right, topic: string | undefined): Refusal {
    return this.#keyring.isFree(right, topic) ? undefined : this.#why
  }
}
