// The run queue: who is runnable, in turn. A double-ended queue in blocks.
//
// Not one array that grows: beyond a size V8 treats that as an object of its own kind, whose content the collector looks at
// last, and the tasks that wait here are then scattered. @see ./children.ts
//
// Invariants:
//   - the items stand between `#start` in the first block and `#end` in the last, and fill what is between;
//   - every other place is empty, so that the queue retains nothing that it has handed out;
//   - one block more than is needed may be kept, so that a queue that never runs empty allocates nothing.

/** A new block has twice the places of the one beside it, from `smallest` to `largest`: most schedulers have little to do. */
const smallest = 8
const largest = 256

class Block<T> {
  readonly places: (T | undefined)[]
  next: Block<T> | null = null

  constructor(size: number) {
    this.places = new Array<T | undefined>(size).fill(undefined)
  }

  get size(): number {
    return this.places.length
  }
}

export class RunQueue<T> {
  #first = new Block<T>(smallest)
  #last = this.#first
  #start = 0
  #end = 0
  #length = 0
  #spare: Block<T> | null = null

  get length(): number {
    return this.#length
  }

  /** Append an item. */
  push(item: T): void {
    if (this.#end === this.#last.size) {
      const block = this.#blockBeside(this.#last)
      this.#last.next = block
      this.#last = block
      this.#end = 0
    }
    this.#last.places[this.#end] = item
    this.#end += 1
    this.#length += 1
  }

  /** Put an item before all others. */
  unshift(item: T): void {
    if (this.#start === 0) {
      const block = this.#blockBeside(this.#first)
      block.next = this.#first
      this.#first = block
      this.#start = block.size
    }
    this.#start -= 1
    this.#first.places[this.#start] = item
    this.#length += 1
  }

  /** Remove and return the first item. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined
    const { places } = this.#first
    const item = places[this.#start]
    places[this.#start] = undefined
    this.#start += 1
    this.#length -= 1
    if (this.#start === places.length) this.#leaveFirst()
    return item
  }

  /** Exchange the first item with the one `distance` places behind it. */
  bringForward(distance: number): void {
    let block = this.#first
    let place = this.#start + distance
    for (; place >= block.size; block = block.next as Block<T>) place -= block.size
    const item = block.places[place]
    block.places[place] = this.#first.places[this.#start]
    this.#first.places[this.#start] = item
  }

  /** Assert the invariants at the head of this file. */
  validate(): void {
    let length = 0
    let start = this.#start
    for (let block: Block<T> | null = this.#first; block !== null; block = block.next) {
      const end = block === this.#last ? this.#end : block.size
      for (const [place, item] of block.places.entries()) {
        const isOccupied = place >= start && place < end
        if (isOccupied && item === undefined) throw new Error(`place ${place} of the run queue has lost its item`)
        if (!isOccupied && item !== undefined) throw new Error(`place ${place} of the run queue retains an item`)
      }
      length += end - start
      start = 0
    }
    if (length !== this.#length) throw new Error(`the run queue has ${length} items and counts ${this.#length}`)
    if (this.#spare?.places.some((item) => item !== undefined)) throw new Error('the spare block retains an item')
  }

  #blockBeside({ size }: Block<T>): Block<T> {
    const block = this.#spare ?? new Block<T>(Math.min(size * 2, largest))
    this.#spare = null
    return block
  }

  #leaveFirst(): void {
    const left = this.#first
    const { next } = left
    this.#start = 0
    if (next === null) {
      this.#end = 0
      return
    }
    left.next = null
    if (left.size === largest) this.#spare = left
    this.#first = next
  }
}
