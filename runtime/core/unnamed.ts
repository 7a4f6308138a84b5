// What has no name of its own is told apart within one dump: "a channel", "a channel (2)", in the order in which they appear.
//
// Always true: a number belongs to the dump and not to the channel. A number of its own would cost each channel a field, and
// two runs that are the same would differ in their traces.

/** The numbers of one dump. */
export class Numbering {
  readonly #numbers = new Map<object, number>()
  readonly #counts = new Map<string, number>()

  /** Do `look`, and number in what it says whatever has no name. */
  during<T>(look: () => T): T {
    const before = current
    current = this
    try {
      return look()
    } finally {
      current = before
    }
  }

  numberOf(it: object, name: string): number {
    const known = this.#numbers.get(it)
    if (known !== undefined) return known
    if (this.#numbers.size === mostNumbered) return 1
    const number = (this.#counts.get(name) ?? 0) + 1
    this.#counts.set(name, number)
    this.#numbers.set(it, number)
    return number
  }
}

/** Those after it share one name: the numbers of a million channels would be a failure of their own. */
const mostNumbered = 10_000

let current: Numbering | null = null

/** What to call `it`, which has no name, where others are called `name` as well. */
export function unnamed(it: object, name: string): string {
  const number = current === null ? 1 : current.numberOf(it, name)
  return number === 1 ? name : `${name} (${number})`
}
