// A poll loop: reads the topics of its portions with one poll at a time, which goes on from the cursor of the last reply.
//
// Always true:
//   - the cursor moves only with a whole reply: what is cut off is asked for again;
//   - `covered` are the topics that the cursor has; any other begins where its subscription says;
//   - a loop that moves to another (`target`) ends only when each has read as far as the other one had when they met. What the
//     other one reads again then, its subscriptions know already.

import { Brake, paceMs } from './brake.js'
import { ask, isFinal, queryOf, trusted } from './request.js'
import { handOut, noteAnswer } from './subscription.js'

/** @typedef {import('./request.js').Failure} Failure */
/** @typedef {import('./subscription.js').Portion} Portion */
/** @typedef {import('./terms.js').Question} Question */
/** @typedef {import('../client.js').State} State */
/**
 * @typedef {object} House what the loops of a client share
 * @property {import('./request.js').Connection} connection
 * @property {import('./key.js').Key} key
 * @property {import('./terms.js').Terms} terms
 * @property {import('./turns.js').Turns} turns of polls that wait
 * @property {import('./turns.js').Turns} shortTurns of polls that do not
 * @property {string} presence the name by which one is here; empty for none
 * @property {string} reader by which the server knows again who is here, whichever tab asks
 * @property {boolean} mayShare whether there may be other tabs to share a poll with
 * @property {LockManager} locks
 * @property {typeof BroadcastChannel} Channel
 * @property {boolean} events whether to ask for an event stream
 * @property {Set<import('./subscription.js').Loop>} loops in the order in which they began
 * @property {() => number} random
 * @property {() => number} now
 * @property {{ readonly hidden: boolean } | undefined} page
 * @property {boolean} isAway whether the page goes away: what the browser cuts now says nothing
 * @property {import('./tabs.js').Tabs | undefined} tabs the other tabs of this browser, where they share a poll
 * @property {(portions: Portion[], cursor: string | undefined, covered: Set<string>) => void} settle give portions loops of their own
 */

const longestBackoffMs = 30_000
/** What the server sends at most when it is not told. */
const usualLimit = 100
/** How long a loop waits until another, to which it moves, has read all there is. */
const meetingMs = 1_000
const woken = new Error('woken')

export class PollLoop {
  /** @type {Set<Portion>} */
  portions = new Set()
  /** @type {Set<string>} */
  covered
  cursor
  /** @type {import('./subscription.js').Loop | undefined} */
  target
  /** What the target has read since this loop asked last, and did not hand to the portions from here. @type {import('../client.js').Message[]} */
  overtaking = []
  /** How many polls the target had begun when this loop's portions joined it. */
  met = 0
  /** How many polls it has begun, and which of them was the last that left nothing to read. */
  polls = 0
  upToDate = 0
  isLive = false
  isEnded = false
  #house
  #client
  #brake
  #abort = new AbortController()
  /** Ends the pause that it makes, if it makes one. @type {(() => void) | undefined} */
  #wake
  /** Whether the last thing that happened was a good reply. */
  #isFresh = false
  /** Whether the last reply left nothing to read. */
  #isAtHead = false
  /** Whether it has asked the server to wait as long as it likes. */
  #isPatient = false
  /** Whether the last reply said that another poll has this one's name. */
  #isSuperseded = false
  #failures = 0
  /** Whether, since the last good reply, a key was refused and another is asked for. */
  #isRenewed = false
  /** After a cut, how many messages to ask for. @type {number | undefined} */
  #most

  /** @param {House} house @param {string} [cursor] @param {Set<string>} [covered] */
  constructor(house, cursor, covered = new Set()) {
    this.#house = house
    this.cursor = cursor
    this.covered = covered
    this.#client = nameFrom(house.random)
    this.#brake = new Brake(house.now)
    house.loops.add(this)
    queueMicrotask(() => this.#run())
  }

  get topics() {
    return new Set([...this.portions].flatMap(({ topics }) => [...topics]))
  }

  /** The portions that it hands messages to; the others are of loops that move here. */
  get #own() {
    return [...this.portions].filter(({ loop }) => loop === this)
  }

