// A message, as published.

/** What a publisher gives. */
export interface Draft {
  /** JSON as its text, any other content type as bytes. Checked already and never parsed again: no number loses digits. */
  readonly data: string | Uint8Array
  /** The size of `data` in bytes, of UTF-8 for text: what the limits count. */
  readonly bytes: number
  /** Of a message that is imported: what it had where it was exported. */
  readonly id?: string
  readonly time?: number
}

export class Message {
  readonly topic: string
  /** 1, 2, 3 … within the epoch. */
  readonly offset: number
  /** Random: two messages that were given the same offset, by a broker that lost the first, differ in it. */
  readonly id: string
  /** When it was published, in milliseconds since 1970. */
  readonly time: number
  readonly data: string | Uint8Array
  readonly bytes: number

  constructor(topic: string, offset: number, id: string, time: number, draft: Draft) {
    this.topic = topic
    this.offset = offset
    this.id = id
    this.time = time
    this.data = draft.data
    this.bytes = draft.bytes
  }
}
