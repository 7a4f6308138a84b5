// An event stream, read by fetch, so that it can send a key: what has come so far is handed on as a batch, as a poll has it.
//
// Always true: its cursor is that of the last whole event. A stream that something on the way holds back is given up: the
// server begins each with an event, and sends a comment every 15 s. One that began and was then silent is held back, too,
// unless more than its beginning has come: then the connection has died.

import { graceMs, queryOf } from './request.js'

/** How long the first event may take: what buffers streams holds it back for good. */
const firstMs = 4_000
const heartbeatMs = 15_000

/**
 * Read until the stream ends. Gives whether it passes.
 *
 * @param {import('./poll-loop.js').House} house
 * @param {import('./terms.js').Question} question
 * @param {AbortController} abort
 * @param {(batch: any) => Promise<unknown>} take
 */
export async function readEvents({ connection, key }, { topics, fields }, abort, take) {
  const { origin, credentials, fetch, setTimeout, clearTimeout } = connection
  const { signal } = abort
  const { client, presence } = fields
  let cursor = `${fields['cursor']}`
  let hasPassed = false
  let pieces = 0
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  const listen = (/** @type {number} */ ms) => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      hasPassed &&= pieces > 1
      abort.abort(new Error('the event stream is silent'))
    }, ms)
  }
  try {
    listen(firstMs)
    const token = await key.text()
    const response = await fetch(`${origin}/events?${queryOf(topics, { cursor, client, presence })}`, {
      headers: { accept: 'text/event-stream', ...(token && { authorization: `Bearer ${token}` }) },
      cache: 'no-store',
      signal,
      ...(credentials && { credentials }),
    })
    if (!response.ok || !response.body) return false
    const reader = response.body.getReader()
    const decoder = new TextDecoder()
    for (let text = ''; ; ) {
      const { done, value } = await reader.read()
      if (done || signal.aborted) return hasPassed
      pieces += 1
      listen(heartbeatMs + graceMs)
      text += decoder.decode(value, { stream: true })
      const end = text.lastIndexOf('\n\n') + 1
      const batch = batchOf(text.slice(0, end), topics, cursor)
      text = text.slice(end && end + 1)
      hasPassed ||= batch.cursor !== '' && end > 0
      cursor = batch.cursor
      if (batch.isNews && !signal.aborted) await take(batch)
    }
  } catch {
    return hasPassed
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
