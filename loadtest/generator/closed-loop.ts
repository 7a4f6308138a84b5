// A closed loop: so many connections, each of which sends its next request when it has its reply. It tells what a server gives
// at its limit; as it asks a slow server less, its latencies say little.
//
// Requests are prepared bytes, and replies are counted and not looked at, but for their status: a request costs the generator
// a few microseconds, so that one core of it keeps a server busy that has another.

import { type FaultCounts, Faults } from '../client/faults.ts'
import { HttpConnection } from '../client/http-connection.ts'
import { nowMs } from '../measure/clock.ts'

export interface LoopPlan {
  readonly origin: string
  /** Taken in turn by all connections together. */
  readonly requests: readonly string[]
  readonly connections: number
  readonly durationMs: number
  /** The status of a good reply. */
  readonly status: number
}

export interface Looped {
  /** Good replies, from the first request to the end of the time. */
  readonly count: number
  /** All good replies: those that came when the time was up as well. */
  readonly answered: number
  readonly seconds: number
  readonly latencyMs: Float64Array
  /** Bytes of the last reply, without its head; they are ASCII. */
  readonly bodyBytes: number
  /** How many of the replies were to polls that had been parked. */
  readonly parked: number
  readonly faults: FaultCounts
}

export async function loop({ origin, requests, connections, durationMs, status }: LoopPlan): Promise<Looped> {
  const { hostname, port } = new URL(origin)
  const address = { host: hostname, port: Number(port) }
  const all = await Promise.all(Array.from({ length: connections }, () => HttpConnection.open(address)))
  const faults = new Faults()
  const latencyMs: number[] = []
  const endMs = nowMs() + durationMs
  let [sent, answered, bodyBytes] = [0, 0, 0]
  const goOn = async (connection: HttpConnection) => {
    try {
      for (let sentMs = nowMs(); sentMs < endMs; ) {
        const reply = await connection.request(requests[sent++ % requests.length]!)
        if (reply.status !== status) return faults.add('status', `${reply.status}: ${reply.body.slice(0, 200)}`)
        answered += 1
        if (reply.atMs <= endMs) latencyMs.push(reply.atMs - sentMs)
        sentMs = reply.atMs
        bodyBytes = reply.body.length
      }
    } catch (error) {
      faults.add('broken', (error as Error).message)
    }
  }
  await Promise.all(all.map(goOn))
  for (const connection of all) connection[Symbol.dispose]()
  const [count, seconds] = [latencyMs.length, durationMs / 1_000]
  return {
    count,
    answered,
    seconds,
    latencyMs: Float64Array.from(latencyMs),
    bodyBytes,
    parked: 0,
    faults: faults.counts,
  }
}
