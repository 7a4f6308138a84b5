// The chat: rooms, each a topic of the server, all of them followed with one poll.

import { Composer } from './chat/composer.js'
import { ConnectionView } from './chat/connection-view.js'
import { copyOnClick } from './chat/copying.js'
import { Drawer } from './chat/drawer.js'
import { find } from './chat/element.js'
import { LogView } from './chat/log-view.js'
import { Room } from './chat/room.js'
import { RoomList } from './chat/room-list.js'
import { linkTo, roomIn, topicOf } from './chat/room-name.js'
import { forgetRoom, keep, keepOwnId, keepReadUntil, keepRoom, mostRooms, remember } from './chat/storage.js'
import { createClient } from './client.js'

/** @typedef {import('./client.js').Message} Message */
/** @typedef {import('./client.js').State} State */
/** @typedef {import('./client.js').Failure} Failure */
/** @typedef {import('./chat/room.js').Entry} Entry */

const client = createClient()
const memory = remember()
const ownIds = new Set(memory.ownIds)
const own = {
  /** @param {string} id */
  has: (id) => ownIds.has(id),
  /** @param {string} id */
  add: (id) => {
    if (!ownIds.has(id)) keepOwnId(id)
    ownIds.add(id)
  },
}
/** Every room of this visit by its topic, also those that were left: whoever comes back finds what was there. @type {Map<string, Room>} */
const known = new Map()
/** The rooms that are followed, the current one among them. @type {Room[]} */
let rooms = []
/** @type {Room} */
let current
/** @type {ReturnType<typeof client.subscribe> | undefined} */
let subscription
/** When each room was looked at last, as a count of visits. @type {Map<Room, number>} */
const visits = new Map()
let isLive = false
let isClosed = false
let name = memory.name

const drawer = new Drawer()
const connection = new ConnectionView(() => (isClosed ? follow() : subscription?.poll()))
const list = new RoomList({ leave })
const log = new LogView({ resend, discard, moved: readOn })
const composer = new Composer(name, {
  named: (given) => {
    name = given
    keep({ name })
  },
  say,
  written: (text) => {
    current.draft = text
  },
})

copyOnClick(find('share', HTMLButtonElement), () => location.href)
for (const button of document.querySelectorAll('button.copy')) {
  const code = button.parentElement?.querySelector('code')
  if (button instanceof HTMLButtonElement) copyOnClick(button, () => code?.textContent ?? '')
}
addEventListener('hashchange', () => enter(roomIn(location.hash)))
addEventListener('storage', () => {
  for (const id of remember().ownIds) ownIds.add(id)
})
document.addEventListener('visibilitychange', readOn)
for (const room of memory.rooms) rooms.push(roomCalled(room))
enter(roomIn(location.hash), false)

/**
 * Go into a room, and follow it from now on.
 *
 * @param {string} roomName
 */
function enter(roomName, isChosen = true) {
  // However it was written, what stands in the address is what others should get.
  history.replaceState(null, '', linkTo(roomName))
  if (current) current.newSince = undefined
  current = roomCalled(roomName)
  if (!rooms.includes(current)) {
    rooms.push(current)
    keepRoom(roomName)
    if (rooms.length > mostRooms) dropOldest()
    follow()
  } else if (subscription === undefined) follow()
  visits.set(current, visits.size === 0 ? 1 : Math.max(...visits.values()) + 1)
  composer.room = roomName
  composer.draft = current.draft
  for (const place of document.querySelectorAll('.room')) place.textContent = roomName
  for (const place of document.querySelectorAll('.topic')) place.textContent = topicOf(roomName)
  for (const place of document.querySelectorAll('.origin')) place.textContent = location.origin
  drawer.close()
  show(true)
  // On a phone the keyboard would cover half of what one came to read.
  if (matchMedia('(hover: hover)').matches) composer.focus()
  else if (isChosen) find('log', HTMLElement).focus()
}

/** The room that was not looked at for longest makes room for another. */
function dropOldest() {
  const others = rooms.filter((room) => room !== current)
  const oldest = others.reduce((a, b) => ((visits.get(b) ?? 0) < (visits.get(a) ?? 0) ? b : a))
  rooms = rooms.filter((room) => room !== oldest)
  forgetRoom(oldest.name)
}

