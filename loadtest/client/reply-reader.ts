// Reads HTTP/1.1 replies from the bytes of one connection, as cheaply as it can: the load generator must not be the bottleneck.
//
// It understands what a load test needs and refuses the rest: every reply has a Content-Length, or comes in chunks without
// extensions and trailers.

export type OnReply = (status: number, body: string, head: string) => void

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')

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
    const bodyStart = headLength + headEnd.length
    const bodyLength = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (head.startsWith('HTTP/1.1 ') && bodyLength === undefined && /\r\ntransfer-encoding: *chunked/i.test(head)) {
      return this.#takeChunks(bytes, head, bodyStart)
    }
    if (!head.startsWith('HTTP/1.1 ') || bodyLength === undefined) {
      throw new Error(`not a reply with a Content-Length: ${head.slice(0, 80)}`)
    }
    const end = bodyStart + Number(bodyLength)
    if (bytes.length < end) return 0
    this.#onReply(statusOf(head), bytes.toString('utf8', bodyStart, end), head)
    return end
  }

  #takeChunks(bytes: Buffer, head: string, bodyStart: number): number {
    const pieces: Buffer[] = []
    let at = bodyStart
    for (;;) {
      const sizeEnd = bytes.indexOf(lineEnd, at)
      if (sizeEnd < 0) return 0
      const digits = bytes.toString('latin1', at, sizeEnd)
      if (!/^[0-9a-f]{1,7}$/i.test(digits)) throw new Error(`not the size of a chunk: ${digits.slice(0, 80)}`)
      const size = Number.parseInt(digits, 16)
      const start = sizeEnd + lineEnd.length
      at = start + size + lineEnd.length
      if (bytes.length < at) return 0
      if (size === 0) break
      pieces.push(bytes.subarray(start, start + size))
    }
    this.#onReply(statusOf(head), Buffer.concat(pieces).toString('utf8'), head)
    return at
  }
}

function statusOf(head: string): number {
  return Number(head.slice(9, 12))
}
