// A herd: many readers, each with a connection and a cursor of its own.
//
// It serves in one of two ways. Parked, each reader sends one poll and has its reply noted; replies are looked at afterwards,
// because looking at ten thousand of them while they come in would slow down both sides. Following, each reader polls
// on and on, and every reply is checked at once.

import type { PollReply } from '../client/encke-requests.ts'
import { parsePollReply, pollBytes } from '../client/encke-requests.ts'
import { Faults } from '../client/faults.ts'
import type { Reply } from '../client/http-connection.ts'
import { HttpConnection } from '../client/http-connection.ts'
import type { Stamp } from '../client/offering.ts'
import { Sequence } from '../client/sequence.ts'
import type { Collected, Followed, OpenPlan } from './orders.ts'

interface Reader {
  readonly connection: HttpConnection
  readonly topic: string
  readonly sequence: Sequence
  cursor: string
}

/** A server may have a queue of no more than 511 for new connections. */
const connectingAtOnce = 200

export class Herd {
  readonly #faults = new Faults()
  readonly #readers: Reader[] = []
  readonly #dueMs: number[] = []
  readonly #arrivedMs: number[] = []
  #host = ''
  #topics: readonly string[] = []
  #parked: Promise<Reply | undefined>[] = []
  #isFollowing = false

  async open({ origin, topics, readersPerTopic, localAddresses }: OpenPlan): Promise<{ readers: number }> {
    const { hostname, port, host } = new URL(origin)
    this.#host = host
    this.#topics = topics
    const wanted = topics.flatMap((topic) => new Array<string>(readersPerTopic).fill(topic))
    for (let from = 0; from < wanted.length; from += connectingAtOnce) {
      const opened = wanted.slice(from, from + connectingAtOnce).map(async (topic, at) => {
        const localAddress = localAddresses[(from + at) % localAddresses.length]
        const target = { host: hostname, port: Number(port), ...(localAddress && { localAddress }) }
        const connection = await HttpConnection.open(target)
        const { status, body } = await connection.request(pollBytes(host, topic))
        if (status !== 200) throw new Error(`the first poll of ${topic} was answered with ${status}: ${body}`)
        const { cursor } = parsePollReply(body)
        this.#readers.push({ connection, topic, cursor, sequence: new Sequence(topic, this.#faults) })
      })
      await Promise.all(opened)
    }
    return { readers: this.#readers.length }
  }

  park(): void {
    this.#parked = this.#readers.map(({ connection, topic, cursor }) =>
      connection.request(pollBytes(this.#host, topic, cursor)).catch((error) => this.#broke(topic, error)),
    )
  }

  async collect(timeoutMs: number): Promise<Collected> {
    const faults = new Faults()
    const timer = setTimeout(() => this.leave(), timeoutMs)
    const replies = await Promise.all(this.#parked)
    clearTimeout(timer)
    const alike = new Map<string, { status: number; body: string; count: number; cursor: string | undefined }>()
    for (const [at, reply] of replies.entries()) {
      const reader = this.#readers[at]!
      if (reply === undefined) {
        faults.add('missing', `a reader of ${reader.topic} got no reply`)
        continue
      }
      const { status, body } = reply
      const key = `${status} ${body}`
      const known = alike.get(key) ?? { status, body, count: 0, cursor: cursorOf(body) }
      alike.set(key, known)
      known.count += 1
      reader.cursor = known.cursor ?? reader.cursor
    }
    const arrivedMs = Float64Array.from(replies.filter((reply) => reply !== undefined).map(({ atMs }) => atMs))
    return {
      arrivedMs,
      replies: [...alike.values()].map(({ status, body, count }) => ({ status, body, count })),
      faults: faults.counts,
    }
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
    return {
      dueMs: Float64Array.from(this.#dueMs),
      arrivedMs: Float64Array.from(this.#arrivedMs),
      faults: this.#faults.counts,
    }
  }

  leave(): void {
    this.#isFollowing = false
    for (const { connection } of this.#readers) connection[Symbol.dispose]()
  }

  async #followOne(reader: Reader): Promise<void> {
    try {
      while (this.#isFollowing) {
        const reply = await reader.connection.request(pollBytes(this.#host, reader.topic, reader.cursor))
        if (reply.status !== 200)
          return this.#faults.add('status', `${reply.status} for ${reader.topic}: ${reply.body}`)
        this.#took(reader, parsePollReply(reply.body), reply.atMs)
      }
    } catch (error) {
      if (this.#isFollowing) this.#broke(reader.topic, error as Error)
    }
  }

  #took(reader: Reader, reply: PollReply, atMs: number): void {
    reader.cursor = reply.cursor
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

function cursorOf(body: string): string | undefined {
  try {
    return parsePollReply(body).cursor
  } catch {
    return undefined
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
