// One reader that reads a topic from its oldest message to its newest, again and again, as fast as it is answered.

import { HttpConnection } from '../client/http-connection.ts'
import { nowMs } from '../measure/clock.ts'

export interface CatchUpPlan {
  readonly origin: string
  readonly topic: string
  readonly durationMs: number
}

const cursorIn = /"cursor":"([^"]+)"/

/** MB of replies a second. @throws Error when a poll is not answered with 200 */
export async function catchUp({ origin, topic, durationMs }: CatchUpPlan): Promise<number> {
  using connection = await HttpConnection.open(origin)
  const fromMs = nowMs()
  let [bytes, place] = [0, 'from=earliest']
  while (nowMs() - fromMs < durationMs) {
    const path = `/messages?topic=${encodeURIComponent(topic)}&${place}&limit=1000&wait=0`
    const { status, body } = await connection.request({ method: 'GET', path })
    if (status !== 200) throw new Error(`a poll of old history was answered with ${status}: ${body.slice(0, 200)}`)
    bytes += body.length
    // Not parsed: a real reader does so on a machine of its own.
    place = body.startsWith('{"messages":[]') ? 'from=earliest' : `cursor=${cursorIn.exec(body)?.[1]}`
  }
  return bytes / 1e6 / ((nowMs() - fromMs) / 1_000)
}
