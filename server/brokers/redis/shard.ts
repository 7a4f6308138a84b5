// One master: a connection for commands and one to be told by, which live and end together.
//
// The probe: when nothing has been told for ten seconds, a word is sent to ourselves through the other connection. A word
// that is lost twice means that the server at the other end tells nothing any more, although all looks well.

import type { Endpoint } from './address.ts'
import { endpointText } from './address.ts'
import type { ConnectionOptions, Reply } from './connection.ts'
import { Connection, NotSent } from './connection.ts'
import type { SlotRange } from './deployment.ts'
import { scripts } from './scripts/index.ts'
import { tagWithin } from './slots.ts'

export interface ShardOptions extends ConnectionOptions {
  readonly prefix: string
  /** Of this process, in names of channels. */
  readonly nodeId: string
  /** Whether a server that says it is no master is refused: in a cluster the slots tell. */
  readonly mustBeMaster: boolean
  readonly probe: ProbeTimes
  /** How many replicas must have an append before it is acknowledged. */
  readonly waitReplicas: number
  /** A channel that was subscribed to has carried something. */
  readonly told: (channel: string, bytes: Buffer, shard: Shard) => void
}

export interface Trouble {
  readonly since: number
  readonly reason: string
}

/** In milliseconds. */
export interface ProbeTimes {
  /** After so much silence a word is sent. */
  readonly silentMs: number
  /** So long it may take. */
  readonly patienceMs: number
}

/** How long replicas may take to confirm, in milliseconds. */
const replicasMs = 2_000

export class Shard {
  readonly endpoint: Endpoint
  ranges: readonly SlotRange[]
  readonly commands: Connection
  readonly subscriber: Connection
  /** Called once, when one of its connections has ended. */
  onEnd: (reason: Error) => void = () => {}
  readonly #options: ShardOptions
  readonly #probe: Probe
  #endedAt: number | null = null
  /** Its replication id, by which it signs what it tells. */
  #identity = ''
  /** How far its clock is ahead of `performance.now()`, at the least, in milliseconds. */
  #aheadMs = 0
  #meeting: Promise<void> | null = null
  #confirming: Promise<number> | null = null
  #nextConfirming: Promise<number> | null = null

  private constructor(
    endpoint: Endpoint,
    ranges: readonly SlotRange[],
    options: ShardOptions,
    connections: readonly [Connection, Connection],
  ) {
    this.endpoint = endpoint
    this.ranges = ranges
    this.#options = options
    ;[this.commands, this.subscriber] = connections
    this.#probe = new Probe(this.commands, this.subscriber, this.#probeChannel(), options.probe)
    for (const connection of connections) connection.onEnd = (reason) => this.#end(reason)
  }

  static async open(endpoint: Endpoint, ranges: readonly SlotRange[], options: ShardOptions): Promise<Shard> {
    const commands = await Connection.open(endpoint, options)
    let subscriber: Connection | undefined
    try {
      if (options.mustBeMaster) await requireMaster(commands)
      subscriber = await Connection.open(endpoint, options)
      const shard = new Shard(endpoint, ranges, options, [commands, subscriber])
      await shard.getToKnow()
      await shard.#probe.start()
      return shard
    } catch (error) {
      commands.close()
      subscriber?.close()
      throw error
    }
  }

  get isOpen(): boolean {
    return this.commands.isOpen && this.subscriber.isOpen
  }

  /** What does not work as it should, and since when, in milliseconds since 1970. */
  get trouble(): Trouble | undefined {
    const since = this.#endedAt ?? this.#probe.missedAt
    if (since === null) return undefined
    const what = this.#endedAt === null ? 'tells nothing any more' : 'is not connected'
    return { since, reason: `${endpointText(this.endpoint)} ${what}` }
  }

