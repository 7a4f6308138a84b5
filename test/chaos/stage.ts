// Where chaos is played: a Redis as it is deployed, three nodes on it behind a balancer, and a crowd.
//
// Each node reaches a single Redis through a proxy of its own, so that the network of one node can be broken; sentinels and
// clusters name their servers themselves.

import process from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { Cluster, Sentinels } from '../server/brokers/redis-deployments.ts'
import { eventually } from '../server/brokers/redis-harness.ts'
import { RedisServer } from '../server/brokers/redis-server.ts'
import { ServerProcess, type Serving } from '../server/server-process.ts'
import { Balancer } from './balancer.ts'
import { Publisher, ReaderOfMany } from './crowd.ts'
import { keyOf, type Observations } from './ledger.ts'
import { TcpProxy } from './tcp-proxy.ts'

export interface Size {
  readonly readers: number
  readonly topics: number
  readonly topicsPerReader: number
  readonly publishers: number
  /** Between two messages of a publisher, in milliseconds. */
  readonly pauseMs: number
}

interface Kept {
  readonly id: string
  readonly data: { readonly publisher: string; readonly number: number }
}

export type Kind = 'single' | 'sentinel' | 'cluster'

const nodeCount = 3

export class Stage implements AsyncDisposable {
  readonly balancer: Balancer
  readonly nodes: (Serving | undefined)[] = []
  readonly readers: ReaderOfMany[] = []
  readonly publishers: Publisher[] = []
  readonly #things = new AsyncDisposableStack()
  /** Of each node, where it reaches a single Redis. */
  readonly networks: TcpProxy[] = []
  single: RedisServer | undefined
  sentinels: Sentinels | undefined
  cluster: Cluster | undefined

  private constructor(balancer: Balancer) {
    this.balancer = balancer
  }

  static async set(kind: Kind, size: Size): Promise<Stage> {
    const stage = new Stage(await Balancer.start())
    stage.#things.use(stage.balancer)
    const end = () => stage.nodes.forEach((node) => void node?.kill('SIGKILL'))
    process.once('exit', end)
    stage.#things.defer(() => void process.off('exit', end))
    try {
      await stage.#deploy(kind)
      for (let index = 0; index < nodeCount; index += 1) await stage.startNode(index)
      stage.#gather(size)
      return stage
    } catch (error) {
      await stage[Symbol.asyncDispose]()
      throw error
    }
  }

  async startNode(index: number): Promise<void> {
    const flags = [
      '--broker',
      this.#urlFor(index),
      '--client-limits',
      'off',
      '--drain-ms',
      '2000',
      '--drain-pause-ms',
      '200',
    ]
    const serving = () => ServerProcess.serving([...flags, '--requests-per-second', '100000'])
    // One that finds Redis too slow to begin with ends, and is started again, as systemd would.
    this.nodes[index] = await eventually(serving, 60_000)
    this.#route()
  }

  /** Kill it; `how` is the signal. Resolves once it is gone. */
  async stopNode(index: number, how: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const node = this.nodes[index]
    node?.kill(how)
    if (how === 'SIGTERM') await node?.ended
    this.nodes[index] = undefined
    this.#route()
    await node?.[Symbol.asyncDispose]()
  }

  /** Replace each node, one after the other. */
  async replaceNodes(): Promise<void> {
    for (let index = 0; index < nodeCount; index += 1) {
      await this.stopNode(index, 'SIGTERM')
      await this.startNode(index)
    }
  }

  /** Wait until each publisher has had a message acknowledged since. */
  async untilPublishing(withinMs: number): Promise<void> {
    const deadline = performance.now() + Math.max(withinMs, 5_000)
    const before = this.publishers.map(({ acknowledged }) => acknowledged.length)
    while (this.publishers.some(({ acknowledged }, index) => acknowledged.length <= (before[index] as number) + 1)) {
      if (performance.now() > deadline) throw new Error('publishers are still refused, long after the fault')
      await wait(20)
    }
  }

