// Tabs: the clients of one browser that ask one server with the same rights share one poll, which the leader makes.
//
// Always true:
//   - the leader holds the lock; the lock of a tab that is closed or killed is free, and that of a frozen tab is stolen;
//   - each leadership has a term, greater than any term that its tab has heard of. A leader that hears of a greater one lets
//     go of the lock and stands in line again; what is told in an older term is dropped. So a frozen leader that thaws leads
//     nobody, whichever it meets first: the answer to its poll, the other leader's word, or the loss of its lock;
//   - every batch is told with the cursor before it and after it: a follower that hears all of them stands where the leader
//     does and can lead from there, and one that missed any reads on by itself until it has caught up;
//   - names contain a hash of what the tab asks, and as whom: tabs with other rights neither hear nor lead each other, and
//     those whose tokens differ in nothing but their times do.

import { PollLoop } from './poll-loop.js'
import { Replica } from './replica.js'

/** @typedef {import('./poll-loop.js').House} House */
/** @typedef {import('./subscription.js').Portion} Portion */
/**
 * @typedef {object} Wants of one tab: its topics, or none when it leaves
 * @property {string[]} topics
 * @property {{ limit?: number, wait?: number, hiddenPauseMs?: number }} options
 * @property {boolean} isHidden
 * @property {boolean} [isNew] whether any of it was not read by the leader so far
 */
/**
 * @typedef {object} Batch as the leader tells it; without `batch` it only says where it stands
 * @property {string | undefined} before
 * @property {string} cursor
 * @property {string[]} covered
 * @property {boolean} more
 * @property {boolean} isLive
 * @property {string} [reader]
 * @property {any} [batch]
 */

const beatMs = 1_500
/** After so many beats without a sign the leader is taken for frozen. */
const mostSilent = 3

export class Tabs {
  name
  #house
  #id = crypto.randomUUID()
  #channel
  #end = new AbortController()
  /** @type {Replica | undefined} */
  #replica
  /** The loop whose batches are told, in the tab that leads. @type {PollLoop | undefined} */
  #anchor
  isLeading = false
  /** The greatest that it has heard of: its own while it leads. */
  #term = 0
  /** The one whose leader knows what this tab wants. */
  #followed = 0
  /** Gives up the lock, if it is held. */
  #letGo = () => {}
  /** What the other tabs have read by this one, and the watch over each. @type {Map<string, Portion & { isHidden: boolean, watch: AbortController }>} */
  #remote = new Map()
  #silent = 0
  /** Of the lock that it waits for. @type {AbortController | undefined} */
  #waiting
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer

  /** @param {House} house @param {string} name */
  constructor(house, name) {
    this.#house = house
    this.name = name
    this.#channel = new house.Channel(name)
    this.#channel.onmessage = ({ data }) => this.#hear(data)
    // Held as long as this tab lives: so the leader hears of its end.
    this.#request(`${name} ${this.#id}`, {}, () => this.#ended())
    this.#stand()
    this.#post('hello', {})
    this.#beat()
  }

  get isFollowing() {
    return this.#replica?.isEnded === false
  }

