// The presence of all nodes that share a broker: each node keeps its own members (local-presence.ts) and tells the others.
//
// Between any two nodes that hear each other, once both have heard what the other has written:
//   - both list the same members;
//   - no two members of a topic are called the same: the one that came later has another name;
//   - a reader with a name of its own is a member by one node, the one that it has asked last.
//
// A node that dies is silent. The others end its members once it has been so for `silenceBeats`, each by itself, and tell it
// under a key, so that it is told once. A node that does not hear itself knows nothing of others.

import { hash } from 'node:crypto'
import type { Coroutine, Operation } from '../../../runtime/index.ts'
import type { Broker } from '../../hub/index.ts'
import type { Elsewhere } from './local-presence.ts'
import { LocalPresence, type LocalPresenceOptions } from './local-presence.ts'
import { MemberTable, type SharedMember } from './member-table.ts'
import type { Attendance, Member, Participant, PresenceChange, PresenceStore } from './presence.ts'
import { PresenceExchange } from './presence-exchange.ts'
import { everyNode, type PresenceMessage } from './presence-message.ts'
import type { Membership } from './present-topic.ts'

export interface SharedPresenceOptions extends Omit<LocalPresenceOptions, 'elsewhere' | 'changed'> {
  readonly node: string
  readonly broker: Pick<Broker, 'follow' | 'unfollow'>
  readonly tell: (topic: string, data: string) => Operation<unknown>
  /** Is told of each change, in order; what several nodes may tell has a key. */
  readonly changed: (topic: string, change: PresenceChange, key?: string) => void
  readonly report: (error: unknown) => void
}

/** In a lease a node is heard so often: after three and a half silent beats, looked at with each, it is not over yet. */
const beatsPerLease = 5
const silenceBeats = 3.5
const shortestBeatMs = 100

interface OtherNode {
  sequence: number
  /** On the monotonic clock, and on the wall clock. */
  heardAt: number
  lastHeard: number
  /** While it sends all its members: those that it has not named yet. */
  unnamed: Set<SharedMember> | null
}

export class SharedPresence implements PresenceStore, Elsewhere {
  readonly #options: SharedPresenceOptions
  readonly #local: LocalPresence
  readonly #exchange: PresenceExchange
  readonly #table = new MemberTable()
  readonly #own = new Map<Membership, SharedMember>()
  readonly #ownById = new Map<number, Membership>()
  readonly #nodes = new Map<string, OtherNode>()
  readonly #beatMs: number
  #lastId = 0
  #selfHeardAt = 0
  /** Others have told that the members of this node have expired. */
  #isBuried = false

