// The head of a reply as Node has put it together, for bodies of any length, at any time, and with other values of some
// of its headers.

/** What stands in a slot: the length, the date, or the value with this number. */
type Slot = 'length' | 'date' | number

export class ReplyHead {
  /** What stands around the slots: one more than there are slots. */
  readonly #around: readonly string[]
  readonly #slots: readonly Slot[]

  private constructor(around: readonly string[], slots: readonly Slot[]) {
    this.#around = around
    this.#slots = slots
  }

  /**
   * `varying` are the names of the headers that each reply has a value of its own for. Undefined when one is not there
   * once, or the length, which only a reply that `hasBody` has.
   */
  static of(text: string, varying: readonly string[], hasBody = true): ReplyHead | undefined {
    const found: { readonly slot: Slot; readonly start: number; readonly end: number }[] = []
    const names: [string, Slot][] = [['date', 'date'], ...varying.map(numbered)]
    if (hasBody) names.push(['content-length', 'length'])
    for (const [name, slot] of names) {
      const [header, ...others] = text.matchAll(new RegExp(`(?<=\\r\\n${name}: )[^\\r]*`, 'gi'))
      if (header === undefined || others.length > 0) return undefined
      found.push({ slot, start: header.index, end: header.index + header[0].length })
    }
    found.sort((a, b) => a.start - b.start)
    const ends = [0, ...found.map(({ end }) => end)]
    const starts = [...found.map(({ start }) => start), text.length]
    return new ReplyHead(
      starts.map((start, at) => text.slice(ends[at], start)),
      found.map(({ slot }) => slot),
    )
  }

  /** The head for a body of `length` bytes that leaves now. */
  text(length: number, values: readonly string[]): string {
    let text = this.#around[0] as string
    for (let at = 0; at < this.#slots.length; at += 1) {
      const slot = this.#slots[at] as Slot
      text += slot === 'length' ? length : slot === 'date' ? currentDate() : (values[slot] as string)
      text += this.#around[at + 1]
    }
    return text
  }
}

function numbered(name: string, at: number): [string, Slot] {
  return [name, at]
}

let dated = { second: 0, date: '' }

export function currentSecond(): number {
  return Math.floor(Date.now() / 1_000)
}

function currentDate(): string {
  const second = currentSecond()
  if (dated.second !== second) dated = { second, date: new Date(second * 1_000).toUTCString() }
  return dated.date
}
