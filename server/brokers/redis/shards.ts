// All masters: which of them has a topic, and what to do when that changes or one of them goes.
//
// Always true, while open: the masters are asked for anew every ten seconds, and at once when one ends or says that a slot is
// elsewhere; a failure is tried again after a pause that doubles, with jitter, up to two seconds.

import { endpointText } from './address.ts'
import type { Argument, Reply, Script } from './connection.ts'
import { Connection, ConnectionLost, isComplaint, NotSent } from './connection.ts'
import type { Deployment, Master } from './deployment.ts'
import type { ShardOptions, Trouble } from './shard.ts'
import { Shard } from './shard.ts'
import { slotCount, slotOf } from './slots.ts'

/** The server has refused a command, and will refuse it again for now: it has certainly had no effect. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
}

export interface Command {
  readonly topic: string
  readonly script: Script
  readonly keys: readonly string[]
  /** Made for each attempt: they may hold times. `deadline`: when it is given up, by the clock of the server; empty: not known. */
  readonly args: (deadline: string) => readonly Argument[]
  readonly bytes: number
  /** Whether it may be sent again when it is not known whether it has happened. */
  readonly mayRepeat: boolean
}

const refindMs = 10_000
const longestPauseMs = 2_000

/** A command waits so long for a server that is being replaced, in milliseconds. */
const patienceMs = 1_000

// What a server says when it will do, or another one will, in a moment.
const passing = /^(READONLY|MASTERDOWN|LOADING|CLUSTERDOWN|TRYAGAIN|LATE) /
// What it says when it does not write now.
const refusing = /^(NOREPLICAS|MISCONF|BUSY) /

export class Shards {
  readonly #deployment: Deployment
  readonly #options: ShardOptions
  readonly #changed: () => void
  /** By their addresses. */
  #shards = new Map<string, Shard>()
  #bySlot: (Shard | undefined)[] = Array(slotCount)
  #isClustered = false
  #closed = false
  /** Whether the masters are to be asked for again. */
  #isStale = false
  #rouse: () => void = () => {}
  #settled: Promise<void> = Promise.resolve()
  #failing: Trouble | undefined
  #askConnections = new Map<string, Connection>()

  /** @param changed is told when topics may have another shard */
  constructor(deployment: Deployment, options: ShardOptions, changed: () => void) {
    this.#deployment = deployment
    this.#options = options
    this.#changed = changed
  }

  /** Connect to all masters. @throws NotSent when that fails */
  async open(): Promise<void> {
    await this.#settle()
    void this.#keepUp()
  }

