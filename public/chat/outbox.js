// The outbox: what one says, from then on until it comes back from the server. It outlives a reload of the page.
//
// Sending something twice is safe: it keeps its nonce, and readers show a nonce once.

import { wantsKey } from './key-form.js'
import { topicOf } from './room-name.js'
import { keepUnsent, keptUnsent } from './session.js'

/** @typedef {import('./room.js').Entry} Entry */
/** @typedef {import('./room.js').Room} Room */
/** @typedef {import('../client.js').Failure} Failure */

const leavingMs = 100

export class Outbox {
  /** @type {Set<Room>} */
  #rooms = new Set()
  /** What is being sent by this page. @type {Set<Entry>} */
  #underWay = new Set()
  /** What waits for a key, with its room. @type {Map<Entry, Room>} */
  #keyless = new Map()
  /** What no answer came to. @type {Set<Entry>} */
  #unanswered = new Set()
  #isLeaving = false
  #actions

  /** @param {{ publish: (topic: string, data: unknown, idempotencyKey: string) => Promise<{ id: string }>, sent: (id: string) => void, wantKey: (failure: Failure) => void, changed: () => void }} actions */
  constructor(actions) {
    this.#actions = actions
    // What a browser cuts as the page goes is not known to have failed: it is sent again when the page is back.
    addEventListener('pagehide', () => {
      this.#isLeaving = true
    })
    addEventListener('pageshow', ({ persisted }) => {
      this.#isLeaving = false
      if (persisted) for (const room of this.#rooms) this.loaded(room)
    })
  }

  /** Put back what the page had before it was loaded again. @param {(room: string) => Room} roomCalled */
  restore(roomCalled) {
    for (const { room: name, status, why, ...said } of keptUnsent()) {
      const room = roomCalled(name)
      const entry = room.say({ ...said, tag: said.tag ?? '' })
      if (status === 'failed') room.fail(entry, why)
      this.#rooms.add(room)
    }
  }

  /** The history of a room is here: what was under way and is not in it is sent again. @param {Room} room */
  loaded(room) {
    for (const entry of room.unconfirmed) {
      if (entry.status === 'sending' && !this.#underWay.has(entry)) this.send(room, entry)
    }
  }

  /** @param {Room} room @param {{ name: string, tag: string }} who @param {string} text */
  say(room, { name, tag }, text) {
    this.#rooms.add(room)
    return this.send(room, room.say({ name, tag, text, nonce: randomName(), time: Date.now() }))
  }

  /** @param {Room} room @param {Entry} entry */
  async send(room, entry) {
    entry.status = 'sending'
    this.#underWay.add(entry)
    this.#keyless.delete(entry)
    this.#unanswered.delete(entry)
    this.keep()
    const { name, text, nonce, tag } = entry
    try {
      const { id } = await this.#actions.publish(topicOf(room.name), { name, text, nonce, tag }, nonce)
      this.#actions.sent(id)
    } catch (/** @type {any} */ error) {
      // The browser cuts requests shortly before it says that the page goes.
      if (error.status === undefined) await new Promise((resolve) => setTimeout(resolve, leavingMs))
      if (!this.#isLeaving) this.#fail(room, entry, error)
    }
    this.#underWay.delete(entry)
  }

  /** There is another key: send what waits for one. */
  sendKeyless() {
    for (const [entry, room] of this.#keyless) this.send(room, entry)
  }

  /** The server is back: send what it has not answered, in the order in which it was said. */
  async sendUnanswered() {
    for (const room of this.#rooms) {
      for (const entry of [...room.unconfirmed]) {
        // By now it may have been discarded or sent by hand, or have come back: it had arrived.
        if (!this.#unanswered.has(entry) || entry.status !== 'failed') continue
        const sent = this.send(room, entry)
        this.#actions.changed()
        await sent
      }
    }
  }

  /** @param {Room} room @param {Entry} entry */
  discard(room, entry) {
    this.#keyless.delete(entry)
    this.#unanswered.delete(entry)
    room.discard(entry)
    this.keep()
  }

  /** Keep what is not confirmed, as it is now. */
  keep() {
    const unsent = [...this.#rooms].flatMap((room) =>
      room.unconfirmed.map(({ name, text, nonce, tag, time, status, why }) => {
        return { room: room.name, name, text, nonce, tag, time, status: status === 'failed' ? status : 'sending', why }
      }),
    )
    keepUnsent(/** @type {import('./session.js').Unsent[]} */ (unsent))
  }

  /** @param {Room} room @param {Entry} entry @param {Failure} failure */
  #fail(room, entry, failure) {
    room.fail(entry, whyNot(failure))
    this.keep()
    if (failure.code === undefined) this.#unanswered.add(entry)
    if (wantsKey(failure)) {
      this.#keyless.set(entry, room)
      this.#actions.wantKey(failure)
    }
    this.#actions.changed()
  }
}

/** @param {Failure} failure */
function whyNot({ code, message }) {
  if (code === 'ENCKE_ERR_PUBLISH_KEY') return 'Not sent: it takes a publish key.'
  if (code && wantsKey({ code })) return 'Not sent: it takes a token that allows it.'
  // Only an answer of Encke says that it was not published.
  return code ? `Not sent: ${message}.` : 'No answer from the server: this may not have been sent.'
}

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
