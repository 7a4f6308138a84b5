// Where the choices of a schedule come from when they do not come from a seed: a list of them, or all lists there are.
//
// A choice is a whole number below the number of alternatives. Where there is but one there is nothing to choose, and the
// lists leave it out.

import { Random } from '../core/random.ts'
import type { Choices } from '../core/scheduler-options.ts'

/** What makes a schedule the one it is. */
export type Way = { readonly seed: number } | { readonly choices: readonly number[] }

export function choicesOf(way: Way): Choices {
  return 'seed' in way ? new Random(way.seed) : new Given(way.choices)
}

/** The choices on a list; after its end, the first of what there is. */
class Given implements Choices {
  readonly areWalked = true
  readonly #choices: readonly number[]
  #made = 0

  constructor(choices: readonly number[]) {
    this.#choices = choices
  }

  below(bound: number): number {
    if (bound === 1) return 0
    const choice = this.#choices[this.#made] ?? 0
    this.#made += 1
    if (choice < bound) return choice
    throw new RangeError(`choice ${this.#made} is ${choice}, and there are ${bound} to choose from: not this program's`)
  }
}

/** All lists of choices, depth first: after a run, the last choice that has an alternative takes it. */
export class Walk implements Choices {
  readonly areWalked = true
  wentTooDeep = false
  readonly #mostChoices: number
  readonly #path: { choice: number; readonly bound: number }[] = []
  #made = 0

  constructor(mostChoices: number) {
    this.#mostChoices = mostChoices
  }

  get taken(): number[] {
    return this.#path.slice(0, this.#made).map(({ choice }) => choice)
  }

  below(bound: number): number {
    if (bound === 1) return 0
    if (this.#made === this.#mostChoices) {
      this.wentTooDeep = true
      return 0
    }
    const point = this.#path[this.#made] ?? { choice: 0, bound }
    if (point.bound !== bound) throw new Error('the same choices led elsewhere: the program keeps state between runs')
    this.#path[this.#made] = point
    this.#made += 1
    return point.choice
  }

  /** Go on to the next list; false when this was the last one. */
  turn(): boolean {
    const path = this.#path
    this.#made = 0
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      last.choice += 1
      if (last.choice < last.bound) return true
      path.pop()
    }
    return false
  }
}
