// Who is writing: told in a topic beside the room's, at most every few seconds, and believed for a few.

/** @typedef {import('../client.js').Message} Message */
/** @typedef {ReturnType<typeof import('../client.js').createClient>} Client */

const tellEveryMs = 3_000
const believedMs = 5_000

export class Typing {
  /** Until when each is believed to write, by name and tag. @type {Map<string, { name: string, tag: string, timer: number }>} */
  #writers = new Map()
  /** @type {import('../client.js').Handle | undefined} */
  #subscription
  /** @type {Client | undefined} */
  #client
  #topic = ''
  #told = Number.NEGATIVE_INFINITY
  #own
  #changed

  /** @param {string} ownTag @param {() => void} changed */
  constructor(ownTag, changed) {
    this.#own = ownTag
    this.#changed = changed
  }

  get writers() {
    return [...this.#writers.values()]
  }

  /** @param {Client} client @param {string} topic */
  follow(client, topic) {
    this.#subscription?.close()
    for (const { timer } of this.#writers.values()) clearTimeout(timer)
    this.#writers.clear()
    this.#client = client
    this.#topic = topic
    this.#told = Number.NEGATIVE_INFINITY
    this.#subscription = client.subscribe(topic, (messages) => this.#take(topic, messages))
    this.#changed()
  }

  /** Tell the others that one is writing. @param {string} name */
  tell(name) {
    if (name === '' || performance.now() - this.#told < tellEveryMs) return
    this.#told = performance.now()
    // That it did not get there is nothing to trouble anybody with.
    this.#client?.publish(this.#topic, { name, tag: this.#own }).catch(() => {})
  }

  /** What was written is sent: the next letter is told at once. @param {string} name @param {string} tag */
  sent(name, tag) {
    if (tag === this.#own) this.#told = Number.NEGATIVE_INFINITY
    this.#forget(`${name} ${tag}`)
  }

  /** @param {string} topic @param {Message[]} messages */
  #take(topic, messages) {
    if (topic !== this.#topic) return
    for (const { data } of messages) {
      const { name, tag } = /** @type {any} */ (data ?? {})
      if (typeof name !== 'string' || typeof tag !== 'string' || tag === this.#own || name.length > 32) continue
      const key = `${name} ${tag}`
      clearTimeout(this.#writers.get(key)?.timer)
      this.#writers.set(key, { name, tag, timer: setTimeout(() => this.#forget(key), believedMs) })
    }
    this.#changed()
  }

  /** @param {string} key */
  #forget(key) {
    clearTimeout(this.#writers.get(key)?.timer)
    if (this.#writers.delete(key)) this.#changed()
  }
}
