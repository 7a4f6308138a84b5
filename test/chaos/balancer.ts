// What stands before the nodes: a proxy that gives each new connection to the next node that takes it, and counts them.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export class Balancer implements AsyncDisposable {
  readonly origin: string
  /** Ports of the nodes. */
  targets: readonly number[] = []
  /** When connections came, in milliseconds. */
  readonly connectedAt: number[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #turn = 0

  private constructor(server: Server) {
    this.#server = server
    this.origin = `http://127.0.0.1:${(server.address() as { port: number }).port}`
    server.on('connection', (client) => void this.#join(client))
  }

  static async start(): Promise<Balancer> {
    const server = createServer({ noDelay: true, pauseOnConnect: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Balancer(server)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #join(client: Socket): Promise<void> {
    this.connectedAt.push(performance.now())
    this.#keep(client)
    const node = await this.#someNode()
    if (node === undefined) {
      client.destroy()
      return
    }
    this.#keep(node)
    client.pipe(node)
    node.pipe(client)
    client.once('close', () => node.destroy())
    node.once('close', () => client.destroy())
  }

  async #someNode(): Promise<Socket | undefined> {
    for (let tried = 0; tried < this.targets.length; tried += 1) {
      this.#turn += 1
      const node = connect({
        port: this.targets[this.#turn % this.targets.length] as number,
        host: '127.0.0.1',
        noDelay: true,
      })
      const isThere = await new Promise<boolean>((resolve) => {
        node.once('connect', () => resolve(true))
        node.once('error', () => resolve(false))
      })
      if (isThere) return node
    }
    return undefined
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => this.#sockets.delete(socket))
  }
}
