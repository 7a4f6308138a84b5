// Rights that an application decides on: its `authorize`, asked about the topics of each request.

import type { FastifyRequest } from 'fastify'
import { clip, EnckeError } from '../errors.ts'
import { Admission } from './admission.ts'
import type { Keyring } from './keyring.ts'
import {
  doing,
  governingTopic,
  isOfDashboard,
  type KnownRights,
  type Refusal,
  type Right,
  type Rights,
  reserved,
} from './rights.ts'
import { isSubject, subjectRule } from './tokens.ts'
import { isReserved } from './topic-pattern.ts'

/** What a request wants to do. */
export interface Asked {
  readonly topics: readonly string[]
  /** `manage`: make a topic by PUT, fork or remove one. */
  readonly action: 'publish' | 'subscribe' | 'manage'
}

/** Whether it may; and of who may, who that is, for limits and presence, and until when it holds (in milliseconds since 1970). */
export type Permission = boolean | { readonly subject?: string; readonly until?: number | Date }

/**
 * Decide whether a request may do something, to all of the topics that it names. An error with the status 401 or 403 that it
 * throws refuses the request with its message; any other is a failure of the server.
 */
export type Authorize = (request: FastifyRequest, asked: Asked) => Permission | Promise<Permission>

export interface AskedParts {
  readonly keyring: Keyring
  /** The monotonic clock, in milliseconds. */
  readonly clock: () => number
  /** The wall clock, in milliseconds since 1970. */
  readonly wallClock: () => number
}

/** The rights of each request, asked for by `authorize`. */
export function askedRights(authorize: Authorize, parts: AskedParts): (request: FastifyRequest) => Rights {
  return (request) => new AskedRights(request, authorize, parts)
}

class AskedRights implements Rights {
  readonly #request: FastifyRequest
  readonly #authorize: Authorize
  readonly #administrator: KnownRights
  readonly #parts: AskedParts

  constructor(request: FastifyRequest, authorize: Authorize, parts: AskedParts) {
    this.#request = request
    this.#authorize = authorize
    this.#administrator = parts.keyring.rightsOf(request.raw.headers)
    this.#parts = parts
  }

  refusal(right: Right, topics?: string | readonly string[]): Refusal | Promise<Refusal> {
    if (right === 'administer') return this.#administrator.refusal(right)
    // Which topics it is about, the body says: the application is asked then.
    if (topics === undefined) return undefined
    const asked: string[] = []
    for (const topic of typeof topics === 'string' ? [topics] : topics) {
      const governing = isReserved(topic) ? governingTopic(right, topic) : topic
      if (governing === undefined) {
        const refusal = isOfDashboard(right, topic) ? this.#administrator.refusal('administer') : reserved(topic)
        if (refusal !== undefined) return refusal
      } else if (right !== 'subscribe' || !this.#parts.keyring.anonymous.matches(governing)) asked.push(governing)
    }
    return asked.length === 0 ? undefined : this.#ask(right, asked)
  }

  async #ask(right: Exclude<Right, 'administer'>, topics: readonly string[]): Promise<Refusal> {
    const action = right === 'remove' ? 'manage' : right
    let permission: Permission
    try {
      permission = await this.#authorize(this.#request, { topics, action })
    } catch (error) {
      return refusalBy(error as Error & { statusCode?: number })
    }
    if (permission === true) return undefined
    if (isDetailed(permission)) return this.#admit(permission)
    const message = `the application does not let you ${doing[right]} ${clip(topics.join(' '))}`
    return new EnckeError('ENCKE_ERR_RIGHT', message)
  }

  #admit({ subject, until }: Exclude<Permission, boolean>): Refusal {
    const { clock, wallClock } = this.#parts
    const { client } = this.#request.admission
    if (subject !== undefined && !isSubject(subject))
      throw new TypeError(`authorize gave a subject that is not ${subjectRule}`)
    const end = until === undefined ? Number.POSITIVE_INFINITY : clock() + Number(until) - wallClock()
    if (Number.isNaN(end)) throw new TypeError('authorize gave an until that is no time: give milliseconds, or a Date')
    if (until !== undefined && end <= clock()) return over(until)
    const name = subject === undefined ? client : `sub:${subject}`
    this.#request.admission = new Admission(name, this, end, clock, subject ?? null)
    return undefined
  }
}

/** Anything else than `true` that is truthy was meant otherwise, and lets nobody in. */
function isDetailed(permission: Permission | null | undefined): permission is Exclude<Permission, boolean> {
  return typeof permission === 'object' && permission !== null && !Array.isArray(permission)
}

function over(until: number | Date): EnckeError {
  const time = new Date(until).toISOString()
  return new EnckeError('ENCKE_ERR_TOKEN', `the application let you in until ${time}: log in again`)
}

function refusalBy(error: Error & { statusCode?: number }): EnckeError {
  if (error.statusCode === 401) return new EnckeError('ENCKE_ERR_TOKEN', error.message, { cause: error })
  if (error.statusCode === 403) return new EnckeError('ENCKE_ERR_RIGHT', error.message, { cause: error })
  throw error
}
