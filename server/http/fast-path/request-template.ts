// A request template: the bytes of a GET, but for the values of up to three parameters of its query.
//
// A value is matched only in characters that mean themselves in a URL: whatever else stands there, a space, a line or a
// percent, goes to Node's HTTP, which knows what it means.
//
// Clients of one kind send the same bytes, and a herd of them the same values: connections share templates, and a template
// remembers the last request that it has read.

import type { IncomingMessage } from 'node:http'
import type { Template } from './template.ts'

const mostParameters = 3

/** The order of one: a connection that waits need not hold its own. */
const onlyOne: readonly number[] = [0]

const plainValue = /^[\w.~-]*$/

export class RequestTemplate implements Template<readonly string[]> {
  /** What stands around the values: one more than there are values. */
  readonly #around: readonly string[]
  /** Which value stands at which place: templates name their parameters in any order. */
  readonly #order: readonly number[]
  #lastBytes: Buffer | null = null
  #lastValues: readonly string[] = []

  private constructor(around: readonly string[], order: readonly number[]) {
    this.#around = around
    this.#order = order
  }

  /** The request that `text` is, but for `parameters`, which have these values in it; undefined when it has not each of them once. */
  static of(text: string, parameters: Readonly<Record<string, string>>): RequestTemplate | undefined {
    const names = Object.keys(parameters)
    const query = /^GET [^ ?#]*\?/.exec(text)?.[0].length
    if (query === undefined || names.length === 0 || names.length > mostParameters) return undefined
    const end = text.indexOf(' ', query)
    const found: { readonly which: number; readonly start: number; readonly end: number }[] = []
    for (const [which, name] of names.entries()) {
      const start = startOf(name, text, query, end)
      const stop = start + (parameters[name] as string).length
      const isThere = start > 0 && text.startsWith(parameters[name] as string, start)
      if (!isThere || (stop !== end && text[stop] !== '&')) return undefined
      found.push({ which, start, end: stop })
    }
    found.sort((a, b) => a.start - b.start)
    const order = found.map(({ which }) => which)
    const ends = [0, ...found.map((value) => value.end)]
    const starts = [...found.map(({ start }) => start), text.length]
    return new RequestTemplate(
      starts.map((start, at) => text.slice(ends[at], start)),
      order.length === 1 ? onlyOne : order,
    )
  }

  /** The same for templates that are the same: a request has no zero byte. */
  get text(): string {
    return `${this.#order.join()}\0${this.#around.join('\0')}`
  }

  /** The values in `bytes`, in the order of the parameters, when they are the same request otherwise. */
  valuesIn(bytes: Buffer): readonly string[] | undefined {
    if (this.#lastBytes?.equals(bytes)) return this.#lastValues
    const values = this.#read(bytes)
    if (values === undefined) return undefined
    this.#lastBytes = bytes
    this.#lastValues = values
    return values
  }

  #read(bytes: Buffer): readonly string[] | undefined {
    const text = bytes.toString('latin1')
    const last = this.#around.length - 1
    const end = text.length - (this.#around[last] as string).length
    let start = (this.#around[0] as string).length
    if (end < start || !text.startsWith(this.#around[0] as string) || !text.endsWith(this.#around[last] as string)) {
      return undefined
    }
    if (last === 1) {
      const value = bytes.toString('latin1', start, end)
      return plainValue.test(value) ? [value] : undefined
    }
    const values: string[] = []
    for (let place = 0; place < last; place += 1) {
      const next = this.#around[place + 1] as string
      const stop = place === last - 1 ? end : text.indexOf(next, start)
      if (stop < start || stop > end) return undefined
      // Not cut out of the text, which it would keep.
      const value = bytes.toString('latin1', start, stop)
      if (!plainValue.test(value)) return undefined
      values[this.#order[place] as number] = value
      start = stop + next.length
    }
    return values
  }

  /** The whole request, with `values`. */
  with(values: readonly string[]): string {
    let text = this.#around[0] as string
    for (let place = 0; place < this.#order.length; place += 1) {
      text += (values[this.#order[place] as number] as string) + this.#around[place + 1]
    }
    return text
  }
}

/** Where the value of `name` begins in the query between `from` and `end`; -1 when it is not there exactly once, and plainly. */
function startOf(name: string, text: string, from: number, end: number): number {
  const isFirst = text.startsWith(`${name}=`, from)
  const at = isFirst ? from - 1 : text.indexOf(`&${name}=`, from)
  if (at < 0 || at >= end) return -1
  const start = at + name.length + 2
  const again = text.indexOf(`&${name}=`, start)
  const hash = text.indexOf('#', from)
  return (again >= 0 && again < end) || (hash >= 0 && hash < end) ? -1 : start
}

/** The bytes of a request without a body, as its client has most likely sent them. */
export function bytesOf(request: IncomingMessage & { readonly originalUrl?: string }): string {
  const { method, httpVersion, rawHeaders, originalUrl } = request
  // Fastify has taken a base path off.
  const url = originalUrl ?? request.url
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`
  for (let at = 0; at < rawHeaders.length; at += 2) text += `${rawHeaders[at]}: ${rawHeaders[at + 1]}\r\n`
  return `${text}\r\n`
}