  /** When this node gives up what it sends now, by the clock of the server. */
  get deadline(): number {
    return Math.floor(this.commands.keptUntil + this.#aheadMs)
  }

  /** Ask who it is, and what time it has; once for all who ask meanwhile. */
  getToKnow(): Promise<void> {
    this.#meeting ??= this.#meet().finally(() => {
      this.#meeting = null
    })
    return this.#meeting
  }

  async #meet(): Promise<void> {
    // Some proxies run no script that has no key.
    const [identity, time] = (await this.commands.run(scripts.introduction, [this.#probeChannel()], [])) as Reply[]
    this.#identity = String(identity)
    this.hasTime(Number(time))
  }

  /** It has just said what time it has. */
  hasTime(ms: number): void {
    this.#aheadMs = ms - performance.now()
  }

  believes(maker: string): boolean {
    if (maker === '' || this.#identity === '' || maker === this.#identity) return true
    // Either it comes from elsewhere, or the server has begun another of its lives. A connection that fails says so itself.
    this.getToKnow().catch(() => {})
    return false
  }

  // One listener for all channels: a closure for each of a hundred thousand would be as many objects more.
  readonly #listener = (bytes: Buffer, channel: Buffer): void => {
    this.#probe.heard()
    this.#options.told(channel.toString('latin1'), bytes, this)
  }

  /** Be told of a channel. */
  subscribe(channel: string): Promise<void> {
    return this.subscriber.subscribe(channel, this.#listener)
  }

  unsubscribe(channel: string): Promise<void> {
    return this.subscriber.unsubscribe(channel, this.#listener)
  }

  /** Wait until as many replicas have what was written so far as was asked for. Gives how many have. */
  async replicated(): Promise<number> {
    // One wait at a time holds the connection up; what is written meanwhile shares the next one.
    this.#nextConfirming ??= (this.#confirming ?? Promise.resolve(0))
      .catch(() => 0)
      .then(() => {
        this.#nextConfirming = null
        this.#confirming = this.#confirm()
        return this.#confirming
      })
    return await this.#nextConfirming
  }

  close(): void {
    this.onEnd = () => {}
    this.#end(new Error('it was closed'))
  }

  async #confirm(): Promise<number> {
    return Number(await this.commands.call(['WAIT', String(this.#options.waitReplicas), String(replicasMs)]))
  }

  #probeChannel(): string {
    const [first, last] = this.ranges[0] ?? [0, 0]
    return `${this.#options.prefix}probe:{${tagWithin(first, last)}}:${this.#options.nodeId}`
  }

  #end(reason: Error): void {
    this.#endedAt ??= Date.now()
    this.#probe.stop()
    this.commands.close()
    this.subscriber.close()
    const { onEnd } = this
    this.onEnd = () => {}
    onEnd(reason)
  }
}

class Probe {
  /** How many words in a row were lost. */
  missed = 0
  /** Since when, in milliseconds since 1970; null while all have come. */
  missedAt: number | null = null
  readonly #commands: Connection
  readonly #subscriber: Connection
  readonly #channel: string
  readonly #times: ProbeTimes
  #timer: ReturnType<typeof setInterval> | undefined
  #heardAt = performance.now()
  /** When the word was sent that is on its way. */
  #sentAt: number | null = null

  constructor(commands: Connection, subscriber: Connection, channel: string, times: ProbeTimes) {
    this.#commands = commands
    this.#subscriber = subscriber
    this.#channel = channel
    this.#times = times
  }

  async start(): Promise<void> {
    await this.#subscriber.subscribe(this.#channel, () => this.heard())
    this.#timer = setInterval(() => this.#look(), Math.min(this.#times.silentMs / 4, 1_000))
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  heard(): void {
    this.#heardAt = performance.now()
    this.#sentAt = null
    this.missed = 0
    this.missedAt = null
  }

  #look(): void {
    const now = performance.now()
    if (this.#sentAt === null) {
      if (now - this.#heardAt >= this.#times.silentMs) this.#send(now)
      return
    }
    if (now - this.#sentAt < this.#times.patienceMs) return
    this.missed += 1
    this.missedAt ??= Date.now()
    if (this.missed >= 2) this.#subscriber.fail(new Error('it tells nothing any more'))
    else this.#send(now)
  }

  #send(now: number): void {
    this.#sentAt = now
    // A connection that fails says so itself.
    this.#commands.call(['SPUBLISH', this.#channel, '']).catch(() => {})
  }
}

async function requireMaster(connection: Connection): Promise<void> {
  const role = (await connection.call(['ROLE'])) as unknown[]
  if (String(role[0]) !== 'master') throw new NotSent(`${endpointText(connection.endpoint)} is no master`)
}
