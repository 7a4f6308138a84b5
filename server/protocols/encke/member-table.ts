// The members that all nodes know of, found by their node, their topic, their name and their reader.
//
// Always true: a member stands in all four or in none, and one node has no two with one id.

/** One reader in one topic, as nodes tell each other of it. */
export interface SharedMember {
  /** By which node it is a member, and how that counts it: the node never uses the number again. */
  readonly node: string
  readonly id: number
  readonly topic: string
  /** By what its reader is known again; null where it has no name of its own. */
  readonly reader: string | null
  /** How it has asked to be called, and how it is called. */
  readonly asked: string
  readonly name: string
  readonly since: number
  /** How often it has gone from one node to another. */
  readonly moves: number
}

export class MemberTable {
  readonly #byNode = new Map<string, Map<number, SharedMember>>()
  readonly #byTopic = new SetsByKey()
  readonly #byName = new SetsByKey()
  readonly #byReader = new SetsByKey()

  get isEmpty(): boolean {
    return this.#byNode.size === 0
  }

  /** Add a member, in the place of the one that its node calls by the same number. */
  put(member: SharedMember): void {
    const known = this.of(member.node).get(member.id)
    if (known !== undefined) this.delete(known)
    const ofNode = this.#byNode.get(member.node) ?? new Map<number, SharedMember>()
    this.#byNode.set(member.node, ofNode.set(member.id, member))
    this.#byTopic.add(member.topic, member)
    this.#byName.add(keyOf(member.topic, member.name), member)
    if (member.reader !== null) this.#byReader.add(keyOf(member.topic, member.reader), member)
  }

  delete(member: SharedMember): void {
    const ofNode = this.#byNode.get(member.node)
    if (!ofNode?.delete(member.id)) return
    if (ofNode.size === 0) this.#byNode.delete(member.node)
    this.#byTopic.delete(member.topic, member)
    this.#byName.delete(keyOf(member.topic, member.name), member)
    if (member.reader !== null) this.#byReader.delete(keyOf(member.topic, member.reader), member)
  }

  of(node: string): ReadonlyMap<number, SharedMember> {
    return this.#byNode.get(node) ?? none
  }

  on(topic: string): readonly SharedMember[] {
    return this.#byTopic.get(topic)
  }

  called(topic: string, name: string): readonly SharedMember[] {
    return this.#byName.get(keyOf(topic, name))
  }

  readBy(topic: string, reader: string): readonly SharedMember[] {
    return this.#byReader.get(keyOf(topic, reader))
  }
}

const none: ReadonlyMap<number, SharedMember> = new Map()

class SetsByKey {
  readonly #sets = new Map<string, Set<SharedMember>>()

  add(key: string, member: SharedMember): void {
    const set = this.#sets.get(key)
    if (set === undefined) this.#sets.set(key, new Set([member]))
    else set.add(member)
  }

  delete(key: string, member: SharedMember): void {
    const set = this.#sets.get(key)
    if (set?.delete(member) && set.size === 0) this.#sets.delete(key)
  }

  get(key: string): readonly SharedMember[] {
    const set = this.#sets.get(key)
    return set === undefined ? [] : [...set]
  }
}

// No topic has a line break in it.
function keyOf(topic: string, rest: string): string {
  return `${topic}\n${rest}`
}
