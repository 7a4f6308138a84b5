// Whether an event stream arrives piece by piece, or is collected until it ends.

import { setTimeout as sleep } from 'node:timers/promises'
import { causeOf } from '../connection.ts'
import { type Finding, Findings } from './finding.ts'
import type { Patient } from './patient.ts'

/** An event that is not there by then is held back on the way. */
const patienceMs = 5_000

const advice =
  'turn buffering off for /events and /v1/stream (nginx: proxy_buffering off; compression off too), or have clients poll: long polls work'

export async function examineStreaming(patient: Patient): Promise<readonly Finding[]> {
  const found = new Findings('streaming')
  if (!(await patient.mayPublish()))
    return found.skipped('this token may not publish, and a stream needs something to tell').all
  const ended = new AbortController()
  const signal = AbortSignal.any([patient.signal, ended.signal])
  try {
    return await listen(patient, signal, found)
  } catch (error) {
    if (patient.signal.aborted) throw error
    return found.problem(`the stream was cut (${causeOf(error)})`).all
  } finally {
    ended.abort()
  }
}

async function listen(patient: Patient, signal: AbortSignal, found: Findings): Promise<readonly Finding[]> {
  const topic = patient.topicFor('stream')
  const opening = fetch(`${patient.url}/events?topic=${encodeURIComponent(topic)}`, {
    headers: { accept: 'text/event-stream', ...(patient.token && { authorization: `Bearer ${patient.token}` }) },
    signal,
  })
  opening.catch(() => {})
  const reply = await within(patienceMs, opening, signal)
  if (reply === undefined) {
    await patient.publish(topic, 1)
    return found.problem(
      `the path holds event streams back: after ${patienceMs / 1_000} s not even the head is there; ${advice}`,
    ).all
  }
  if (reply.status === 404) return found.skipped('this server has no event streams').all
  if (reply.status !== 200 || reply.body === null) return found.skipped(`an event stream gets ${reply.status}`).all
  const reader = reply.body.getReader()
  const begunMs = performance.now()
  await patient.publish(topic, 'first')
  const first = await within(patienceMs, readUntil(reader, 'first'), signal)
  if (first === undefined) {
    return found.problem(
      `the path collects event streams: an event had not arrived ${patienceMs / 1_000} s after it was sent; ${advice}`,
    ).all
  }
  found.ok(`event streams arrive piece by piece (${Math.round(performance.now() - begunMs)} ms after a publish)`)
  const encoding = reply.headers.get('content-encoding')
  if (encoding !== null)
    found.note(`the path compresses event streams (${encoding}); it may hold small events back when they are rare`)
  return found.all
}

async function readUntil(reader: ReadableStreamDefaultReader<Uint8Array>, text: string): Promise<true> {
  const decoder = new TextDecoder()
  for (let got = ''; !got.includes(text); ) {
    const { done, value } = await reader.read()
    if (done) throw new Error('it ended')
    got += decoder.decode(value, { stream: true })
  }
  return true
}

/** What comes of it within `ms`; undefined when that is nothing. */
async function within<T>(ms: number, promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const over = new AbortController()
  try {
    return await Promise.race([promise, sleep(ms, undefined, { signal: AbortSignal.any([signal, over.signal]) })])
  } finally {
    over.abort()
  }
}
