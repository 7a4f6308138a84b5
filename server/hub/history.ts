// A run of consecutive messages of one epoch, oldest first, that grows at one end and is trimmed at the other. A broker may
// keep more with each message.
//
// Invariants: offsets have no holes; `bytes` is the sum over the messages; `end` is the offset after the last message.

export interface HistoryLimits {
  readonly messages: number
  readonly bytes: number
}

/** A message, as far as a history looks at it. */
interface Numbered {
  readonly offset: number
  readonly bytes: number
}

/** Below this many trimmed slots, moving the rest to the front is not worth it. */
const slack = 32

export class History<Kept extends Numbered> {
  #messages: (Kept | undefined)[] = []
  #start = 0
  #end: number
  #bytes = 0

  /** An empty run, whose first message will have offset `next`. */
  constructor(next = 1) {
    this.#end = next
  }

  get length(): number {
    return this.#messages.length - this.#start
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The offset that the next message must have. */
  get end(): number {
    return this.#end
  }

  /** The offset of the oldest message; `end` when there is none. */
  get oldest(): number {
    return this.#end - this.length
  }

  push(message: Kept): void {
    if (message.offset !== this.#end) throw new Error(`offset ${message.offset} does not follow ${this.#end - 1}`)
    this.#messages.push(message)
    this.#end += 1
    this.#bytes += message.bytes
  }

  get first(): Kept | undefined {
    return this.#messages[this.#start]
  }

  get last(): Kept | undefined {
    return this.length === 0 ? undefined : this.#messages[this.#messages.length - 1]
  }

  at(offset: number): Kept | undefined {
    return offset < this.oldest ? undefined : this.#messages[this.#start + offset - this.oldest]
  }

  /** At most `limit` messages from offset `from`, or from the oldest if that is later. */
  slice(from: number, limit: number): Kept[] {
    const first = this.#start + Math.max(from - this.oldest, 0)
    return this.#messages.slice(first, first + limit) as Kept[]
  }

  /** Drop and return the oldest message. */
  shift(): Kept | undefined {
    if (this.length === 0) return undefined
    const message = this.#messages[this.#start] as Kept
    this.#messages[this.#start] = undefined
    this.#start += 1
    this.#bytes -= message.bytes
    if (this.#start > slack && this.#start * 2 > this.#messages.length) {
      this.#messages = this.#messages.slice(this.#start)
      this.#start = 0
    }
    return message
  }

  /** Whether there is more than `limits` allow; a single message never is. */
  exceeds(limits: HistoryLimits): boolean {
    return this.length > 1 && (this.length > limits.messages || this.#bytes > limits.bytes)
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    const messages = this.#messages.slice(this.#start) as Kept[]
    const bytes = messages.reduce((sum, message) => sum + message.bytes, 0)
    if (bytes !== this.#bytes) throw new Error(`the messages have ${bytes} bytes, not ${this.#bytes}`)
    messages.forEach((message, index) => {
      if (message.offset !== this.oldest + index) throw new Error('the offsets have a hole')
    })
  }
}
