// The presence of one node: exact, in memory.
//
// Invariants, between any two steps of the scheduler:
//   - a member stands in `#idle` exactly while none of its requests waits; all leases are equally long, so that the one that
//     ends first is the first of the queue;
//   - a member is listed by its owner, and in its topic under a name that no other member of the topic has;
//   - a topic without members takes no room.

import type { Coroutine } from '../../../runtime/index.ts'
import { Latch, Link, sleep, WaitList } from '../../../runtime/index.ts'
import { isReserved } from '../../access/topic-pattern.ts'
import type { Attendance, Participant, PresenceChange, PresenceStore } from './presence.ts'

export interface LocalPresenceOptions {
  /** How long a reader is a member after its last request, in milliseconds. */
  readonly leaseMs: number
  /** The most members of all topics; further readers take part without being listed. */
  readonly mostMembers: number
  /** The monotonic clock, and the wall clock, in milliseconds. */
  readonly clock: () => number
  readonly now: () => number
  /** Is told of each change, in order. */
  readonly changed: (topic: string, change: PresenceChange) => void
}

/** So many suffixes are tried one after the other; above that a topic counts on. */
const suffixesTried = 50

export class LocalPresence implements PresenceStore {
  readonly #options: LocalPresenceOptions
  readonly #topics = new Map<string, PresentTopic>()
  readonly #idle = new WaitList<Membership>()
  /** Opens when a member becomes idle and none was. */
  #firstIdle = new Latch('a lease that runs')
  #count = 0

  constructor(options: LocalPresenceOptions) {
    this.#options = options
  }

