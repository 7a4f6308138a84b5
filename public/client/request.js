// One request to Encke: its answer as JSON, or an error that says what is known.
//
// The time limit is about silence: each piece of an answer restarts it, because a slow link is not a dead one. It ends
// the request even if `fetch` ignores its signal.

/**
 * @typedef {Error & { status?: number, code?: string, retryAfterMs?: number, isCut?: boolean, isOfKey?: boolean }} Failure
 *   without `status`: no answer; `isCut`: the answer ended in the middle; `code` LED_BACK: answers contradict each other;
 *   `isOfKey`: with another key, which may be had, it may be answered
 * @typedef {object} Asking
 * @property {import('./key.js').Key} key
 * @property {unknown} [body] without one it is a GET
 * @property {string} [idempotencyKey]
 * @property {number} [limitMs] how long the server may be silent before its answer
 * @property {AbortController} [abort]
 * @typedef {object} Connection
 * @property {string} origin
 * @property {RequestCredentials | undefined} credentials
 * @property {string} [pageOrigin] of the page that asks, when it is another
 * @property {typeof globalThis.fetch} fetch
 * @property {typeof globalThis.setTimeout} setTimeout
 * @property {typeof globalThis.clearTimeout} clearTimeout
 */

/** How long an answer may take beyond the time for which the server holds it, or fall silent in its middle. */
export const graceMs = 15_000
const longestRetryMs = 5 * 60_000

/**
 * @param {Connection} connection
 * @param {string} path
 * @param {Asking} asking
 */
export async function ask(connection, path, asking) {
  const { key, body, idempotencyKey, limitMs = graceMs, abort = new AbortController() } = asking
  const { origin, credentials, pageOrigin, fetch, setTimeout, clearTimeout } = connection
  const { signal } = abort
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  let isCut = false

  /** @param {number} ms */
  function listen(ms) {
    clearTimeout(timer)
    if (!signal.aborted) timer = setTimeout(() => abort.abort(new Error(`no answer in ${ms / 1000} s`)), ms)
  }

  async function exchange() {
    const text = await key.text()
    const response = await fetch(origin + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(text && { authorization: `Bearer ${text}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
      },
      body: JSON.stringify(body) ?? null,
      // Not for a POST, which no cache keeps: Chromium would then forget the preflight, too.
      ...(body === undefined && { cache: 'no-store' }),
      signal,
      ...(credentials && { credentials }),
    })
    isCut = true
    const answer = await readText(response, () => listen(graceMs))
    isCut = false
    if (!response.ok) throw refusal(response, answer, key, text)
    return JSON.parse(answer)
  }

  const given = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  try {
    listen(limitMs)
    return await Promise.race([exchange(), given])
  } catch (/** @type {any} */ error) {
    if (isCut) throw Object.assign(new Error(error.message, { cause: error }), { isCut })
    // A browser does not tell a page of another origin whether it was the network or the server that refused.
    if (!pageOrigin || !(error instanceof TypeError)) throw error
    const why = `no answer that this page may read: is ${origin} up, and does its --origins have ${pageOrigin}?`
    throw new Error(why, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Ask, and once more with another key where this one is refused. @type {typeof ask} */
export const askTwice = (...asking) =>
  ask(...asking).catch((/** @type {Failure} */ error) => {
    if (error.isOfKey) return ask(...asking)
    throw error
  })

/** @param {Response} response @param {() => void} onChunk */
async function readText({ body }, onChunk) {
  if (!body) return ''
  const decoder = new TextDecoder()
  const reader = body.getReader()
  for (let text = ''; ; ) {
    onChunk()
    const { done, value } = await reader.read()
    text += decoder.decode(value, { stream: !done })
    if (done) return text
  }
}

/** @param {string[]} topics @param {Record<string, unknown>} fields */
export function queryOf(topics, fields) {
  const query = new URLSearchParams(topics.map((topic) => ['topic', topic]))
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) query.set(name, `${value}`)
  return query
}

// What Encke refuses it would refuse again; what a proxy says may pass.
/** @param {Failure} failure */
export const isFinal = ({ status = 0, code = '' }) =>
  /^ENCKE/.test(code) && status < 500 && status !== 408 && status !== 429

/** A time that a server named, as far as it is trusted. @param {number} ms */
export const trusted = (ms) => Math.min(Math.max(ms || 0, 0), longestRetryMs)

/** @param {Response} response @param {string} text @param {Asking['key']} key @param {string} sent @returns {Failure} */
export function refusal({ status, headers }, text, key, sent) {
  const isOfKey = status === 401 && key.refuse(sent)
  const after = headers.get('retry-after') ?? ''
  const retryAfterMs = trusted(Number(after) * 1000 || Date.parse(after) - Date.now())
  let about
  try {
    about = JSON.parse(text)
  } catch {}
  return Object.assign(new Error(about?.message ?? `status ${status}`), {
    status,
    code: about?.code,
    retryAfterMs,
    isOfKey,
  })
}
