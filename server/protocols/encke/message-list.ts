// A publish of several messages: {"messages": [{"topic": …, "data": …}, …]}.
//
// Each `data` is cut out of the text as it is written, because a value that is parsed and written again loses digits.
//
// The list is read before its text is parsed, because parsing megabytes that will be refused would block the event loop: the
// first complaint ends it. So only strings and brackets are told apart here, and what is not JSON may pass.

import { clip, EnckeError } from '../../errors.ts'
import { checkTopicName } from '../../hub/index.ts'

export interface ListedMessage {
  readonly topic: string
  /** JSON. */
  readonly data: string
}

/** One publish appends at most so many messages. */
const mostMessages = 10_000

/**
 * Read the messages, of at most `messageBytes` each, out of `json`; undefined when it is no object with `messages`.
 *
 * @throws SyntaxError where it is found not to be JSON
 * @throws EnckeError ENCKE_ERR_VALIDATION, ENCKE_ERR_TOPIC_NAME, ENCKE_ERR_MESSAGE_COUNT, ENCKE_ERR_MESSAGE_TOO_LARGE
 */
export function readMessageList(json: string, messageBytes: number): readonly ListedMessage[] | undefined {
  const reader = new JsonReader(json, messageBytes)
  if (!reader.isAt('{')) return undefined
  let messages: ListedMessage[] | undefined
  for (const name of reader.members()) {
    if (name !== 'messages') throw misfit(`the body has messages and nothing else (got ${clip(name)})`)
    if (!reader.isAt('[')) throw misfit('messages must be a list')
    messages = []
    for (const _ of reader.items()) {
      if (messages.length === mostMessages) throw tooMany()
      messages.push(readMessage(reader))
    }
  }
  if (messages?.length === 0) throw misfit('messages must have at least one message')
  return messages
}

function readMessage(reader: JsonReader): ListedMessage {
  if (!reader.isAt('{')) throw misfit(`a message is {"topic": …, "data": …} (got ${clip(reader.value())})`)
  let topic: unknown
  let data: string | undefined
  for (const name of reader.members()) {
    if (name !== 'topic' && name !== 'data') throw misfit(`a message has topic and data (got ${clip(name)})`)
    const value = reader.value()
    if (name === 'topic') topic = JSON.parse(value)
    else data = value
  }
  if (typeof topic !== 'string')
    throw new EnckeError('ENCKE_ERR_TOPIC_NAME', `a topic is a string (got ${clip(topic)})`)
  if (data === undefined) throw misfit('a message has data: any JSON value')
  return { topic: checkTopicName(topic), data }
}

const blanks = /[ \t\n\r]*/y
const scalar = /[\w.+-]*/y

/** Walks through text that should be JSON. It comes to an end, or throws, whatever the text is. */
class JsonReader {
  readonly #text: string
  readonly #messageBytes: number
  #at = 0

  constructor(text: string, messageBytes: number) {
    this.#text = text
    this.#messageBytes = messageBytes
  }

  /** Whether the next value begins so. */
  isAt(character: string): boolean {
    this.#skipBlanks()
    return this.#text[this.#at] === character
  }

  /** The names of the object that is next; at each of them, its value is next and must be read. */
  *members(): Generator<string, void, void> {
    this.#at += 1
    while (!this.isAt('}')) {
      const name = JSON.parse(this.value()) as string
      this.#skip(':')
      yield name
      if (this.isAt(',')) this.#at += 1
    }
    this.#at += 1
  }

  /** Go through the list that is next; each time, an item is next and must be read. */
  *items(): Generator<void, void, void> {
    this.#at += 1
    while (!this.isAt(']')) {
      yield
      if (this.isAt(',')) this.#at += 1
    }
    this.#at += 1
  }

  /** The next value, as it is written: that of a message, or a part of it. */
  value(): string {
    this.#skipBlanks()
    const start = this.#at
    // A character has a byte at least.
    const end = start + this.#messageBytes
    let depth = 0
    do {
      if (this.#at >= end) throw tooLarge('more', this.#messageBytes)
      const character = this.#text[this.#at]
      if (character === undefined) throw unfinished()
      if (character === '"') this.#skipString(end)
      else if (character === '{' || character === '[') depth += 1
      else if (character === '}' || character === ']') depth -= 1
      else if (depth === 0) this.#skipScalar()
      if (depth < 0) throw unfinished()
      this.#at += 1
    } while (depth > 0)
    return this.#text.slice(start, this.#at)
  }

  #skipBlanks(): void {
    this.#at = this.#endOf(blanks)
  }

  /** Where the longest text ends that begins here and is of this kind. */
  #endOf(kind: RegExp): number {
    kind.lastIndex = this.#at
    kind.test(this.#text)
    return kind.lastIndex
  }

  #skip(character: string): void {
    if (!this.isAt(character)) throw unfinished()
    this.#at += 1
  }

  /** To its closing quote, which is before `end`. */
  #skipString(end: number): void {
    do {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1
      if (this.#at >= this.#text.length) throw unfinished()
      if (this.#at >= end) throw tooLarge('more', this.#messageBytes)
    } while (this.#text[this.#at] !== '"')
  }

  /** To the last character of a number, true, false or null. */
  #skipScalar(): void {
    this.#at = Math.max(this.#endOf(scalar) - 1, this.#at)
  }
}

function misfit(message: string): EnckeError {
  return new EnckeError('ENCKE_ERR_VALIDATION', message)
}

export function tooLarge(bytes: number | 'more', messageBytes: number): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_MESSAGE_TOO_LARGE',
    `a message has at most ${messageBytes} bytes: send less, or raise --message-bytes (got ${bytes})`,
  )
}

function unfinished(): SyntaxError {
  return new SyntaxError('this is not JSON')
}

function tooMany(): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_MESSAGE_COUNT',
    `one publish has at most ${mostMessages} messages: send the others in another`,
  )
}
