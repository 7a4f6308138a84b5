// Who is in a room: asked once, and followed from there by the topic in which the server tells joining and leaving.
//
// Always true: it shows the room that was followed last; a server that knows no presence, or refuses it, shows nobody.

import { cleanName } from './message.js'
import { readPresence } from './tag.js'

/** @typedef {import('../client.js').Message} Message */
/** @typedef {ReturnType<typeof import('../client.js').createClient>} Client */
/** @typedef {{ name: string, tag: string, since: number }} Member */

export class Presence {
  /** By the whole name that the server has. @type {Map<string, Member>} */
  #members = new Map()
  /** @type {import('../client.js').Handle | undefined} */
  #subscription
  #topic = ''
  #changed

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed
  }

  /** In the order in which they came; who has loaded the page again, and stays for a lease under the old name, once. */
  get members() {
    /** @type {Map<string, Member>} */
    const people = new Map()
    for (const member of [...this.#members.values()].sort((a, b) => a.since - b.since)) {
      const key = member.tag ? `${member.tag} ${member.name}` : `${people.size}`
      if (!people.has(key)) people.set(key, member)
    }
    return [...people.values()]
  }

  /** @param {Client} client @param {string} topic */
  async follow(client, topic) {
    this.#subscription?.close()
    this.#subscription = undefined
    this.#topic = topic
    this.#members.clear()
    this.#changed()
    try {
      const { members, cursor } = await client.presence(topic)
      if (this.#topic !== topic) return
      for (const { name, since } of members) this.#members.set(name, memberOf(name, since))
      this.#subscription = client.subscribe(`__presence/${topic}`, (messages) => this.#take(topic, messages), {
        cursor,
        // Who has come and gone meanwhile was not heard: ask again.
        onVerdict: () => this.follow(client, topic),
      })
      this.#changed()
    } catch {}
  }

  /** @param {string} topic @param {Message[]} messages */
  #take(topic, messages) {
    if (topic !== this.#topic) return
    for (const { data } of messages) {
      const { event, name, since } = /** @type {any} */ (data)
      if (event === 'join') this.#members.set(name, memberOf(name, since))
      else this.#members.delete(name)
    }
    this.#changed()
  }
}

/** @param {string} presence @param {number} since @returns {Member} */
function memberOf(presence, since) {
  const { name, tag } = readPresence(presence)
  return { name: cleanName(name) || 'somebody', tag, since }
}
