// A message, as published, and its one serialised form.

/** What a publisher gives. */
export interface Draft {
  /** The data as JSON text, already checked: it is never parsed again, so that no number loses digits on its way. */
  readonly data: string
  /** The size of `data` in bytes of UTF-8: what the limits count. */
  readonly bytes: number
}

export class Message {
  readonly topic: string
  /** 1, 2, 3 … within the epoch. */
  readonly offset: number
  /** Random: two messages that were given the same offset, by a broker that lost the first, differ in it. */
  readonly id: string
  /** When it was published, in milliseconds since 1970. */
  readonly time: number
  readonly data: string
  readonly bytes: number
  #json: string | null = null

  constructor(topic: string, offset: number, id: string, time: number, draft: Draft) {
    this.topic = topic
    this.offset = offset
    this.id = id
    this.time = time
    this.data = draft.data
    this.bytes = draft.bytes
  }

  /** The message as it stands in every reply. Made once, for the first reader. */
  get json(): string {
    // Neither a topic name nor an id has a character that JSON would escape.
    this.#json ??= `{"topic":"${this.topic}","offset":${this.offset},"id":"${this.id}","time":${this.time},"data":${this.data}}`
    return this.#json
  }
}