  /** Is any tab that reads by this one in sight? */
  get isSeen() {
    return [...this.#remote.values()].some(({ isHidden }) => !isHidden)
  }

  /** Tell what a loop of this tab was answered, if it is the one that the other tabs follow. @param {PollLoop} loop @param {Batch} told */
  tell(loop, told) {
    if (!this.isLeading || loop !== this.#findAnchor()) return
    try {
      this.#post('lead', told)
    } catch {
      // What is nested too deeply cannot be handed from tab to tab; each can read it from the server.
      this.#release()
    }
  }

  /** Tell the leader what this tab wants to read by it, and whether it shall ask for it at once. @param {boolean} [isNew] */
  want(isNew) {
    const { topics = new Set(), options = {} } = this.#replica ?? {}
    this.#post('want', { topics: [...topics], options, isHidden: this.#house.page?.hidden ?? false, isNew })
  }

  /** Let the leader ask at once. */
  pollNow() {
    this.#post('poll', {})
  }

  /** Leave the others: what was read by them is read on alone. */
  close() {
    this.#post('want', { topics: [] })
    this.#end.abort()
    this.#waiting?.abort()
    // As a function of its own: a browser's takes no other `this`.
    const { clearTimeout } = this.#house.connection
    clearTimeout(this.#timer)
    this.#channel.close()
    this.#yield()
    this.#replica?.lose()
  }

  /** Wait for the lead, or take it from a leader that is silent. @param {boolean} [steal] */
  async #stand(steal = false) {
    this.#waiting?.abort()
    const waiting = new AbortController()
    this.#waiting = waiting
    const { signal } = waiting
    await this.#request(this.name, steal ? { steal } : { signal }, () => {
      this.#lead()
      return Promise.race([this.#ended(), new Promise((resolve) => (this.#letGo = () => resolve(0)))])
    })
    if (signal.aborted || this.#end.signal.aborted) return
    // Another tab took the lead, because this one was silent, or this one has let go.
    this.#yield()
    this.#post('hello', {})
    this.#stand()
  }

  /** @param {string} name @param {LockOptions} how @param {() => unknown} held */
  #request(name, how, held) {
    return this.#house.locks.request(name, how, () => held()).catch(() => {})
  }

  #ended() {
    const { signal } = this.#end
    return new Promise((resolve) => (signal.aborted ? resolve(0) : signal.addEventListener('abort', () => resolve(0))))
  }

  #lead() {
    if (this.#end.signal.aborted) return
    // With a fraction of its own: two tabs that steal the lock in one millisecond have no term in common.
    this.isLeading = true
    this.#term = Math.max(Date.now(), this.#term) + Math.random() + 0.001
    const { loops } = this.#house
    const replica = this.#replica
    this.#replica = undefined
    if (replica) {
      // It goes on as the eldest, from where the last leader was heard to be.
      const younger = [...loops]
      loops.clear()
      this.#anchor = new PollLoop(this.#house, replica.cursor, replica.covered)
      for (const loop of younger) loops.add(loop)
      replica.handOver(this.#anchor)
    }
    this.#announce()
    // From now on its poll says who is here.
    if (this.#house.presence !== '') this.#findAnchor()?.interrupt()
  }

  /** The eldest loop, to which all others move in time. */
  #findAnchor() {
    if (this.#anchor?.isEnded) this.#anchor = undefined
    const [eldest] = this.#house.loops
    if (!this.#anchor && eldest instanceof PollLoop && eldest.isLive) this.#anchor = eldest
    return this.#anchor
  }

  /** Say where the loop stands that the others may follow. */
  #announce() {
    const anchor = this.#findAnchor()
    const { cursor, covered, isLive } = anchor ?? {}
    if (!covered || !cursor) return this.#post('beat', {})
    this.#post('lead', { before: cursor, cursor, covered: [...covered], more: false, isLive })
  }

  /** Lead no more: this tab reads on by loops of its own until it hears who does. */
  #yield() {
    if (!this.isLeading) return
    this.isLeading = false
    this.#letGo()
    for (const tab of this.#remote.keys()) this.#forget(tab)
    const anchor = this.#anchor
    this.#anchor = undefined
    if (anchor && !anchor.isEnded && !this.#end.signal.aborted) anchor.disperse()
  }

  /** @param {any} told */
  #hear(told) {
    const { kind, tab, term } = told
    if (term > this.#term) {
      this.#term = term
      this.#yield()
    }
    if (kind === 'lead' || kind === 'beat' || kind === 'state') {
      if (term === this.#term) this.#hearLeader(told)
    } else if (!this.isLeading) return
    else if (kind === 'hello') this.#announce()
    else if (kind === 'ping') this.#post('beat', {})
    else if (kind === 'poll') this.#anchor?.pollNow()
    else if (kind === 'want') this.#read(tab, told)
  }

  /** @param {any} told */
  #hearLeader({ kind, term, to, ...told }) {
    this.#silent = 0
    if (kind === 'lead') this.#follow(told)
    if (kind === 'lead' && this.#followed !== term) {
      this.#followed = term
      this.want()
    } else if (kind === 'state' && to === this.#id) this.#replica?.tell(told.state)
    else if (kind === 'state' && to === undefined) this.#replica?.lose()
  }

  /** @param {Batch} told */
  #follow(told) {
    this.#house.reader = told.reader ?? this.#house.reader
    if (this.#replica?.isEnded === false && this.#replica.hear(told)) return
    this.#replica?.lose()
    const { loops } = this.#house
    const younger = [...loops]
    loops.clear()
    this.#replica = new Replica(this.#house, this, told)
    for (const loop of younger) loops.add(loop)
    // What waits, waits on together with the others.
    for (const loop of younger) loop.pollNow()
  }

  /** Read for another tab what it wants. @param {string} tab @param {Wants} wants */
  #read(tab, { topics, options, isHidden, isNew }) {
    const known = this.#remote.get(tab)
    const anchor = this.#findAnchor()
    if (topics.length === 0 || !anchor) return this.#forget(tab)
    if (known) {
      const isShown = known.isHidden && !isHidden
      const isSame = topics.every((topic) => known.topics.has(topic))
      Object.assign(known, { topics: new Set(topics), isHidden })
      known.subscription.options = options
      if (isNew || !isSame) anchor.add(known)
      else if (isShown) anchor.pollNow()
      return
    }
    const subscription = /** @type {any} */ ({
      options,
      take() {},
      tell: (/** @type {any} */ state) => this.#tellState(state, tab),
      close: () => this.#release(),
    })
    const watch = new AbortController()
    const portion = {
      subscription,
      topics: new Set(topics),
      from: undefined,
      cursor: undefined,
      loop: anchor,
      isHidden,
      isRemote: true,
      watch,
    }
    this.#remote.set(tab, portion)
    anchor.add(portion)
    // Granted when the tab is gone, however it went.
    this.#request(`${this.name} ${tab}`, { signal: watch.signal }, () => this.#forget(tab))
  }

  /** @param {string} tab */
  #forget(tab) {
    const portion = this.#remote.get(tab)
    if (!portion) return
    this.#remote.delete(tab)
    portion.watch.abort()
    for (const loop of this.#house.loops) loop.remove(portion)
  }

  /** Something is refused: let each tab find out for itself whether it is what that one asks for. */
  #release() {
    if (this.#remote.size === 0) return
    this.#post('state', {})
    for (const tab of this.#remote.keys()) this.#forget(tab)
    // They may come back, each once it has caught up.
    this.#announce()
  }

  /** Tell one tab how the poll fares. @param {import('../client.js').State} state @param {string} to */
  #tellState({ name, ms, error }, to) {
    if (name !== 'waiting') return
    const { message, status, code } = error ?? {}
    this.#post('state', { to, state: { name, ms, error: error && { message, status, code } } })
  }

  /** @param {string} kind @param {object} told */
  #post(kind, told) {
    if (this.#end.signal.aborted) return
    const { reader } = this.#house
    this.#channel.postMessage({ kind, tab: this.#id, term: this.#term, reader, ...told })
  }

  #beat() {
    this.#timer = this.#house.connection.setTimeout(() => {
      this.#listen()
      this.#beat()
    }, beatMs)
  }

  /** Whether the leader is alive matters to a tab that is looked at. */
  #listen() {
    if (this.isLeading || !this.#replica || this.#house.page?.hidden) return
    this.#silent += 1
    if (this.#silent > mostSilent) {
      this.#silent = 0
      this.#stand(true)
    } else if (this.#silent > 1) this.#post('ping', {})
  }
}

/** The name under which tabs find each other. @param {string} key @param {unknown[]} more */
export async function nameOf(key, ...more) {
  const bytes = new TextEncoder().encode(JSON.stringify([claimsOf(key), ...more]))
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))
  return `encke ${[...hash.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** What a token says, but for what each one of the same bearer says anew; a key as it is. @param {string} key */
function claimsOf(key) {
  try {
    const [, claims = ''] = key.split('.')
    const { exp, iat, nbf, jti, ...lasting } = JSON.parse(atob(claims.replaceAll('-', '+').replaceAll('_', '/')))
    return Object.keys(lasting).length > 0 ? lasting : key
  } catch {
    return key
  }
}
