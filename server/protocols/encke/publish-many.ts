// Several messages in one publish: those of one topic are appended together or not at all, and each topic for itself.

import { hash } from 'node:crypto'
import type { Coroutine, Scope } from '../../../runtime/index.ts'
import { scope } from '../../../runtime/index.ts'
import type { Admission } from '../../access/admission.ts'
import { demand } from '../../access/rights.ts'
import { EnckeError, errorBody } from '../../errors.ts'
import { parseJson } from '../../http/bodies.ts'
import type { Draft, Hub, IdempotencyKey, Published } from '../../hub/index.ts'
import { type ListedMessage, readMessageList, tooLarge } from './message-list.ts'

/** The answer to one message. */
export interface Receipt {
  readonly topic: string
  readonly epoch: string
  readonly offset: number
  readonly id: string
  readonly time: number
  /** How many readers of this node were waiting for it. */
  readonly waiting: number
  /** The Idempotency-Key came before: this is the answer it had then. */
  readonly replayed?: true
}

/**
 * The key of a publish, and a hash of what must be the same when it comes again. Each subject of tokens has keys of its own,
 * so that nobody learns by a key what another has published.
 */
export function keyOf(text: string, { data }: Draft, subject: string | null = null): IdempotencyKey {
  // A key has no blank in it: what stands before one is no part of another key.
  const scoped = subject === null ? text : `${encodeURIComponent(subject)} ${text}`
  return { text: scoped, bodyHash: hash('sha256', data, 'base64') }
}

type Answer = Receipt | { readonly topic: string; readonly error: ReturnType<typeof errorBody> }

export interface ManyPublished {
  /** 201, or 207 when some of the topics failed. */
  readonly status: 201 | 207
  /** One for each message, in the order in which they were given. */
  readonly receipts: readonly Answer[]
}

interface Share {
  readonly drafts: Draft[]
  /** Where they stand among all messages. */
  readonly places: number[]
}

export interface PublishLimits {
  readonly messageBytes: number
  readonly topicsPerPoll: number
}

/**
 * Publish the messages that `body` lists.
 *
 * @throws EnckeError what is wrong with the list, or that one of its topics may not be published to; when every topic failed, what the first failed with
 */
export function* publishMany(
  hub: Hub,
  body: Draft,
  limits: PublishLimits,
  keyText: string | undefined,
  request: { readonly admission: Admission },
): Coroutine<ManyPublished> {
  const shares = sharesOf(body, limits)
  yield* demand(request.admission.rights, 'publish', [...shares.keys()])
  // Asked for now: who it is, an application says when it is asked.
  const { subject } = request.admission
  const key = keyText === undefined ? undefined : keyOf(keyText, body, subject)
  const publishing: Publishing = { hub, key, answers: [], errors: [] }
  yield* scope((s) => publishShares(s, shares, publishing))
  const { answers, errors } = publishing
  if (errors.length === shares.size) throw errors[0]
  return { status: errors.length === 0 ? 201 : 207, receipts: answers }
}

interface Publishing {
  readonly hub: Hub
  readonly key: IdempotencyKey | undefined
  readonly answers: Answer[]
  readonly errors: unknown[]
}

function* publishShares(s: Scope, shares: ReadonlyMap<string, Share>, publishing: Publishing): Coroutine<void> {
  for (const [topic, share] of shares) s.spawn(() => publishShare(topic, share, publishing))
}

function* publishShare(topic: string, { drafts, places }: Share, publishing: Publishing): Coroutine<void> {
  const { hub, key, answers, errors } = publishing
  try {
    const published = yield* hub.publishAll(topic, drafts, key)
    places.forEach((place, at) => {
      answers[place] = receiptOf(topic, published, at)
    })
  } catch (error) {
    if (!(error instanceof EnckeError)) throw error
    errors.push(error)
    for (const place of places) answers[place] = { topic, error: errorBody(error) }
  }
}

/** The answer to the message at place `at` of those that were published together. */
export function receiptOf(topic: string, published: Published, at = 0): Receipt {
  const { receipts, epoch, waiting, isReplayed } = published
  const { offset, id, time } = receipts[at] as Published['receipts'][number]
  const receipt = { topic, epoch, offset, id, time, waiting }
  return isReplayed ? { ...receipt, replayed: true } : receipt
}

/** The messages that `text` lists. @throws EnckeError also ENCKE_ERR_BODY_JSON */
function listIn(text: string, messageBytes: number): readonly ListedMessage[] | undefined {
  let listed: readonly ListedMessage[] | undefined
  try {
    listed = readMessageList(text, messageBytes)
  } catch (error) {
    // Parsing it says where it is not JSON.
    if (error instanceof SyntaxError) parseJson(text)
    throw error
  }
  parseJson(text)
  return listed
}

function sharesOf(body: Draft, { messageBytes, topicsPerPoll }: PublishLimits): ReadonlyMap<string, Share> {
  const listed = listIn(body.data as string, messageBytes)
  if (listed === undefined) {
    throw new EnckeError(
      'ENCKE_ERR_TOPIC_MISSING',
      'name a topic: ?topic=… in the URL, or in each of {"messages": […]}',
    )
  }
  const shares = new Map<string, Share>()
  listed.forEach(({ topic, data }, place) => {
    const bytes = Buffer.byteLength(data)
    if (bytes > messageBytes) throw tooLarge(bytes, messageBytes)
    let share = shares.get(topic)
    if (share === undefined) {
      share = { drafts: [], places: [] }
      shares.set(topic, share)
    }
    share.drafts.push({ data, bytes })
    share.places.push(place)
  })
  if (shares.size > topicsPerPoll) {
    const message = `one publish names at most ${topicsPerPoll} topics: send the others in another (got ${shares.size})`
    throw new EnckeError('ENCKE_ERR_TOPIC_COUNT', message)
  }
  return shares
}
