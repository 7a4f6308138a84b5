// Which polls a cache may answer for many readers at once (`--cacheable`), and what it is told about each reply.
//
// A poll is for a cache when everybody may read its topics, it presents no credentials, and its query is canonical: one
// question is then one URL. Every reply moves its reader on to another URL, or readers would ask for the same stored reply
// without end: news do so by their cursor, all else by `turn`, which strictly rises and goes into the next URL.

import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { TopicPatterns } from '../../access/topic-pattern.ts'
import type { PollLimits, PollParameters } from './schemas.ts'

/** For replies that say the same at any time: the news after a cursor. */
const lasting = 'public, max-age=60, stale-while-revalidate=300'

/** For those that hold a moment only: long enough that readers who ask at the same time share one. */
const passing = 'public, max-age=1'

export class Cacheable {
  readonly #patterns: TopicPatterns
  readonly #limits: PollLimits

  constructor(patterns: TopicPatterns, limits: PollLimits) {
    this.#patterns = patterns
    this.#limits = limits
  }

  /** Whether a cache may answer it. Nothing but a look at a flag where there are no cacheable topics. */
  admits(topics: readonly string[], given: PollParameters, { method, headers, url }: FastifyRequest): boolean {
    if (this.#patterns.isEmpty || method === 'POST') return false
    if (headers.authorization !== undefined || headers.cookie !== undefined) return false
    if (given.client !== undefined || given.presence !== undefined) return false
    return topics.every((topic) => this.#patterns.matches(topic)) && this.#isCanonical(given, url)
  }

  /** Whether it would be for a cache but for the credentials that it presents: its reply must stay out of caches. */
  isPrivate(topics: readonly string[], { headers }: FastifyRequest): boolean {
    if (this.#patterns.isEmpty || (headers.authorization === undefined && headers.cookie === undefined)) return false
    return topics.every((topic) => this.#patterns.matches(topic))
  }

  /** Parameters in alphabetical order, topics too, none twice, and none that says what holds without it. */
  #isCanonical({ wait, limit, from, turn }: PollParameters, url: string): boolean {
    const { waitDefaultSeconds, limitDefault } = this.#limits
    if (wait === waitDefaultSeconds || limit === limitDefault || from === 'now' || turn === 0) return false
    const query = url.slice(url.indexOf('?') + 1)
    if (!url.includes('?')) return true
    const parameters = query.split('&')
    return parameters.every((parameter, at) => at === 0 || (parameters[at - 1] as string) < parameter)
  }
}

/** The number that the next URL gets: the same for readers who ask at about the same time, and above the last one. */
export function nextTurn(nowMs: number, holdSeconds: number, turn: number): number {
  return Math.max(Math.floor(nowMs / 1_000 / Math.max(holdSeconds, 1)), turn + 1)
}

export interface SharedReply {
  readonly body: string
  /** Whether it says the same at any time. */
  readonly lasts: boolean
}

/** Let pages of any origin read it, errors too: anybody may read these topics. */
export function openToAll(reply: FastifyReply): void {
  reply.removeHeader('vary').removeHeader('access-control-allow-credentials')
  reply.header('access-control-allow-origin', '*')
}

/** Answer with what caches may keep; 304 where the one that asks has it. */
export function sendShared({ body, lasts }: SharedReply, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const etag = etagOf(body)
  reply.header('cache-control', lasts ? lasting : passing).header('etag', etag)
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type('application/json; charset=utf-8').send(body)
}

/** Of everything in the body: whatever a reader would be told otherwise changes it. */
function etagOf(body: string): string {
  return `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
}

function matches(given: string | undefined, etag: string): boolean {
  if (given === undefined) return false
  return given.split(',').some((one) => one.trim() === '*' || one.trim().replace(/^W\//, '') === etag)
}
