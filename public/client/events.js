// An event stream, read by fetch, so that it can send a key: what has come so far is handed on as a batch, as a poll has it.
//
// Always true:
//   - its cursor is that of the last whole event;
//   - a stream that something on the way holds back is given up: the server begins each with an event, and sends a comment
//     every 15 s. One that began and was then silent is held back, too, unless more than its beginning has come: then the
//     connection has died;
//   - what a poll would be refused as well, or would not reach, says nothing about streams: it is thrown, and one is asked for
//     again.

import { graceMs, queryOf, refusal } from './request.js'

/** How long the first event may take: what buffers streams holds it back for good. */
const firstMs = 4_000
const heartbeatMs = 15_000
/** Refusals that are not about streams: of a key, of rights, of time, of number; and what does not work now. */
const passing = /^(40[138]|429|5)/

/**
 * Read until the stream ends. Writes down where none passes, and throws a refusal that is not about streams.
 *
 * @param {import('./poll-loop.js').House} house
 * @param {import('./terms.js').Question} question
 * @param {AbortController} abort
 * @param {(batch: any) => Promise<unknown>} take
 */
export async function readEvents({ connection, key, terms }, { topics, fields }, abort, take) {
  const { origin, credentials, fetch, setTimeout, clearTimeout } = connection
  const { signal } = abort
  const { client, presence } = fields
  const token = key.known
  // A poll asks for it, and waits for it as long as it may take.
  if (token === undefined) return
  let cursor = `${fields['cursor']}`
  let hasPassed = false
  let pieces = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const listen = (/** @type {number} */ ms) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      terms.lacksEvents ||= !hasPassed || pieces < 2
      abort.abort(new Error('the event stream is silent'))
    }, ms)
  }
  try {
    listen(firstMs)
    const response = await fetch(`${origin}/events?${queryOf(topics, { cursor, client, presence })}`, {
      headers: { accept: 'text/event-stream', ...(token && { authorization: `Bearer ${token}` }) },
      cache: 'no-store',
      signal,
      ...(credentials && { credentials }),
    })
    const { ok, status, body } = response
    if (passing.test(`${status}`)) throw refusal(response, await response.text(), key, token)
    const reader = ok && body?.getReader()
    const decoder = new TextDecoder()
    for (let text = ''; reader; ) {
      const { done, value } = await reader.read()
      if (signal.aborted) return
      if (done) break
      pieces += 1
      listen(heartbeatMs + graceMs)
      text += decoder.decode(value, { stream: true })
      const end = text.lastIndexOf('\n\n') + 1
      const batch = batchOf(text.slice(0, end), topics, cursor)
      text = text.slice(end && end + 1)
      if (batch.cursor !== '' && end > 0) {
        hasPassed = true
        terms.lostStreams = 0
      }
      cursor = batch.cursor
      if (batch.isNews && !signal.aborted) await take(batch)
    }
    terms.lacksEvents ||= !hasPassed
  } catch (error) {
    if (!hasPassed && !signal.aborted) throw error
  } finally {
    clearTimeout(timer)
  }
}

/** @param {string} text whole events @param {string[]} topics @param {string} cursor before them */
function batchOf(text, topics, cursor) {
  /** @type {any} */
  const batch = { messages: [], cursor, more: false, topics: {}, isNews: false }
  for (const topic of topics) batch.topics[topic] = { verdict: 'ok', missed: 0 }
  for (const block of text.split('\n\n')) {
    /** @type {Record<string, string>} */
    const fields = {}
    for (const line of block.split('\n')) {
      const at = line.indexOf(':')
      if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).trimStart()
    }
    const { id, event, data } = fields
    batch.cursor = id || batch.cursor
    if (data === undefined || event === 'expired') continue
    batch.isNews = true
    const told = JSON.parse(data)
    if (event === 'verdict') batch.topics[told.topic] = told
    else batch.messages.push(told)
  }
  return batch
}
