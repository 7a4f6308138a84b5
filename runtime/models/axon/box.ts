// A box holds the messages that wait for a component (an inbox), or is where it puts those for others (an outbox).
//
// Always true of boxes:
//   - one link at most leads away from a box, and links never lead in a circle;
//   - a box with a link that leads away holds nothing, and neither does an outbox;
//   - a message goes to the end of the links at once: there is no postman, and nothing is ever half way.

import { AxonError } from './errors.ts'

export type BoxKind = 'inbox' | 'outbox'

/** What a box needs to know of the component whose box it is. */
export interface BoxOwner {
  readonly name: string
  unpause(): void
}

export class Box {
  readonly owner: BoxOwner
  readonly kind: BoxKind
  readonly name: string
  /** Another box of the same component. */
  readonly next: Box | null
  #target: Box | null = null
  // Each message that waits holds the next one, and no method is private by `#`, which would cost a field: there may be
  // millions of boxes, and with a channel in each they took a quarter more time and twice the space.
  #first: BoxWaiting | null = null
  #last: BoxWaiting | null = null
  #length = 0
  #size: number | null = null
  #refused: Set<BoxOwner> | null = null

  constructor(owner: BoxOwner, kind: BoxKind, name: string, next: Box | null) {
    this.owner = owner
    this.kind = kind
    this.name = name
    this.next = next
  }

  /** How many messages wait here. */
  get length(): number {
    return this.#length
  }

  /** Whether what is put in here arrives in an inbox. */
  get leadsToInbox(): boolean {
    return this.end.kind === 'inbox'
  }

  /** How many messages may wait here. Those that wait already stay. */
  get size(): number {
    return this.#size ?? Number.POSITIVE_INFINITY
  }

  set size(size: number) {
    if (size !== Number.POSITIVE_INFINITY && !(Number.isInteger(size) && size >= 1)) {
      throw new RangeError(`an inbox's size is a whole number from 1, or Infinity (got ${String(size)})`)
    }
    this.#size = size === Number.POSITIVE_INFINITY ? null : size // Infinity would be an object of its own in each box
    if (this.room > 0) this.wakeRefused()
  }

  /**
   * Put a message in at this end of the links, and wake the component at the other.
   *
   * @param sender who is woken once there is room, if there is none; null for nobody
   */
  put(message: unknown, sender: BoxOwner | null): void {
    const end = this.end
    if (end.kind === 'outbox') throw unlinked(this, end)
    if (end.room === 0) {
      if (sender !== null) (end.#refused ??= new Set()).add(sender)
      throw full(end)
    }
    end.append({ message, next: null })
    end.owner.unpause()
  }

  /** Take out the message that has waited longest. */
  take(): unknown {
    const first = this.#first
    if (first === null) {
      throw new AxonError('EMPTY_INBOX', `nothing waits in ${this}: look with dataReady before you recv`)
    }
    this.#first = first.next
    if (first.next === null) this.#last = null
    this.#length -= 1
    this.wakeRefused()
    return first.message
  }

  /** Lead on to `sink` whatever is put in here, beginning with what waits already. */
  linkTo(sink: Box): Linkage {
    if (this.#target !== null) {
      throw new AxonError('BAD_LINK', `a link leads from ${this} to ${this.#target} already: unlink it first`)
    }
    for (let box: Box | null = sink; box !== null; box = box.#target) {
      if (box === this) throw new AxonError('BAD_LINK', `a link from ${this} to ${sink} would lead in a circle`)
    }
    const end = sink.end
    if (this.length > end.room) throw full(end)
    this.#target = sink
    while (this.length > 0) end.put(this.take(), null)
    return new Linkage(this, sink)
  }

  /** Undo `linkTo(sink)`. Nothing happens if the link is gone, also when another has taken its place. */
  unlinkFrom(sink: Box): void {
    if (this.#target === sink) this.#target = null
  }

  toString(): string {
    return `${this.owner.name}'s ${this.kind} "${this.name}"`
  }

  private get room(): number {
    return this.#size === null ? Number.POSITIVE_INFINITY : Math.max(this.#size - this.#length, 0)
  }

  private append(waiting: BoxWaiting): void {
    if (this.#last === null) this.#first = waiting
    else this.#last.next = waiting
    this.#last = waiting
    this.#length += 1
  }

  private get end(): Box {
    let end: Box = this
    while (end.#target !== null) end = end.#target
    return end
  }

  private wakeRefused(): void {
    const refused = this.#refused
    if (refused === null) return
    this.#refused = null
    for (const sender of refused) sender.unpause()
  }
}

interface BoxWaiting {
  readonly message: unknown
  next: BoxWaiting | null
}

/** The handle to a link, by which it can be undone. */
class Linkage implements Disposable {
  readonly #source: Box
  readonly #sink: Box

  constructor(source: Box, sink: Box) {
    this.#source = source
    this.#sink = sink
  }

  [Symbol.dispose](): void {
    this.#source.unlinkFrom(this.#sink)
  }
}

function unlinked(box: Box, end: Box): AxonError {
  const where = box === end ? `${box} leads nowhere` : `${box} leads to ${end}, which leads nowhere`
  return new AxonError('UNLINKED_OUTBOX', `${where}: link it to an inbox, or use sendIfLinked`)
}

function full(box: Box): AxonError {
  return new AxonError('NO_SPACE_IN_BOX', `${box} holds the ${box.size} that it may: pause until there is room`)
}
