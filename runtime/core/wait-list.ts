// The one wait queue under everything: FIFO, with O(1) removal from anywhere.
//
// A `WaitList` is the head of a ring of links; what waits *is* a link, so that waiting allocates nothing.
// Invariants:
//   - a link stands in at most one list;
//   - `ahead` and `behind` are both null (it stands in none) or both set;
//   - going `behind` from the list visits every member, oldest first, and comes back to the list.
// `validate` asserts them; the tests call it after every operation.

/**
 * What a link is, its fields still to be set by the class itself.
 *
 * For classes of which there are millions. A constructor that many classes share sees objects of many shapes, and V8 then
 * looks every store up (`StoreIC_Megamorphic`, a tenth of the time of a chain). And a field that is not just declared
 * here would be defined first and set afterwards.
 */
export abstract class LinkBase {
  declare ahead: LinkBase | null
  declare behind: LinkBase | null

  get isLinked(): boolean {
    return this.behind !== null
  }

  /** Leave the list it stands in, whichever that is; false when it stands in none. */
  unlink(): boolean {
    const { ahead, behind } = this
    if (ahead === null || behind === null) return false
    ahead.behind = behind
    behind.ahead = ahead
    this.ahead = null
    this.behind = null
    return true
  }
}

/** Something that can stand in one wait list at a time. */
export class Link extends LinkBase {
  constructor() {
    super()
    this.ahead = null
    this.behind = null
  }
}

/**
 * A FIFO queue of links.
 *
 * Neither `add` nor `shift` wakes anybody: the owner decides what being taken off the list means.
 */
export class WaitList<Member extends LinkBase = Link> extends LinkBase {
  constructor() {
    super()
    this.ahead = this
    this.behind = this
  }

  get isEmpty(): boolean {
    return this.behind === this
  }

  /** The member that has waited longest. */
  get first(): Member | undefined {
    return this.behind === this ? undefined : (this.behind as Member)
  }

  /** Append a member. @throws Error if it stands in a list already */
  add(member: Member): void {
    if (member.behind !== null) throw new Error('a link stands in one wait list at a time: unlink it first')
    const last = this.ahead as LinkBase
    member.ahead = last
    member.behind = this
    // Where nobody waits yet, `last` is the list: asked for here, so that members and lists are not looked at alike.
    if (last === this) this.behind = member
    else last.behind = member
    this.ahead = member
  }

  /** Remove and return the member that has waited longest. */
  shift(): Member | undefined {
    const first = this.behind as LinkBase
    if (first === this) return undefined
    const second = first.behind as LinkBase
    this.behind = second
    if (second === this) this.ahead = this
    else second.ahead = this
    first.ahead = null
    first.behind = null
    return first as Member
  }

  *[Symbol.iterator](): Generator<Member, void, void> {
    for (let link = this.behind as LinkBase; link !== this; link = link.behind as LinkBase) yield link as Member
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    let link: LinkBase = this
    do {
      const { behind } = link
      if (behind === null) throw new Error('a member of the wait list is linked on one side only')
      if (behind.ahead !== link) throw new Error('two neighbours in the wait list disagree')
      link = behind
    } while (link !== this)
  }
}
