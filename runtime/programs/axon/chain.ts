// Chain, as a user of Axon would write it: n components in a row, from each one's outbox to its left neighbour's inbox.
//
// Boxes are buffered, so no send waits for its receive; otherwise it is the chain that `../chain.ts` describes.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import { Component } from '../../models/axon/index.ts'
import type { ChainCounts, ChainResult } from '../chain-counts.ts'
import { chainResult, linksPerCheckpoint, newChainCounts } from '../chain-counts.ts'
import type { Idle } from './idle.ts'
import { pausing } from './idle.ts'

/**
 * Make a chain of `n` components, send 0 in on the right and give what comes out on the left.
 *
 * @throws RangeError unless `n` is a whole number of at least 1; BrokenInvariant
 */
export function chain(n: number): Coroutine<ChainResult> {
  return chainWith(pausing, n)
}

/** The same, of components that wait as `idle` says. */
export function* chainWith(idle: Idle, n: number): Coroutine<ChainResult> {
  const harness = new Harness(idle, newChainCounts(n))
  yield* harness.run()
  return harness.result()
}

/** Both ends of the chain are its own: it puts the seed in on the right, and the leftmost link sends to it. */
class Harness extends Component {
  readonly #idle: Idle
  readonly #counts: ChainCounts
  #answer = 0

  constructor(idle: Idle, counts: ChainCounts) {
    super()
    this.#idle = idle
    this.#counts = counts
  }

  result(): ChainResult {
    return chainResult(this.#counts, this.#answer)
  }

  protected *main(): Coroutine<void> {
    const rightmost = yield* this.#build()
    this.link([this, 'outbox'], [rightmost, 'inbox'])
    this.send(0)
    this.#counts.sends += 1
    while (!this.dataReady()) yield* this.#idle(this)
    this.#answer = this.recv() as number
    this.#counts.receives += 1
  }

  *#build(): Coroutine<Component> {
    let right: Component = this
    for (let made = 1; made <= this.#counts.n; made += 1) {
      const left = right
      right = new ChainLink(this.#idle, this.#counts)
      this.link([right, 'outbox'], [left, 'inbox'])
      right.activate(this.scope)
      if (made % linksPerCheckpoint === 0) yield* checkpoint()
    }
    return right
  }
}

class ChainLink extends Component {
  readonly #idle: Idle
  readonly #counts: ChainCounts

  constructor(idle: Idle, counts: ChainCounts) {
    super()
    this.#idle = idle
    this.#counts = counts
  }

  protected *main(): Coroutine<void> {
    while (!this.dataReady()) yield* this.#idle(this)
    const value = this.recv() as number
    this.#counts.receives += 1
    this.send(value + 1)
    this.#counts.sends += 1
  }
}
