// A component: a microprocess with boxes, through which alone it talks to others.
//
// Always true of it: a box exists only once it was used or linked; and the very call that puts a message into an inbox,
// from wherever it comes along the links, unpauses the component whose inbox it is.

import type { BoxKind } from './box.ts'
import { Box } from './box.ts'
import { AxonError } from './errors.ts'
import type { Shutdown } from './ipc.ts'
import { isShutdown } from './ipc.ts'
import { Microprocess } from './microprocess.ts'

/** The names of boxes, each with what it is for. */
export type Boxes = Readonly<Record<string, string>>

/** A box of a component, by its name. */
export type Port = readonly [component: Component, boxName: string]

/**
 * Subclass it, list its boxes if it has others than these four, and write `main`.
 *
 * @see Kamaelia, "Components - the basic building block"
 */
export abstract class Component extends Microprocess {
  static readonly inboxes: Boxes = { inbox: 'what it works on', control: 'requests to shut down' }
  static readonly outboxes: Boxes = { outbox: 'what it has made', signal: 'that it shuts down' }

  #boxes: Box | null = null

  /**
   * Lead whatever `source` is given on to `sink`, beginning with what waits there. Dispose of the link to undo it.
   *
   * @param passThrough 'inbox' joins two inboxes, 'outbox' two outboxes; without it an outbox leads to an inbox
   * @throws AxonError NO_SUCH_BOX; BAD_LINK if a link leads from `source` already, or this one would close a circle;
   *   NO_SPACE_IN_BOX if there is no room for what waits
   */
  link(source: Port, sink: Port, passThrough?: BoxKind): Disposable {
    const from = source[0].box(passThrough ?? 'outbox', source[1])
    return from.linkTo(sink[0].box(passThrough ?? 'inbox', sink[1]))
  }

  /**
   * Put `message` into an outbox, from where it goes to the inbox at the end of the links. Does not wait.
   *
   * @throws AxonError UNLINKED_OUTBOX; NO_SPACE_IN_BOX, after which a `pause` ends once there is room; NO_SUCH_BOX
   */
  send(message: unknown, boxName = 'outbox'): void {
    this.box('outbox', boxName).put(message, this)
  }

  /** `send` if links lead from the outbox to an inbox. False: nobody is there to hear it, and nothing was sent. */
  sendIfLinked(message: unknown, boxName = 'outbox'): boolean {
    const outbox = this.box('outbox', boxName)
    if (outbox.leadsToInbox) outbox.put(message, this)
    return outbox.leadsToInbox
  }

  /** Put `message` into an inbox from outside, without a link: for whoever is no component, or has too many to link. */
  deliver(message: unknown, boxName = 'inbox'): void {
    this.box('inbox', boxName).put(message, null)
  }

  /** How many messages wait in an inbox. */
  waitingIn(boxName = 'inbox'): number {
    return this.existing('inbox', boxName)?.length ?? 0
  }

  dataReady(boxName = 'inbox'): boolean {
    return this.waitingIn(boxName) > 0
  }

  /** Whether anything waits in any inbox. */
  anyReady(): boolean {
    for (let box = this.#boxes; box !== null; box = box.next) if (box.length > 0) return true
    return false
  }

  /** Take the message that has waited longest. Does not wait. @throws AxonError EMPTY_INBOX, NO_SUCH_BOX */
  recv(boxName = 'inbox'): unknown {
    return this.box('inbox', boxName).take()
  }

  /**
   * Let an inbox hold `size` messages, from 1 to Infinity, which is the default. Who puts one more in is refused; what
   * waits already stays.
   */
  setInboxSize(boxName: string, size: number): void {
    this.box('inbox', boxName).size = size
  }

  /** The request to shut down that came into `control`, if one did. Whatever else came there is dropped, as in Kamaelia. */
  protected receiveShutdown(): Shutdown | null {
    while (this.dataReady('control')) {
      const message = this.recv('control')
      if (isShutdown(message)) return message
    }
    return null
  }

  /** Whether it has a box of this name: one that its class lists. */
  protected hasBox(kind: BoxKind, name: string): boolean {
    const { inboxes, outboxes } = this.constructor as typeof Component
    return Object.hasOwn(kind === 'inbox' ? inboxes : outboxes, name)
  }

  private box(kind: BoxKind, name: string): Box {
    return this.existing(kind, name) ?? this.newBox(kind, name)
  }

  private newBox(kind: BoxKind, name: string): Box {
    this.#boxes = new Box(this, kind, name, this.#boxes)
    return this.#boxes
  }

  /** A few boxes in a row: looking through them costs less than a map, in time and in space. */
  private existing(kind: BoxKind, name: string): Box | null {
    for (let box = this.#boxes; box !== null; box = box.next) if (box.name === name && box.kind === kind) return box
    if (this.hasBox(kind, name)) return null
    throw new AxonError(
      'NO_SUCH_BOX',
      `${this.name} has no ${kind} "${name}": list it among the ${kind}es of its class`,
    )
  }
}
