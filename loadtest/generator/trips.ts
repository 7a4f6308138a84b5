// Round trips: pairs of a publisher and a reader, on a connection each. The reader's poll is parked when its message comes, and
// the pair goes on when the reader has it. That is no closed loop of one connection, so it is none of autocannon's.

import { Faults, Sequence } from '../client/faults.ts'
import { HttpConnection } from '../client/http-connection.ts'
import { encke, publishOf } from '../dialects/encke.ts'
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
  const startMs = nowMs()
  const pairs = await Promise.all(topics.map((topic) => goOn(origin, topic, startMs + durationMs, faults)))
  const latencyMs = Float64Array.from(pairs.flatMap(({ latencies }) => latencies))
  return {
    count: latencyMs.length,
    answered: latencyMs.length,
    seconds: (nowMs() - startMs) / 1_000,
    latencyMs,
    bodyBytes: Math.max(...pairs.map(({ bodyBytes }) => bodyBytes)),
    parked: pairs.reduce((sum, { parked }) => sum + parked, 0),
    faults: faults.counts,
  }
}

/** One pair, until the time is up or something is wrong. */
async function goOn(origin: string, topic: string, endMs: number, faults: Faults) {
  const done = { latencies: [] as number[], parked: 0, bodyBytes: 0 }
  using reading = await HttpConnection.open(origin)
  using publishing = await HttpConnection.open(origin)
  const reader = encke.reader([topic])
  const sequence = new Sequence(topic, faults)
  try {
    await reading.converse(reader.greet())
    while (nowMs() < endMs) {
      const data = JSON.stringify({ trip: done.latencies.length })
      const polling = reading.request(reader.poll())
      const publishedMs = nowMs()
      const [polled, { status, body }] = await Promise.all([polling, publishing.request(publishOf(topic, data))])
      if (polled.status !== 200) faults.add('status', `${polled.status} for a poll: ${polled.body}`)
      if (status !== 201) faults.add('status', `${status} for a publish: ${body}`)
      for (const message of sequence.take(reader.take(polled))) {
        done.latencies.push(polled.atMs - publishedMs)
        if (JSON.stringify(message.data) !== data) faults.add('altered', JSON.stringify(message))
      }
      done.parked += (JSON.parse(body) as { waiting: number }).waiting
      done.bodyBytes = polled.body.length
    }
  } catch (error) {
    faults.add('broken', `${topic}: ${(error as Error).message}`)
  }
  return done
}
