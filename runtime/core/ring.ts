// A queue in a ring whose size is a power of two: the buffer of a channel.
//
// Invariants:
//   - the `length` items start at slot `head` and wrap around;
//   - every other slot is empty, so that the ring retains nothing it has handed out;
//   - a ring that was once large and is empty again shrinks back.

const smallest = 8
const largestIdle = 1024

export class Ring<T> {
  #slots: (T | undefined)[] = emptySlots(smallest)
  #head = 0
  #length = 0

  get length(): number {
    return this.#length
  }

  /** Append an item. */
  push(item: T): void {
    if (this.#length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = item
    this.#length += 1
  }

  /** Remove and return the oldest item. Tell an empty ring by its `length` where `undefined` can be an item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.#length -= 1
    if (this.#length === 0 && this.#slots.length > largestIdle) {
      this.#slots = emptySlots(smallest)
      this.#head = 0
    }
    return item
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    const { length } = this.#slots
    if ((length & (length - 1)) !== 0) throw new Error(`a ring has a power of two slots, not ${length}`)
    for (let place = this.#length; place < length; place += 1) {
      if (this.#slots[(this.#head + place) & (length - 1)] !== undefined) throw new Error('a free slot retains an item')
    }
  }

  #grow(): void {
    const old = this.#slots
    const slots = emptySlots<T>(old.length * 2)
    for (let place = 0; place < this.#length; place += 1) slots[place] = old[(this.#head + place) & (old.length - 1)]
    this.#slots = slots
    this.#head = 0
  }
}

// Filled, not just sized: a `new Array(n)` has holes, and an array with holes is read more slowly for ever.
function emptySlots<T>(size: number): (T | undefined)[] {
  return new Array<T | undefined>(size).fill(undefined)
}