  constructor(options: SharedPresenceOptions) {
    this.#options = options
    this.#beatMs = Math.max(Math.round(options.leaseMs / beatsPerLease), shortestBeatMs)
    this.#local = new LocalPresence({ ...options, elsewhere: this })
    this.#exchange = new PresenceExchange({
      ...options,
      beatMs: this.#beatMs,
      own: () => this.#own.values(),
      isNeeded: () => !this.#table.isEmpty,
      heard: (message) => this.#heard(message),
    })
  }

  enter(participant: Participant, topics: readonly string[]): Disposable | null {
    return this.#local.enter(participant, topics)
  }

  *attendance(topic: string): Coroutine<Attendance> {
    const { members, waiting } = yield* this.#local.attendance(topic)
    const others = this.#table.on(topic).filter(({ node }) => node !== this.#options.node)
    const theirs = others.map(({ node, name, since }) => ({ name, since, lastSeen: this.#lastHeard(node) }))
    return { members: [...members, ...theirs].sort(byArrival), waiting }
  }

  /** What has to run in the background. */
  get background(): readonly (() => Coroutine<never>)[] {
    return [() => this.#local.watch(), () => this.#exchange.write(), () => this.#exchange.beat()]
  }

  isCalled(topic: string, name: string): boolean {
    return this.#table.called(topic, name).some(({ node }) => node !== this.#options.node)
  }

  take(topic: string, owner: string): SharedMember | undefined {
    const member = this.#table.readBy(topic, readerOf(owner)).find(({ node }) => node !== this.#options.node)
    if (member !== undefined) this.#table.delete(member)
    return member
  }

  dismiss(topic: string, owner: string): SharedMember | undefined {
    const member = this.take(topic, owner)
    if (member !== undefined) this.#exchange.gone(member)
    return member
  }

  joined(membership: Membership): void {
    const { asked, name, since, moves, topic } = membership
    const known = this.#own.get(membership)
    const id = known?.id ?? ++this.#lastId
    const reader = membership.isKnownAgain ? readerOf(membership.owner) : null
    const member = { node: this.#options.node, id, topic: topic.name, reader, asked, name, since, moves }
    this.#own.set(membership, member)
    this.#ownById.set(id, membership)
    this.#table.put(member)
    this.#exchange.present(member)
  }

  left(membership: Membership): void {
    const member = this.#own.get(membership) as SharedMember
    this.#own.delete(membership)
    this.#ownById.delete(member.id)
    this.#table.delete(member)
    this.#exchange.gone(member)
  }

  /** Assert the invariants of what this node knows. */
  validate(): void {
    this.#local.validate()
    const own = this.#table.of(this.#options.node).size
    if (own !== this.#own.size || own !== this.#ownById.size)
      throw new Error('own members are listed in ways that differ')
  }

  #heard(message: PresenceMessage): void {
    if (message.node === this.#options.node) this.#heardSelf()
    else this.#heardOther(message)
  }

  #heardOther(message: PresenceMessage): void {
    const { node: name, sequence, begins, ends, present, gone, asks, silent } = message
    const known = this.#nodes.get(name)
    if (known !== undefined && sequence <= known.sequence) return
    const isNext = sequence === (known?.sequence ?? 0) + 1
    if (!isNext && !begins) this.#exchange.ask(name)
    const node: OtherNode = known ?? { sequence: 0, heardAt: 0, lastHeard: 0, unnamed: null }
    this.#nodes.set(name, node)
    Object.assign(node, { sequence, heardAt: this.#options.clock(), lastHeard: this.#options.now() })
    if (begins) node.unnamed = new Set(this.#table.of(name).values())
    else if (!isNext) node.unnamed = null
    for (const member of present) this.#add({ ...member, node: name }, node)
    for (const { node, id } of gone) this.#remove(node, id)
    if (ends) this.#endList(node)
    if (asks.includes(everyNode) || asks.includes(this.#options.node)) this.#exchange.sendAll()
    if (!silent.includes(this.#options.node)) return
    this.#isBuried = true
    this.#exchange.sendAll()
  }

  /** What a node has not named in the list of all its members has gone. */
  #endList(node: OtherNode): void {
    for (const member of node.unnamed ?? []) this.#table.delete(member)
    node.unnamed = null
  }

  #add(member: SharedMember, node: OtherNode): void {
    const { topic, reader, name } = member
    const known = this.#table.of(member.node).get(member.id)
    if (known !== undefined) node.unnamed?.delete(known)
    const same = reader === null ? [] : this.#table.readBy(topic, reader).filter((other) => other !== known)
    // Its node gives it up too, once it has heard of the other.
    if (same.some((other) => isNewer(other, member))) return
    for (const other of same) this.#remove(other.node, other.id)
    this.#table.put(member)
    for (const other of this.#table.called(topic, name)) {
      const membership = other.node === this.#options.node ? this.#ownById.get(other.id) : undefined
      if (membership !== undefined && isEarlier(member, other)) this.#local.rename(membership)
    }
  }

  /** Its own node has told of it, or the reader has gone to another. */
  #remove(node: string, id: number): void {
    const member = this.#table.of(node).get(id)
    if (member === undefined) return
    const membership = node === this.#options.node ? this.#ownById.get(id) : undefined
    if (membership === undefined) this.#table.delete(member)
    else this.#local.forget(membership)
  }

  #heardSelf(): void {
    const now = this.#options.clock()
    // This node was cut off or stood still, and so knows nothing of how long others were silent.
    const wasDeaf = now - this.#selfHeardAt > this.#beatMs * 2
    this.#selfHeardAt = now
    for (const [name, node] of this.#nodes) {
      if (wasDeaf) node.heardAt = now
      else if (now - node.heardAt > this.#beatMs * silenceBeats) this.#bury(name)
    }
    if (this.#isBuried) this.#tellAgain()
  }

  /** The others hear this node again: its members have not expired. */
  #tellAgain(): void {
    this.#isBuried = false
    for (const { topic, name, since } of this.#own.values())
      this.#options.changed(topic, { event: 'join', name, since })
  }

  #bury(node: string): void {
    this.#nodes.delete(node)
    const members = [...this.#table.of(node).values()]
    if (members.length === 0) return
    for (const member of members) {
      const { topic, name, since, id } = member
      this.#table.delete(member)
      this.#options.changed(topic, { event: 'expired', name, since }, `${node} ${id} ${name} ${since}`)
    }
    this.#exchange.silent(node)
  }

  #lastHeard(node: string): number {
    return this.#nodes.get(node)?.lastHeard ?? this.#options.now()
  }
}

/** Whether of two members that are one reader the first is where it has gone last. All nodes say the same. */
function isNewer(one: SharedMember, other: SharedMember): boolean {
  if (one.node === other.node) return one.id > other.id
  return one.moves === other.moves ? isEarlier(one, other) : one.moves > other.moves
}

/** Whether of two members with one name the first keeps it. All nodes say the same. */
function isEarlier(one: SharedMember, other: SharedMember): boolean {
  return one.since === other.since ? one.node < other.node : one.since < other.since
}

/** As it is written to the broker: nobody's address stands there. */
function readerOf(owner: string): string {
  return hash('sha256', owner, 'base64url').slice(0, 22)
}

/** All nodes list them in one order. */
function byArrival(one: Member, other: Member): number {
  return one.since - other.since || (one.name < other.name ? -1 : 1)
}
