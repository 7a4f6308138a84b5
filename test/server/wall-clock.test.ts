// The wall clock of a server that runs is set: no rate, limit or wait may notice.

import { Agent, request } from 'undici'
import { describe, expect, it } from 'vitest'
import { until } from './http/live-app.ts'
import { ServerProcess } from './server-process.ts'

const preload = ['--import', new URL('clock-shift.ts', import.meta.url).href]

/** A server whose clock can be set, and a client for it. */
class Clocked implements AsyncDisposable {
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  readonly #server

  private constructor(server: Awaited<ReturnType<typeof ServerProcess.serving>>) {
    this.#server = server
  }

  static async start(flags: readonly string[] = []): Promise<Clocked> {
    return new Clocked(await ServerProcess.serving(flags, {}, preload))
  }

  poll(query: string) {
    return this.#ask('GET', `/messages?topic=a&${query}`)
  }

  publish(text: string, key?: string) {
    return this.#ask('POST', '/publish?topic=a', text, key === undefined ? {} : { 'idempotency-key': key })
  }

  async #ask(method: 'GET' | 'POST', path: string, body?: string, more: Record<string, string> = {}) {
    const headers = body === undefined ? {} : { 'content-type': 'text/plain', ...more }
    const options = { dispatcher: this.#agent, method, headers, body: body ?? null }
    const reply = await request(this.#server.origin + path, options)
    // biome-ignore lint/suspicious/noExplicitAny: the tests say what it is
    return { status: reply.statusCode, headers: reply.headers, body: (await reply.body.json()) as any }
  }

  async setClock(signal: 'SIGUSR2' | 'SIGHUP'): Promise<void> {
    this.#server.kill(signal)
    await this.#server.untilSaid(/the clock is set/)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
    await this.#server[Symbol.asyncDispose]()
  }
}

describe.each([
  ['set back by an hour', 'SIGUSR2'],
  ['set forward by two days', 'SIGHUP'],
] as const)('a wall clock that is %s', (_, signal) => {
  it('locks no client out: its next second is a new one', async () => {
    await using server = await Clocked.start(['--requests-per-second', '20'])
    for (let asked = 0; asked < 20; asked += 1) await server.poll('wait=0')
    await server.setClock(signal)
    const refusals: unknown[] = []
    await until('the client may ask again', async () => {
      const { status, headers } = await server.poll('wait=0')
      if (status === 429) refusals.push(headers['retry-after'])
      return status === 200
    })
    expect(refusals.filter((seconds) => seconds !== '1')).toEqual([])
  })

  it('ends no wait, and none gets longer', async () => {
    await using server = await Clocked.start()
    const { cursor } = (await server.poll('wait=0')).body
    for (let asked = 0; asked < 3; asked += 1) await server.poll(`wait=0&cursor=${cursor}`)
    let hasEnded = false
    const waiting = server.poll(`wait=60&cursor=${cursor}`).finally(() => {
      hasEnded = true
    })
    const brief = server.poll(`wait=1&cursor=${cursor}`)
    await server.setClock(signal)
    expect((await brief).body.messages).toEqual([])
    expect(hasEnded).toBe(false)
    await server.publish('news')
    expect((await waiting).body.messages).toMatchObject([{ data: 'news' }])
  })

  it('makes nothing older: neither a message, nor what is known of a key, nor a topic', async () => {
    await using server = await Clocked.start(['--topic-ttl-ms', '3600000'])
    const { body: first } = await server.publish('kept', 'key')
    const { cursor } = (await server.poll('wait=0&from=earliest')).body
    await server.setClock(signal)
    // What is too old is dropped by the next publish, too.
    await server.publish('news')
    expect((await server.publish('kept', 'key')).body).toMatchObject({ id: first.id, replayed: true })
    const { messages, topics } = (await server.poll('wait=0&from=earliest')).body
    expect(messages).toMatchObject([{ data: 'kept' }, { data: 'news' }])
    expect(topics).toEqual({ a: { verdict: 'ok', missed: 0 } })
    expect((await server.poll(`wait=0&cursor=${cursor}`)).body.messages).toMatchObject([{ data: 'news' }])
  })
})
