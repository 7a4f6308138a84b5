// autocannon, through its API: as many publishes as the server takes, over a fixed number of connections.
//
// Each reply is timed and counted here: autocannon rounds latencies to milliseconds, and durations to its sampling interval.

import autocannon from 'autocannon'
import { nowMs } from '../measure/clock.ts'
import { Latencies } from '../measure/latencies.ts'

export interface CannonPlan {
  readonly origin: string
  readonly topic: string
  readonly body: string
  readonly connections: number
  /** Give either how many requests to send, to the last reply, or for how long; then what is under way at the end is cut off. */
  readonly amount?: number
  readonly seconds?: number
  readonly signal: AbortSignal
  onReplies?(count: number): void
}

export interface CannonResult {
  readonly statuses: Readonly<Record<string, number>>
  /** Connections that broke, time-outs among them. */
  readonly errors: number
  readonly latencies: Latencies
  /** From the start to the last reply. */
  readonly seconds: number
}

/** How long one reply may take. */
const replySeconds = 20

export function fire({
  origin,
  topic,
  body,
  connections,
  amount,
  seconds,
  signal,
  onReplies,
}: CannonPlan): Promise<CannonResult> {
  const statuses: Record<string, number> = {}
  const latencies = new Latencies()
  const startMs = nowMs()
  let lastMs = startMs
  return new Promise((resolve, reject) => {
    const instance = autocannon(
      {
        url: `${origin}/publish?topic=${encodeURIComponent(topic)}`,
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
        connections,
        timeout: replySeconds,
        bailout: connections,
        // How soon it notices that the last reply has come.
        sampleInt: 50,
        ...(amount === undefined ? { duration: seconds ?? 1 } : { amount }),
      },
      (error, result) => {
        signal.removeEventListener('abort', stop)
        if (error) reject(error as Error)
        else resolve({ statuses, errors: result.errors, latencies, seconds: (lastMs - startMs) / 1_000 })
      },
    )
    const stop = () => instance.stop()
    signal.addEventListener('abort', stop)
    instance.on('response', (_client, status, _bytes, responseMs) => {
      lastMs = nowMs()
      statuses[status] = (statuses[status] ?? 0) + 1
      latencies.record(responseMs)
    })
    instance.on('tick', () => onReplies?.(latencies.count))
  })
}