  get all(): readonly Shard[] {
    return [...this.#shards.values()]
  }

  get trouble(): Trouble | undefined {
    return this.#failing ?? this.all.map(({ trouble }) => trouble).find((trouble) => trouble !== undefined)
  }

  slotOf(topic: string): number {
    return this.#isClustered ? slotOf(topic) : 0
  }

  /** The shard of a topic, if it is connected. */
  of(topic: string): Shard | undefined {
    const shard = this.#bySlot[this.slotOf(topic)]
    return shard?.isOpen ? shard : undefined
  }

  /** Look again where the masters are. */
  refind(): void {
    this.#isStale = true
    this.#rouse()
  }

  /** Run a script on the shard of a topic. @throws NotSent, Refusal, ConnectionLost, or what the server complains about */
  async run(command: Command): Promise<{ readonly reply: Reply; readonly shard: Shard }> {
    const until = performance.now() + patienceMs
    for (;;) {
      const shard = this.of(command.topic)
      try {
        if (shard === undefined) throw new NotSent('the Redis that has this topic is not connected')
        if (!shard.commands.hasRoom) throw new Refusal('too many commands wait for Redis already')
        const args = command.args(`${shard.deadline}`)
        const reply = await shard.commands.run(command.script, command.keys, args, command.bytes)
        return { reply, shard }
      } catch (error) {
        if (isComplaint(error) && error.message.startsWith('ASK ') && shard !== undefined) {
          return { reply: await this.#ask(error.message, command), shard }
        }
        if (isComplaint(error) && error.message.startsWith('LATE ')) shard?.hasTime(Number(error.message.slice(5)))
        if (!this.#mayTryAgain(error, command) || performance.now() > until) throw asRefusal(error)
        await pause(20 + Math.random() * 80)
      }
    }
  }

  /** Wait a second at most for what is on its way. */
  async finish(): Promise<void> {
    const until = performance.now() + patienceMs
    while (this.all.some(({ commands }) => commands.isOpen && commands.inFlight > 0) && performance.now() < until)
      await pause(5)
  }

  close(): void {
    this.#closed = true
    this.#rouse()
    for (const shard of this.all) shard.close()
    for (const connection of this.#askConnections.values()) connection.close()
  }

  #mayTryAgain(error: unknown, { mayRepeat }: Command): boolean {
    if (this.#closed) return false
    if (error instanceof NotSent || (error instanceof ConnectionLost && mayRepeat)) return true
    if (!isComplaint(error)) return false
    const isElsewhere = /^(MOVED|READONLY|MASTERDOWN|CLUSTERDOWN) /.test(error.message)
    if (isElsewhere) this.refind()
    return isElsewhere || passing.test(error.message)
  }

  /** A slot is on its way: this one key is there already. */
  async #ask(complaint: string, { script, keys, args, bytes }: Command): Promise<Reply> {
    const place = complaint.split(' ')[2] as string
    const at = place.lastIndexOf(':')
    const endpoint = { host: place.slice(0, at), port: Number(place.slice(at + 1)) }
    let connection = this.#shards.get(place)?.commands ?? this.#askConnections.get(place)
    if (!connection?.isOpen) {
      connection = await Connection.open(endpoint, this.#options)
      this.#askConnections.set(place, connection)
    }
    // The server takes the two together, because they are sent together.
    const asking = connection.call(['ASKING'])
    const answer = connection.call(['EVAL', script.text, String(keys.length), ...keys, ...args('')], bytes)
    await Promise.allSettled([asking, answer])
    return await answer
  }

  async #keepUp(): Promise<void> {
    let pauseMs = 0
    while (!this.#closed) {
      if (pauseMs > 0) await pause(pauseMs)
      else if (!this.#isStale) await this.#untilRoused(refindMs * (0.8 + Math.random() * 0.4))
      if (this.#closed) return
      this.#isStale = false
      try {
        await this.#settle()
        pauseMs = 0
      } catch (error) {
        this.#fail(error)
        pauseMs = Math.min(Math.max(pauseMs, 50) * 2, longestPauseMs) * (0.5 + Math.random() / 2)
      }
    }
  }

  async #untilRoused(ms: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    await new Promise<void>((resolve) => {
      this.#rouse = resolve
      timer = setTimeout(resolve, ms)
      timer.unref()
    })
    clearTimeout(timer)
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#failing = { since: this.#failing?.since ?? Date.now(), reason }
  }

  async #settle(): Promise<void> {
    this.#settled = this.#settled.catch(() => {}).then(() => this.#find())
    await this.#settled
  }

  async #find(): Promise<void> {
    const masters = await this.#deployment.find()
    const opened = await Promise.allSettled(masters.map((master) => this.#shardFor(master)))
    const found = new Map<string, Shard>()
    for (const result of opened) {
      if (result.status === 'fulfilled') found.set(endpointText(result.value.endpoint), result.value)
    }
    if (this.#closed) {
      for (const shard of found.values()) shard.close()
      return
    }
    this.#adopt(masters, found)
    const failed = opened.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    const alone = this.#bySlot.filter((shard) => shard === undefined).length
    if (alone > 0) throw new NotSent(`${alone} slots of the cluster have no master`)
    this.#failing = undefined
  }

  async #shardFor({ endpoint, ranges }: Master): Promise<Shard> {
    const known = this.#shards.get(endpointText(endpoint))
    if (known?.isOpen) {
      known.ranges = ranges
      // Clocks drift. A connection that fails says so itself.
      known.getToKnow().catch(() => {})
      return known
    }
    const shard = await Shard.open(endpoint, ranges, this.#options)
    shard.onEnd = (reason) => {
      this.#fail(reason)
      this.refind()
    }
    return shard
  }

  #adopt(masters: readonly Master[], found: Map<string, Shard>): void {
    const bySlot: (Shard | undefined)[] = Array(slotCount).fill(undefined)
    for (const { endpoint, ranges } of masters) {
      const shard = found.get(endpointText(endpoint))
      for (const [first, last] of ranges) bySlot.fill(shard, first, last + 1)
    }
    const isSame = bySlot.every((shard, slot) => shard === this.#bySlot[slot])
    for (const [place, shard] of this.#shards) if (found.get(place) !== shard) shard.close()
    this.#shards = found
    this.#bySlot = bySlot
    this.#isClustered = !this.#options.mustBeMaster
    if (!isSame) this.#changed()
  }
}

function asRefusal(error: unknown): unknown {
  if (isComplaint(error) && (passing.test(error.message) || refusing.test(error.message))) {
    return new Refusal(`Redis does not take it now: ${error.message}`, { cause: error })
  }
  return error
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })
}
