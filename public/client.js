// A client for Encke, in browsers and in Node.
//
//   const client = createClient({ origin: 'http://127.0.0.1:8080' })
//   client.subscribe('hello', (messages) => { for (const { data } of messages) console.log(data) })
//   await client.publish('hello', 'world')
//   client.close()
//
// All subscriptions of a client share one poll. One that begins where the others are not, at a cursor of its own or at
// the history of a topic that is read already, has a poll of its own until it has caught up. A server that takes few
// topics in a request gets several polls; three requests wait at most and two more are under way, of the six connections
// that a browser opens: one is left to publish with.

import { fromOf, PollLoop } from './client/poll-loop.js'
import { publish as publishOnce } from './client/publish.js'
import { partsOf, Subscription } from './client/subscription.js'
import { Terms } from './client/terms.js'
import { Turns } from './client/turns.js'

/** @typedef {{ topic: string, offset: number, id: string, time: number, data: unknown }} Message */
/** @typedef {import('./client/request.js').Failure} Failure */
/** @typedef {{ name: 'connecting' | 'live' | 'waiting' | 'closed', ms?: number, error?: Failure }} State */
/**
 * @typedef {object} Options
 * @property {string | null} [cursor] where to go on: what `onMessages` was given, with the same topics; none begins at `from`
 * @property {'now' | 'earliest'} [from] where to begin in a topic that the cursor lacks
 * @property {number} [limit] the most messages of a reply; of subscriptions that share a poll, the largest counts
 * @property {number} [wait] seconds that the server holds a poll; the shortest counts; the server decides when none is given
 * @property {number} [hiddenPauseMs] between the polls of a hidden page; 5 s
 * @property {(state: State) => void} [onState]
 * @property {(told: { topic: string, verdict: 'gap' | 'reset', missed: number | null }) => void} [onVerdict]
 */
/** @typedef {import('./client/subscription.js').Portion} Portion */

const longestTimerMs = 2 ** 31 - 1

/**
 * `origin` names a server elsewhere, `credentials` is for fetch: 'include' sends cookies there. What follows the keys
 * is for tests.
 */
