// A herd: many readers, each with a connection and a cursor of its own, in the dialect of the server that they read from.
//
// It serves in one of two ways. Parked, each reader sends one poll and has its reply noted; replies are looked at afterwards,
// because looking at ten thousand of them while they come in would slow down both sides. Following, each reader polls
// on and on, and every reply is checked at once.

import type { PollReply } from '../client/encke-requests.ts'
import { Faults } from '../client/faults.ts'
import type { Reply } from '../client/http-connection.ts'
import { HttpConnection } from '../client/http-connection.ts'
import type { Stamp } from '../client/offering.ts'
import { Sequence } from '../client/sequence.ts'
import { SourcePorts } from '../client/source-ports.ts'
import type { Reader as Dialogue } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import type { Collected, Followed, OpenPlan } from './orders.ts'

interface Reader {
  readonly connection: HttpConnection
  readonly topic: string
  readonly dialogue: Dialogue
  readonly sequence: Sequence
}

/** A server may have a queue of no more than 511 for new connections. */
const connectingAtOnce = 200
const usualHeaders = 'Accept: application/json\r\n'

export class Herd {
  readonly #faults = new Faults()
  readonly #readers: Reader[] = []
  readonly #dueMs: number[] = []
  readonly #arrivedMs: number[] = []
  #topics: readonly string[] = []
  #parked: Promise<Reply | undefined>[] = []
  readonly #ports = new SourcePorts()
  #isFollowing = false

