// A proxy that cuts: it passes bytes on to a server, and ends connections in the middle of what they carry.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export class CuttingProxy implements AsyncDisposable {
  readonly origin: string
  /** How many connections it has cut. */
  cuts = 0
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server) {
    this.#server = server
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }

  /**
   * Start one before the server at `port`.
   *
   * @param lifeBytes how many bytes of replies the next connection carries before it is cut; Infinity never cuts
   * @param portNow where the next connection goes, when another server takes the place of the first
   */
  static async before(
    port: number,
    lifeBytes: () => number,
    portNow: () => number = () => port,
  ): Promise<CuttingProxy> {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const proxy = new CuttingProxy(server)
    server.on('connection', (client) => proxy.#pass(client, portNow(), lifeBytes()))
    return proxy
  }

  cutAll(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close()
    this.cutAll()
    await once(this.#server, 'close')
  }

  #pass(client: Socket, port: number, lifeBytes: number): void {
    const server = connect(port, '127.0.0.1')
    let left = lifeBytes
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (bytes) => server.write(bytes))
    server.on('data', (bytes: Buffer) => {
      const passed = bytes.subarray(0, left)
      left -= bytes.length
      if (left > 0) return void client.write(passed)
      this.cuts += 1
      client.end(passed, () => client.destroy())
    })
  }
}
