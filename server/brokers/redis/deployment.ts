// Which servers are the masters, and which slots each of them has: asked anew whenever that may have changed.

import type { Endpoint, RedisAddress } from './address.ts'
import { endpointText } from './address.ts'
import type { ConnectionOptions, Reply } from './connection.ts'
import { Connection, NotSent } from './connection.ts'
import { slotCount } from './slots.ts'

/** From the first slot to the last. */
export type SlotRange = readonly [first: number, last: number]

export interface Master {
  readonly endpoint: Endpoint
  readonly ranges: readonly SlotRange[]
}

export interface Deployment {
  /** @throws NotSent when nobody could be asked */
  find(): Promise<readonly Master[]>
}

const allSlots: readonly SlotRange[] = [[0, slotCount - 1]]

export function deploymentOf(address: RedisAddress, options: ConnectionOptions): Deployment {
  const [endpoint] = address.endpoints as readonly [Endpoint, ...Endpoint[]]
  if (address.kind === 'single') return { find: async () => [{ endpoint, ranges: allSlots }] }
  if (address.kind === 'cluster') return new Cluster(address.endpoints, options)
  return new Sentinels(address, { ...options, credentials: address.sentinelCredentials, database: 0 })
}

class Sentinels implements Deployment {
  readonly #name: string
  readonly #known: KnownServers

  constructor({ masterName, endpoints }: RedisAddress, options: ConnectionOptions) {
    this.#name = masterName
    this.#known = new KnownServers(endpoints, options)
  }

  async find(): Promise<readonly Master[]> {
    return await this.#known.ask(async (connection) => {
      const found = await connection.call(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', this.#name])
      if (!Array.isArray(found)) throw new NotSent(`the sentinel knows no master with the name ${this.#name}`)
      const [host, port] = found.map(String) as [string, string]
      return [{ endpoint: { host, port: Number(port) }, ranges: allSlots }]
    })
  }
}

class Cluster implements Deployment {
  readonly #known: KnownServers

  constructor(endpoints: readonly Endpoint[], options: ConnectionOptions) {
    this.#known = new KnownServers(endpoints, options)
  }

  async find(): Promise<readonly Master[]> {
    return await this.#known.ask(async (connection) => {
      const masters = new Map<string, { endpoint: Endpoint; ranges: SlotRange[] }>()
      for (const part of (await connection.call(['CLUSTER', 'SLOTS'])) as Reply[][]) {
        const [first, last, ...servers] = part as [number, number, ...Reply[][]]
        const [endpoint, ...others] = servers.map((server) => endpointOf(server, connection))
        if (endpoint === undefined) continue
        this.#known.add([endpoint, ...others])
        const master = masters.get(endpointText(endpoint)) ?? { endpoint, ranges: [] }
        master.ranges.push([first, last])
        masters.set(endpointText(endpoint), master)
      }
      if (masters.size === 0) throw new NotSent('the cluster has not given its slots to anybody yet')
      return [...masters.values()]
    })
  }
}

/** A server that does not know its own address leaves it out: it is the one that was asked. */
function endpointOf([host, port]: Reply[], { endpoint }: Connection): Endpoint {
  const name = String(host ?? '')
  return { host: name === '' || name === '?' ? endpoint.host : name, port: Number(port) }
}

/** Servers of which any can be asked; the one that answered last is asked first. */
class KnownServers {
  readonly #given: readonly Endpoint[]
  readonly #options: ConnectionOptions
  #order: Endpoint[]

  constructor(given: readonly Endpoint[], options: ConnectionOptions) {
    this.#given = given
    this.#order = [...given]
    this.#options = options
  }

  add(endpoints: readonly Endpoint[]): void {
    const known = new Set(this.#order.map(endpointText))
    this.#order.push(...endpoints.filter((endpoint) => !known.has(endpointText(endpoint))))
  }

  async ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    let failure: unknown
    for (const endpoint of [...this.#order]) {
      try {
        const connection = await Connection.open(endpoint, { ...this.#options, silenceMs: 2_000 })
        try {
          const answer = await question(connection)
          this.#order = [endpoint, ...this.#order.filter((other) => other !== endpoint)]
          return answer
        } finally {
          connection.close()
        }
      } catch (error) {
        failure = error
      }
    }
    // Servers come and go; those that were given may have come back under other addresses.
    this.#order = [...this.#given]
    throw failure
  }
}
