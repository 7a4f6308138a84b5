// Reads HTTP/1.1 replies from the bytes of one connection, as cheaply as it can: the load generator must not be the bottleneck.
//
// It understands what a load test needs and refuses the rest: every reply has a Content-Length.

export type OnReply = (status: number, body: string) => void

const headEnd = Buffer.from('\r\n\r\n')

export class ReplyReader {
  readonly #onReply: OnReply
  #rest: Buffer | null = null

  constructor(onReply: OnReply) {
    this.#onReply = onReply
  }

  /** Whether a reply has begun and has not ended. */
  get isAmid(): boolean {
    return this.#rest !== null
  }

  /** @throws Error on bytes that are no such reply */
  take(chunk: Buffer): void {
    let bytes = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk])
    this.#rest = null
    while (bytes.length > 0) {
      const length = this.#takeOne(bytes)
      if (length === 0) {
        this.#rest = bytes
        return
      }
      bytes = bytes.subarray(length)
    }
  }

  /** Gives the length of the reply, or 0 while it is not complete. */
  #takeOne(bytes: Buffer): number {
    const headLength = bytes.indexOf(headEnd)
    if (headLength < 0) return 0
    const head = bytes.toString('latin1', 0, headLength)
    const bodyLength = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (!head.startsWith('HTTP/1.1 ') || bodyLength === undefined) {
      throw new Error(`not a reply with a Content-Length: ${head.slice(0, 80)}`)
    }
    const bodyStart = headLength + headEnd.length
    const end = bodyStart + Number(bodyLength)
    if (bytes.length < end) return 0
    this.#onReply(Number(head.slice(9, 12)), bytes.toString('utf8', bodyStart, end))
    return end
  }
}
