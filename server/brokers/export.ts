// Topics and their messages as lines of JSON, from any broker to any other.
//
// A line is a topic (`{"topic", "contentType", "retention", "lifetime", "closed"}`) or a message of the last topic before it:
// `{"data"}` with its text, `{"base64"}` with its bytes, and its `id` and `time`, which it keeps (Redis has times of its own).
// What is imported begins anew, at offset 1 of a new epoch and segment: cursors of the other broker are told so. Keys, producers and forks stay behind; a fork comes with all of its messages.

import type { Coroutine } from '../../runtime/index.ts'
import { ConfigError } from '../config/config-error.ts'
import type { Broker, Draft, Lifetime, ListedTopic, Message } from '../hub/index.ts'
import { isTopicName, jsonType } from '../hub/index.ts'

/** Read from a broker at once. */
const topicsAtOnce = 100
const messagesAtOnce = { messages: 1_000, bytes: 1024 * 1024 }

interface Transferred {
  readonly topics: number
  readonly messages: number
}

interface TopicLine {
  readonly topic: string
  readonly contentType: string
  readonly retention: 'all' | 'bounded'
  readonly lifetime: Lifetime
  readonly closed: boolean
}

/**
 * Write every topic of a broker, line by line. Messages that come meanwhile may be in it or not.
 *
 * @param write takes a line without its end, and waits while there is no room for more
 */
export function* exportTopics(broker: Broker, write: (line: string) => Coroutine<void>): Coroutine<Transferred> {
  let [topics, messages] = [0, 0]
  for (let after = ''; ; ) {
    const page = yield* broker.list(after, topicsAtOnce)
    for (const topic of page) {
      yield* write(topicLine(topic))
      messages += yield* exportMessages(broker, topic, write)
      topics += 1
    }
    const last = page.at(-1)
    if (last === undefined) return { topics, messages }
    after = last.topic
  }
}

function* exportMessages(
  broker: Broker,
  topic: ListedTopic,
  write: (line: string) => Coroutine<void>,
): Coroutine<number> {
  let count = 0
  for (let next = topic.oldest; next <= topic.head; ) {
    const slice = yield* broker.history(topic.topic, next, messagesAtOnce)
    // It was removed meanwhile, or has begun anew.
    if (slice.epoch !== topic.epoch || slice.messages.length === 0) break
    for (const message of slice.messages) {
      if (message.offset > topic.head) return count
      yield* write(messageLine(message))
      count += 1
      next = message.offset + 1
    }
  }
  return count
}

/**
 * Make the topics of such lines in a broker that has none of them.
 *
 * @throws ConfigError ENCKE_ERR_BROKER about a line that is none, or a topic that is there; what came before it is imported
 */
export class Import {
  readonly #broker: Broker
  #topic: TopicLine | undefined
  #drafts: Draft[] = []
  #bytes = 0
  #line = 0
  #isNew = true
  #topics = 0
  #messages = 0

  constructor(broker: Broker) {
    this.#broker = broker
  }

  *take(line: string): Coroutine<void> {
    this.#line += 1
    if (line.trim() === '') return
    const value = this.#parse(line)
    if ('topic' in value) {
      yield* this.#finishTopic()
      this.#begin(value)
    } else this.#add(value)
    if (this.#drafts.length >= messagesAtOnce.messages || this.#bytes >= messagesAtOnce.bytes) yield* this.#flush()
  }

  /** All lines have been taken. */
  *end(): Coroutine<Transferred> {
    yield* this.#finishTopic()
    return { topics: this.#topics, messages: this.#messages }
  }

  #parse(line: string): Record<string, unknown> {
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
    } catch {
      // It is said below.
    }
    throw this.#complaint('is no JSON object')
  }

  #begin(value: Record<string, unknown>): void {
    const { topic, contentType, retention, lifetime = null, closed } = value
    const isSound =
      typeof topic === 'string' &&
      isTopicName(topic) &&
      typeof contentType === 'string' &&
      (retention === 'all' || retention === 'bounded') &&
      typeof closed === 'boolean' &&
      isLifetime(lifetime)
    if (!isSound) throw this.#complaint('is no topic')
    this.#topic = { topic, contentType, retention, lifetime, closed }
    this.#isNew = true
  }

  #add({ data, base64, id, time }: Record<string, unknown>): void {
    const bytes =
      typeof data === 'string' ? data : typeof base64 === 'string' ? Buffer.from(base64, 'base64') : undefined
    if (bytes === undefined) throw this.#complaint('is neither a topic nor a message')
    if (this.#topic === undefined) throw this.#complaint('is a message without a topic before it')
    // It would stand in replies as it is, and break them for their readers.
    if (this.#topic.contentType === jsonType && !isJson(String(bytes)))
      throw this.#complaint('has data that is no JSON')
    // An older export has none.
    const had = typeof id === 'string' && /^[\w-]{16}$/.test(id) && Number.isSafeInteger(time)
    const draft = { data: bytes, bytes: Buffer.byteLength(bytes), ...(had && { id, time: time as number }) }
    this.#drafts.push(draft)
    this.#bytes += draft.bytes
  }

  *#finishTopic(): Coroutine<void> {
    const topic = this.#topic
    if (topic === undefined) return
    yield* this.#flush()
    if (topic.closed) yield* this.#broker.append(topic.topic, { messages: [], close: true })
    this.#topics += 1
    this.#topic = undefined
  }

  *#flush(): Coroutine<void> {
    const { topic, contentType, retention, lifetime } = this.#topic as TopicLine
    const messages = this.#drafts
    this.#drafts = []
    this.#bytes = 0
    if (this.#isNew && (yield* this.#broker.inform(topic)) !== null) {
      throw this.#complaint(`comes after the topic ${topic}, which is there already: remove it, or import elsewhere`)
    }
    if (this.#isNew && retention === 'all') {
      yield* this.#broker.create(topic, { contentType, lifetime, messages, isClosed: false })
    } else if (messages.length > 0) {
      const answer = yield* this.#broker.append(topic, { messages, contentType })
      if (answer.outcome !== 'appended') throw this.#complaint(`cannot be imported: someone else writes to ${topic}`)
    }
    this.#isNew = false
    this.#messages += messages.length
  }

  #complaint(what: string): ConfigError {
    return new ConfigError('ENCKE_ERR_BROKER', [`line ${this.#line} ${what}`])
  }
}

function topicLine({ topic, contentType, retention, lifetime, isClosed }: ListedTopic): string {
  return JSON.stringify({ topic, contentType, retention, lifetime, closed: isClosed } satisfies TopicLine)
}

function messageLine({ data, id, time }: Message): string {
  const given = typeof data === 'string' ? { data } : { base64: Buffer.from(data).toString('base64') }
  return JSON.stringify({ ...given, id, time })
}

function isLifetime(value: unknown): value is Lifetime {
  if (value === null) return true
  const [[name, number] = [], ...others] = Object.entries(value as object)
  return (name === 'ttlMs' || name === 'expiresAt') && typeof number === 'number' && others.length === 0
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
