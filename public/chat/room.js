// A room: what was said in it, in order, as far as this page knows.
//
// Always true:
//   - confirmed messages stand in the order in which the server gave them, and one's own that are not confirmed after them;
//   - a nonce stands for one message: a second copy, from a message that was sent again, is not shown;
//   - `unread` counts what others said after `readUntil`.

import { readMessage } from './message.js'
import { hueOf, hues } from './name-colour.js'

/** @typedef {import('./message.js').Said} Said */
/** @typedef {Said & { kind: 'said', isOwn: boolean, status: 'sending' | 'failed' | 'confirmed', why: string }} Entry */
/** @typedef {{ kind: 'note', id: string, time: number, text: string }} Note */
/** @typedef {{ mark: string, hue: number }} Look */

// By the id that the server gave them, not by the nonce: that one is there for all to read, and to send again.
/** @typedef {{ has: (id: string) => boolean, add: (id: string) => unknown }} Own */

/** Beyond it, the oldest leave the page. */
const mostEntries = 10_000

export class Room {
  /** @type {(Entry | Note)[]} */
  #settled = []
  /** @type {Entry[]} */
  #unconfirmed = []
  /** @type {Set<string>} */
  #nonces = new Set()
  /** @type {Set<string>} */
  #ids = new Set()
  /** @type {Own} */
  #own
  #notes = 0
  /** The hues of those who have used a name, by their tags. @type {Map<string, Map<string, number>>} */
  #namesakes = new Map()
  /** @type {Set<number>} */
  #takenHues = new Set()

  /** Where the line "New" stands: before the first message after this time. @type {number | undefined} */
  newSince = undefined
  /** What is being written in it. */
  draft = ''
  /** Has its history arrived? */
  isLoaded = false

  /**
   * @param {string} name
   * @param {number | undefined} readUntil the time of the last message that was read; undefined: this is the first visit
   * @param {Own} own the ids of the messages that this browser sent
   */
  constructor(name, readUntil, own) {
    this.name = name
    this.readUntil = readUntil
    this.#own = own
  }

  get entries() {
    return [...this.#settled, ...this.#unconfirmed]
  }

  /** One's own messages that have not come back from the server. */
  get unconfirmed() {
    return this.#unconfirmed
  }

  get unread() {
    const { readUntil } = this
    if (readUntil === undefined) return 0
    return this.#settled.filter((entry) => entry.kind === 'said' && !entry.isOwn && entry.time > readUntil).length
  }

  /**
   * @param {import('../client.js').Message[]} messages
   * @param {boolean} isBeingRead does the reader see them come?
   */
  receive(messages, isBeingRead) {
    const hadUnread = this.unread > 0
    for (const message of messages) this.#take(readMessage(message))
    this.#settled.splice(0, this.#settled.length - mostEntries)
    if (!hadUnread && this.unread > 0 && !isBeingRead) this.newSince = this.readUntil
  }

  /**
   * Show one's own message before the server has it.
   *
   * @param {{ name: string, text: string, nonce: string, tag: string, time: number }} message
   * @returns {Entry}
   */
  say({ name, text, nonce, tag, time }) {
    this.meet({ name, tag })
    /** @type {Entry} */
    const entry = {
      kind: 'said',
      id: nonce,
      time,
      name,
      text,
      nonce,
      tag,
      isOdd: false,
      isOwn: true,
      status: 'sending',
      why: '',
    }
    this.#unconfirmed.push(entry)
    this.newSince = undefined
    return entry
  }

  /** @param {Entry} entry @param {string} why */
  fail(entry, why) {
    if (entry.status === 'confirmed') return
    entry.status = 'failed'
    entry.why = why
  }

  /** @param {Entry} entry */
  discard(entry) {
    this.#unconfirmed = this.#unconfirmed.filter((one) => one !== entry)
  }

  /**
   * Say something about the room, between the messages; once, as long as nothing else happens.
   *
   * @param {string} text @param {number} time
   */
  note(text, time) {
    const last = this.#settled.at(-1)
    if (last?.kind === 'note' && last.text === text) return
    this.#settled.push({ kind: 'note', id: `note-${this.#notes++}`, time, text })
  }

  /**
   * Its history is here. On the first visit all of that counts as read: what comes from now on is news.
   *
   * @returns {boolean} whether it has been read by that
   */
  loaded() {
    this.isLoaded = true
    return this.readUntil === undefined && this.markRead()
  }

  /** Somebody uses a name here. @param {{ name: string, tag: string }} person */
  meet({ name, tag }) {
    const key = name.toLowerCase()
    const namesakes = this.#namesakes.get(key) ?? new Map()
    if (!namesakes.has(tag)) namesakes.set(tag, this.#takeHue(name, namesakes.size))
    this.#namesakes.set(key, namesakes)
  }

  /**
   * How a person is shown: a mark only where others here have the same name, and a hue that nobody else has, as long as there
   * are enough.
   *
   * @param {{ name: string, tag: string }} person
   * @returns {Look}
   */
  lookOf({ name, tag }) {
    const namesakes = this.#namesakes.get(name.toLowerCase())
    return { mark: (namesakes?.size ?? 0) > 1 ? tag : '', hue: namesakes?.get(tag) ?? hueOf(name) }
  }

  /** Everything so far has been read. @returns {boolean} whether that is news */
  markRead() {
    const last = this.#settled.findLast(({ kind }) => kind === 'said')?.time ?? 0
    if (this.readUntil !== undefined && last <= this.readUntil) return false
    this.readUntil = last
    return true
  }

  /** Once all are taken, namesakes still differ. @param {string} name @param {number} before how many have this name already */
  #takeHue(name, before) {
    let choice = 0
    while (choice < hues && this.#takenHues.has(hueOf(name, choice))) choice += 1
    const hue = hueOf(name, choice < hues ? choice : before)
    this.#takenHues.add(hue)
    return hue
  }

  /** @param {Said} said */
  #take(said) {
    // Whoever comes back into a room may be given its history again.
    if (this.#ids.has(said.id) || this.#nonces.has(said.nonce)) return
    this.#ids.add(said.id)
    this.meet(said)
    if (said.nonce !== '') this.#nonces.add(said.nonce)
    const own = this.#unconfirmed.find(({ nonce }) => nonce === said.nonce && nonce !== '')
    if (own === undefined) {
      this.#settled.push({ kind: 'said', ...said, isOwn: this.#own.has(said.id), status: 'confirmed', why: '' })
      return
    }
    this.discard(own)
    this.#own.add(said.id)
    // It keeps its id, by which the page knows its element.
    this.#settled.push(Object.assign(own, { time: said.time, status: 'confirmed', why: '' }))
  }
}
