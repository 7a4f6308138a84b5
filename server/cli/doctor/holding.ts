// How long a request may wait: a poll without news is held for as long as it asks for, unless something cuts it.

import { causeOf } from '../connection.ts'
import { type Finding, Findings } from './finding.ts'
import { jsonIn, type Patient } from './patient.ts'

export async function examineHolding(patient: Patient, seconds: number): Promise<readonly Finding[]> {
  const found = new Findings('holding')
  const begunMs = performance.now()
  const took = () => Math.round((performance.now() - begunMs) / 100) / 10
  const path = `/messages?topic=${encodeURIComponent(patient.topicFor('held'))}&wait=${seconds}`
  try {
    const { status, text } = await patient.connection.ask(path, { signal: patient.signal })
    const body = jsonIn({ status, headers: new Headers(), text })
    if (status === 401 || status === 403) return found.skipped('this token may not read').all
    if (status === 200 && Array.isArray(body?.['messages'])) {
      const lowered = Number(body['wait'] ?? seconds)
      // The server shortens waits by up to a tenth, so that clients do not come back together.
      if (body['retryAfterMs'] !== undefined) return found.skipped('the server went away meanwhile').all
      if (took() < lowered * 0.85)
        return found.note(`a poll came back after ${took()} s without news: is it kept or answered on the way?`).all
      const most = lowered < seconds ? ` (the server holds no longer than ${lowered} s, --wait-max-seconds)` : ''
      return found.ok(`a poll is held for ${took()} s and answered${most}`).all
    }
    return found.problem(cut(took(), `answers ${status} in the server's place`)).all
  } catch (error) {
    if (patient.signal.aborted) throw error
    return found.problem(cut(took(), `ends the connection (${causeOf(error)})`)).all
  }
}

function cut(seconds: number, how: string): string {
  const below = Math.max(1, Math.floor(seconds * 0.85))
  return `the path cuts requests after ${seconds} s: it ${how}. Set --wait-default-seconds and --wait-max-seconds to ${below} or less, or raise its time-out (nginx: proxy_read_timeout)`
}
