// The names of keys and channels. All of one topic carry its name in braces, so that they share a slot.

const kinds = ['m', 's', 'k', 'z', 'p', 'q', 'f', 'c', 'd'] as const

export class Keys {
  readonly #prefix: string
  readonly #channel: string

  constructor(prefix: string) {
    this.#prefix = prefix
    this.#channel = `${prefix}c:{`
  }

  /**
   * Record, messages, answers to keys and their order, producers and their order, forks, channel, and the draft of a fork:
   * every script is given all of them.
   */
  of(topic: string): readonly string[] {
    return kinds.map((kind) => `${this.#prefix}${kind}:{${topic}}`)
  }

  channelOf(topic: string): string {
    return `${this.#channel}${topic}}`
  }

  /** The topic of any of these keys. */
  topicOf(key: string): string {
    return key.slice(this.#prefix.length + 3, -1)
  }

  record(topic: string): string {
    return `${this.#prefix}m:{${topic}}`
  }

  /** What the records of all topics look like. */
  get recordPattern(): string {
    return `${this.#escaped}m:{*}`
  }

  get forksPattern(): string {
    return `${this.#escaped}f:{*}`
  }

  /** Of all topics together. */
  get totals(): string {
    return `${this.#prefix}totals`
  }

  /** A prefix may have characters that a pattern would read otherwise. */
  get #escaped(): string {
    return this.#prefix.replace(/[\\*?[\]^-]/g, '\\$&')
  }
}