  /** Whether the target has read what is meant for the portions from here, and was not given to them. */
  get #isOvertaken() {
    return this.#own.some(({ subscription, topics }) =>
      this.overtaking.some((message) => topics.has(message.topic) && !subscription.knows(message)),
    )
  }

  /** Whether one that moves here waits until this loop has read all there was when they met. */
  get #isAwaited() {
    return [...this.portions].some(({ loop }) => loop !== this && loop.met >= this.upToDate)
  }

  /** Whether nobody looks: neither at this page nor at another tab that reads by it. */
  get #isHidden() {
    const { page, tabs } = this.#house
    return page?.hidden && !tabs?.isSeen
  }

  /**
   * Whether topics can be read here from where they should begin: at `cursor`, if it is not empty, else `from`.
   *
   * @param {string[]} topics @param {string | undefined} from @param {string} cursor
   */
  admits(topics, from, cursor) {
    if (this.target || !this.hasRoomFor(topics)) return false
    const isNew = this.cursor !== undefined && this.covered.size === 0
    // Which topics a cursor from elsewhere has is not known before its first answer.
    if (cursor !== '' || isNew) {
      const isSame = cursor === this.cursor && [...this.portions].every((portion) => this.#fromOf(portion) === from)
      return isNew && isSame && this.#brake.isUnused
    }
    return topics.every((topic) => {
      const readers = [...this.portions].filter((portion) => portion.topics.has(topic))
      // What is read here already is read from now on only where nothing older is still to come.
      if (this.covered.has(topic)) return readers.length > 0 && from === undefined && this.#isFresh && this.#isAtHead
      return readers.every((portion) => this.#fromOf(portion) === from)
    })
  }

  /** @param {Portion} portion */
  add(portion) {
    this.portions.add(portion)
    // Not while it waits as long as a server asked, or after a failure.
    if (this.#isFresh) this.interrupt()
  }

  /** @param {Portion} portion */
  remove(portion) {
    if (this.portions.delete(portion) && this.portions.size === 0) this.end()
  }

  /** Ask at once, whatever it waits for. */
  pollNow() {
    this.#failures = 0
    this.interrupt()
  }

  /** Ask at once whether the network is gone. */
  checkNetwork() {
    if (!this.#wake) this.pollNow()
  }

  end() {
    this.isEnded = true
    this.isLive = false
    this.#house.loops.delete(this)
    this.interrupt()
  }

  /** Give up what it waits for, and go by what has changed. */
  interrupt() {
    this.#isFresh = false
    this.#abort.abort(woken)
    this.#wake?.()
  }

  /** Another loop wants a turn, may be moved to, or has read all there was when this one met it: do not wait long. */
  hurry() {
    const isMet = this.target && this.target.upToDate > this.met
    if (this.#isFresh && (this.#isPatient || isMet)) this.interrupt()
  }

  async #run() {
    const { terms, turns, shortTurns, loops } = this.#house
    while (!this.isEnded) {
      if (terms.topicsMost > 0 && this.topics.size > terms.topicsMost) return this.disperse()
      if (this.#house.isAway) await this.#pause(longestBackoffMs)
      else if (this.#brake.isTooSoon(this.cursor)) await this.#pause(paceMs)
      else {
        // Only polls that wait are few at a time: what is there already is read without delay.
        const isHolding = this.#isFresh && this.#isAtHead && !this.#isHidden
        if (isHolding && turns.areTaken) for (const loop of loops) loop.hurry()
        await (isHolding ? turns : shortTurns).take(() => this.#turn(isHolding)).then((after) => after())
      }
    }
  }

  /**
   * Poll once. Gives what is to be done once another loop may have its turn.
   *
   * @param {boolean} mayHold @returns {Promise<() => unknown>}
   */
  async #turn(mayHold) {
    for (const { subscription } of this.#own) subscription.tell({ name: 'connecting' })
    if (this.isEnded) return () => {}
    this.#abort = new AbortController()
    const { signal } = this.#abort
    const { terms } = this.#house
    const question = this.#question(mayHold)
    if (this.#isPatient && this.#house.events && !terms.lacksEvents) return this.#stream(question)
    const began = this.#house.now()
    try {
      const batch = await this.#poll(question)
      if (!isBatch(batch)) throw new Error('this is no answer of Encke')
      const tookMs = this.#house.now() - began
      return () => signal.aborted || this.#take(batch, question, tookMs)
    } catch (/** @type {any} */ error) {
      return () => signal.reason === woken || this.#recover(error, question)
    }
  }

  /** @param {boolean} mayHold @returns {Question & { isLast: boolean }} */
  #question(mayHold) {
    const { terms, turns, loops } = this.#house
    if (this.target?.isEnded) this.target = undefined
    const froms = this.#froms
    // One poll has one `from`: topics that begin elsewhere come with the next one.
    const [from] = froms.values()
    const topics = [...this.topics].filter((topic) => !froms.has(topic) || froms.get(topic) === from)
    const isHolding = mayHold && this.#isFresh && froms.size === 0 && !this.#isAwaited
    // Where loops take turns, or one is about to move, none holds its turn for long.
    const isHurried = this.target !== undefined || loops.size > turns.most
    this.#isPatient = isHolding && !isHurried
    const wanted = this.#wanted('wait')
    const wait = isHolding ? terms.wait(isHurried ? Math.min(1, 6 / loops.size, wanted ?? 1) : wanted) : 0
    const limit = terms.limit(this.#most ?? this.#wanted('limit'))
    const { target } = this
    return {
      topics,
      isHolding,
      isLast: target !== undefined && target.upToDate > this.met && topics.every((topic) => target.covered.has(topic)),
      fields: { cursor: this.cursor, wait, limit, from, ...this.#identity() },
    }
  }

  /** Who asks: of all polls of a browser one says the name of who is here. */
  #identity() {
    const { presence, reader, mayShare, tabs, loops } = this.#house
    const isHere = presence !== '' && [...loops][0] === this && (!mayShare || tabs?.isLeading)
    return isHere ? { client: reader, presence } : { client: this.#client }
  }

  /** Where the topics begin that the cursor lacks. */
  get #froms() {
    /** @type {Map<string, string | undefined>} */
    const froms = new Map()
    for (const portion of this.portions) {
      // That is for those to say who hear of a topic from here alone; others are read up to here anyway.
      const isDecisive = portion.loop === this && !portion.isRemote
      for (const topic of portion.topics)
        if (!this.covered.has(topic) && (isDecisive || !froms.has(topic))) froms.set(topic, this.#fromOf(portion))
    }
    return froms
  }

  /** @param {Question} question @returns {Promise<any>} */
  #poll(question) {
    const { connection, key, terms } = this.#house
    const { topics, fields } = question
    this.polls += 1
    this.overtaking = []
    this.#brake.ask(this.cursor)
    const asking = { key, limitMs: terms.limitMs(question), abort: this.#abort }
    if (terms.takesPost(topics.length)) return ask(connection, '/poll', { ...asking, body: { topics, ...fields } })
    return ask(connection, `/messages?${queryOf(topics, fields)}`, asking)
  }

  /** @param {any} batch @param {Question & { isLast: boolean }} question @param {number} tookMs */
  async #take(batch, question, tookMs) {
    const { messages, more, retryAfterMs, superseded } = batch
    const strikes = this.#brake.countStrikes(batch)
    const isNamed = retryAfterMs !== undefined
    const isEmpty = messages.length === 0 && (!more || batch.cursor === this.cursor)
    const restMs = this.#brake.restMs(isEmpty && question.isHolding, tookMs)
    if (!isNamed && !superseded) this.#house.terms.learnHold(question, batch, tookMs)
    this.#isFresh = true
    this.#failures = 0
    this.#isRenewed = false
    this.#isAtHead = !more
    noteAnswer(this, { isLive: !isNamed && strikes <= 1, more }, this.#house.loops)
    this.#growLimit(batch.limit)
    await this.#accept(batch, question.topics)
    if (superseded) return this.#rename()
    this.#isSuperseded = false
    if (isNamed) await this.#retreat(trusted(retryAfterMs))
    else if (strikes > 1) await this.#retreat(this.#backoffMs(strikes), ledBack())
    else if (!more && question.isLast && !this.#isOvertaken && this.target?.isLive) this.#move(this.target)
    else if (this.#isHidden && !more) await this.#pause(this.#wanted('hiddenPauseMs') ?? 5_000)
    else if (restMs > 0) await this.#pause(restMs)
    else if (!more) await this.#seekTarget()
  }

  /** Go on to where a reply ends, here and in the other tabs. @param {any} batch @param {string[]} topics */
  async #accept(batch, topics) {
    const before = this.cursor
    const { cursor, more } = batch
    this.cursor = cursor
    this.covered = new Set(topics)
    this.#house.tabs?.tell(this, { before, cursor, covered: topics, more, isLive: this.isLive, batch })
    await handOut(this, batch)
  }

  /** Wait by an event stream, for as long as there is one. A short poll follows: it says what is wrong, if anything is. @param {Question} question */
  async #stream(question) {
    const abort = this.#abort
    this.#brake.ask(this.cursor)
    try {
      const { readEvents } = await import('./events.js')
      await readEvents(this.#house, question, abort, (batch) => this.#accept(batch, question.topics))
    } catch (/** @type {any} */ error) {
      this.#isFresh = false
      // Three that are lost in a row, without a word of Encke, are held back on the way.
      const { terms } = this.#house
      if (!error.code) terms.lacksEvents ||= ++terms.lostStreams > 2
      return () => abort.signal.reason === woken || this.#recover(error, question)
    }
    return () => {
      this.#isFresh = false
    }
  }

  /** After a cut: ask for more again. @param {number | undefined} serversMost */
  #growLimit(serversMost) {
    if (this.#most === undefined) return
    const most = this.#most * 2
    this.#most = most < (serversMost ?? this.#wanted('limit') ?? usualLimit) ? most : undefined
  }

  /** @param {Failure} error @param {Question} question */
  async #recover(error, question) {
    const { terms } = this.#house
    const own = this.#own
    if (terms.learn(error, question)) return
    if (error.isOfKey && !this.#isRenewed) {
      this.#isRenewed = true
      return
    }
    // Which of them it was that the server refuses shows when each asks for itself.
    if (isFinal(error) && own.length > 1) return this.disperse()
    if (isFinal(error)) {
      for (const { subscription } of own) subscription.close(error)
      return this.end()
    }
    if (error.isCut) this.#most = Math.ceil((question.fields.limit ?? usualLimit) / 2)
    if (error === this.#abort.signal.reason) terms.forgetHold()
    // A browser cuts the requests of a page shortly before it says that the page goes away.
    const mayLeave = this.#house.page !== undefined && this.isLive && error.status === undefined
    if (mayLeave && !(await this.#pause(paceMs))) return
    await this.#retreat((error.retryAfterMs ?? 0) + this.#backoffMs(this.#failures++), error)
  }

  /** @param {number} tries */
  #backoffMs(tries) {
    return this.#house.random() * Math.min(longestBackoffMs, 500 * 2 ** tries)
  }

  /** @param {number} ms @param {Failure} [error] */
  async #retreat(ms, error) {
    this.#isFresh = this.isLive = false
    for (const { subscription } of this.#own) subscription.tell({ name: 'waiting', ms, ...(error && { error }) })
    await this.#pause(ms)
  }

  /** Gives whether all the time has passed, and nothing interrupted it. @param {number} ms */
  async #pause(ms) {
    if (this.isEnded) return false
    const { setTimeout, clearTimeout } = this.#house.connection
    const isWhole = await new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve(false)
      }
    })
    this.#wake = undefined
    return isWhole
  }

  // This loop has no newer poll: another page has its name. That may be a tab that was frozen while it led, and will soon
  // hear that it does so no more: who is here is called otherwise only if it comes again.
  async #rename() {
    const { random } = this.#house
    this.#client = nameFrom(random)
    if (this.#isSuperseded) this.#house.reader = nameFrom(random)
    this.#isSuperseded = true
    await this.#pause(1_000)
  }

  /** Once it is up to date, move to an older loop: no two move to each other, and none while others move to it. */
  async #seekTarget() {
    const own = this.#own
    if (this.target || own.length < this.portions.size) return
    for (const loop of this.#house.loops) {
      if (loop === this) return
      if (!loop.isLive || loop.target || !loop.hasRoomFor(this.topics)) continue
      this.target = loop
      this.met = loop.polls
      for (const portion of own) loop.add(portion)
      // So no two polls wait.
      await this.#pause(meetingMs)
      return
    }
  }

  /** @param {import('./subscription.js').Loop} target */
  #move(target) {
    for (const portion of this.#own) portion.loop = target
    this.end()
  }

  /** Give each of its portions a loop of its own. */
  disperse() {
    const own = this.#own
    this.end()
    this.#house.settle(own, this.cursor, this.covered)
  }

  /** @param {Iterable<string>} topics */
  hasRoomFor(topics) {
    return new Set([...this.topics, ...topics]).size <= this.#house.terms.topicsMost
  }

  /** @param {Portion} portion */
  #fromOf({ loop, from }) {
    return loop === this ? from : undefined
  }

  /** What its subscriptions want: the largest limit, the shortest time. @param {'limit' | 'wait' | 'hiddenPauseMs'} name */
  #wanted(name) {
    const given = this.#own.flatMap(({ subscription }) => subscription.options[name] ?? [])
    if (given.length > 0) return name === 'limit' ? Math.max(...given) : Math.min(...given)
    return undefined
  }
}

/** Where a topic begins that the cursor lacks; undefined is the server's default. @param {{ from?: string | undefined }} options */
export const fromOf = ({ from }) => (from === 'now' ? undefined : from)

/** @param {any} answer */
const isBatch = (answer) =>
  typeof answer?.cursor === 'string' &&
  Array.isArray(answer.messages) &&
  [...answer.messages, ...Object.values(answer.topics ?? [null])].every(Boolean)

const ledBack = () =>
  Object.assign(
    new Error('two servers seem to answer in turn, or something on the way keeps old answers: what comes leads back'),
    { code: 'LED_BACK' },
  )

/** A name that no other page has. @param {() => number} random */
export const nameFrom = (random) => random().toString(36).slice(2) || '0'