  /** Wait until every reader has heard all that was acknowledged and is still there; false when it does not come to that. */
  async calm(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs
    for (const { acknowledged } of this.publishers) {
      for (const { topic, publisher, number } of acknowledged.slice(-this.#topicCount)) {
        for (const reader of this.readers) {
          while (!reader.has(topic, publisher, number) && !reader.wasTold(topic)) {
            if (performance.now() > deadline) return false
            await wait(20)
          }
        }
      }
    }
    return true
  }

  /** What Redis has is asked of a node that has not seen any of it before: the others have the newest at hand. */
  async observations(): Promise<Observations> {
    await this.stopNode(0, 'SIGTERM')
    await this.startNode(0)
    const topics = new Set(this.publishers.flatMap(({ acknowledged }) => acknowledged.map(({ topic }) => topic)))
    const kept = new Map<string, Set<string>>()
    const keptIds = new Set<string>()
    for (const topic of topics) {
      const messages = await this.#historyOf(topic)
      kept.set(topic, new Set(messages.map(({ data }) => keyOf(data))))
      for (const { id } of messages) keptIds.add(id)
    }
    return {
      acknowledged: this.publishers.flatMap(({ acknowledged }) => acknowledged),
      readers: this.readers,
      kept,
      keptIds,
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reader of this.readers) reader.close()
    for (const node of this.nodes) await node?.[Symbol.asyncDispose]()
    await this.#things.disposeAsync()
  }

  get #topicCount(): number {
    return new Set(this.readers.flatMap(({ heard }) => [...heard.keys()])).size
  }

  async #deploy(kind: Kind): Promise<void> {
    if (kind === 'sentinel') this.sentinels = this.#things.use(await Sentinels.start())
    if (kind === 'cluster') this.cluster = this.#things.use(await Cluster.start(1))
    if (kind !== 'single') return
    // What it acknowledges is on disk: whatever is lost is our fault.
    this.single = this.#things.use(
      await RedisServer.start({ flags: ['--appendonly', 'yes', '--appendfsync', 'always'] }),
    )
    for (let index = 0; index < nodeCount; index += 1) {
      this.networks.push(this.#things.use(await TcpProxy.start(this.single.port)))
    }
  }

  #urlFor(index: number): string {
    return this.sentinels?.url ?? this.cluster?.url ?? `redis://127.0.0.1:${this.networks[index]?.port}`
  }

  #route(): void {
    this.balancer.targets = this.nodes.flatMap((node) => (node === undefined ? [] : [node.port]))
  }

  #gather({ readers, topics, topicsPerReader, publishers, pauseMs }: Size): void {
    const names = Array.from({ length: topics }, (_, index) => `topic/${index}`)
    for (let index = 0; index < readers; index += 1) {
      const some = Array.from({ length: topicsPerReader }, (_, step) => names[(index + step * 7) % topics] as string)
      this.readers.push(new ReaderOfMany(`reader ${index}`, this.balancer.origin, [...new Set(some)]))
    }
    for (let index = 0; index < publishers; index += 1) {
      const own = names.filter((_, at) => at % publishers === index)
      const publisher = new Publisher(`publisher ${index}`, this.balancer.origin, own.length > 0 ? own : names, pauseMs)
      this.publishers.push(publisher)
      publisher.start()
    }
  }

  async #historyOf(topic: string): Promise<Kept[]> {
    const kept: Kept[] = []
    let cursor: string | undefined
    for (let more = true; more; ) {
      const from = cursor === undefined ? 'from=earliest' : `cursor=${cursor}`
      const url = `${this.nodes[0]?.origin}/messages?topic=${encodeURIComponent(topic)}&wait=0&limit=1000&${from}`
      const batch = await eventually(async () => {
        const reply = await fetch(url)
        if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`)
        return (await reply.json()) as {
          cursor: string
          more: boolean
          messages: Kept[]
        }
      })
      kept.push(...batch.messages)
      ;({ cursor, more } = batch)
    }
    return kept
  }
}