  enter(participant: Participant, topics: readonly string[]): Disposable | null {
    if (participant.name === '') {
      for (const topic of topics) this.#leave(participant, topic)
      return null
    }
    const memberships: Membership[] = []
    for (const topic of new Set(topics)) {
      // Who reads who is on a topic is not on that topic.
      if (isReserved(topic)) continue
      const membership = this.#admit(participant, topic)
      if (membership !== null) memberships.push(membership)
    }
    return new Lease(memberships, (membership) => this.#rest(membership))
  }

  *attendance(topic: string): Coroutine<Attendance> {
    const { now } = this.#options
    const present = [...(this.#topics.get(topic)?.members ?? [])]
    const members = present.map(({ name, since, lastSeen, waiting }) => ({
      name,
      since,
      lastSeen: waiting > 0 ? now() : lastSeen,
    }))
    return { members, waiting: present.reduce((sum, { waiting }) => sum + waiting, 0) }
  }

  /** End the leases that have run out, for as long as the server lives. */
  *watch(): Coroutine<never> {
    for (;;) {
      const { first } = this.#idle
      const leftMs = first === undefined ? 0 : first.endsAt - this.#options.clock()
      if (first === undefined) yield* this.#firstIdle.wait()
      else if (leftMs > 0) yield* sleep(leftMs)
      else this.#end(first, 'expired')
    }
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    this.#idle.validate()
    const all = [...this.#topics.values()].flatMap((topic) => [...topic.members])
    if (all.length !== this.#count) throw new Error(`${all.length} are members, not ${this.#count}`)
    for (const { isLinked, waiting, name } of all) {
      if (isLinked !== (waiting === 0)) throw new Error(`${name} has ${waiting} requests, and its lease does not fit`)
    }
    for (const topic of this.#topics.values()) topic.validate()
  }

  #admit(participant: Participant, name: string): Membership | null {
    const topic = this.#topics.get(name) ?? new PresentTopic(name)
    const known = topic.find(participant)
    // A reader that calls itself by another name is another member.
    if (known !== undefined && known.asked === participant.name) {
      known.unlink()
      known.waiting += 1
      return known
    }
    if (known !== undefined) this.#end(known, 'leave')
    if (this.#count >= this.#options.mostMembers) return null
    const membership = topic.add(participant, this.#options.now())
    this.#topics.set(name, topic)
    this.#count += 1
    this.#tell(membership, 'join')
    return membership
  }

  #leave(participant: Participant, topic: string): void {
    const known = this.#topics.get(topic)?.find(participant)
    if (known !== undefined) this.#end(known, 'leave')
  }

  /** A request of a member has ended. */
  #rest(membership: Membership): void {
    membership.waiting -= 1
    // It has left meanwhile.
    if (membership.waiting > 0 || membership.isOver) return
    membership.lastSeen = this.#options.now()
    membership.endsAt = this.#options.clock() + this.#options.leaseMs
    const isFirst = this.#idle.isEmpty
    this.#idle.add(membership)
    if (!isFirst) return
    const waited = this.#firstIdle
    this.#firstIdle = new Latch(waited.name)
    waited.open()
  }

  #end(membership: Membership, event: 'leave' | 'expired'): void {
    const { topic } = membership
    membership.isOver = true
    membership.unlink()
    topic.remove(membership)
    if (topic.members.size === 0) this.#topics.delete(topic.name)
    this.#count -= 1
    this.#tell(membership, event)
  }

  #tell({ topic, name, since }: Membership, event: PresenceChange['event']): void {
    this.#options.changed(topic.name, { event, name, since })
  }
}

/** One reader in one topic. */
class Membership extends Link {
  readonly topic: PresentTopic
  readonly owner: string
  /** How it has asked to be called, and how it is called. */
  readonly asked: string
  readonly name: string
  readonly since: number
  /** How many of its requests wait. */
  waiting = 1
  lastSeen: number
  /** When its lease ends, on the monotonic clock, while it is idle. */
  endsAt = 0
  isOver = false

  constructor(topic: PresentTopic, owner: string, asked: string, name: string, since: number) {
    super()
    this.topic = topic
    this.owner = owner
    this.asked = asked
    this.name = name
    this.since = since
    this.lastSeen = since
  }
}

class PresentTopic {
  readonly name: string
  readonly members = new Set<Membership>()
  readonly #byOwner = new Map<string, Membership[]>()
  readonly #names = new Set<string>()
  #lastSuffix = suffixesTried

  constructor(name: string) {
    this.name = name
  }

  /**
   * The member that a reader is already. One with an instance is known by that, also while an older request of it waits; one
   * without only between two requests: of two that wait at once it cannot be told whether they are one reader.
   */
  find(participant: Participant): Membership | undefined {
    const own = this.#byOwner.get(ownerOf(participant))
    return participant.instance === undefined ? own?.find(({ waiting }) => waiting === 0) : own?.[0]
  }

  add(participant: Participant, since: number): Membership {
    const owner = ownerOf(participant)
    const membership = new Membership(this, owner, participant.name, this.#freeName(participant.name), since)
    const own = this.#byOwner.get(owner)
    if (own === undefined) this.#byOwner.set(owner, [membership])
    else own.push(membership)
    this.members.add(membership)
    this.#names.add(membership.name)
    return membership
  }

  remove(membership: Membership): void {
    const others = this.#byOwner.get(membership.owner)?.filter((own) => own !== membership) ?? []
    if (others.length > 0) this.#byOwner.set(membership.owner, others)
    else this.#byOwner.delete(membership.owner)
    this.members.delete(membership)
    this.#names.delete(membership.name)
  }

  validate(): void {
    const owned = [...this.#byOwner.values()].flat()
    if (owned.length !== this.members.size || this.#names.size !== this.members.size) {
      throw new Error(`${this.name} lists its ${this.members.size} members in two ways that differ`)
    }
  }

  #freeName(asked: string): string {
    if (!this.#names.has(asked)) return asked
    for (let suffix = 2; suffix <= suffixesTried; suffix += 1) {
      const name = `${asked} (${suffix})`
      if (!this.#names.has(name)) return name
    }
    for (;;) {
      this.#lastSuffix += 1
      const name = `${asked} (${this.#lastSuffix})`
      if (!this.#names.has(name)) return name
    }
  }
}

class Lease implements Disposable {
  readonly #memberships: readonly Membership[]
  readonly #rest: (membership: Membership) => void

  constructor(memberships: readonly Membership[], rest: (membership: Membership) => void) {
    this.#memberships = memberships
    this.#rest = rest
  }

  [Symbol.dispose](): void {
    for (const membership of this.#memberships) this.#rest(membership)
  }
}

function ownerOf({ client, instance, name }: Participant): string {
  // No client has a line break in it.
  return instance === undefined ? `${client}\n\n${name}` : `${client}\n${instance}`
}
