// A closed loop, by autocannon: so many connections, each of which sends its next request when it has its reply. It tells what a
// server gives at its limit; as it asks a slow server less, its latencies say little.
//
// Always true: when it ends no request is under way, so that what the server has taken is what it has answered.

import autocannon from 'autocannon'
import { type FaultCounts, Faults } from '../client/faults.ts'
import type { Ask } from '../dialects/dialect.ts'
import { nowMs } from '../measure/clock.ts'

export interface LoopPlan {
  readonly origin: string
  /** Each connection has a share of them, which it takes in turn. */
  readonly asks: readonly Ask[]
  readonly connections: number
  readonly durationMs: number
  /** The status of a good reply, and its body where that is the same each time. */
  readonly status: number
  readonly body?: string
}

export interface Looped {
  /** Good replies, from the first reply to the end of the time. */
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

/** What autocannon's types leave out. A connection ends before the request that would be above `responseMax`. */
interface Connection extends autocannon.Client {
  readonly reqsMade: number
  responseMax?: number
  destroy(): void
}

/** Where no reply comes, the time runs from then on. */
const firstReplyMs = 1_000
/** How often autocannon looks whether all of its connections have ended. */
const sampleInt = 50

export async function loop(plan: LoopPlan): Promise<Looped> {
  const { origin, durationMs, connections } = plan
  const faults = new Faults()
  const latencyMs: number[] = []
  const open: Connection[] = []
  let [answered, bodyBytes, lastStatus] = [0, 0, 0]
  let startMs: number | undefined
  // Preparing thousands of requests and connecting take their time, which is not the server's.
  const begin = () => {
    if (startMs !== undefined) return
    startMs = nowMs()
    setTimeout(() => open.forEach(endAfterReply), durationMs)
  }
  // It is called after the event of its response, and before any other.
  const verifyBody = (body: unknown) => {
    const text = String(body)
    bodyBytes = text.length
    if (lastStatus !== plan.status) faults.add('status', `${lastStatus}: ${text.slice(0, 200)}`)
    else if (text !== (plan.body ?? text)) faults.add('altered', text.slice(0, 200))
    return true
  }
  const setupClient = (client: autocannon.Client) => open.push(setUp(client as Connection, open.length, plan, faults))
  const ended = Promise.withResolvers<autocannon.Result>()
  const options = { url: origin, connections, duration: 3_600, timeout: 60, sampleInt, setupClient, verifyBody }
  const running = autocannon(options, (error, result) => (error ? ended.reject(error) : ended.resolve(result)))
  const waiting = setTimeout(begin, firstReplyMs)
  running.on('response', (client, status, _bytes, responseMs) => {
    begin()
    lastStatus = status
    if (status !== plan.status) return endAfterReply(client as Connection)
    answered += 1
    if (nowMs() - startMs! <= durationMs) latencyMs.push(responseMs)
  })
  const { requests } = await ended.promise
  clearTimeout(waiting)
  const unanswered = requests.sent - answered - (faults.counts.status?.count ?? 0)
  if (unanswered > 0) faults.add('broken', `${unanswered} requests were not answered`, unanswered)
  const measured = { count: latencyMs.length, seconds: durationMs / 1_000, latencyMs: Float64Array.from(latencyMs) }
  return { ...measured, answered, bodyBytes, parked: 0, faults: faults.counts }
}

/** Give a connection its share of the requests, or all of them where there are too few; one that fails is not opened again. */
function setUp(connection: Connection, at: number, { asks, connections }: LoopPlan, faults: Faults): Connection {
  const own = asks.filter((_, which) => which % connections === at)
  connection.setRequests((own.length > 0 ? own : asks).map((ask) => ({ ...ask })))
  const emitter: NodeJS.EventEmitter = connection
  emitter.on('connError', (error: Error) => {
    faults.add('broken', error.message)
    connection.destroy()
  })
  return connection
}

/** The request that is under way is its last. */
function endAfterReply(connection: Connection): void {
  connection.responseMax = connection.reqsMade
}
