// Ten thousand clients on bare sockets: the server is a process of its own, because together their sockets would be
// more than a process may have open.

import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { Pool } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Serving } from '../server-process.ts'
import { ServerProcess } from '../server-process.ts'
import type { PollReply } from './live-app.ts'
import { rawRequest, until } from './live-app.ts'

const size = 10_000
/** How many connect at once: fewer than the server's backlog. */
const wave = 250

/** A client that asks one thing after the other on a connection that it keeps. */
class Client {
  readonly #socket: Socket
  #received = ''
  #answered: ((reply: string) => void) | null = null

  private constructor(socket: Socket) {
    this.#socket = socket.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk))
  }

  static connect(port: number): Promise<Client> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(new Client(socket)))
      socket.once('error', reject)
    })
  }

  poll(query: string): Promise<PollReply> {
    this.#socket.write(rawRequest('GET', `/messages?wait=120&${query}`))
    return new Promise((resolve, reject) => {
      this.#answered = (reply) => {
        const [head = '', body = ''] = reply.split('\r\n\r\n')
        if (head.startsWith('HTTP/1.1 200 ')) resolve(JSON.parse(body) as PollReply)
        else reject(new Error(reply))
      }
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: string): void {
    this.#received += chunk
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.#received)?.[1]
    const end = this.#received.indexOf('\r\n\r\n') + 4
    if (length === undefined || this.#received.length < end + Number(length)) return
    this.#answered?.(this.#received)
    this.#received = ''
  }
}

describe('ten thousand parked polls', () => {
  let server: Serving
  let operator: Pool
  let clients: Client[]

  beforeAll(async () => {
    server = await ServerProcess.serving([], { ENCKE_CLIENT_LIMITS: 'off' })
    operator = new Pool(server.origin, { connections: 32 })
    clients = []
    while (clients.length < size) {
      clients.push(...(await Promise.all(Array.from({ length: wave }, () => Client.connect(server.port)))))
    }
  })

  afterAll(async () => {
    for (const client of clients) client.close()
    await operator.destroy()
    await server[Symbol.asyncDispose]()
  })

  async function publish(topic: string, data: unknown): Promise<{ waiting: number; offset: number }> {
    const headers = { 'content-type': 'application/json' }
    const path = `/publish?topic=${topic}`
    const { statusCode, body } = await operator.request({ method: 'POST', path, headers, body: JSON.stringify(data) })
    expect(statusCode).toBe(201)
    return (await body.json()) as { waiting: number; offset: number }
  }

  async function statistics() {
    const headers = { authorization: `Bearer ${server.token}` }
    const { body } = await operator.request({ method: 'GET', path: '/admin/statistics', headers })
    return (await body.json()) as { runtime: Record<string, number>; hub: Record<string, number> }
  }

  const untilAllWait = () => until(`${size} wait`, async () => (await statistics()).hub['waiting'] === size)

  it('on one topic are all answered by one publish, and by the next', async () => {
    let cursor: string | undefined
    for (const [round, data] of ['first', 'second'].entries()) {
      const polls = clients.map((client) => client.poll(`topic=herd${cursor === undefined ? '' : `&cursor=${cursor}`}`))
      await untilAllWait()
      expect(await publish('herd', data)).toMatchObject({ waiting: size, offset: round + 1 })
      const replies = await Promise.all(polls)
      const news = [{ topic: 'herd', offset: round + 1, data }]
      const right = { messages: news, more: false, topics: { herd: { verdict: 'ok', missed: 0 } } }
      expect(replies[0]).toMatchObject(right)
      const [one] = replies.map((reply) => JSON.stringify(reply))
      expect(replies.filter((reply) => JSON.stringify(reply) !== one)).toEqual([])
      cursor = replies[0]?.cursor
    }
    expect((await statistics()).hub).toMatchObject({ waiting: 0, published: 2, delivered: 2 * size })
  })

  it('on ten thousand topics are each answered by the publish to its own', async () => {
    const polls = clients.map((client, at) => client.poll(`topic=own/${at}`))
    await untilAllWait()
    const receipts = await Promise.all(clients.map((_, at) => publish(`own/${at}`, { at })))
    expect(receipts.every(({ waiting, offset }) => waiting === 1 && offset === 1)).toBe(true)
    const replies = await Promise.all(polls)
    const wrong = replies.filter(({ messages, topics, cursor }, at) => {
      const [message, ...others] = messages
      const isOwn = message?.topic === `own/${at}` && (message.data as { at: number }).at === at
      return !isOwn || others.length > 0 || topics[`own/${at}`]?.verdict !== 'ok' || !cursor
    })
    expect(wrong).toEqual([])
    expect((await statistics()).hub).toMatchObject({ waiting: 0 })
  })
})
