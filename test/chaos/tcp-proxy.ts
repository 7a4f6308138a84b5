// A network that a test owns: everything between a client and a server goes through it, and it can be cut, slow, or swallow
// what it is given without a word, as a router does that has forgotten a connection.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** One connection through the proxy. */
export interface Wire {
  /** Whether its client has subscribed to something. */
  isSubscriber: boolean
  /** Whether what the server says on it never arrives. */
  isDeaf: boolean
  readonly client: Socket
  readonly server: Socket
}

export class TcpProxy implements AsyncDisposable {
  readonly port: number
  /** Where new connections go. */
  target: number
  /** How late everything arrives, in milliseconds. */
  delayMs = 0
  /** Whether nothing arrives any more, in either direction, while all connections stay. */
  isCutOff = false
  readonly wires = new Set<Wire>()
  readonly #server: Server

  private constructor(server: Server, port: number, target: number) {
    this.#server = server
    this.port = port
    this.target = target
    server.on('connection', (client) => this.#join(client))
  }

  static async start(target: number): Promise<TcpProxy> {
    const server = createServer({ noDelay: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new TcpProxy(server, (server.address() as { port: number }).port, target)
  }

  /** End all connections at once, without a farewell. */
  cut(): void {
    for (const { client, server } of this.wires) {
      client.resetAndDestroy()
      server.destroy()
    }
  }

  /** From now on those who are subscribed hear nothing; what they say arrives. */
  deafenSubscribers(): number {
    const subscribers = [...this.wires].filter(({ isSubscriber }) => isSubscriber)
    for (const wire of subscribers) wire.isDeaf = true
    return subscribers.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, server } of this.wires) {
      client.destroy()
      server.destroy()
    }
    this.#server.close()
    await once(this.#server, 'close')
  }

  #join(client: Socket): void {
    const server = connect({ port: this.target, host: '127.0.0.1', noDelay: true })
    const wire: Wire = { isSubscriber: false, isDeaf: false, client, server }
    this.wires.add(wire)
    client.on('data', (bytes: Buffer) => {
      wire.isSubscriber ||= bytes.includes('ssubscribe')
      this.#pass(bytes, server, wire, false)
    })
    server.on('data', (bytes: Buffer) => this.#pass(bytes, client, wire, true))
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => {})
      one.on('close', () => {
        this.wires.delete(wire)
        other.destroy()
      })
    }
  }

  #pass(bytes: Buffer, to: Socket, wire: Wire, isAnswer: boolean): void {
    if (this.isCutOff || (isAnswer && wire.isDeaf)) return
    if (this.delayMs === 0) to.write(bytes)
    else setTimeout(() => to.writable && to.write(bytes), this.delayMs)
  }
}
