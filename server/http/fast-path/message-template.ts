// A message template: the bytes of a POST that publishes, but for the topic in its target, the length and the text of its
// body, and the values of a few headers.
//
// A value ends where the first character comes that it cannot have: a blank or a `&` in a target, the end of a line in a
// header. A topic is matched only as names of topics are written, a slash also as `%2F`; all else goes to Node's HTTP.

import type { Template } from './template.ts'

/** Which parts of a request differ from one message to the next. */
export interface MessageShape {
  /** Finds the topic in a target, as its only group; with the flag `d`. */
  readonly topic: RegExp
  /** The names of headers that have a value of their own in each, in lower case; a request has them or not. */
  readonly headers: readonly string[]
}

/** What one message is. */
export interface MessageValues {
  readonly topic: string
  /** The values of the headers of the shape, in their order; empty for one that the request does not have. */
  readonly headers: readonly string[]
  readonly body: Buffer
  /** The whole request. */
  readonly bytes: Buffer
}

/** A longer request is read by Node's HTTP, beside whose work the rest of the way is little. */
export const mostMessageBytes = 8 * 1024

/** The most that topic, length and headers add to what stands around them: a topic of 200 characters, its slashes encoded, and two keys. */
const mostValues = 1_200

const plainTopic = /^(?:[\w.~/-]|%2F)+$/i

const plainHeader = /^[!-~]+$/

const digits = /^\d{1,5}$/

/** What stands in a slot: the topic, the length, or the header with this number. */
type Slot = 'topic' | 'length' | number

interface Found {
  readonly slot: Slot
  readonly start: number
  readonly end: number
}

export class MessageTemplate implements Template<MessageValues> {
  /** What stands around the slots: one more than there are slots. */
  readonly #around: readonly string[]
  readonly #slots: readonly Slot[]
  readonly #headers: readonly string[]
  /** No head that is the same otherwise is longer. */
  readonly #longest: number
  /** The last topic, as it was written and as it is called: most messages of a connection have the same. */
  #lastWritten = ''
  #lastTopic = ''

  private constructor(head: string, found: readonly Found[], headers: readonly string[]) {
    const ends = [0, ...found.map(({ end }) => end)]
    const starts = [...found.map(({ start }) => start), head.length]
    this.#around = starts.map((start, at) => head.slice(ends[at], start))
    this.#slots = found.map(({ slot }) => slot)
    this.#headers = headers.map(() => '')
    this.#longest = this.#around.reduce((sum, { length }) => sum + length, mostValues)
  }

  /** The template of a request to `topic` with this head; undefined when something that differs is not there once, and plainly. */
  static of(head: string, topic: string, { topic: finder, headers }: MessageShape): MessageTemplate | undefined {
    const from = head.indexOf(' ') + 1
    const target = head.slice(from, head.indexOf(' ', from))
    const [start, end] = finder.exec(target)?.indices?.[1] ?? []
    if (start === undefined || end === undefined || target.includes('#')) return undefined
    if (topicIn(target.slice(start, end)) !== topic) return undefined
    const found: Found[] = [{ slot: 'topic', start: from + start, end: from + end }]
    const named: [string, Slot][] = [['content-length', 'length'], ...headers.map(numbered)]
    for (const [name, slot] of named) {
      const [header, ...others] = head.matchAll(new RegExp(`(?<=\\r\\n${name}: )[^\\r]*`, 'gi'))
      if (header !== undefined) found.push({ slot, start: header.index, end: header.index + header[0].length })
      // One that is written in another way, or twice, is read by Node's HTTP.
      const isThere = head.toLowerCase().includes(`\r\n${name}:`)
      if (others.length > 0 || (header === undefined && (isThere || slot === 'length'))) return undefined
    }
    found.sort((a, b) => a.start - b.start)
    return new MessageTemplate(head, found, headers)
  }

  /** The same for templates that are the same: a request has no zero byte. */
  get text(): string {
    return `${this.#slots.join()}\0${this.#around.join('\0')}`
  }

  /** The message in `bytes`, when they are the same request otherwise, and all of it. */
  valuesIn(bytes: Buffer): MessageValues | undefined {
    if (bytes.length > mostMessageBytes) return undefined
    const text = bytes.toString('latin1', 0, this.#longest)
    if (!text.startsWith(this.#around[0] as string)) return undefined
    let at = (this.#around[0] as string).length
    let topic: string | undefined
    let length = -1
    let headers = this.#headers
    for (let place = 0; place < this.#slots.length; place += 1) {
      const next = this.#around[place + 1] as string
      const stop = text.indexOf(next.charAt(0), at)
      if (stop < 0 || !text.startsWith(next, stop)) return undefined
      // Not cut out of the text, which it would keep.
      const value = bytes.toString('latin1', at, stop)
      const slot = this.#slots[place] as Slot
      if (slot === 'topic') topic = this.#topicIn(value)
      else if (slot === 'length') length = digits.test(value) ? Number(value) : -1
      else if (plainHeader.test(value)) headers = headers.with(slot, value)
      else return undefined
      at = stop + next.length
    }
    if (topic === undefined || length !== bytes.length - at) return undefined
    return { topic, headers, body: bytes.subarray(at), bytes }
  }

  with({ bytes }: MessageValues): string {
    return bytes.toString('latin1')
  }

  #topicIn(written: string): string | undefined {
    if (written === this.#lastWritten) return this.#lastTopic
    const topic = topicIn(written)
    if (topic === undefined) return undefined
    this.#lastWritten = written
    this.#lastTopic = topic
    return topic
  }
}

function numbered(name: string, at: number): [string, Slot] {
  return [name, at]
}

function topicIn(written: string): string | undefined {
  if (!plainTopic.test(written)) return undefined
  return written.includes('%') ? written.replaceAll(/%2F/gi, '/') : written
}
