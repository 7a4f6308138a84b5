// The chat: rooms, each a topic of the server. The client reads all of them with one poll.

import { Composer } from './chat/composer.js'
import { ConnectionView } from './chat/connection-view.js'
import { copyOnClick } from './chat/copying.js'
import { Drawer } from './chat/drawer.js'
import { find } from './chat/element.js'
import { KeyForm, wantsKey } from './chat/key-form.js'
import { LogView } from './chat/log-view.js'
import { Outbox } from './chat/outbox.js'
import { PeopleView } from './chat/people-view.js'
import { Presence } from './chat/presence.js'
import { showRights } from './chat/rights.js'
import { Room } from './chat/room.js'
import { RoomList } from './chat/room-list.js'
import { linkTo, roomIn, topicOf, typingTopicOf } from './chat/room-name.js'
import { keepDraft, keptDrafts } from './chat/session.js'
import { forgetRoom, keep, keepOwnId, keepReadUntil, keepRoom, mostRooms, remember } from './chat/storage.js'
import { newTag, presentAs } from './chat/tag.js'
import { Typing } from './chat/typing.js'
import { Wire } from './chat/wire.js'
import { WireView } from './chat/wire-view.js'
import { createClient } from './client.js'

/** @typedef {import('./client.js').Message} Message */
/** @typedef {import('./client.js').State} State */
/** @typedef {import('./chat/room.js').Entry} Entry */

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
/** What each room that is followed is read by. @type {Map<Room, import('./client.js').Handle>} */
const subscriptions = new Map()
/** When each room was looked at last, as a count of visits. @type {Map<Room, number>} */
const visits = new Map()
let isLive = false
let isClosed = false
let name = memory.name
const tag = memory.tag || newTag()
if (memory.tag === '') keep({ tag })

/** The server that has sent this page, with its base path. */
const server = new URL('.', location.href).href.slice(0, -1)
const wire = new Wire(() => wireView.update())
const wireView = new WireView(() => ({ exchanges: wire.exchanges, role: client.role }))
const people = new PeopleView()
const presence = new Presence(showMembers)
const typing = new Typing(tag, () => people.showWriters(typing.writers, (person) => current.lookOf(person)))
const keyForm = new KeyForm(() => {
  showRights(keyForm.keys, topicOf(current.name))
  reconnect()
  outbox.sendKeyless()
})
let client = connect()
const outbox = new Outbox({
  publish: (topic, data, idempotencyKey) => client.publish(topic, data, { idempotencyKey }),
  sent: own.add,
  wantKey: (failure) => keyForm.ask('publishKey', failure),
  changed: () => show(),
})
const drawer = new Drawer()
const connection = new ConnectionView(
  () => (isClosed ? followAll() : subscriptions.get(current)?.poll()),
  () => wire.heard,
)
const list = new RoomList({ leave })
const log = new LogView({ resend, discard, moved: readOn })
const composer = new Composer(name, {
  named: (given) => {
    if (given === name) return
    name = given
    keep({ name })
    reconnect()
  },
  say,
  written: (text) => {
    current.draft = text
    keepDraft(current.name, text)
    if (text !== '') typing.tell(name)
  },
})

copyOnClick(find('share', HTMLButtonElement), () => location.href)
find('other-token', HTMLButtonElement).addEventListener('click', () => {
  keyForm.ask('publishKey', { code: 'ENCKE_ERR_RIGHT' })
})
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
outbox.restore(roomCalled)
for (const room of rooms) follow(room)
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
    follow(current)
  }
  visits.set(current, visits.size === 0 ? 1 : Math.max(...visits.values()) + 1)
  composer.room = roomName
  showRights(keyForm.keys, topicOf(roomName))
  composer.draft = current.draft
  for (const place of document.querySelectorAll('.room')) place.textContent = roomName
  for (const place of document.querySelectorAll('.topic')) place.textContent = topicOf(roomName)
  for (const place of document.querySelectorAll('.origin')) place.textContent = server
  drawer.close()
  followPeople()
  show(true)
  // On a phone the keyboard would cover half of what one came to read.
  if (matchMedia('(hover: hover)').matches) composer.focus()
  else if (isChosen) find('log', HTMLElement).focus()
}

