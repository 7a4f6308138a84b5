// The quiet side of a load test: what a scenario asks of the server before, between and after the load. Its one connection is
// kept open, so that it is in every count of connections and changes none.

import { Pool } from 'undici'
import type { PollReply } from '../dialects/dialect.ts'

/** GET /admin/statistics. */
export interface Statistics {
  readonly runtime: Readonly<Record<'coroutines' | 'runnable' | 'parked' | 'timers', number>>
  readonly hub: Readonly<Record<'topics' | 'waiting' | 'published', number>>
  readonly http: { readonly connections: number }
}

/** One run of the chain, as the server tells of it. */
export interface ChainReport {
  readonly answer: number
  readonly runs: readonly { readonly wallMs: number }[]
}

export class EnckeControl implements AsyncDisposable {
  readonly #pool: Pool
  /** A connection of its own, made when it is needed: a benchmark answers at its end, and must not hold up the rest. */
  readonly #benchmarks: Pool
  readonly #headers: Record<string, string>

  constructor(origin: string, adminToken: string) {
    this.#pool = new Pool(origin, { connections: 1, headersTimeout: 60_000 })
    this.#benchmarks = new Pool(origin, { connections: 1, headersTimeout: 300_000 })
    this.#headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' }
  }

  statistics(): Promise<Statistics> {
    return this.#ask('/admin/statistics')
  }

  /** The last ten minutes, second by second. `time` is in milliseconds since 1970. */
  samples(): Promise<{ readonly samples: readonly { readonly time: number; readonly loopDelayP99Ms: number }[] }> {
    return this.#ask('/admin/samples')
  }

  publish(topic: string, data: unknown): Promise<unknown> {
    return this.#ask(`/publish?topic=${encodeURIComponent(topic)}`, data)
  }

  /** The offset of the newest message: how many there have been since the server began. */
  async head(topic: string): Promise<number> {
    return (await this.#ask<{ head: number }>(`/topics/${encodeURIComponent(topic)}`)).head
  }

  /** The newest messages that the server has kept, the oldest of them first. */
  history(topic: string): Promise<PollReply> {
    return this.#ask(`/messages?topic=${encodeURIComponent(topic)}&from=earliest&limit=1000&wait=0`)
  }

  runChain(n: number): Promise<ChainReport> {
    return this.#ask('/admin/benchmarks/chain', { n, repeat: 1 }, this.#benchmarks)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#pool.destroy(), this.#benchmarks.destroy()])
  }

  /** @throws Error when the answer is no success */
  async #ask<Answer>(path: string, given?: unknown, pool = this.#pool): Promise<Answer> {
    const method = given === undefined ? 'GET' : 'POST'
    const body = given === undefined ? null : JSON.stringify(given)
    const reply = await pool.request({ method, path, headers: this.#headers, body })
    const text = await reply.body.text()
    if (reply.statusCode >= 300) throw new Error(`${method} ${path} was answered with ${reply.statusCode}: ${text}`)
    return JSON.parse(text) as Answer
  }
}
