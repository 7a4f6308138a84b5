// A client for Encke, in browsers and in Node.
//
//   const client = createClient({ origin: 'http://127.0.0.1:8080' })
//   client.subscribe('hello', (messages) => { for (const { data } of messages) console.log(data) })
//   await client.publish('hello', 'world')
//   client.close()
//
// The cursor moves only with a whole reply: what is cut off is asked for again, nothing comes twice.

/** @typedef {{ topic: string, offset: number, id: string, time: number, data: unknown }} Message */
/** @typedef {Error & { status?: number, code?: string, retryAfterMs?: number }} Failure without status: no answer */
/** @typedef {{ name: 'connecting' | 'live' | 'waiting' | 'closed', ms?: number, error?: Failure }} State */

/** What a poll may take beyond its wait. */
const graceMs = 15_000
const woken = new Error()

/** `origin` names a server elsewhere; what follows the keys is for tests. */
export function createClient({
  origin = '',
  publishKey = '',
  subscribeKey = '',
  fetch = globalThis.fetch,
  setTimeout = globalThis.setTimeout,
  clearTimeout = globalThis.clearTimeout,
  random = Math.random,
  page = globalThis.document,
  network = globalThis,
} = {}) {
  /** @type {Set<() => void>} */
  const closers = new Set()

  /** @param {string} path @param {string} key @param {unknown} body */
  async function ask(path, key, body, limitMs = graceMs, abort = new AbortController()) {
    const timer = setTimeout(() => abort.abort(new Error(`no answer in ${limitMs / 1000} s`)), limitMs)
    /** @type {Record<string, string>} */
    const headers = {}
    if (key) headers['authorization'] = `Bearer ${key}`
    if (body !== undefined) headers['content-type'] = 'application/json'
    try {
      const response = await fetch(origin + path, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        body: JSON.stringify(body) ?? null,
        cache: 'no-store',
        signal: abort.signal,
      })
      const text = await response.text()
      if (!response.ok) throw refusal(response, text)
      return JSON.parse(text)
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Call `onMessages` with each message once, in order, from `cursor` or `from` on; waits for it when async.
   * @param {string | string[]} topics
   * @param {(messages: Message[], cursor: string) => unknown} onMessages
   * @param {{ cursor?: string, from?: 'now' | 'earliest', limit?: number, wait?: number, hiddenPauseMs?: number, onState?: (state: State) => void, onVerdict?: (told: { topic: string, verdict: 'gap' | 'reset', missed: number | null }) => void }} [options]
   */
  function subscribe(topics, onMessages, options = {}) {
    const { from, limit, wait = 25, hiddenPauseMs = 5_000, onState, onVerdict } = options
    const client = random().toString(36).slice(2) || '0'
    const names = [topics].flat()
    const life = new AbortController()
    let { cursor } = options
    let state = ''
    let failures = 0
    let isFresh = false
    let isHeld = false
    let abort = new AbortController()
    let wake = () => {}

    /** @param {State} next */
    function tell(next) {
      if (life.signal.aborted || (next.name === state && state !== 'waiting')) return
      state = next.name
      call(onState, next)
    }

    /** @param {number} ms */
    function pause(ms) {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(ms, 2 ** 31 - 1))
        wake = () => {
          clearTimeout(timer)
          resolve(0)
        }
      })
    }

    /** @param {number} askedMs @param {number} ownMs @param {Failure} [error] */
    async function retreat(askedMs, ownMs, error) {
      const ms = askedMs + ownMs
      isFresh = false
      isHeld = askedMs > 0
      tell({ name: 'waiting', ms, ...(error && { error }) })
      if (!life.signal.aborted) await pause(ms)
      isHeld = false
    }

    function poll() {
      abort = new AbortController()
      const asked = { cursor, wait: isFresh && !page?.hidden ? wait : 0, limit, from, client }
      const limitMs = asked.wait * 1000 + graceMs
      if (names.length > 100) return ask('/poll', subscribeKey, { topics: names, ...asked }, limitMs, abort)
      const query = new URLSearchParams(names.map((name) => ['topic', name]))
      for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, `${value}`)
      return ask(`/messages?${query}`, subscribeKey, undefined, limitMs, abort)
    }

    /** @param {any} batch */
    async function take(batch) {
      if (!Array.isArray(batch.messages)) throw new Error('not from Encke')
      failures = 0
      cursor = batch.cursor
      isFresh = true
      if (batch.retryAfterMs === undefined) tell({ name: 'live' })
      if (batch.superseded) return close(new Error('superseded'))
      for (const [topic, { verdict, missed }] of Object.entries(batch.topics)) {
        if (verdict !== 'ok' && !life.signal.aborted) call(onVerdict, { topic, verdict, missed })
      }
      if (batch.messages.length > 0 && !life.signal.aborted) await call(onMessages, batch.messages, cursor)
      if (life.signal.aborted) return
      if (batch.retryAfterMs !== undefined) await retreat(batch.retryAfterMs, 0)
      else if (page?.hidden && !batch.more) await pause(hiddenPauseMs)
    }

    async function run() {
      while (!life.signal.aborted) {
        if (state !== 'live') tell({ name: 'connecting' })
        try {
          const batch = await poll()
          if (!life.signal.aborted) await take(batch)
        } catch (/** @type {any} */ error) {
          if (life.signal.aborted) return
          if (abort.signal.reason === woken) continue
          if (isFinal(error)) return close(error)
          const backoffMs = random() * Math.min(30_000, 500 * 2 ** failures++)
          await retreat(error.retryAfterMs ?? 0, backoffMs, error)
        }
      }
    }

    function pollNow() {
      isFresh = false
      failures = 0
      abort.abort(woken)
      wake()
    }

    /** @param {Failure} [error] */
    function close(error) {
      tell({ name: 'closed', ...(error && { error }) })
      closers.delete(close)
      life.abort()
      abort.abort()
      wake()
    }

    // A time that the server named stands.
    const onChange = () => page?.hidden || isHeld || pollNow()
    const { signal } = life
    page?.addEventListener('visibilitychange', onChange, { signal })
    for (const event of ['online', 'offline']) network.addEventListener?.(event, onChange, { signal })
    closers.add(close)
    queueMicrotask(run)
    return {
      close: () => close(),
      poll: pollNow,
      get cursor() {
        return cursor
      },
    }
  }

  /**
   * Publish once, never again by itself: a lost answer does not say whether it was kept.
   * @param {string} topic @param {unknown} data any JSON value
   */
  const publish = (topic, data) => ask(`/publish?${new URLSearchParams({ topic })}`, publishKey, data ?? null)

  /** Close every subscription. */
  const close = () => {
    for (const closeOne of closers) closeOne()
  }

  return { subscribe, publish, close }
}

// What Encke refuses it would refuse again; what a proxy says may pass.
/** @param {Failure} failure */
const isFinal = ({ status = 0, code = '' }) => /^ENCKE/.test(code) && status < 500 && status !== 408 && status !== 429

/** @param {Response} response @param {string} text @returns {Failure} */
function refusal({ status, headers }, text) {
  const after = headers.get('retry-after') ?? ''
  const retryAfterMs = Math.max(Number(after) * 1000 || Date.parse(after) - Date.now() || 0, 0)
  let about
  try {
    about = JSON.parse(text)
  } catch {}
  return Object.assign(new Error(about?.message ?? `status ${status}`), { status, code: about?.code, retryAfterMs })
}

/** @param {((...given: any[]) => unknown) | undefined} callback @param {...unknown} given */
async function call(callback, ...given) {
  try {
    await callback?.(...given)
  } catch (error) {
    ;(globalThis.reportError ?? console.error)(error)
  }
}
