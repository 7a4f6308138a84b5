// A herd: many readers, each with a connection and a cursor of its own, in the dialect of the server that they read from.
//
// It serves in one of two ways. Parked, each reader sends one poll and has its reply noted; replies are looked at afterwards,
// because looking at ten thousand of them while they come in would slow down both sides. Following, each reader polls
// on and on, and every reply is checked at once.

import { type FaultCounts, Faults, Sequence } from '../client/faults.ts'
import { HttpConnection, SourcePorts, type TimedReply } from '../client/http-connection.ts'
import type { Stamp } from '../client/offered.ts'
import type { Ask, Reader as Dialogue } from '../dialects/dialect.ts'
import { type DialectName, dialects } from '../dialects/index.ts'

/** One connection for every reader, and the first cursor for each. */
export interface OpenPlan {
  readonly origin: string
  readonly topics: readonly string[]
  readonly readersPerTopic: number
  /** Taken in turn, so that no address runs out of ports. */
  readonly localAddresses: readonly string[]
  readonly dialect: DialectName
  /** That go with each request of a reader. */
  readonly headers?: Ask['headers']
  /** Each reader reads all topics, and not one of them; `readersPerTopic` is then how many readers there are. */
  readonly isTogether?: boolean
}

/** What has come for the polls that were parked. */
export interface Collected {
  /** When each reply came, on the clock that all processes share. */
  readonly arrivedMs: Float64Array
  /** Replies that are alike, byte by byte, and how many there were. */
  readonly replies: readonly { readonly status: number; readonly body: string; readonly count: number }[]
  readonly faults: FaultCounts
}

/** What readers have got that poll on and on: for each message when it was due to be published, and when it arrived. */
export interface Heard {
  readonly dueMs: Float64Array
  readonly arrivedMs: Float64Array
  readonly faults: FaultCounts
}

interface Reader {
  readonly connection: HttpConnection
  readonly topic: string
  readonly dialogue: Dialogue
  readonly sequence: Sequence
}

/** A server may have a queue of no more than 511 for new connections. */
const connectingAtOnce = 200

export class Herd {
  readonly #faults = new Faults()
  readonly #readers: Reader[] = []
  readonly #dueMs: number[] = []
  readonly #arrivedMs: number[] = []
  readonly #ports = new SourcePorts()
  #parked: Promise<TimedReply | undefined>[] = []
  #isFollowing = false

  async open(plan: OpenPlan): Promise<{ readers: number }> {
    const { topics, readersPerTopic, isTogether = false } = plan
    const places = isTogether ? [topics] : topics.map((topic) => [topic])
    const wanted = places.flatMap((place) => new Array<readonly string[]>(readersPerTopic).fill(place))
    for (let from = 0; from < wanted.length; from += connectingAtOnce) {
      const opened = wanted.slice(from, from + connectingAtOnce).map((place, at) => this.#open(plan, place, from + at))
      await Promise.all(opened)
    }
    return { readers: this.#readers.length }
  }

  /** Each reader sends a poll that waits, so many a second where a server cannot take all at once. */
  async park(perSecond = Number.POSITIVE_INFINITY): Promise<void> {
    this.#parked = []
    await this.#sendPolls([...this.#readers.keys()], perSecond)
  }

  /** How many of these polls have been answered, or broken off, so far. */
  async replied(): Promise<{ replies: number }> {
    return { replies: (await this.#answered()).length }
  }

  /** Poll once more where a poll has been answered already, as a client does that was refused. */
  async again(perSecond: number): Promise<{ polls: number }> {
    const answered = await this.#answered()
    await this.#sendPolls(answered, perSecond)
    return { polls: answered.length }
  }

  /** Wait for the replies to the polls that were parked. */
  async collect(timeoutMs: number): Promise<Collected> {
    const faults = new Faults()
    const timer = setTimeout(() => this.leave(), timeoutMs)
    const replies = await Promise.all(this.#parked)
    clearTimeout(timer)
    const alike = new Map<string, { status: number; body: string; count: number }>()
    for (const [at, reply] of replies.entries()) {
      const reader = this.#readers[at]!
      if (reply === undefined) faults.add('missing', `a reader of ${reader.topic} got no reply`)
      else {
        const { status } = reply
        const body = saidIn(reply, reader)
        alike.getOrInsert(`${status} ${body}`, { status, body, count: 0 }).count += 1
      }
    }
    const arrivedMs = Float64Array.from(replies.filter((reply) => reply !== undefined).map(({ atMs }) => atMs))
    return { arrivedMs, replies: [...alike.values()], faults: faults.counts }
  }

  /** Each reader polls from now on, at once again after every reply. */
  follow(): void {
    this.#isFollowing = true
    for (const reader of this.#readers) void this.#followOne(reader)
  }

  /** What has reached readers that follow since this was last asked. */
  heard(): Heard {
    const [dueMs, arrivedMs] = [this.#dueMs.splice(0), this.#arrivedMs.splice(0)]
    return { dueMs: Float64Array.from(dueMs), arrivedMs: Float64Array.from(arrivedMs), faults: this.#faults.counts }
  }

  leave(): void {
    this.#isFollowing = false
    for (const { connection } of this.#readers) connection[Symbol.dispose]()
  }

  async #open(plan: OpenPlan, topics: readonly string[], at: number): Promise<void> {
    const { origin, localAddresses, dialect, headers } = plan
    const address = localAddresses[at % localAddresses.length]
    // One port after the other for all addresses: each address has them all.
    const opening =
      address === undefined ? HttpConnection.open(origin, {}, headers) : this.#ports.open(origin, address, headers)
    const connection = await opening
    const dialogue = dialects[dialect].reader(topics)
    await connection.converse(dialogue.greet())
    const topic = topics[0]!
    this.#readers.push({ connection, topic, dialogue, sequence: new Sequence(topic, this.#faults) })
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
      if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs))
      const { connection, topic, dialogue } = this.#readers[at]!
      this.#parked[at] = connection.request(dialogue.poll()).catch((error) => this.#broke(topic, error))
    }
  }

  async #followOne({ connection, dialogue, topic, sequence }: Reader): Promise<void> {
    try {
      while (this.#isFollowing) {
        const reply = await connection.request(dialogue.poll())
        if (reply.status !== 200) return this.#faults.add('status', `${reply.status} for ${topic}: ${reply.body}`)
        for (const { data } of sequence.take(dialogue.take(reply))) {
          const { dueMs } = data as Stamp
          if (dueMs > reply.atMs) this.#faults.add('early', `${topic}, by ${dueMs - reply.atMs} ms`)
          this.#dueMs.push(dueMs)
          this.#arrivedMs.push(reply.atMs)
        }
      }
    } catch (error) {
      if (this.#isFollowing) this.#broke(topic, error as Error)
    }
  }

  #broke(topic: string, error: Error): undefined {
    this.#faults.add('broken', `a reader of ${topic}: ${error.message}`)
  }
}

/** What a reply says, alike for all readers in every dialect; as it stands when it is none of the dialect. */
function saidIn(reply: TimedReply, { dialogue }: Reader): string {
  try {
    return JSON.stringify(dialogue.take(reply))
  } catch {
    return reply.body
  }
}
