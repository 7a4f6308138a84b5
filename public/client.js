// A client for Encke, in browsers and in Node.
//
//   const client = createClient({ origin: 'http://127.0.0.1:8080' })
//   client.subscribe('hello', (messages) => { for (const { data } of messages) console.log(data) })
//   await client.publish('hello', 'world')
//   client.close()
//
// All subscriptions of a client share one poll, and so do the tabs of a browser that ask with the same rights. A
// subscription that begins where the others are not has a poll of its own until it has caught up. A server that takes few
// topics in a request gets several polls; three requests wait at most and two more are under way, of the six connections
// that a browser opens: one is left to publish with.

import { batchesOf } from './client/batches.js'
import { Key } from './client/key.js'
import { fromOf, nameFrom, PollLoop } from './client/poll-loop.js'
import { publish as publishOnce } from './client/publish.js'
import { askTwice } from './client/request.js'
import { partsOf, Subscription } from './client/subscription.js'
import { Terms } from './client/terms.js'
import { Turns } from './client/turns.js'

/** @typedef {{ topic: string, offset: number, id: string, time: number, data: unknown }} Message */
/** @typedef {import('./client/request.js').Failure} Failure */
/** @typedef {{ name: 'connecting' | 'live' | 'waiting' | 'closed', ms?: number, error?: Failure }} State */
/** @typedef {(messages: Message[], cursor: string) => unknown} OnMessages the cursor is after these messages */
/**
 * @typedef {object} Options of a subscription
 * @property {string | null} [cursor] where to go on: what `onMessages` was given, with the same topics; none begins at `from`
 * @property {'now' | 'earliest' | 'latest' | undefined} [from] where to begin in a topic that the cursor lacks
 * @property {number} [limit] the most messages of a reply; of subscriptions that share a poll, the largest counts
 * @property {number} [wait] seconds that the server holds a poll; the shortest counts; the server decides when none is given
 * @property {number} [hiddenPauseMs] between the polls of a hidden page; 5 s
 * @property {AbortSignal} [signal] closes the subscription
 * @property {(state: State) => void} [onState]
 * @property {(told: { topic: string, verdict: 'gap' | 'reset', missed: number | null }) => void} [onVerdict]
 * @property {(told: { topic: string, reason: 'closed' | 'removed' }) => void} [onEnd] closed: nothing more comes, and the
 *   topic is left; removed: it is gone, and followed in case that it comes again
 */
/**
 * @typedef {object} Handle
 * @property {() => void} close
 * @property {() => void} poll ask at once, whatever it waits for
 * @property {(topics: string | string[], how?: { from?: Options['from'] }) => void} add read these as well
 * @property {(topics: string | string[]) => void} leave read these no more; without any topic left it stays, and is quiet
 * @property {readonly string[]} topics in the order that `cursor` goes with
 * @property {string | undefined} cursor where it stands, maybe after messages that `onMessages` is still busy with
 */
/** @typedef {import('./client/subscription.js').Portion} Portion */
/** @typedef {string | import('./client/key.js').GiveKey} KeySource a key or a token, or what gives one */

const longestTimerMs = 2 ** 31 - 1

/**
 * `origin` names a server elsewhere, `credentials` is for fetch: 'include' sends cookies there. `presence` is the name by
 * which one is here, `events` asks for an event stream where one passes. `tabs: false` polls alone. What follows is for
 * tests.
 */
