// The timers of one scheduler: a binary heap whose entries know their place, so that removing one costs O(log n).
//
// Invariants:
//   - no entry is due before its parent; entries due together keep the order in which they were added;
//   - `entries[i].place === i`, and an entry in no heap has place -1.

import type { TimerEntry } from './operation.ts'

export class TimerHeap {
  readonly #entries: TimerEntry[] = []
  #added = 0

  get size(): number {
    return this.#entries.length
  }

  /** When the first one is due; infinity without any. */
  get nextDue(): number {
    return this.#entries.length === 0 ? Number.POSITIVE_INFINITY : (this.#entries[0] as TimerEntry).due
  }

  add(entry: TimerEntry): void {
    entry.order = this.#added
    this.#added += 1
    this.#entries.push(entry)
    this.#rise(entry, this.#entries.length - 1)
  }

  /** Remove an entry; nothing happens if it is not in. */
  remove(entry: TimerEntry): void {
    const { place } = entry
    if (place < 0) return
    entry.place = -1
    const last = this.#entries.pop() as TimerEntry
    if (last === entry) return
    this.#rise(last, place)
    this.#sink(last, last.place)
  }

  /** Remove and return the first entry that is due, if there is one. */
  takeDue(now: number): TimerEntry | undefined {
    const first = this.#entries[0]
    if (first === undefined || first.due > now) return undefined
    this.remove(first)
    return first
  }

  /** The entries that are due first, in the order in which they were added. */
  allDueFirst(): TimerEntry[] {
    const { nextDue } = this
    return this.#entries.filter(({ due }) => due === nextDue).sort((a, b) => a.order - b.order)
  }

  validate(): void {
    this.#entries.forEach((entry, place) => {
      if (entry.place !== place) throw new Error('a timer does not know its place')
      if (place > 0 && isBefore(entry, this.#at((place - 1) >> 1))) throw new Error('a timer is due before its parent')
    })
  }

  #at(place: number): TimerEntry {
    return this.#entries[place] as TimerEntry
  }

  #put(entry: TimerEntry, place: number): void {
    this.#entries[place] = entry
    entry.place = place
  }

  #rise(entry: TimerEntry, from: number): void {
    let place = from
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!isBefore(entry, this.#at(parent))) break
      this.#put(this.#at(parent), place)
      place = parent
    }
    this.#put(entry, place)
  }

  #sink(entry: TimerEntry, from: number): void {
    const { length } = this.#entries
    let place = from
    for (;;) {
      let child = 2 * place + 1
      if (child >= length) break
      if (child + 1 < length && isBefore(this.#at(child + 1), this.#at(child))) child += 1
      if (!isBefore(this.#at(child), entry)) break
      this.#put(this.#at(child), place)
      place = child
    }
    this.#put(entry, place)
  }
}

function isBefore(a: TimerEntry, b: TimerEntry): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}
