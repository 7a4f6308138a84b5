// What a client sends for a poll, byte for byte, but for the cursor in it.

import type { IncomingMessage } from 'node:http'

export class PollBytes {
  readonly #before: string
  readonly #after: string

  constructor(before: string, after: string) {
    this.#before = before
    this.#after = after
  }

  /** The bytes around `cursor` in the request that `text` is; undefined when it has no such parameter. */
  static around(text: string, cursor: string): PollBytes | undefined {
    const target = /^GET [^ #]*?[?&]cursor=/.exec(text)?.[0]
    if (target === undefined || !text.startsWith(cursor, target.length)) return undefined
    const after = text.slice(target.length + cursor.length)
    return after.startsWith('&') || after.startsWith(' ') ? new PollBytes(target, after) : undefined
  }

  /** What stands in `bytes` for the cursor, when they are the same request otherwise. */
  cursorIn(bytes: Buffer): string | undefined {
    const text = bytes.toString('latin1')
    const end = text.length - this.#after.length
    if (end < this.#before.length || !text.startsWith(this.#before) || !text.endsWith(this.#after)) return undefined
    // Not cut out of the text, which it would keep.
    return bytes.toString('latin1', this.#before.length, end)
  }

  /** The whole request, with `cursor`. */
  with(cursor: string): string {
    return this.#before + cursor + this.#after
  }
}

/** The bytes of a request without a body, as its client has most likely sent them. */
export function bytesOf({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let at = 0; at < rawHeaders.length; at += 2) text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`
  return `${text}\r\n`
}
