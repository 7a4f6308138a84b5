// A publish of several messages: {"messages": [{"topic": …, "data": …}, …]}.
//
// Each `data` is cut out of the text as it is written, because a value that is parsed and written again loses digits. The
// text is known to be JSON: only strings and brackets have to be told apart.

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
 * Read the messages out of `json`, which is JSON; undefined when it is no object with `messages`.
 *
 * @throws EnckeError ENCKE_ERR_VALIDATION, ENCKE_ERR_TOPIC_NAME, ENCKE_ERR_MESSAGE_COUNT
 */
export function readMessageList(json: string): readonly ListedMessage[] | undefined {
  const reader = new JsonReader(json)
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

/** Walks through text that is JSON. */
class JsonReader {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
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
      this.#skipTo(':')
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

  /** The next value, as it is written. */
  value(): string {
    this.#skipBlanks()
    const start = this.#at
    let depth = 0
    do {
      const character = this.#text[this.#at]
      if (character === '"') this.#skipString()
      else if (character === '{' || character === '[') depth += 1
      else if (character === '}' || character === ']') depth -= 1
      else if (depth === 0) this.#skipScalar()
      this.#at += 1
    } while (depth > 0)
    return this.#text.slice(start, this.#at)
  }

  #skipBlanks(): void {
    while (/[ \t\n\r]/.test(this.#text[this.#at] ?? '')) this.#at += 1
  }

  #skipTo(character: string): void {
    this.#at = this.#text.indexOf(character, this.#at) + 1
  }

  /** To its closing quote. */
  #skipString(): void {
    do {
      this.#at += this.#text[this.#at] === '\\' ? 2 : 1
    } while (this.#text[this.#at] !== '"')
  }

  /** To the last character of a number, true, false or null. */
  #skipScalar(): void {
    while (/[\w.+-]/.test(this.#text[this.#at + 1] ?? '')) this.#at += 1
  }
}

function misfit(message: string): EnckeError {
  return new EnckeError('ENCKE_ERR_VALIDATION', message)
}

function tooMany(): EnckeError {
  return new EnckeError(
    'ENCKE_ERR_MESSAGE_COUNT',
    `one publish has at most ${mostMessages} messages: send the others in another`,
  )
}
