// Redis as it is deployed where a server may fail: a master and its replica under sentinels, or a cluster.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { eventually } from './redis-harness.ts'
import { RedisServer } from './redis-server.ts'

abstract class Deployment implements AsyncDisposable {
  readonly servers: RedisServer[] = []

  abstract readonly url: string

  protected async start(...given: Parameters<typeof RedisServer.start>): Promise<RedisServer> {
    const server = await RedisServer.start(...given)
    this.servers.push(server)
    return server
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()))
  }
}

/** A master, a replica of it, and three sentinels that make it the master when the first is away for a second. */
export class Sentinels extends Deployment {
  readonly #sentinels: RedisServer[] = []

  static async start(): Promise<Sentinels> {
    const deployment = new Sentinels()
    const master = await deployment.start()
    const replica = await deployment.start({ flags: ['--replicaof', '127.0.0.1', `${master.port}`] })
    await isReplicating(replica)
    for (let count = 0; count < 3; count += 1) {
      const sentinel = await deployment.start({
        isSentinel: true,
        prepare: (folder) =>
          writeFileSync(
            join(folder, 'sentinel.conf'),
            [
              `sentinel monitor main 127.0.0.1 ${master.port} 2`,
              'sentinel down-after-milliseconds main 1000',
              'sentinel failover-timeout main 5000',
              '',
            ].join('\n'),
          ),
      })
      deployment.#sentinels.push(sentinel)
    }
    await eventually(async () => {
      for (const sentinel of deployment.#sentinels) {
        const known = sentinel.ask('sentinel', 'master', 'main')
        if (!/num-other-sentinels\n2/.test(known) || !/num-slaves\n1/.test(known)) throw new Error('not all are known')
      }
    })
    return deployment
  }

  get url(): string {
    return `redis-sentinel://${this.#sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',')}/main`
  }

  /** Start the server again that was killed, and wait until one of the two is a replica of the other. */
  async revive(): Promise<void> {
    for (const server of this.servers.slice(0, 2)) if (!server.isRunning) await server.start()
    await eventually(async () => {
      const { master } = this
      const replica = this.#replicaOf(master)
      if (!replica.ask('info', 'replication').includes('master_link_status:up')) throw new Error('not replicated yet')
      if (!isMaster(master)) throw new Error('the sentinels do not know it yet')
    }, 30_000)
  }

  /** Kill the master when its replica has heard of nothing for some time. */
  async killUnreplicated(ms: number): Promise<void> {
    const { master } = this
    const replica = this.#replicaOf(master)
    // The master, which wants no password, refuses one that shows one.
    replica.ask('config', 'set', 'masterauth', 'none')
    master.ask('client', 'kill', 'type', 'replica')
    await wait(ms)
    await master.kill()
    replica.ask('config', 'set', 'masterauth', '')
  }

  #replicaOf(master: RedisServer): RedisServer {
    return this.servers.slice(0, 2).find((server) => server !== master) as RedisServer
  }

  /** The server that the sentinels name. */
  get master(): RedisServer {
    const [, port] = (this.#sentinels[0] as RedisServer).ask('sentinel', 'get-master-addr-by-name', 'main').split('\n')
    return this.servers.find((server) => server.port === Number(port)) as RedisServer
  }
}

/** Three masters, each with so many replicas. */
export class Cluster extends Deployment {
  static async start(replicas: number): Promise<Cluster> {
    const cluster = new Cluster()
    const flags = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000']
    await Promise.all(Array.from({ length: 3 * (1 + replicas) }, () => cluster.start({ flags, isClustered: true })))
    const [first] = cluster.servers as [RedisServer]
    const places = cluster.servers.map(({ port }) => `127.0.0.1:${port}`)
    first.ask('--cluster', 'create', ...places, '--cluster-replicas', `${replicas}`, '--cluster-yes')
    await eventually(async () => {
      for (const server of cluster.servers) {
        if (!server.ask('cluster', 'info').includes('cluster_state:ok')) throw new Error('it is not well yet')
        if (server.ask('info', 'replication').includes('role:slave')) await isReplicating(server)
      }
    })
    return cluster
  }

  get url(): string {
    return `redis-cluster://${this.servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`
  }

  /** The master of the slot of a tag. */
  masterOf(tag: string): RedisServer {
    const asked = this.servers.find((server) => server.isRunning) as RedisServer
    const slot = Number(asked.ask('cluster', 'keyslot', tag))
    for (const line of asked.ask('cluster', 'nodes').split('\n')) {
      const [, place = '', role = '', , , , , ...ranges] = line.split(' ')
      if (!role.includes('master') || role.includes('fail')) continue
      const isIts = ranges.some((range) => {
        const [from, to = from] = range.split('-').map(Number)
        return slot >= (from as number) && slot <= (to as number)
      })
      const port = Number(place.split('@')[0]?.split(':').at(-1))
      if (isIts) return this.servers.find((server) => server.port === port) as RedisServer
    }
    throw new Error(`no master has slot ${slot}`)
  }

  /** Move the slot of a tag to another master. */
  migrate(tag: string): void {
    const from = this.masterOf(tag)
    const slot = from.ask('cluster', 'keyslot', tag)
    const to = this.servers.find((server) => server !== from && isMaster(server)) as RedisServer
    const [fromId, toId] = [from.ask('cluster', 'myid'), to.ask('cluster', 'myid')]
    to.ask('cluster', 'setslot', slot, 'importing', fromId)
    from.ask('cluster', 'setslot', slot, 'migrating', toId)
    const keys = from.ask('cluster', 'getkeysinslot', slot, '1000').split('\n').filter(Boolean)
    if (keys.length > 0) from.ask('migrate', '127.0.0.1', `${to.port}`, '', '0', '5000', 'keys', ...keys)
    for (const server of [to, from, ...this.servers]) {
      if (isMaster(server)) server.ask('cluster', 'setslot', slot, 'node', toId)
    }
  }
}

function isMaster(server: RedisServer): boolean {
  return server.isRunning && server.ask('role').startsWith('master')
}

/** Before its first synchronisation a replica is no candidate. */
async function isReplicating(replica: RedisServer): Promise<void> {
  await eventually(async () => {
    if (!replica.ask('info', 'replication').includes('master_link_status:up')) throw new Error('not replicated yet')
  })
}
