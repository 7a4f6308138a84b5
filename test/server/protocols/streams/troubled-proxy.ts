// A proxy before one of several servers, which loses answers, cuts them, sends requests twice, and changes over to another
// server when it is told to. Bodies and headers pass as they are.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { Agent, request as ask } from 'undici'

type Trouble = 'lost request' | 'lost answer' | 'cut answer' | 'repeated request'

const troubles: readonly Trouble[] = ['lost request', 'lost answer', 'cut answer', 'repeated request']

export class TroubledProxy implements AsyncDisposable {
  readonly counts: Record<Trouble, number> = {
    'lost request': 0,
    'lost answer': 0,
    'cut answer': 0,
    'repeated request': 0,
  }
  readonly origin: string
  /** How often there is trouble, from 0 to 1. */
  trouble = 0.4
  /** Where requests go from now on. */
  target: string
  readonly #random: () => number
  readonly #server: Server
  readonly #agent = new Agent({ headersTimeout: 0, bodyTimeout: 0 })

  private constructor(server: Server, target: string, random: () => number) {
    this.#server = server
    this.target = target
    this.#random = random
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  static async before(target: string, random: () => number): Promise<TroubledProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new TroubledProxy(server, target, random)
    server.on('request', (request, response) => {
      proxy.#answer(request, response).catch(() => response.destroy())
    })
    return proxy
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy()
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const trouble = this.#nextTrouble()
    if (trouble !== undefined) this.counts[trouble] += 1
    if (trouble === 'lost request') return void response.destroy()
    const body = await buffer(request)
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    if (trouble === 'repeated request') await this.#askInVain(request, body, gone.signal)
    const { statusCode, headers, body: answer } = await this.#ask(request, body, gone.signal)
    answer.on('error', () => {})
    if (trouble === 'lost answer') {
      answer.destroy()
      return void response.destroy()
    }
    response.writeHead(statusCode, headers)
    response.flushHeaders()
    let left = trouble === 'cut answer' ? Math.floor(this.#random() * 500) : Number.POSITIVE_INFINITY
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      response.write(chunk.subarray(0, left))
      left -= chunk.length
      if (left < 0) return void response.destroy()
    }
    response.end()
  }

  /** A change has been made when it is sent again; who reads may wait for long. */
  async #askInVain(request: IncomingMessage, body: Buffer, signal: AbortSignal): Promise<void> {
    const answered = this.#ask(request, body, signal).then((answer) => answer.body.dump())
    if (request.method === 'GET') answered.catch(() => {})
    else await answered
  }

  #nextTrouble(): Trouble | undefined {
    if (this.#random() >= this.trouble) return undefined
    return troubles[Math.floor(this.#random() * troubles.length)]
  }

  #ask({ method = 'GET', url = '/', headers }: IncomingMessage, body: Buffer, signal: AbortSignal) {
    const { host: _, connection: __, 'transfer-encoding': ___, 'content-length': ____, ...own } = headers
    return ask(this.target + url, {
      method: method as 'GET',
      headers: own as Record<string, string>,
      signal,
      dispatcher: this.#agent,
      body: body.length > 0 ? body : null,
    })
  }
}
