// Reads HTTP/1.1 replies from the bytes of one connection, as cheaply as it can: the load generator must not be the bottleneck.
//
// It understands what a load test needs and refuses the rest: every reply has a Content-Length, or is 204 and has no body, or
// comes in chunks without extensions and trailers.

import type { Reply } from '../dialects/dialect.ts'

const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')

/** The body of a reply, and where it ends. */
type Body = { readonly text: string; readonly end: number } | undefined

export class ReplyReader {
  readonly #onReply: (reply: Reply) => void
  #rest: Buffer = Buffer.alloc(0)

  constructor(onReply: (reply: Reply) => void) {
    this.#onReply = onReply
  }

  /** @throws Error on bytes that are no such reply */
  take(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    while (this.#rest.length > 0) {
      const headLength = this.#rest.indexOf(headEnd)
      if (headLength < 0) return
      const head = this.#rest.toString('latin1', 0, headLength)
      const body = bodyOf(head, this.#rest, headLength + headEnd.length)
      if (body === undefined) return
      this.#rest = this.#rest.subarray(body.end)
      this.#onReply({ status: Number(head.slice(9, 12)), body: body.text, header: (name) => headerOf(head, name) })
    }
  }
}

function headerOf(head: string, name: string): string | undefined {
  const line = head.split('\r\n').find((line) => line.slice(0, name.length + 1).toLowerCase() === `${name}:`)
  return line?.slice(name.length + 1).trim()
}

/** Undefined while it is not complete. */
function bodyOf(head: string, bytes: Buffer, start: number): Body {
  if (head.startsWith('HTTP/1.1 204 ')) return { text: '', end: start }
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 ') || (length === undefined && !/\r\ntransfer-encoding: *chunked/i.test(head))) {
    throw new Error(`not a reply with a Content-Length: ${head.slice(0, 80)}`)
  }
  if (length === undefined) return chunksOf(bytes, start)
  const end = start + Number(length)
  return bytes.length < end ? undefined : { text: bytes.toString('utf8', start, end), end }
}

function chunksOf(bytes: Buffer, start: number): Body {
  const pieces: Buffer[] = []
  for (let at = start; ; ) {
    const sizeEnd = bytes.indexOf(lineEnd, at)
    if (sizeEnd < 0) return undefined
    const digits = bytes.toString('latin1', at, sizeEnd)
    if (!/^[0-9a-f]{1,7}$/i.test(digits)) throw new Error(`not the size of a chunk: ${digits.slice(0, 80)}`)
    const from = sizeEnd + lineEnd.length
    const to = from + Number.parseInt(digits, 16)
    at = to + lineEnd.length
    if (bytes.length < at) return undefined
    if (to === from) return { text: Buffer.concat(pieces).toString('utf8'), end: at }
    pieces.push(bytes.subarray(from, to))
  }
}
