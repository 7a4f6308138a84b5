// The children of a scope, in the order in which they were spawned.
//
// They stand in blocks, each an array, and not in a list of links: the collector copies what lives in the order in which it
// finds it. It finds the members of a list one after the other and from both ends at once, and what belongs to one
// coroutine is then scattered over as many pages; resuming a hundred thousand of them waited for memory most of the time.
// A block shows all of its tasks at once, and they stay side by side.
//
// Invariants, between any two steps of the scheduler:
//   - a child stands in its block at its index, and every other place of a block is empty;
//   - `count` is the number of children of a block, `size` that of all blocks;
//   - no block is without children but the last.
// `validate` asserts them; the tests call it after every operation.

/** Whose children they are: a scope. */
export interface Parent {
  readonly scheduler: unknown
}

/** A child: a task. It is told where it stands, and finds its scope and its scheduler by that. */
export interface Seated<Scope extends Parent> {
  block: Block<Scope>
  index: number
  readonly name: string
}

/** Each block has twice the places of the one before, from `smallest` to `largest`: most scopes have few children. */
const smallest = 4
/** A single child that stays keeps so many places: half a kilobyte. */
const largest = 64

export class Block<Scope extends Parent> {
  readonly scope: Scope
  readonly scheduler: Scope['scheduler']
  readonly places: (Seated<Scope> | undefined)[]
  /** How many places have been given away; none is given twice while anybody stands in the block. */
  used = 0
  count = 0
  previous: Block<Scope> | null
  next: Block<Scope> | null = null

  constructor(scope: Scope, size: number, previous: Block<Scope> | null) {
    this.scope = scope
    this.scheduler = scope.scheduler
    this.places = new Array<Seated<Scope> | undefined>(size).fill(undefined)
    this.previous = previous
  }
}

export class Children<Scope extends Parent, Child extends Seated<Scope>> {
  readonly #scope: Scope
  #first: Block<Scope> | null = null
  #last: Block<Scope> | null = null
  #size = 0

  constructor(scope: Scope) {
    this.#scope = scope
  }

  get isEmpty(): boolean {
    return this.#size === 0
  }

  get size(): number {
    return this.#size
  }

  add(child: Child): void {
    const last = this.#last
    const block = last === null || last.used === last.places.length ? this.#grow() : last
    child.block = block
    child.index = block.used
    block.places[block.used] = child
    block.used += 1
    block.count += 1
    this.#size += 1
  }

  /** Let go of one of them. It keeps its block, and so knows where it came from. */
  remove(child: Child): void {
    const { block } = child
    block.places[child.index] = undefined
    block.count -= 1
    this.#size -= 1
    if (block.count > 0) return
    if (block === this.#last) block.used = 0
    else this.#leaveOut(block)
  }

  *[Symbol.iterator](): Generator<Child, void, void> {
    for (let block = this.#first; block !== null; block = block.next) {
      for (let index = 0; index < block.used; index += 1) {
        const child = block.places[index]
        if (child !== undefined) yield child as Child
      }
    }
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    let size = 0
    let previous: Block<Scope> | null = null
    for (let block = this.#first; block !== null; block = block.next) {
      let count = 0
      for (const [index, child] of block.places.entries()) {
        if (child === undefined) continue
        if (child.block !== block || child.index !== index || index >= block.used) {
          throw new Error(`${child.name} stands in a place that is not its own`)
        }
        count += 1
      }
      if (count !== block.count) throw new Error('a block has miscounted its children')
      if (block.count === 0 && block !== this.#last) throw new Error('a block without children was kept')
      if (block.previous !== previous) throw new Error('two neighbouring blocks disagree')
      size += block.count
      previous = block
    }
    if (previous !== this.#last || size !== this.#size) throw new Error('the children have been miscounted')
  }

  #grow(): Block<Scope> {
    const last = this.#last
    const size = last === null ? smallest : Math.min(last.places.length * 2, largest)
    const block = new Block(this.#scope, size, last)
    if (last === null) this.#first = block
    else last.next = block
    this.#last = block
    return block
  }

  // Unlinked on its own side, too: whoever keeps the handle of a task that has ended would keep all blocks since.
  #leaveOut(block: Block<Scope>): void {
    const { previous, next } = block
    if (previous === null) this.#first = next
    else previous.next = next
    ;(next as Block<Scope>).previous = previous
    block.previous = null
    block.next = null
  }
}