export function createClient({
  origin = '',
  credentials = /** @type {RequestCredentials | undefined} */ (undefined),
  publishKey = '',
  subscribeKey = '',
  fetch = globalThis.fetch,
  setTimeout = globalThis.setTimeout,
  clearTimeout = globalThis.clearTimeout,
  random = Math.random,
  now = () => performance.now(),
  page = globalThis.document,
  network = globalThis,
  location = globalThis.location,
} = {}) {
  const isElsewhere =
    origin !== '' && location !== undefined && new URL(origin, location.href).origin !== location.origin
  const pageOrigin = isElsewhere ? location.origin : ''
  /** @type {any} */
  const inTime = (/** @type {() => void} */ ring, /** @type {number} */ ms) =>
    setTimeout(ring, Math.min(ms, longestTimerMs))
  const connection = { origin, credentials, pageOrigin, fetch, setTimeout: inTime, clearTimeout }
  const terms = new Terms(isElsewhere && subscribeKey !== '')
  /** @type {Set<PollLoop>} */
  const loops = new Set()
  /** @type {Set<Subscription>} */
  const subscriptions = new Set()
  const house = {
    connection,
    key: subscribeKey,
    terms,
    turns: new Turns(3),
    shortTurns: new Turns(2),
    loops,
    random,
    now,
    page,
    settle,
  }
  /** @type {AbortController | undefined} */
  let listening

  /**
   * Call `onMessages` with each message once, in order; the next poll waits for it when it is async.
   *
   * @param {string | string[]} topics
   * @param {(messages: Message[], cursor: string) => unknown} onMessages `cursor` is after these messages
   * @param {Options} [options]
   */
  function subscribe(topics, onMessages, options = {}) {
    listening ??= listen()
    const subscription = new Subscription(onMessages, options, (portions) => leave(subscription, portions))
    subscriptions.add(subscription)
    for (const part of partsOf([...new Set([topics].flat())], options.cursor || '')) {
      const cursor = part.cursor || undefined
      take(subscription, part.topics, cursor, findLoop(part, fromOf(options)) ?? new PollLoop(house, cursor))
    }
    return {
      close: () => subscription.close(),
      /** Ask at once, whatever it waits for. */
      poll: () => {
        for (const { loop } of subscription.portions) loop.pollNow()
      },
      /** Where it stands. It may be after messages that `onMessages` is still busy with. */
      get cursor() {
        return subscription.cursor
      },
    }
  }

  /** @param {{ topics: string[], cursor: string }} part @param {string | undefined} from */
  function findLoop({ topics, cursor }, from) {
    for (const loop of loops) if (loop.admits(topics, from, cursor)) return loop
    return undefined
  }

  /** @param {Subscription} subscription @param {string[]} topics @param {string | undefined} cursor @param {PollLoop} loop */
  function take(subscription, topics, cursor, loop) {
    const portion = { subscription, topics: new Set(topics), cursor, loop }
    subscription.portions.push(portion)
    loop.add(portion)
  }

  /**
   * Give each of these portions a loop of its own, or several, that goes on from `cursor`.
   *
   * @param {Portion[]} portions @param {string | undefined} cursor @param {Set<string>} covered
   */
  function settle(portions, cursor, covered) {
    for (const portion of portions) {
      const { subscription, topics } = portion
      const others = subscription.portions.splice(subscription.portions.indexOf(portion)).slice(1)
      vacate(portion)
      for (const rest = [...topics]; rest.length > 0; ) {
        const some = rest.splice(0, terms.topicsMost || 1)
        take(
          subscription,
          some,
          portion.cursor,
          new PollLoop(house, cursor, new Set(some.filter((topic) => covered.has(topic)))),
        )
      }
      subscription.portions.push(...others)
    }
  }

  /** @param {Portion} portion */
  function vacate(portion) {
    for (const loop of loops) loop.remove(portion)
  }

  /** @param {Subscription} subscription @param {Portion[]} portions */
  function leave(subscription, portions) {
    for (const portion of portions) vacate(portion)
    subscriptions.delete(subscription)
    if (subscriptions.size > 0) return
    listening?.abort()
    listening = undefined
  }

  /** Follow the page and the network. */
  function listen() {
    const listening = new AbortController()
    const { signal } = listening
    const every = (/** @type {(loop: PollLoop) => void} */ act) => {
      for (const loop of loops) act(loop)
    }
    page?.addEventListener('visibilitychange', () => page.hidden || every((loop) => loop.pollNow()), { signal })
    if (network.addEventListener === undefined) return listening
    network.addEventListener('online', () => page?.hidden || every((loop) => loop.pollNow()), { signal })
    network.addEventListener('offline', () => page?.hidden || every((loop) => loop.checkNetwork()), { signal })
    network.addEventListener('pagehide', () => every((loop) => loop.setAway(true)), { signal })
    network.addEventListener('pageshow', () => every((loop) => loop.setAway(false)), { signal })
    return listening
  }

  /**
   * Publish. A lost answer, or a server that cannot now, is asked again up to twice; the message is kept once. With an
   * `idempotencyKey` of one's own it can be published again later, within 10 minutes.
   *
   * @param {string} topic @param {unknown} data any JSON value
   * @param {{ idempotencyKey?: string }} [options]
   */
  function publish(topic, data, { idempotencyKey = `${random()}${random()}`.replaceAll('0.', '') } = {}) {
    return publishOnce(connection, topic, data, { key: publishKey, idempotencyKey, random })
  }

  /** Close every subscription. */
  function close() {
    for (const subscription of subscriptions) subscription.close()
  }

  return { subscribe, publish, close }
}
