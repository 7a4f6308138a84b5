// Poll round trips: publish, and the poll that was parked is answered, and polls again.

import type { PollReply, Receipt } from '../client/encke-requests.ts'
import { parsePollReply, parseReceipt, pollBytes, publishBytes } from '../client/encke-requests.ts'
import { complaintsOf, type FaultCounts, Faults } from '../client/faults.ts'
import { HttpConnection } from '../client/http-connection.ts'
import { Sequence } from '../client/sequence.ts'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'
import { perOperation } from '../report/details.ts'
import { cpuAndMemory, latencyCurve } from '../report/plots.ts'
import type { Outcome, Scenario, Stage } from '../scenario.ts'

const pairs = 32

export interface RoundTripsObserved {
  readonly trips: number
  /** The heads of all topics together, as the server tells them. */
  readonly published: number
  readonly faults: FaultCounts
}

export const roundTrips: Scenario = {
  name: 'round-trips',
  title: '32 pairs of a publisher and a parked poll, each on and on',
  invariant: 'Each reader sees the messages of its topic in sequence, none lost, none twice, each as it was published.',
  note: 'A closed loop: each pair goes on when its reader has the message. Both connections of a pair belong to the load test itself; its share of a core says whether it held the server back.',
  run,
}

export function judgeRoundTrips({ trips, published, faults }: RoundTripsObserved): string[] {
  const complaints = complaintsOf(faults)
  if (trips === 0) complaints.push('there was not a single round trip')
  if (trips !== published) complaints.push(`${published} messages were published and ${trips} seen`)
  return complaints
}

async function run(stage: Stage): Promise<Outcome> {
  const { server, meter } = await stage.startServer()
  const faults = new Faults()
  const all = await Promise.all(
    Array.from({ length: pairs }, (_, at) => Pair.open(server.origin, `load/pair-${at}`, faults)),
  )
  try {
    const stretch = meter.begin()
    const endMs = nowMs() + stage.durationMs
    const isOver = () => nowMs() > endMs || stage.signal.aborted
    await Promise.all(all.map((pair) => pair.goOn(isOver)))
    const use = stretch.end()
    stage.signal.throwIfAborted()

    const latencies = Latencies.of(all.flatMap((pair) => pair.latencies))
    const heads = await Promise.all(all.map(({ topic }) => server.control.head(topic)))
    const published = heads.reduce((sum, head) => sum + head, 0)
    const parked = all.reduce((sum, pair) => sum + pair.parked, 0)
    const seconds = use.wallMs / 1_000
    const row = {
      label: 'round-trips',
      what: 'round trips',
      count: latencies.count,
      seconds,
      latency: latencies.summary(),
      use,
    }
    return {
      complaints: judgeRoundTrips({ trips: latencies.count, published, faults: faults.counts }),
      rows: [row],
      details: [
        perOperation('server CPU per round trip (a publish and a poll)', use, latencies.count),
        { label: 'polls that were parked when their message came', value: (100 * parked) / latencies.count, unit: '%' },
      ],
      plots: [
        latencyCurve('From publish to the reply of the poll', { 'round trip': latencies }),
        ...cpuAndMemory(meter.samples),
      ],
    }
  } finally {
    for (const pair of all) pair[Symbol.dispose]()
  }
}

/** A publisher and a reader of one topic, on a connection each. */
class Pair implements Disposable {
  readonly topic: string
  readonly latencies: number[] = []
  parked = 0
  readonly #host: string
  readonly #publisher: HttpConnection
  readonly #reader: HttpConnection
  readonly #faults: Faults
  readonly #sequence: Sequence

  private constructor(
    host: string,
    topic: string,
    [publisher, reader]: [HttpConnection, HttpConnection],
    faults: Faults,
  ) {
    this.topic = topic
    this.#host = host
    this.#publisher = publisher
    this.#reader = reader
    this.#faults = faults
    this.#sequence = new Sequence(topic, faults)
  }

  static async open(origin: string, topic: string, faults: Faults): Promise<Pair> {
    const { host, hostname, port } = new URL(origin)
    const target = { host: hostname, port: Number(port) }
    return new Pair(host, topic, [await HttpConnection.open(target), await HttpConnection.open(target)], faults)
  }

  async goOn(isOver: () => boolean): Promise<void> {
    try {
      let cursor = (await this.#poll()).reply.cursor
      while (!isOver()) cursor = await this.#trip(cursor)
    } catch (error) {
      this.#faults.add('broken', `${this.topic}: ${(error as Error).message}`)
    }
  }

  async #trip(cursor: string): Promise<string> {
    const polling = this.#poll(cursor)
    const publishedMs = nowMs()
    const data = { trip: this.latencies.length }
    const [{ reply, atMs }, receipt] = await Promise.all([polling, this.#publish(JSON.stringify(data))])
    for (const message of this.#sequence.take(reply)) {
      this.latencies.push(atMs - publishedMs)
      if (JSON.stringify(message.data) !== JSON.stringify(data)) this.#faults.add('altered', JSON.stringify(message))
    }
    this.parked += receipt.waiting
    return reply.cursor
  }

  async #poll(cursor?: string): Promise<{ reply: PollReply; atMs: number }> {
    const { status, body, atMs } = await this.#reader.request(pollBytes(this.#host, this.topic, cursor))
    if (status !== 200) this.#faults.add('status', `${status} for a poll: ${body}`)
    return { reply: parsePollReply(body), atMs }
  }

  async #publish(json: string): Promise<Receipt> {
    const { status, body } = await this.#publisher.request(publishBytes(this.#host, this.topic, json))
    if (status !== 201) this.#faults.add('status', `${status} for a publish: ${body}`)
    return parseReceipt(body)
  }

  [Symbol.dispose](): void {
    this.#publisher[Symbol.dispose]()
    this.#reader[Symbol.dispose]()
  }
}
