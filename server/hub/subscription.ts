// A subscription: one reader of one or more topics, with a slot in the feed of each.
//
// Slots stand in the order of the hashes of their topics' names, which is the order of a cursor, and are read going
// around from the one that the last batch left off at.
//
// No yield between looking at a head and parking: a message published in between would be lost.

import type { Coroutine, Operation, Selectable, Signal } from '../../runtime/index.ts'
import { EnckeError } from '../errors.ts'
import type { TopicVerdict, Verdict } from './batch.ts'
import { Batch } from './batch.ts'
import type { Slice } from './broker.ts'
import type { Cursor } from './cursor.ts'
import { encodeCursor } from './cursor.ts'
import type { Feed } from './feed.ts'
import type { HistoryLimits } from './history.ts'
import type { Hub } from './hub.ts'
import type { Message } from './message.ts'
import type { Position } from './position.ts'
import {
  earliest,
  epochHash,
  isOfAnyEpoch,
  isSamePosition,
  isSameTag,
  latest,
  messageTag,
  removed,
} from './position.ts'
import type { From, ReaderSlot } from './reader-slot.ts'
import type { BatchRequest } from './shared-batches.ts'
import { Changed, Located } from './waiting.ts'

/** What goes around the data of a message in a reply, in bytes: names and numbers. */
const envelopeBytes = 300

/** What one topic gives to a batch. */
interface Part {
  readonly verdict: Verdict
  readonly missed: number | null
  readonly messages: readonly Message[]
  /** The hash of the epoch that the messages are of. */
  readonly epoch: number
  /** Where a reader is that takes none of them. */
  readonly position: Position
}

export class Subscription implements Disposable {
  readonly #hub: Hub
  readonly #slots: ReaderSlot[]
  readonly #from: From
  #start: number

  /** `slots` become its own: it sorts them, and gives them back to the hub when it is disposed. */
  constructor(hub: Hub, slots: ReaderSlot[], cursor: Cursor | undefined, from: From) {
    this.#hub = hub
    this.#from = from
    this.#slots = slots.length > 1 ? slots.sort((a, b) => inOrder(a.feed, b.feed)) : slots
    this.#start = startOf(slots, cursor)
    for (const slot of slots) slot.beginAt(from)
  }

