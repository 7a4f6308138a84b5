// Round trips: pairs of a publisher and a reader, on a connection each. The reader's poll is parked when its message comes, and
// the pair goes on when the reader has it.

import { type PollReply, parsePollReply, parseReceipt, pollBytes, publishBytes } from '../client/encke-requests.ts'
import { Faults } from '../client/faults.ts'
import { HttpConnection } from '../client/http-connection.ts'
import { Sequence } from '../client/sequence.ts'
import { nowMs } from '../measure/clock.ts'
import type { Looped } from './closed-loop.ts'

export interface TripsPlan {
  readonly origin: string
  /** One for each pair; nothing has been published to them. */
  readonly topics: readonly string[]
  readonly durationMs: number
}

export async function goOnTrips({ origin, topics, durationMs }: TripsPlan): Promise<Looped> {
  const faults = new Faults()
  const pairs = await Promise.all(topics.map((topic) => Pair.open(origin, topic, faults)))
  const endMs = nowMs() + durationMs
  await Promise.all(pairs.map((pair) => pair.goOn(endMs)))
  for (const pair of pairs) pair[Symbol.dispose]()
  const latencyMs = Float64Array.from(pairs.flatMap(({ latencies }) => latencies))
  return {
    count: latencyMs.length,
    answered: latencyMs.length,
    seconds: (nowMs() - endMs + durationMs) / 1_000,
    latencyMs,
    bodyBytes: Math.max(...pairs.map(({ bodyBytes }) => bodyBytes)),
    parked: pairs.reduce((sum, { parked }) => sum + parked, 0),
    faults: faults.counts,
  }
}

class Pair implements Disposable {
  readonly latencies: number[] = []
  parked = 0
  bodyBytes = 0
  readonly #host: string
  readonly #topic: string
  readonly #publisher: HttpConnection
  readonly #reader: HttpConnection
  readonly #faults: Faults
  readonly #sequence: Sequence

  private constructor(host: string, topic: string, connections: [HttpConnection, HttpConnection], faults: Faults) {
    this.#host = host
    this.#topic = topic
    ;[this.#publisher, this.#reader] = connections
    this.#faults = faults
    this.#sequence = new Sequence(topic, faults)
  }

  static async open(origin: string, topic: string, faults: Faults): Promise<Pair> {
    const { host, hostname, port } = new URL(origin)
    const address = { host: hostname, port: Number(port) }
    return new Pair(host, topic, [await HttpConnection.open(address), await HttpConnection.open(address)], faults)
  }

  async goOn(endMs: number): Promise<void> {
    try {
      let { cursor } = (await this.#poll()).reply
      while (nowMs() < endMs) cursor = await this.#trip(cursor)
    } catch (error) {
      this.#faults.add('broken', `${this.#topic}: ${(error as Error).message}`)
    }
  }

  async #trip(cursor: string): Promise<string> {
    const polling = this.#poll(cursor)
    const publishedMs = nowMs()
    const data = { trip: this.latencies.length }
    const [{ reply, atMs }] = await Promise.all([polling, this.#publish(JSON.stringify(data))])
    for (const message of this.#sequence.take(reply)) {
      this.latencies.push(atMs - publishedMs)
      if (JSON.stringify(message.data) !== JSON.stringify(data)) this.#faults.add('altered', JSON.stringify(message))
    }
    return reply.cursor
  }

  async #poll(cursor?: string): Promise<{ reply: PollReply; atMs: number }> {
    const { status, body, atMs } = await this.#reader.request(pollBytes(this.#host, this.#topic, cursor))
    if (status !== 200) this.#faults.add('status', `${status} for a poll: ${body}`)
    this.bodyBytes = body.length
    return { reply: parsePollReply(body), atMs }
  }

  async #publish(json: string): Promise<void> {
    const { status, body } = await this.#publisher.request(publishBytes(this.#host, this.#topic, json))
    if (status !== 201) this.#faults.add('status', `${status} for a publish: ${body}`)
    this.parked += parseReceipt(body).waiting
  }

  [Symbol.dispose](): void {
    this.#publisher[Symbol.dispose]()
    this.#reader[Symbol.dispose]()
  }
}
