// Source ports of many connections, given out here instead of by the system: where an address is given, and thousands of its
// ports are taken, a system looks for a free one for milliseconds, each time, on the cores that the server shares.
//
// They are taken in turn from a random one on, because other load generators may come from the same addresses; where one is
// taken, others beside it are likely to be, and it goes on at another random one.

import { type Address, HttpConnection } from './http-connection.ts'

/** Above those of services, and below those that the system keeps to itself. */
const [first, last] = [10_000, 60_000]
const tries = 50
const taken = new Set(['EADDRINUSE', 'EADDRNOTAVAIL'])

export class SourcePorts {
  #next = somewhere()

  /** @throws Error when it cannot connect, or fifty ports that it has tried are taken */
  async open(address: Address): Promise<HttpConnection> {
    for (let left = tries; ; left -= 1) {
      try {
        return await HttpConnection.open({ ...address, localPort: this.#take() })
      } catch (error) {
        if (left === 0 || !taken.has((error as NodeJS.ErrnoException).code ?? '')) throw error
        this.#next = somewhere()
      }
    }
  }

  #take(): number {
    const port = this.#next
    this.#next = port === last ? first : port + 1
    return port
  }
}

function somewhere(): number {
  return first + Math.floor(Math.random() * (last - first))
}
