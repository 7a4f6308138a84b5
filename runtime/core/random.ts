// The seeded generator behind `select` and shuffled schedules: same seed, same trace.

/** xorshift32 (Marsaglia, "Xorshift RNGs", 2003) over a mixed seed; not for secrets. */
export class Random {
  #state: number

  constructor(seed: number) {
    // Neighbouring seeds must not give neighbouring first draws; and zero is the one state that xorshift never leaves.
    let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b)
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
    this.#state = (mixed ^ (mixed >>> 16)) | 0 || 1
  }

  /** Where it is in its sequence: another one that is set to it goes on from there, also in another thread. */
  get state(): number {
    return this.#state
  }

  set state(state: number) {
    this.#state = state
  }

  /** A whole number from 0 up to, not including, `bound` (at most 2^31). */
  below(bound: number): number {
    let state = this.#state
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    this.#state = state
    // The high bits by multiplication: cheaper than a remainder, and without its bias towards small results.
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound)
  }
}
