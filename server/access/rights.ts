// Rights: what a request may do, topic by topic. Every way into the server asks for them here.
//
// Always true:
//   - a request that names several topics has a right to all of them, or is refused;
//   - nobody publishes to a reserved topic or manages one: the server alone does;
//   - `__presence/{topic}` is read by those who may read the topic, `__encke/…` by administrators, other reserved names by nobody.

import type { FastifyInstance, FastifyRequest, preHandlerHookHandler } from 'fastify'
import type { Coroutine } from '../../runtime/index.ts'
import { until } from '../../runtime/index.ts'
import { clip, EnckeError } from '../errors.ts'
import { isReserved } from './topic-pattern.ts'

/**
 * What one may do here. `manage`: make a topic by PUT, remove such a topic, fork. `remove`: remove a topic that was born by a
 * publish, which on a server without tokens is the administrator's.
 */
export type Right = 'publish' | 'subscribe' | 'manage' | 'remove' | 'administer'

/** As it continues "… let you". */
export const doing: Readonly<Record<Right, string>> = {
  publish: 'publish to',
  subscribe: 'read',
  manage: 'make, fork or remove',
  remove: 'remove',
  administer: 'administrate',
}

/** Why not; undefined when it may. */
export type Refusal = EnckeError | undefined

/** What a request may do. */
export interface Rights {
  /**
   * Say why the request may not use `right` on a topic, or on one of several; without any, whether it may use it at all.
   * A promise only where an application decides.
   */
  refusal(right: Right, topics?: string | readonly string[]): Refusal | Promise<Refusal>
}

const presence = '__presence/'
const dashboard = '__encke/'

/** Rights that are known at once: a subclass says what holds for one topic, or, without one, for any. */
export abstract class KnownRights implements Rights {
  refusal(right: Right, topics?: string | readonly string[]): Refusal {
    if (topics === undefined || typeof topics === 'string') return this.#judge(right, topics)
    for (const topic of topics) {
      const refusal = this.#judge(right, topic)
      if (refusal !== undefined) return refusal
    }
    return undefined
  }

  #judge(right: Right, topic: string | undefined): Refusal {
    if (topic === undefined || right === 'administer' || !isReserved(topic)) return this.refusalOf(right, topic)
    const governing = governingTopic(right, topic)
    if (governing !== undefined) return this.refusalOf('subscribe', governing)
    return isOfDashboard(right, topic) ? this.refusalOf('administer', undefined) : reserved(topic)
  }

  protected abstract refusalOf(right: Right, topic: string | undefined): Refusal
}

/** The topic whose readers may read a reserved one. */
export function governingTopic(right: Right, topic: string): string | undefined {
  if (right !== 'subscribe' || !topic.startsWith(presence)) return undefined
  const governing = topic.slice(presence.length)
  return isReserved(governing) ? undefined : governing
}

/** Whether it is read by administrators. */
export function isOfDashboard(right: Right, topic: string): boolean {
  return right === 'subscribe' && topic.startsWith(dashboard)
}

export function reserved(topic: string): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_TOPIC_RESERVED',
    `topics whose names begin with "__" are the server's own: choose another name (got ${clip(topic)})`,
  )
}

/**
 * Let only requests with `right` pass by the routes of `app`, before their bodies are read: to the topics in their URLs, or,
 * where there are none, to any topic. Topics that stand in a body are for `requireTopics` and `demand`.
 */
export function requireRight(app: FastifyInstance, right: Right): void {
  app.addHook('onRequest', (request, _reply, done) => {
    settle(request, request.admission.rights.refusal(right, topicsInUrl(request)), done)
  })
}

/** A hook that lets only requests with `right` to the topics in their bodies pass. */
export function requireTopics(
  right: Right,
  topicsOf: (request: FastifyRequest) => readonly string[],
): preHandlerHookHandler {
  return (request, _reply, done) => settle(request, request.admission.rights.refusal(right, topicsOf(request)), done)
}

/** Go on only with `right` to topics. @throws EnckeError why not */
export function* demand(rights: Rights, right: Right, topics: string | readonly string[]): Coroutine<void> {
  const answer = rights.refusal(right, topics)
  const refusal = answer instanceof Promise ? yield* until(answer) : answer
  if (refusal !== undefined) throw refusal
}

/** In whichever way they are written there: decoded once, as the handlers get them. */
function topicsInUrl({ params, query }: FastifyRequest): string | readonly string[] | undefined {
  const { topic, '*': rest } = (params ?? {}) as { topic?: string; '*'?: string }
  return topic ?? rest ?? (query as { topic?: string | string[] }).topic
}

function settle(request: FastifyRequest, answer: Refusal | Promise<Refusal>, done: (error?: Error) => void): void {
  if (answer instanceof Promise) void answer.then((refusal) => done(inWords(request, refusal)), done)
  else done(answer === undefined ? undefined : inWords(request, answer))
}

const secretNames = ['token', 'access_token', 'jwt', 'key', 'publish_key', 'subscribe_key', 'authorization']

/** A client that puts its token into the URL learns why that is not seen. */
function inWords({ query }: FastifyRequest, refusal: Refusal): Refusal {
  if (refusal === undefined || refusal.statusCode !== 401) return refusal
  const name = secretNames.find((one) => Object.hasOwn(query as object, one))
  if (name === undefined) return refusal
  return new EnckeError(
    refusal.code,
    `${refusal.message}; what stands in the URL as ${clip(name)} is not read, because URLs end up in logs`,
  )
}