  /** Whether the broker has said of every topic where it stands. */
  get isLocated(): boolean {
    for (const { feed } of this.#slots) if (!feed.isLocated) return false
    return true
  }

  /**
   * Wait until the broker has said of every topic where it stands, or that it cannot. From then on every topic has a
   * position in the cursor.
   *
   * @throws what the broker failed with, where a topic has no position
   */
  located(): Selectable<void> {
    return new Located(this.#slots, this.#from)
  }

  /** Whether its reader waited and was woken, and has not read since: one that catches up was not. */
  get isWoken(): boolean {
    for (const { owesRead } of this.#slots) if (owesRead) return true
    return false
  }

  /** Wait until there is something to tell. Takes nothing: what there is, `read` gives. */
  changed(): Selectable<void> {
    return new Changed(this.#hub, this.#slots, this.#from)
  }

  /** Whether nothing comes any more: all its topics were closed and have been read. */
  get isOver(): boolean {
    return this.#slots.every((slot) => slot.isOverAt(slot.position))
  }

  /**
   * Read on, at most `limit` messages. May wait, where a broker has to fetch.
   *
   * @throws what the broker threw
   */
  read(limit: number): Operation<Batch> {
    for (const slot of this.#slots) slot.beginAt(this.#from)
    const request = { slots: this.#slots, start: this.#start, limit }
    const batch = this.#hub.shared.find(request)
    return batch === undefined ? this.#readNew(request) : new AtHand(this.#goOnAfter(batch))
  }

  /** @throws EnckeError ENCKE_ERR_SERVER_BROKER unless every topic has a position: a cursor without would skip messages */
  requirePositions(): void {
    const slot = this.#slots.find(({ position }) => position === null)
    if (slot === undefined) return
    throw new EnckeError(
      'ENCKE_ERR_SERVER_BROKER',
      `the broker has not said yet where topic ${slot.feed.topic} stands: come back later`,
    )
  }

  /**
   * The answer when there is nothing to read: the cursor as it stands.
   *
   * @throws EnckeError ENCKE_ERR_SERVER_BROKER unless every topic has a position
   */
  nothing(): Batch {
    this.requirePositions()
    const positions = this.#slots.map((slot) => slot.position)
    const verdicts = this.#inTurn().map((slot) => verdictOf(slot, nothingMissed, slot.position))
    return new Batch({
      messages: [],
      cursor: this.#encode(positions, this.#start),
      more: false,
      verdicts,
      positions,
      start: this.#start,
    })
  }

  /** Where the reader is in each topic, in the subscription's order. */
  positions(): readonly (Position | null)[] {
    return this.#slots.map(({ position }) => position)
  }

  /** The cursor after each message of `batch`, which was read from the positions `before`. */
  cursorsWithin(batch: Batch, before: readonly (Position | null)[]): readonly string[] {
    if (batch.messages.length === 1) return [batch.cursor]
    const positions = [...before]
    return batch.messages.map(({ topic, id, offset }, at) => {
      if (at === batch.messages.length - 1) return batch.cursor
      const index = this.#slots.findIndex(({ feed }) => feed.topic === topic)
      // All that a batch has of a topic is of one epoch.
      const { epoch } = batch.positions[index] as Position
      positions[index] = { epoch, tag: messageTag(this.#hub.hash, id), offset }
      return this.#encode(positions, index)
    })
  }

  [Symbol.dispose](): void {
    for (const slot of this.#slots) {
      slot.feed.withdraw(slot)
      slot.feed.settle(slot)
      this.#hub.release(slot.feed)
    }
    this.#slots.length = 0
  }

  *#readNew(request: BatchRequest): Coroutine<Batch> {
    return this.#goOnAfter(yield* this.#makeBatch(request))
  }

  #goOnAfter(batch: Batch): Batch {
    for (let index = 0; index < this.#slots.length; index += 1) {
      const slot = this.#slots[index] as ReaderSlot
      slot.position = batch.positions[index] as Position | null
      slot.wasOpen = false
      slot.feed.settle(slot)
    }
    this.#start = batch.start
    this.#hub.countDelivered(batch)
    return batch
  }

  *#makeBatch(request: BatchRequest): Coroutine<Batch> {
    const { shared } = this.#hub
    const batch = yield* this.#assemble(request.limit)
    // What arrived while the broker was asked has begun a new set of batches: this one is old, and no reader will find it.
    shared.keep(request, batch)
    return batch
  }

  *#assemble(limit: number): Coroutine<Batch> {
    const positions = this.#slots.map((slot) => slot.position)
    const messages: Message[] = []
    const verdicts: TopicVerdict[] = []
    let start = 0
    let bytesLeft = this.#hub.batchBytes
    for (const slot of this.#inTurn()) {
      const isFull = messages.length >= limit || bytesLeft <= 0
      // Nothing is known of a topic that is not located: its reader stays where it is.
      const part =
        isFull || slot.position === null || !slot.feed.isLocated
          ? undefined
          : yield* this.#readSlot(slot, { messages: limit - messages.length, bytes: bytesLeft })
      const taken = part === undefined ? [] : fitting(part.messages, bytesLeft, messages.length === 0)
      messages.push(...taken)
      const index = this.#slots.indexOf(slot)
      // A topic that had no room is told nothing yet, not even what it missed: it stays where it is.
      if (part === undefined || (taken.length === 0 && part.messages.length > 0)) {
        verdicts.push(verdictOf(slot, nothingMissed, part === undefined ? slot.position : null))
        // The next batch begins with it, not with the one after it: those before it could use up the room every time.
        if (part !== undefined) start = index
        if (part !== undefined) bytesLeft = 0
        continue
      }
      const position = this.#positionAfter(part, taken)
      positions[index] = position
      verdicts.push(verdictOf(slot, part, position))
      bytesLeft = taken.length < part.messages.length ? 0 : bytesLeft - bytesOf(taken)
      if (messages.length >= limit || bytesLeft <= 0) start = (index + 1) % this.#slots.length
    }
    const more = this.#slots.some((slot, index) => slot.hasNewsAt(positions[index] ?? null))
    return new Batch({ messages, cursor: this.#encode(positions, start), more, verdicts, positions, start })
  }

  *#readSlot({ feed, position }: ReaderSlot, limits: HistoryLimits): Coroutine<Part> {
    const from = position as Position
    if (from === latest) return yield* this.#readNewest(feed, limits)
    const atHand = feed.read(from, limits.messages)
    if (atHand !== undefined) return { verdict: 'ok', missed: 0, messages: atHand, epoch: feed.epoch, position: from }
    return yield* this.#readHistory(feed, from, limits)
  }

  /** The newest message, and what has come after it meanwhile. */
  *#readNewest(feed: Feed, limits: HistoryLimits): Coroutine<Part> {
    const { offset } = feed.head
    const atHand = feed.messagesFrom(offset, limits.messages)
    if (atHand.length > 0) return { verdict: 'ok', missed: 0, messages: atHand, epoch: feed.epoch, position: latest }
    const slice = yield* this.#hub.history(feed, offset, limits)
    const epoch = epochHash(this.#hub.hash, slice.epoch)
    return { verdict: 'ok', missed: 0, messages: slice.messages, epoch, position: this.#endOf(slice, epoch) }
  }

  /** Ask the broker: from the very message the position is after, which proves that they belong together. */
  *#readHistory(feed: Feed, position: Position, limits: HistoryLimits): Coroutine<Part> {
    const { hash } = this.#hub
    const limit = limits.messages
    let slice = yield* this.#hub.history(feed, Math.max(position.offset, 1), { ...limits, messages: limit + 1 })
    const epoch = epochHash(hash, slice.epoch)
    if (epoch === 0 && feed.wasIn(position)) return removedPart
    if (!this.#belongs(position, slice, epoch)) {
      const kept = yield* this.#hub.history(feed, 1, limits)
      const begun = epochHash(hash, kept.epoch)
      const beginning = { epoch: begun, tag: 0, offset: 0 }
      return { verdict: 'reset', missed: null, messages: kept.messages, epoch: begun, position: beginning }
    }
    // The message that proves the position has used up all the bytes.
    if (slice.head > position.offset && slice.messages.at(-1)?.offset === position.offset) {
      slice = yield* this.#hub.history(feed, position.offset + 1, limits)
      if (epochHash(hash, slice.epoch) !== epoch) return { verdict: 'ok', missed: 0, messages: [], epoch, position }
    }
    const kept = slice.messages.filter(({ offset }) => offset > position.offset).slice(0, limit)
    const isOlderAtHand = kept[0] !== undefined && feed.oldestOf(epoch) < kept[0].offset
    const messages = isOlderAtHand ? feed.messagesFrom(position.offset + 1, limit) : kept
    // Without a message up to the head, what was there has been lost.
    const end = messages.length > 0 || slice.head <= position.offset ? position : this.#endOf(slice, epoch)
    const missed = Math.max((messages[0]?.offset ?? end.offset + 1) - position.offset - 1, 0)
    if (missed === 0 || position === earliest) return { verdict: 'ok', missed: 0, messages, epoch, position: end }
    return { verdict: 'gap', missed, messages, epoch, position: end }
  }

  #endOf({ head, headId }: Slice, epoch: number): Position {
    return { epoch, tag: messageTag(this.#hub.hash, headId), offset: head }
  }

  /** Whether `position` is one of this topic, as far as what is kept can tell. */
  #belongs(position: Position, slice: Slice, epoch: number): boolean {
    if (isOfAnyEpoch(position)) return true
    if (position.epoch !== epoch || position.offset > slice.head) return false
    const last = slice.messages[0]
    if (position.offset === 0) return isSameTag(position.tag, 0)
    if (last?.offset !== position.offset) return true
    return isSameTag(messageTag(this.#hub.hash, last.id), position.tag)
  }

  #positionAfter(part: Part, taken: readonly Message[]): Position {
    const last = taken.at(-1)
    if (last === undefined) return part.position
    return { epoch: part.epoch, tag: messageTag(this.#hub.hash, last.id), offset: last.offset }
  }

  /** The slots in the order in which they are read. */
  #inTurn(): ReaderSlot[] {
    return [...this.#slots.slice(this.#start), ...this.#slots.slice(0, this.#start)]
  }

  #encode(positions: readonly (Position | null)[], start: number): string {
    const entries: [Feed, Position][] = []
    for (let step = 0; step < positions.length; step += 1) {
      const index = (start + step) % positions.length
      const position = positions[index]
      if (position) entries.push([(this.#slots[index] as ReaderSlot).feed, position])
    }
    return encodeCursor(entries)
  }
}

/** A batch that was read before. A herd reads ten thousand times: a generator each would be a tenth of its memory. */
class AtHand implements Operation<Batch>, IteratorReturnResult<Batch> {
  readonly done = true
  readonly value: Batch

  constructor(batch: Batch) {
    this.value = batch
  }

  [Symbol.iterator](): Iterator<Signal, Batch, void> {
    return this
  }

  next(): IteratorResult<Signal, Batch> {
    return this
  }
}

const nothingMissed = { verdict: 'ok', missed: 0 } as const

/** What is told of a topic whose reader is at `position` after this batch. */
function verdictOf(
  slot: ReaderSlot,
  { verdict, missed }: Pick<Part, 'verdict' | 'missed'>,
  position: Position | null,
): TopicVerdict {
  const { topic, contentType, segment } = slot.feed
  const isRemoved = position !== null && isSamePosition(position, removed)
  return { topic, verdict, missed, isClosed: slot.isOverAt(position), isRemoved, contentType, segment }
}

/** The topic was removed: what was left of it to read is gone, and if it comes again, that is a reset too. */
const removedPart: Part = { verdict: 'reset', missed: null, messages: [], epoch: 0, position: removed }

/** The beginning of `messages` that fits into `bytes`; the first message of a batch always does. */
function fitting(messages: readonly Message[], bytes: number, isFirst: boolean): readonly Message[] {
  let left = bytes
  const end = messages.findIndex((message, index) => {
    left -= message.bytes + envelopeBytes
    return left < 0 && !(isFirst && index === 0)
  })
  return end < 0 ? messages : messages.slice(0, end)
}

function bytesOf(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + message.bytes + envelopeBytes, 0)
}

/** The cursor's first topic that is asked for begins; without one the first slot does. */
function startOf(slots: readonly ReaderSlot[], cursor: Cursor | undefined): number {
  if (cursor === undefined || slots.length === 1) return 0
  for (const name of cursor.positions.keys()) {
    const index = slots.findIndex(({ feed }) => name === (cursor.by === 'hash' ? feed.name : feed.topic))
    if (index >= 0) return index
  }
  return 0
}

/** The order of a cursor: by the hashes of the names, and names that have the same hash by themselves. */
function inOrder(a: Feed, b: Feed): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  return a.topic < b.topic ? -1 : 1
}
