// A subscription: what one caller of `subscribe` is told, wherever its topics are read.
//
// Always true: it hands out no message twice (it remembers the last 5,000), and is silent once it is closed.

/** @typedef {import('../client.js').Message} Message */
/** @typedef {import('../client.js').State} State */
/** @typedef {import('../client.js').Options} Options */
/** @typedef {import('./poll-loop.js').PollLoop | import('./replica.js').Replica} Loop what reads, or is told what was read */
/**
 * @typedef {object} Portion topics of one subscription that are read together
 * @property {Subscription} subscription
 * @property {Set<string>} topics
 * @property {Loop} loop whose messages it is given
 * @property {string | undefined} from where a topic begins that the cursor lacks; undefined is the server's default
 * @property {string | undefined} cursor after what it was given
 * @property {boolean} [isRemote] whether another tab reads it
 */

const mostRemembered = 5_000

export class Subscription {
  /** @type {Portion[]} */
  portions = []
  state = ''
  options
  #onMessages
  #seen = new Set()
  /** @type {Promise<unknown>} */
  #handing = Promise.resolve()
  /** Ends the handing out that is under way: a handler that never ends holds up no other subscription of its poll. */
  #letGo = (/** @type {void} */ _) => {}
  /** @type {string | undefined} */
  #lastCursor
  /** Topics that are gone, and that was told. */
  #removed = new Set()
  #actions

  /**
   * @param {import('../client.js').OnMessages} onMessages
   * @param {Options} options
   * @param {{ close: (closed: Subscription) => void, leave: (from: Subscription, topics: string[]) => void }} actions
   */
  constructor(onMessages, options, actions) {
    this.#onMessages = onMessages
    this.options = options
    this.#actions = actions
  }

  get topics() {
    return this.portions.flatMap(({ topics }) => [...topics])
  }

  get isClosed() {
    return this.state === 'closed'
  }

  /** Where to go on. Of a subscription that several polls share, the cursor of each with the number of its topics. */
  get cursor() {
    if (this.isClosed) return this.#lastCursor
    if (this.portions.length < 2) return this.portions[0]?.cursor
    return this.portions.map(({ topics, cursor = '' }) => `${topics.size}:${cursor}`).join('.')
  }

  /** @param {State} next */
  tell(next) {
    const isNews = next.name === 'waiting' || next.name !== this.state
    if (this.isClosed || !isNews || (next.name === 'connecting' && this.state === 'live')) return
    if (next.name === 'closed') this.#lastCursor = this.cursor
    this.state = next.name
    call(this.options.onState, next)
  }

  /** @param {Error} [error] */
  close(error) {
    this.tell({ name: 'closed', ...(error && { error }) })
    this.#letGo()
    this.#actions.close(this)
  }

  /**
   * Hand out what is meant for a portion; what another portion is given comes after it.
   *
   * @param {Portion} portion @param {any} batch
   */
  take(portion, batch) {
    this.#handing = this.#handing.then(
      () =>
        new Promise((done) => {
          this.#letGo = done
          this.#hand(portion, batch).then(done)
        }),
    )
    return this.#handing
  }

  /** @param {Portion} portion @param {any} batch */
  async #hand(portion, batch) {
    portion.cursor = batch.cursor
    if (
      this.portions.every(({ loop, topics }) => loop.isLive && [...topics].every((topic) => loop.covered.has(topic)))
    ) {
      this.tell({ name: 'live' })
    }
    const [fresh, known] = this.#sort(batch.messages, portion.topics)
    for (const [topic, { verdict, missed }] of Object.entries(batch.topics)) {
      // A server that gives again what was given has not begun anew: it, or what stands between, has taken turns.
      if (verdict === 'ok' || (verdict === 'reset' && known.has(topic)) || !portion.topics.has(topic)) continue
      if (!this.isClosed) call(this.options.onVerdict, { topic, verdict, missed })
    }
    if (fresh.length > 0 && !this.isClosed) await call(this.#onMessages, fresh, this.cursor)
    if (!batch.more) this.#tellEnds(portion, batch.topics)
  }

  /** Whether it was given this message. @param {Message} message */
  knows(message) {
    return this.#seen.has(keyOf(message))
  }

  /** A topic that is closed and read is left; one that was removed may come again. @param {Portion} portion @param {any} told */
  #tellEnds(portion, told) {
    for (const topic of [...portion.topics]) {
      const { closed, removed } = told[topic] ?? {}
      const isKnown = this.#removed.has(topic)
      if (!removed) this.#removed.delete(topic)
      if (this.isClosed || !(closed || (removed && !isKnown))) continue
      if (removed) this.#removed.add(topic)
      call(this.options.onEnd, { topic, reason: closed ? 'closed' : 'removed' })
      if (!closed) continue
      this.#actions.leave(this, [topic])
      if (this.portions.length === 0) this.close()
    }
  }

  /**
   * The messages in these topics that were not given before, and the topics of those that were.
   *
   * @param {Message[]} messages @param {Set<string>} topics @returns {[Message[], Set<string>]}
   */
  #sort(messages, topics) {
    const fresh = []
    const known = new Set()
    for (const message of messages) {
      const key = keyOf(message)
      if (!topics.has(message.topic)) continue
      if (this.#seen.has(key)) known.add(message.topic)
      else fresh.push(message)
      this.#seen.add(key)
    }
    for (const key of this.#seen) {
      if (this.#seen.size <= mostRemembered) break
      this.#seen.delete(key)
    }
    return [fresh, known]
  }
}

/** @param {Message} message */
const keyOf = ({ topic, offset, id }) => `${topic} ${offset} ${id}`

/**
 * Which topics go on from which cursor: the inverse of `Subscription.cursor`.
 *
 * @param {string[]} topics @param {string} cursor empty when there is none
 */
export function partsOf(topics, cursor) {
  const rest = [...topics]
  const parts = cursor.includes(':') ? cursor.split('.').map((part) => part.split(':')) : []
  const found = parts.map(([count, own = '']) => ({ topics: rest.splice(0, Number(count)), cursor: own }))
  return found.length > 0 && rest.length === 0
    ? found
    : [...found, { topics: rest, cursor: found.length > 0 ? '' : cursor }]
}

/**
 * Give the portions of a loop what it has read; those of loops that move here have it from there.
 *
 * @param {Loop} loop @param {any} batch
 */
export async function handOut(loop, batch) {
  const taking = [...loop.portions].map((portion) => {
    if (portion.loop === loop) return portion.subscription.take(portion, batch)
    portion.loop.overtaking.push(...batch.messages)
    return undefined
  })
  await Promise.all(taking)
}

/**
 * A loop was answered. Once it is live, younger ones that wait may move to it; those that move need one more look when it has
 * read all there is.
 *
 * @param {Loop} loop @param {{ isLive: boolean, more: boolean }} answer @param {Set<Loop>} loops
 */
export function noteAnswer(loop, { isLive, more }, loops) {
  const isNowLive = isLive && !loop.isLive
  loop.isLive = isLive
  if (!more) loop.upToDate = loop.polls
  let isYounger = false
  for (const other of loops) {
    if (other.target === loop || (isYounger && isNowLive)) other.hurry()
    isYounger ||= other === loop
  }
}

/** @param {((...given: any[]) => unknown) | undefined} callback @param {...unknown} given */
async function call(callback, ...given) {
  try {
    await callback?.(...given)
  } catch (error) {
    ;(globalThis.reportError ?? console.error)(error)
  }
}
