// Reads an event stream as it comes, without a client's conveniences: every event, every time to come back, every comment.

import type { Served } from './served.ts'
import { until } from './served.ts'

export interface ReadEvent {
  readonly event: string
  /** Undefined where the event had none of its own. */
  readonly id: string | undefined
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
  readonly data: any
}

export class EventReader implements Disposable {
  readonly status: number
  readonly headers: Headers
  readonly events: ReadEvent[] = []
  /** Each time to come back that it was told, in milliseconds. */
  readonly retries: number[] = []
  /** The last id, also of what was no event. */
  lastId = ''
  readonly #leaving: AbortController
  readonly #reading: Promise<void>

  private constructor(reply: Response, leaving: AbortController) {
    this.status = reply.status
    this.headers = reply.headers
    this.#leaving = leaving
    this.#reading = this.#read(reply.body as ReadableStream<Uint8Array>).catch(() => {})
  }

  static async open({ origin }: Pick<Served, 'origin'>, path: string, headers: Record<string, string> = {}) {
    const leaving = new AbortController()
    return new EventReader(await fetch(origin + path, { headers, signal: leaving.signal }), leaving)
  }

  [Symbol.dispose](): void {
    this.#leaving.abort()
  }

  /** Wait for so many events, and give these. */
  async has(count: number): Promise<readonly ReadEvent[]> {
    await until(() => this.events.length >= count)
    return this.events.slice(0, count)
  }

  /** Wait for the server to end it. */
  async ended(): Promise<readonly ReadEvent[]> {
    await this.#reading
    return this.events
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of body) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n')
      rest = blocks.pop() as string
      for (const block of blocks) this.#take(block)
    }
  }

  #take(block: string): void {
    const fields = block.split('\n').map((line): [string, string] => {
      const [, name = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? []
      return [name, value]
    })
    const fieldOf = (name: string) => fields.find(([its]) => its === name)?.[1]
    const [id, retry] = [fieldOf('id'), fieldOf('retry')]
    if (id !== undefined) this.lastId = id
    if (retry !== undefined) this.retries.push(Number(retry))
    const data = fields.filter(([name]) => name === 'data').map(([, value]) => value)
    if (data.length === 0) return
    this.events.push({ event: fieldOf('event') ?? 'message', id, data: JSON.parse(data.join('\n')) })
  }
}
