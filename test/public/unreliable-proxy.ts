// A proxy that loses, repeats and delays: it passes requests on to a server, and does with the answers of polls what a
// bad network or a careless proxy does. `random` says what, from 0 to 1.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

type Trouble =
  | 'lost request'
  | 'lost answer'
  | 'cut answer'
  | 'old answer'
  | 'repeated request'
  | 'late answer'
  | 'none'

const troubles: readonly Trouble[] = [
  'lost request',
  'lost answer',
  'cut answer',
  'old answer',
  'repeated request',
  'late answer',
]

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: string
}

export class UnreliableProxy implements AsyncDisposable {
  /** How often there was each trouble. */
  readonly counts: Record<Trouble, number> = {
    'lost request': 0,
    'lost answer': 0,
    'cut answer': 0,
    'old answer': 0,
    'repeated request': 0,
    'late answer': 0,
    none: 0,
  }
  readonly origin: string
  /** How often there is trouble, from 0 to 1. */
  trouble = 0.6
  readonly #target: string
  readonly #random: () => number
  readonly #server: Server
  /** The last answers to polls of the same topics. */
  readonly #old = new Map<string, Answer[]>()

  private constructor(server: Server, target: string, random: () => number) {
    this.#server = server
    this.#target = target
    this.#random = random
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async before(target: string, random: () => number): Promise<UnreliableProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new UnreliableProxy(server, target, random)
    server.on('request', (request, response) => {
      proxy.#answer(request, response).catch(() => response.destroy())
    })
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trouble = this.#nextTrouble()
    this.counts[trouble] += 1
    if (trouble === 'lost request') return void response.destroy()
    const topics = new URL(request.url ?? '', this.#target).searchParams.getAll('topic').join()
    const old = this.#old.get(topics) ?? []
    if (trouble === 'old answer' && old.length > 0) {
      return this.#give(response, old[Math.floor(this.#random() * old.length)] as Answer)
    }
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    const body = request.method === 'GET' ? null : await text(request)
    if (trouble === 'repeated request') void this.#ask(request, body, gone.signal).catch(() => {})
    const answer = await this.#ask(request, body, gone.signal)
    this.#old.set(topics, [...old, answer].slice(-5))
    if (trouble === 'lost answer') return void response.destroy()
    if (trouble === 'late answer') await new Promise((resolve) => setTimeout(resolve, 60 * this.#random()))
    if (trouble === 'cut answer') {
      response.writeHead(answer.status, { ...answer.headers, 'content-length': Buffer.byteLength(answer.body) })
      response.write(answer.body.slice(0, Math.floor(this.#random() * answer.body.length)), () => response.destroy())
    } else this.#give(response, answer)
  }

  #nextTrouble(): Trouble {
    if (this.#random() >= this.trouble) return 'none'
    return troubles[Math.floor(this.#random() * troubles.length)] as Trouble
  }

  async #ask(
    { method = 'GET', url, headers }: IncomingMessage,
    body: string | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    const type = headers['content-type']
    const reply = await fetch(this.#target + url, {
      method,
      body,
      signal,
      headers: type ? { 'content-type': type } : {},
    })
    const given = { 'content-type': reply.headers.get('content-type') ?? 'text/plain' }
    return { status: reply.status, headers: given, body: await reply.text() }
  }

  #give(response: ServerResponse, { status, headers, body }: Answer): void {
    response.writeHead(status, headers).end(body)
  }
}