/** @param {string} roomName */
function leave(roomName) {
  forgetRoom(roomName)
  rooms = rooms.filter((room) => room.name !== roomName)
  if (current.name === roomName) enter(rooms[0]?.name ?? roomIn(''))
  follow()
  show()
  find('rooms', HTMLElement).querySelector('a')?.focus()
}

/** @param {string} roomName */
function roomCalled(roomName) {
  const topic = topicOf(roomName)
  const found = known.get(topic)
  if (found !== undefined) return found
  const { readUntil } = memory
  const until = Object.hasOwn(readUntil, roomName) ? readUntil[roomName] : undefined
  const room = new Room(roomName, until, own)
  known.set(topic, room)
  return room
}

/** Poll for the rooms of now, from where the last poll came to; a room that is new begins with its history. */
function follow() {
  const cursor = subscription?.cursor
  subscription?.close()
  isClosed = false
  subscription = client.subscribe(
    rooms.map((room) => topicOf(room.name)),
    receive,
    { ...(cursor !== undefined && { cursor }), from: 'earliest', limit: 1_000, onState, onVerdict },
  )
}

/** @param {Message[]} messages */
function receive(messages) {
  for (const [topic, some] of Map.groupBy(messages, ({ topic }) => topic)) {
    const room = known.get(topic)
    room?.receive(some, room === current && isReading())
  }
  show()
}

/** @param {State} state */
function onState(state) {
  // A poll for other rooms is no news about the connection; only its failure would be.
  if (state.name === 'connecting' && isLive) return
  if (state.name === 'closed' && state.error === undefined) return
  isLive = state.name === 'live'
  isClosed = state.name === 'closed'
  connection.show(state)
  if (!isLive) return
  // What comes with the first answer is history; the client hands it out before anything else can happen.
  const loaded = rooms
  setTimeout(() => {
    for (const room of loaded) if (room.loaded()) keepReadUntil(room.name, room.readUntil ?? 0)
    show()
  })
}

/** @param {{ topic: string, verdict: 'gap' | 'reset', missed: number | null }} told */
function onVerdict({ topic, verdict, missed }) {
  const words =
    verdict === 'gap'
      ? `${missed} ${missed === 1 ? 'message was' : 'messages were'} missed here: the server no longer has ${missed === 1 ? 'it' : 'them'}.`
      : 'The server started anew. What was said in the meantime may be missing.'
  known.get(topic)?.note(words, Date.now())
  show()
}

/** @param {string} text */
function say(text) {
  const nonce = randomName()
  const room = current
  send(room, room.say({ name, text, nonce, time: Date.now() }))
  show(true)
}

/** @param {Entry} entry */
function resend(entry) {
  entry.status = 'sending'
  send(current, entry)
  show(true)
  composer.focus()
}

/** @param {Entry} entry */
function discard(entry) {
  current.discard(entry)
  show()
  composer.focus()
}

/** @param {Room} room @param {Entry} entry */
async function send(room, entry) {
  const { name, text, nonce } = entry
  try {
    const { id } = await client.publish(topicOf(room.name), { name, text, nonce })
    own.add(id)
  } catch (error) {
    room.fail(entry, whyNot(/** @type {Failure} */ (error)))
    show()
  }
}

/** @param {Failure} failure */
function whyNot({ code, message }) {
  // Only an answer of Encke says that it was not published. Sending it again is safe: readers know it by its nonce.
  return code ? `Not sent: ${message}.` : 'No answer from the server: this may not have been sent.'
}

function isReading() {
  return !document.hidden && log.isAtEnd && current.isLoaded
}

/** What the reader sees has been read. */
function readOn() {
  if (!isReading() || !current.markRead()) return
  keepReadUntil(current.name, current.readUntil ?? 0)
  showCounts()
}

/** @param {boolean} [toEnd] */
function show(toEnd) {
  log.show(current, toEnd)
  readOn()
  showCounts()
}

function showCounts() {
  const unread = rooms.reduce((sum, room) => sum + room.unread, 0)
  document.title = `${unread > 0 ? `(${unread}) ` : ''}#${current.name} · Encke`
  list.show(rooms, current)
}

function randomName() {
  const bytes = crypto.getRandomValues(new Uint8Array(12))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
