// The presence of one node: exact, in memory.
//
// Invariants, between any two steps of the scheduler:
//   - a member stands in `#idle` exactly while none of its requests waits; all leases are equally long, so that the one that
//     ends first is the first of the queue;
//   - a topic without members takes no room.

import type { Coroutine } from '../../../runtime/index.ts'
import { Latch, sleep, WaitList } from '../../../runtime/index.ts'
import { isReserved } from '../../access/topic-pattern.ts'
import type { Attendance, Participant, PresenceChange, PresenceStore } from './presence.ts'
import { type Membership, ownerOf, PresentTopic } from './present-topic.ts'

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
  /** Where several nodes keep who is here. */
  readonly elsewhere?: Elsewhere
}

/** A member by another node. */
interface MemberElsewhere {
  readonly asked: string
  readonly name: string
  readonly since: number
  readonly moves: number
}

/** What other nodes know, and are told. An owner is a reader with a name of its own. */
export interface Elsewhere {
  isCalled(topic: string, name: string): boolean
  /** Have a member by another node, if there is one, for this node. */
  take(topic: string, owner: string): MemberElsewhere | undefined
  /** End a member by another node, if there is one. */
  dismiss(topic: string, owner: string): MemberElsewhere | undefined
  /** A member has come, or is called otherwise. */
  joined(membership: Membership): void
  left(membership: Membership): void
}

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

  /** End a member of which another node tells. */
  forget(membership: Membership): void {
    const { topic } = membership
    membership.isOver = true
    membership.unlink()
    topic.remove(membership)
    if (topic.members.size === 0) this.#topics.delete(topic.name)
    this.#count -= 1
    this.#options.elsewhere?.left(membership)
  }

  /** Call a member by another name: a member of another node has had its own for longer. */
  rename(membership: Membership): void {
    membership.topic.rename(membership)
    this.#options.elsewhere?.joined(membership)
    this.#tell(membership, 'join')
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
    const topic = this.#topics.get(name) ?? new PresentTopic(name, (called) => this.#isCalledElsewhere(name, called))
    const known = topic.find(participant)
    // A reader that calls itself by another name is another member.
    if (known !== undefined && known.asked === participant.name) {
      known.unlink()
      known.waiting += 1
      return known
    }
    if (known !== undefined) this.#end(known, 'leave')
    if (this.#count >= this.#options.mostMembers) return null
    const was = this.#takeOver(participant, name)
    const isSame = was?.asked === participant.name
    const { name: called, since } = isSame ? was : { name: participant.name, since: this.#options.now() }
    const membership = topic.add(participant, { name: called, since, moves: was === undefined ? 0 : was.moves + 1 })
    this.#topics.set(name, topic)
    this.#count += 1
    this.#options.elsewhere?.joined(membership)
    if (!isSame || membership.name !== called) this.#tell(membership, 'join')
    return membership
  }

  /** The reader was a member by another node, and is one by this node now; called otherwise it is another. */
  #takeOver(participant: Participant, topic: string): MemberElsewhere | undefined {
    const { elsewhere, changed } = this.#options
    if (elsewhere === undefined || participant.instance === undefined) return undefined
    const member = elsewhere.take(topic, ownerOf(participant))
    if (member !== undefined && member.asked !== participant.name) changed(topic, leaving(member))
    return member
  }

  #leave(participant: Participant, topic: string): void {
    const known = this.#topics.get(topic)?.find(participant)
    if (known !== undefined) {
      this.#end(known, 'leave')
      return
    }
    const member = this.#options.elsewhere?.dismiss(topic, ownerOf(participant))
    if (member !== undefined) this.#options.changed(topic, leaving(member))
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
    this.forget(membership)
    this.#tell(membership, event)
  }

  #isCalledElsewhere(topic: string, name: string): boolean {
    return this.#options.elsewhere?.isCalled(topic, name) ?? false
  }

  #tell({ topic, name, since }: Membership, event: PresenceChange['event']): void {
    this.#options.changed(topic.name, { event, name, since })
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

function leaving({ name, since }: MemberElsewhere): PresenceChange {
  return { event: 'leave', name, since }
}