  async open(plan: OpenPlan): Promise<{ readers: number }> {
    const { topics, readersPerTopic, isTogether = false } = plan
    this.#topics = topics
    const places = isTogether ? [topics] : topics.map((topic) => [topic])
    const wanted = places.flatMap((place) => new Array<readonly string[]>(readersPerTopic).fill(place))
    for (let from = 0; from < wanted.length; from += connectingAtOnce) {
      const opened = wanted.slice(from, from + connectingAtOnce).map((place, at) => this.#open(plan, place, from + at))
      await Promise.all(opened)
    }
    return { readers: this.#readers.length }
  }

  /** @param perSecond for servers that cannot take all polls at once; Infinity for all at once */
  async park(perSecond = Number.POSITIVE_INFINITY): Promise<void> {
    this.#parked = []
    await this.#sendPolls([...this.#readers.keys()], perSecond)
  }

  async replied(): Promise<{ replies: number }> {
    return { replies: (await this.#answered()).length }
  }

  /** Poll once more where a poll has been answered already, as a client does that was refused. */
  async again(perSecond: number): Promise<{ polls: number }> {
    const answered = await this.#answered()
    await this.#sendPolls(answered, perSecond)
    return { polls: answered.length }
  }

  async collect(timeoutMs: number): Promise<Collected> {
    const faults = new Faults()
    const timer = setTimeout(() => this.leave(), timeoutMs)
    const replies = await Promise.all(this.#parked)
    clearTimeout(timer)
    const alike = new Map<string, { status: number; body: string; count: number }>()
    for (const [at, reply] of replies.entries()) {
      const reader = this.#readers[at]!
      if (reply === undefined) {
        faults.add('missing', `a reader of ${reader.topic} got no reply`)
        continue
      }
      const { status } = reply
      const body = saidIn(reply, reader)
      const key = `${status} ${body}`
      const known = alike.get(key) ?? { status, body, count: 0 }
      alike.set(key, known)
      known.count += 1
    }
    const arrivedMs = Float64Array.from(replies.filter((reply) => reply !== undefined).map(({ atMs }) => atMs))
    return { arrivedMs, replies: [...alike.values()], faults: faults.counts }
  }

  follow(): void {
    this.#isFollowing = true
    for (const reader of this.#readers) void this.#followOne(reader)
  }

  async finish(heads: readonly number[], timeoutMs: number): Promise<Followed> {
    const headOf = new Map(this.#topics.map((topic, at) => [topic, heads[at]!]))
    const isBehind = ({ topic, sequence, connection }: Reader) =>
      sequence.newest < headOf.get(topic)! && connection.failure === null
    const deadline = performance.now() + timeoutMs
    while (performance.now() < deadline && this.#readers.some(isBehind)) await pause(20)
    // A moment more: what comes now would be a message too many.
    await pause(100)
    this.#isFollowing = false
    for (const { topic, sequence } of this.#readers) {
      const head = headOf.get(topic)!
      if (sequence.newest < head) this.#faults.add('missing', `${topic} seen up to ${sequence.newest} of ${head}`)
    }
    return this.heard()
  }

  heard(): Followed {
    const [dueMs, arrivedMs] = [this.#dueMs.splice(0), this.#arrivedMs.splice(0)]
    return { dueMs: Float64Array.from(dueMs), arrivedMs: Float64Array.from(arrivedMs), faults: this.#faults.counts }
  }

  leave(): void {
    this.#isFollowing = false
    for (const { connection } of this.#readers) connection[Symbol.dispose]()
  }

  async #open(plan: OpenPlan, topics: readonly string[], at: number): Promise<void> {
    const { origin, localAddresses, dialect = 'encke', headers = usualHeaders, isParking = false } = plan
    const { hostname, port, host } = new URL(origin)
    const localAddress = localAddresses[at % localAddresses.length]
    const target = { host: hostname, port: Number(port), ...(localAddress && { localAddress }) }
    // One port after the other for all addresses: each address has them all.
    const connection = await (localAddress === undefined ? HttpConnection.open(target) : this.#ports.open(target))
    const dialogue = dialects[dialect].reader({ host, topics, headers })
    await connection.converse(dialogue.greet())
    const topic = topics[0]!
    this.#readers.push({ connection, topic, dialogue, sequence: new Sequence(topic, this.#faults) })
    if (isParking) this.#poll(this.#readers.length - 1)
  }

  async #answered(): Promise<number[]> {
    const none = Symbol('waits still')
    const now = await Promise.all(this.#parked.map((reply) => Promise.race([reply, none])))
    return [...now.keys()].filter((at) => now[at] !== none)
  }

  async #sendPolls(places: readonly number[], perSecond: number): Promise<void> {
    const startMs = performance.now()
    for (const [sent, at] of places.entries()) {
      const earlyMs = startMs + (sent / perSecond) * 1_000 - performance.now()
      if (earlyMs > 0) await pause(earlyMs)
      this.#poll(at)
    }
  }

  #poll(at: number): void {
    const { connection, topic, dialogue } = this.#readers[at]!
    this.#parked[at] = connection.request(dialogue.poll()).catch((error) => this.#broke(topic, error))
  }

  async #followOne(reader: Reader): Promise<void> {
    try {
      while (this.#isFollowing) {
        const reply = await reader.connection.request(reader.dialogue.poll())
        if (reply.status !== 200)
          return this.#faults.add('status', `${reply.status} for ${reader.topic}: ${reply.body}`)
        this.#took(reader, reader.dialogue.take(reply), reply.atMs)
      }
    } catch (error) {
      if (this.#isFollowing) this.#broke(reader.topic, error as Error)
    }
  }

  #took(reader: Reader, reply: PollReply, atMs: number): void {
    for (const { data } of reader.sequence.take(reply)) {
      const { dueMs } = data as Stamp
      if (dueMs > atMs) this.#faults.add('early', `${reader.topic}, by ${dueMs - atMs} ms`)
      this.#dueMs.push(dueMs)
      this.#arrivedMs.push(atMs)
    }
  }

  #broke(topic: string, error: Error): undefined {
    this.#faults.add('broken', `a reader of ${topic}: ${error.message}`)
  }
}

/** What a reply says, alike for all readers in every dialect; as it stands when it is none of the dialect. */
function saidIn(reply: Reply, { dialogue }: Reader): string {
  try {
    return JSON.stringify(dialogue.take(reply))
  } catch {
    return reply.body
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