export function createClient({
  origin = '',
  credentials = /** @type {RequestCredentials | undefined} */ (undefined),
  publishKey = /** @type {KeySource} */ (''),
  subscribeKey = /** @type {KeySource} */ (''),
  presence = '',
  events = false,
  tabs = true,
  fetch = globalThis.fetch,
  setTimeout = globalThis.setTimeout,
  clearTimeout = globalThis.clearTimeout,
  random = Math.random,
  now = () => performance.now(),
  page = globalThis.document,
  network = globalThis,
  locks = globalThis.navigator?.locks,
  Channel = globalThis.BroadcastChannel,
  location = globalThis.location,
} = {}) {
  const server = location && new URL(origin, location.href).origin
  /** @type {any} */
  const inTime = (/** @type {() => void} */ ring, /** @type {number} */ ms) =>
    setTimeout(ring, Math.min(ms, longestTimerMs))
  const pageOrigin = location && server !== location.origin ? location.origin : ''
  const connection = { origin, credentials, pageOrigin, fetch, setTimeout: inTime, clearTimeout }
  const terms = new Terms(pageOrigin !== '' && subscribeKey !== '')
  const key = new Key(subscribeKey)
  const keyToPublish = publishKey === subscribeKey ? key : new Key(publishKey)
  /** @type {Set<import('./client/subscription.js').Loop>} */
  const loops = new Set()
  /** @type {Set<Subscription>} */
  const subscriptions = new Set()
  /** @type {import('./client/poll-loop.js').House} */
  const house = {
    connection,
    key,
    presence,
    reader: nameFrom(random),
    // Web Locks are there for pages that came over HTTPS, or from this machine.
    mayShare: Boolean(tabs && page && locks && Channel),
    locks,
    Channel,
    events,
    terms,
    turns: new Turns(3),
    shortTurns: new Turns(2),
    loops,
    random,
    now,
    page,
    settle,
    isAway: false,
    tabs: undefined,
  }
  /** @type {AbortController | undefined} */
  let listening

  /**
   * Call `onMessages` with each message once, in order; the next poll waits for it when it is async. Without it, go
   * through the batches by `for await`.
   *
   * @overload @param {string | string[]} topics @param {Options} [options]
   * @returns {Handle & AsyncIterable<{ messages: Message[], cursor: string }>}
   */
  /**
   * @overload @param {string | string[]} topics @param {OnMessages} onMessages @param {Options} [options]
   * @returns {Handle}
   */
  /** @param {string | string[]} topics @param {OnMessages | Options} [onMessages] @param {Options} [options] @returns {any} */
  function subscribe(topics, onMessages = {}, options = {}) {
    if (typeof onMessages === 'function') return begin(topics, onMessages, options)
    return batchesOf((take, onState) => begin(topics, take, { ...onMessages, onState }), onMessages.onState)
  }

  /** @param {string | string[]} topics @param {OnMessages} onMessages @param {Options} options @returns {Handle} */
  function begin(topics, onMessages, options) {
    listening ??= listen()
    const subscription = new Subscription(onMessages, options, { close: end, leave })
    subscriptions.add(subscription)
    for (const part of partsOf([...new Set([topics].flat())], options.cursor || '')) place(subscription, part, options)
    const { signal } = options
    if (signal?.aborted) subscription.close()
    else signal?.addEventListener('abort', () => subscription.close())
    return {
      close: () => subscription.close(),
      poll: () => {
        for (const { loop } of subscription.portions) loop.pollNow()
      },
      add: (topics, how = options) => {
        const fresh = [topics].flat().filter((topic) => !subscription.topics.includes(topic))
        if (fresh.length > 0 && !subscription.isClosed)
          place(subscription, { topics: [...new Set(fresh)], cursor: '' }, how)
      },
      leave: (topics) => leave(subscription, [topics].flat()),
      get topics() {
        return subscription.topics
      },
      get cursor() {
        return subscription.cursor
      },
    }
  }

  /** @param {Subscription} subscription @param {{ topics: string[], cursor: string }} part @param {{ from?: Options['from'] }} how */
  function place(subscription, { topics, cursor }, how) {
    const from = fromOf(how)
    const loop = [...loops].find((one) => one.admits(topics, from, cursor)) ?? new PollLoop(house, cursor || undefined)
    take({ subscription, topics: new Set(topics), from, cursor: cursor || undefined, loop })
  }

  /** @param {Portion} portion */
  function take(portion) {
    portion.subscription.portions.push(portion)
    portion.loop.add(portion)
  }

  /**
   * Give each of these portions a loop of its own, or several, that goes on from `cursor`.
   *
   * @param {Portion[]} portions @param {string | undefined} cursor @param {Set<string>} covered
   */
  function settle(portions, cursor, covered) {
    for (const portion of portions) {
      const { subscription, topics } = portion
      if (portion.isRemote) {
        subscription.close()
        continue
      }
      const others = subscription.portions.splice(subscription.portions.indexOf(portion)).slice(1)
      vacate(portion)
      for (const rest = [...topics]; rest.length > 0; ) {
        const some = rest.splice(0, terms.topicsMost || 1)
        const loop = new PollLoop(house, cursor, new Set(some.filter((topic) => covered.has(topic))))
        take({ ...portion, topics: new Set(some), loop })
      }
      subscription.portions.push(...others)
    }
  }

  /** @param {Portion} portion */
  function vacate(portion) {
    for (const loop of loops) loop.remove(portion)
  }

  /** @param {Subscription} subscription @param {string[]} topics */
  function leave(subscription, topics) {
    subscription.portions = subscription.portions.filter((portion) => {
      for (const topic of topics) portion.topics.delete(topic)
      if (portion.topics.size === 0) vacate(portion)
      return portion.topics.size > 0
    })
  }

  /** @param {Subscription} subscription */
  function end(subscription) {
    for (const portion of subscription.portions) vacate(portion)
    subscriptions.delete(subscription)
    if (subscriptions.size > 0) return
    listening?.abort()
    listening = undefined
    leaveTabs()
  }

  /** Share a poll with the other tabs of this browser that ask with the same rights. Until it is known who leads, poll. */
  async function joinTabs() {
    if (!house.mayShare || house.isAway) return
    const { known } = key
    // Without a key this tab leads nobody: another may have one.
    if (known === undefined) return leaveTabs()
    try {
      const { Tabs, nameOf } = await import('./client/tabs.js')
      const name = await nameOf(known, server, credentials ?? '', presence)
      if (known !== key.known) return
      if (house.tabs?.name !== name) leaveTabs()
      if (subscriptions.size > 0 && !house.isAway) house.tabs ??= new Tabs(house, name)
    } catch {
      house.mayShare = false
    }
  }

  function leaveTabs() {
    house.tabs?.close()
    house.tabs = undefined
  }

  /** Follow the page and the network. */
  function listen() {
    const listening = new AbortController()
    const { signal } = listening
    const every = (/** @type {(loop: import('./client/subscription.js').Loop) => void} */ act) => {
      for (const loop of [...loops]) act(loop)
    }
    const setAway = (/** @type {boolean} */ isAway) => {
      if (house.isAway === isAway) return
      house.isAway = isAway
      if (isAway) leaveTabs()
      else joinTabs()
      every((loop) => loop.interrupt())
    }
    const pollNow = () => page?.hidden || every((loop) => loop.pollNow())
    const on = (/** @type {any} */ source, /** @type {string} */ event, /** @type {() => void} */ act) =>
      source?.addEventListener?.(event, act, { signal })
    on(page, 'visibilitychange', () => house.tabs?.want())
    on(page, 'visibilitychange', pollNow)
    on(page, 'freeze', () => setAway(true))
    on(page, 'resume', () => setAway(false))
    on(network, 'online', pollNow)
    on(network, 'offline', () => page?.hidden || every((loop) => loop.checkNetwork()))
    on(network, 'pagehide', () => setAway(true))
    on(network, 'pageshow', () => setAway(false))
    key.onChange = joinTabs
    joinTabs()
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
    return publishOnce(connection, topic, data, { key: keyToPublish, idempotencyKey, random })
  }

  /**
   * Who is on a topic now. What changes from there on comes in the topic `__presence/<topic>`, from this cursor.
   *
   * @param {string} topic
   * @returns {Promise<{ members: { name: string, since: number, lastSeen: number }[], anonymous: number, cursor: string }>}
   */
  function presenceOf(topic) {
    return askTwice(connection, `/presence?${new URLSearchParams({ topic })}`, { key })
  }

  /** Close every subscription. */
  function close() {
    for (const subscription of subscriptions) subscription.close()
  }

  return {
    subscribe,
    publish,
    presence: presenceOf,
    close,
    /** Who polls: this page alone, it for other tabs as well, or another tab for it. @returns {'alone' | 'leader' | 'follower'} */
    get role() {
      if (house.tabs?.isFollowing) return 'follower'
      return house.tabs?.isLeading ? 'leader' : 'alone'
    },
  }
}
