// The engine: what answers requests, whichever HTTP server they come by: the scheduler, the hub and its broker, who waits,
// and how those are sent away. The server that stands alone has one, and so has each registration of the plugin.

import { hash, randomBytes } from 'node:crypto'
import type { Coroutine, Host, Task } from '../runtime/index.ts'
import { keepShapes, Latch, Scheduler } from '../runtime/index.ts'
import { ClientIdentity } from './access/client-identity.ts'
import { ClientRate } from './access/client-rate.ts'
import { Keyring } from './access/keyring.ts'
import { wantsTokens } from './access/open-bearers.ts'
import { WaitingRoom } from './access/waiting-room.ts'
import { LocalTopics } from './brokers/local-topics.ts'
import { MemoryBroker } from './brokers/memory/memory-broker.ts'
import { openBroker } from './brokers/open-broker.ts'
import { randomIds } from './brokers/random-ids.ts'
import type { Config } from './config.ts'
import type { EngineParts } from './engine-parts.ts'
import { Draining } from './http/draining.ts'
import { EventStreams } from './http/event-streams.ts'
import { Pipelining } from './http/pipelining.ts'
import type { Broker, HistoryLimits } from './hub/index.ts'
import { Hub } from './hub/index.ts'
import { HubWatch } from './observe/hub-watch.ts'
import { Observations } from './observe/observations.ts'
import { hostForRequests } from './process/hosts.ts'

/** Of what a node tells about itself hardly anything is kept: it is for those who are watching. */
const ownTopics = { history: { messages: 8, bytes: 1024 ** 2, ageMs: 60_000 }, totalBytes: 16 * 1024 ** 2 }

export class Engine {
  readonly config: Config
  readonly clock: () => number
  readonly wallClock: () => number
  readonly host: Host
  readonly scheduler: Scheduler
  readonly broker: Broker
  /** The broker as the hub sees it: with the topics in which this node tells about itself. */
  readonly localTopics: LocalTopics
  readonly hub: Hub
  readonly observations: Observations
  readonly hubWatch: HubWatch
  readonly draining: Draining
  /** Opens when an operator has asked twice. */
  readonly hurried = new Latch('a second signal')
  readonly identity: ClientIdentity
  /** Undefined where clients have no limits. */
  readonly rate: ClientRate | undefined
  readonly waitingRoom: WaitingRoom
  readonly pipelining: Pipelining
  readonly eventStreams: EventStreams
  readonly adminToken: string
  readonly keyring: Keyring
  /** Whether the broker ends with the engine. */
  readonly #ownsBroker: boolean
  readonly #background: Task<unknown>[] = []

  /**
   * Make an engine, and open its broker unless there is one.
   *
   * @param report is told of coroutines that failed where nothing awaits them
   * @throws ConfigError ENCKE_ERR_BROKER when the broker cannot be opened
   */
  static async open(config: Config, report: (error: unknown) => void, parts: EngineParts = {}): Promise<Engine> {
    const host = hostForRequests(report)
    keepShapes()
    const scheduler = new Scheduler({ host, sliceMs: config.sliceMs })
    const broker = parts.broker ?? (await openBroker(config.broker, { ...config, scheduler }))
    return new Engine(config, host, scheduler, broker, parts)
  }

  private constructor(config: Config, host: Host, scheduler: Scheduler, broker: Broker, parts: EngineParts) {
    this.config = config
    this.clock = parts.clock ?? (() => performance.now())
    this.wallClock = parts.wallClock ?? Date.now
    this.host = host
    this.scheduler = scheduler
    this.#ownsBroker = parts.broker === undefined
    this.broker = broker
    this.observations = new Observations(this.clock)
    this.localTopics = new LocalTopics(this.observations.observe(broker), ownBroker())
    this.hub = new Hub({
      scheduler: this.scheduler,
      broker: this.localTopics,
      hash: (text) => hash('sha256', text, 'buffer'),
      // A broker that answers at once has everything at hand itself: beyond that a node keeps only what a burst would trim.
      ring: broker.answersAtOnce ? { messages: 1, bytes: 0 } : ringOf(config),
      burst: { messages: config.historyMessages * 2, bytes: config.historyBytes * 2 },
      batchBytes: config.batchBytes,
      unfollowMs: config.unfollowMs,
      brokerTimeoutMs: config.brokerTimeoutMs,
    })
    const timeline = this.observations.begin(this)
    this.inBackground('timeline', () => timeline.run())
    this.hubWatch = new HubWatch(this.hub)
    this.draining = new Draining({ pauseMs: config.drainPauseMs, windowMs: config.drainMs })
    this.identity = new ClientIdentity(config.trustProxy)
    this.rate = config.clientLimits ? new ClientRate(config.requestsPerSecond, this.clock) : undefined
    this.waitingRoom = new WaitingRoom({
      seats: config.maxWaiting,
      seatsPerClient: config.clientLimits ? config.maxWaitingPerClient : Number.POSITIVE_INFINITY,
    })
    this.pipelining = new Pipelining(config)
    this.eventStreams = new EventStreams(config)
    this.inBackground('watcher of event streams', () => this.eventStreams.watch())
    this.adminToken = config.adminToken ?? randomBytes(18).toString('base64url')
    this.keyring = new Keyring({ ...config, adminToken: this.adminToken, wantsTokens: wantsTokens(config) })
  }

  /** Run something until the engine is closed. */
  inBackground(label: string, body: () => Coroutine<unknown>): void {
    const task = this.scheduler.run(body)
    task.label = label
    this.#background.push(task)
  }

  /** Send those who wait away, over the drain window. */
  async drain(): Promise<void> {
    await this.scheduler.run(() => this.draining.drain()).promise
  }

  /** Send them away at once. */
  hurry(): void {
    this.hurried.open()
    this.draining.hurry()
  }

  /** Stop what runs in the background. Readers that still wait go on waiting for their time-out. */
  async close(): Promise<void> {
    this.hub[Symbol.dispose]()
    if (this.#ownsBroker) await this.scheduler.run(closing, this.broker).promise
    this.observations[Symbol.dispose]()
    for (const task of this.#background) task.cancel('the app is closed')
    await Promise.allSettled(this.#background.map(({ promise }) => promise))
  }
}

/** What keeps the topics in which a node tells about itself. */
function ownBroker(): MemoryBroker {
  const bounds = { ...ownTopics, streamsTotalBytes: 0, maxTopics: 1_000, topicTtlMs: 60_000, idempotencyKeys: 1 }
  return new MemoryBroker({ ...bounds, clock: Date.now, now: () => performance.now(), randomId: randomIds() })
}

/** What a node keeps at hand of a topic that is read, of a broker that it has to ask for more. */
function ringOf({ historyMessages, historyBytes }: Config): HistoryLimits {
  return { messages: Math.min(historyMessages, 100), bytes: Math.min(historyBytes, 64 * 1024) }
}

function* closing(broker: Broker): Coroutine<void> {
  yield* broker.close()
}