/** The room that was not looked at for longest makes room for another. */
function dropOldest() {
  const others = rooms.filter((room) => room !== current)
  const oldest = others.reduce((a, b) => ((visits.get(b) ?? 0) < (visits.get(a) ?? 0) ? b : a))
  unfollow(oldest)
}

/** @param {string} roomName */
function leave(roomName) {
  unfollow(roomCalled(roomName))
  if (current.name === roomName) enter(rooms[0]?.name ?? roomIn(''))
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
  const drafts = keptDrafts()
  if (Object.hasOwn(drafts, roomName)) room.draft = drafts[roomName] ?? ''
  known.set(topic, room)
  return room
}

/** Read a room, from where it was read to; one that is new begins with its history. @param {Room} room */
function follow(room) {
  const { cursor } = subscriptions.get(room) ?? {}
  const subscription = client.subscribe(topicOf(room.name), (messages) => receive(room, messages), {
    ...(cursor !== undefined && { cursor }),
    from: 'earliest',
    limit: 1_000,
    onState: (state) => onState(room, state),
    onVerdict: (told) => onVerdict(room, told),
  })
  subscriptions.get(room)?.close()
  subscriptions.set(room, subscription)
}

function connect() {
  return createClient({ ...keyForm.keys, origin: server, presence: presentAs(name, tag), fetch: wire.fetch })
}

/** With another name, or other rights. */
function reconnect() {
  client = connect()
  followAll()
}

/** Who is in the current room, and who writes there. */
function followPeople() {
  presence.follow(client, topicOf(current.name))
  typing.follow(client, typingTopicOf(current.name))
}

function showMembers() {
  for (const member of presence.members) current.meet(member)
  people.showMembers(presence.members, tag, (person) => current.lookOf(person))
  composer.hue = current.lookOf({ name, tag }).hue
}

/** Read all rooms anew, because it had stopped, or as somebody else. */
function followAll() {
  isClosed = false
  for (const room of rooms) follow(room)
  if (current) followPeople()
}

/** @param {Room} room */
function unfollow(room) {
  rooms = rooms.filter((one) => one !== room)
  subscriptions.get(room)?.close()
  subscriptions.delete(room)
  forgetRoom(room.name)
}

/** @param {Room} room @param {Message[]} messages */
function receive(room, messages) {
  room.receive(messages, room === current && isReading())
  for (const { data } of messages) {
    const { name, tag } = /** @type {any} */ (data ?? {})
    if (room === current && tag) typing.sent(name, tag)
  }
  outbox.keep()
  show()
}

/** @param {Room} room @param {State} state */
function onState(room, state) {
  // That another room is read says nothing about the connection; only its failure would.
  if (state.name === 'connecting' && isLive) return
  if (state.name === 'closed' && state.error === undefined) return
  const isBack = !isLive && state.name === 'live'
  isLive = state.name === 'live'
  isClosed = state.name === 'closed'
  connection.show(state)
  if (state.error && wantsKey(state.error)) keyForm.ask('subscribeKey', state.error)
  if (!isLive) return
  // What comes with the first answer is history; the client hands it out before anything else can happen.
  setTimeout(() => {
    if (room.loaded()) keepReadUntil(room.name, room.readUntil ?? 0)
    outbox.loaded(room)
    if (isBack) outbox.sendUnanswered()
    show()
  })
}

/** @param {Room} room @param {{ verdict: 'gap' | 'reset', missed: number | null }} told */
function onVerdict(room, { verdict, missed }) {
  const words =
    verdict === 'gap'
      ? `${missed} ${missed === 1 ? 'message was' : 'messages were'} missed here: the server no longer has ${missed === 1 ? 'it' : 'them'}.`
      : 'The server started anew. What was said in the meantime may be missing.'
  room.note(words, Date.now())
  show()
}

/** @param {string} text */
function say(text) {
  outbox.say(current, { name, tag }, text)
  show(true)
}

/** @param {Entry} entry */
function resend(entry) {
  outbox.send(current, entry)
  show(true)
  composer.focus()
}

/** @param {Entry} entry */
function discard(entry) {
  outbox.discard(current, entry)
  show()
  composer.focus()
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
