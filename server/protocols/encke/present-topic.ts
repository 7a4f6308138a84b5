// Who is on one topic by this node.
//
// Always true: a member is listed by its owner, and under a name that no other member of the topic has, as far as is known.

import { Link } from '../../../runtime/index.ts'
import type { Participant } from './presence.ts'

/** So many suffixes are tried one after the other; above that a topic counts on. */
const suffixesTried = 50

/** What a member has been by another node. */
export interface Past {
  readonly name: string
  readonly since: number
  /** How often its reader has gone from one node to another. */
  readonly moves: number
}

/** One reader in one topic. */
export class Membership extends Link {
  readonly topic: PresentTopic
  readonly owner: string
  /** Whether its reader has a name of its own, by which it is known again. */
  readonly isKnownAgain: boolean
  /** How it has asked to be called, and how it is called. */
  readonly asked: string
  name: string
  readonly since: number
  /** How often it has gone from one node to another. */
  readonly moves: number
  /** How many of its requests wait. */
  waiting = 1
  lastSeen: number
  /** When its lease ends, on the monotonic clock, while it is idle. */
  endsAt = 0
  isOver = false

  constructor(topic: PresentTopic, participant: Participant, { name, since, moves }: Past) {
    super()
    this.topic = topic
    this.owner = ownerOf(participant)
    this.isKnownAgain = participant.instance !== undefined
    this.asked = participant.name
    this.name = name
    this.since = since
    this.moves = moves
    this.lastSeen = since
  }
}

export class PresentTopic {
  readonly name: string
  readonly members = new Set<Membership>()
  readonly #byOwner = new Map<string, Membership[]>()
  readonly #names = new Set<string>()
  readonly #isCalledElsewhere: (name: string) => boolean
  #lastSuffix = suffixesTried

  constructor(name: string, isCalledElsewhere: (name: string) => boolean) {
    this.name = name
    this.#isCalledElsewhere = isCalledElsewhere
  }

  /**
   * The member that a reader is already. One with an instance is known by that, also while an older request of it waits; one
   * without only between two requests: of two that wait at once it cannot be told whether they are one reader.
   */
  find(participant: Participant): Membership | undefined {
    const own = this.#byOwner.get(ownerOf(participant))
    return participant.instance === undefined ? own?.find(({ waiting }) => waiting === 0) : own?.[0]
  }

  /** Add a member that waits, under the name of its past, or one like it that is free. */
  add(participant: Participant, past: Past): Membership {
    const membership = new Membership(this, participant, { ...past, name: this.#freeName(past.name) })
    const { owner } = membership
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

  /** Call a member by another name that is free. */
  rename(membership: Membership): void {
    const name = this.#freeName(membership.asked)
    this.#names.delete(membership.name)
    this.#names.add(name)
    membership.name = name
  }

  validate(): void {
    const owned = [...this.#byOwner.values()].flat()
    if (owned.length !== this.members.size || this.#names.size !== this.members.size) {
      throw new Error(`${this.name} lists its ${this.members.size} members in two ways that differ`)
    }
  }

  #freeName(asked: string): string {
    if (this.#isFree(asked)) return asked
    for (let suffix = 2; suffix <= suffixesTried; suffix += 1) {
      const name = `${asked} (${suffix})`
      if (this.#isFree(name)) return name
    }
    for (;;) {
      this.#lastSuffix += 1
      const name = `${asked} (${this.#lastSuffix})`
      if (this.#isFree(name)) return name
    }
  }

  #isFree(name: string): boolean {
    return !this.#names.has(name) && !this.#isCalledElsewhere(name)
  }
}

/** Who is one reader. */
export function ownerOf({ client, instance, name }: Participant): string {
  // No client has a line break in it.
  return instance === undefined ? `${client}\n\n${name}` : `${client}\n${instance}`
}
