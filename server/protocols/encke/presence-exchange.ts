// A node's talk with the other nodes about their members: what it writes, in order, and what it hears.
//
// Always true: what could not be written, or not be heard, is made good by a list of all members.

import type { Coroutine, Operation } from '../../../runtime/index.ts'
import { isCancelled, Latch, sleep } from '../../../runtime/index.ts'
import type { Broker, Follower, Message } from '../../hub/index.ts'
import type { SharedMember } from './member-table.ts'
import type { Gone, PresenceMessage } from './presence-message.ts'
import { decodeMessage, encodeMessage, everyNode, nodesTopic } from './presence-message.ts'

export interface PresenceExchangeOptions {
  /** The random name of this run of the node. */
  readonly node: string
  readonly broker: Pick<Broker, 'follow' | 'unfollow'>
  /** Write JSON to a topic that only the server writes to. */
  readonly tell: (topic: string, data: string) => Operation<unknown>
  /** How often others hear of this node while there are members, in milliseconds. */
  readonly beatMs: number
  /** The members of this node, and whether there are any, of whichever node. */
  readonly own: () => Iterable<SharedMember>
  readonly isNeeded: () => boolean
  /** Is told of each message, those of this node too, in their order. It must not throw. */
  readonly heard: (message: PresenceMessage) => void
  /** Is told why nothing can be written, once until something can be again. */
  readonly report: (error: unknown) => void
}

/** So many members are in one message. */
const membersPerMessage = 50

type Part = Partial<Omit<PresenceMessage, 'node' | 'sequence'>>

export class PresenceExchange implements Follower {
  readonly #options: PresenceExchangeOptions
  #present: SharedMember[] = []
  #gone: Gone[] = []
  #asks = new Set<string>()
  #silent: string[] = []
  #isAllDue = false
  #isBeatDue = false
  #isFailing = false
  #isFollowing = false
  #sequence = 0
  #due = new Latch('something to tell other nodes')

  constructor(options: PresenceExchangeOptions) {
    this.#options = options
  }

  /** A member of this node has come, or is called otherwise. */
  present(member: SharedMember): void {
    this.#present.push(member)
    this.#due.open()
  }

  /** A member is none any more. */
  gone({ node, id }: Gone): void {
    this.#gone.push({ node, id })
    this.#due.open()
  }

  /** Have a node send all its members, or every node. */
  ask(node: string): void {
    this.#asks.add(node)
    this.#due.open()
  }

  /** Say that a node was not heard of for too long. */
  silent(node: string): void {
    this.#silent.push(node)
    this.#due.open()
  }

  /** Send all members of this node. */
  sendAll(): void {
    this.#isAllDue = true
    this.#due.open()
  }

  /** Write what is to be told, for as long as the server lives. */
  *write(): Coroutine<never> {
    for (;;) {
      yield* this.#due.wait()
      this.#due = new Latch(this.#due.name)
      yield* this.#writeDue()
    }
  }

  /** Follow the other nodes, and let them hear of this one. */
  *beat(): Coroutine<never> {
    const { broker, beatMs, isNeeded } = this.#options
    try {
      for (;;) {
        if (!this.#isFollowing) {
          this.#isFollowing = true
          broker.follow([nodesTopic], this)
        }
        yield* sleep(beatMs)
        this.#isBeatDue = isNeeded()
        if (this.#isBeatDue || this.#isFailing) this.#due.open()
      }
    } finally {
      broker.unfollow([nodesTopic], this)
    }
  }

  located(): void {
    this.ask(everyNode)
  }

  notLocated(): void {
    this.#isFollowing = false
  }

  arrived({ data }: Message): void {
    const message = typeof data === 'string' ? decodeMessage(data) : undefined
    if (message !== undefined) this.#options.heard(message)
  }

  moved(): void {
    this.ask(everyNode)
  }

  isReading(): boolean {
    return true
  }

  relinquish(): undefined {
    return undefined
  }

  *#writeDue(): Coroutine<void> {
    for (let part = this.#take(); part !== undefined; part = this.#take()) {
      if (!(yield* this.#send(part))) return
    }
    if (!this.#isAllDue) return
    this.#isAllDue = false
    const all = [...this.#options.own()]
    for (let at = 0; at === 0 || at < all.length; at += membersPerMessage) {
      const ends = at + membersPerMessage >= all.length
      if (!(yield* this.#send({ present: all.slice(at, at + membersPerMessage), begins: at === 0, ends }))) return
    }
  }

  /** What is to be told next; undefined when there is nothing. */
  #take(): Part | undefined {
    const { size } = this.#asks
    if (!this.#isBeatDue && this.#present.length + this.#gone.length + this.#silent.length + size === 0)
      return undefined
    this.#isBeatDue = false
    const present = this.#present.splice(0, membersPerMessage)
    // A member that has gone has come before.
    const gone = this.#present.length === 0 ? this.#gone.splice(0) : []
    const part = { present, gone, asks: [...this.#asks], silent: this.#silent.splice(0) }
    this.#asks.clear()
    return part
  }

  /** False when it may not have been written: then all is sent again with the next beat. */
  *#send(part: Part): Coroutine<boolean> {
    const { node, tell, report } = this.#options
    this.#sequence += 1
    const whole = { present: [], gone: [], begins: false, ends: false, asks: [], silent: [], ...part }
    try {
      yield* tell(nodesTopic, encodeMessage({ ...whole, node, sequence: this.#sequence }))
      this.#isFailing = false
      return true
    } catch (error) {
      if (isCancelled(error)) throw error
      if (!this.#isFailing) report(error)
      this.#isFailing = true
      this.#isAllDue = true
      this.#asks.add(everyNode)
      this.#gone.push(...whole.gone.filter((gone) => gone.node !== node))
      this.#silent.push(...whole.silent)
      return false
    }
  }
}
