// The book of a game of hackysack in shared memory, for players that are threads.
//
// Only the player on the ball writes in it, and hands it on with the ball; but those who go home do so all at once. The
// rules are those of `Game`, which draws from a generator of its own: here the generator's state stands in the book.

import { Random } from '../../../runtime/core/random.ts'
import type { HackysackVariant } from '../../../runtime/programs/hackysack-game.ts'
import { kicked } from '../../../runtime/programs/kicks.ts'

export const ball = 1
export const exit = 2

/** What is counted, each in a cell of its own. */
const cells = ['counter', 'ballsSent', 'ballsReceived', 'exitsSent', 'exitsReceived', 'mostInFlight', 'kicks'] as const
type Cell = (typeof cells)[number]
const stateOfRandom = cells.length

export interface SharedGameOptions {
  readonly players: number
  readonly turns: number
  readonly variant: HackysackVariant
  readonly book: SharedArrayBuffer
}

export class SharedGame {
  readonly players: number
  readonly turns: number
  readonly variant: HackysackVariant
  readonly #book: Int32Array<SharedArrayBuffer>
  readonly #random = new Random(0)

  constructor({ players, turns, variant, book }: SharedGameOptions) {
    this.players = players
    this.turns = turns
    this.variant = variant
    this.#book = new Int32Array(book)
  }

  /** An empty book. */
  static open(seed: number): SharedArrayBuffer {
    const book = new Int32Array(new SharedArrayBuffer((cells.length + 1) * Int32Array.BYTES_PER_ELEMENT))
    book[stateOfRandom] = new Random(seed).state
    return book.buffer
  }

  get counts(): Readonly<Record<Cell, number>> {
    const counts = cells.map((cell) => [cell, this.#read(cell)])
    return { ...(Object.fromEntries(counts) as Record<Cell, number>), kicks: this.#read('kicks') >>> 0 }
  }

  add(cell: 'exitsSent' | 'exitsReceived'): void {
    Atomics.add(this.#book, cells.indexOf(cell), 1)
  }

  /** The first ball, to player 0, by nobody. */
  toss(): void {
    this.#noteBallSent()
  }

  /** Note that `player` has caught the ball, and say to whom it goes next: null when the game is over. */
  caughtBy(player: number): number | null {
    this.#write('ballsReceived', this.#read('ballsReceived') + 1)
    const target = this.#drawTarget(player)
    this.#write('counter', this.#read('counter') + 1)
    if (this.#read('counter') === this.turns) return null
    this.#write('kicks', kicked(this.#read('kicks'), target))
    this.#noteBallSent()
    return target
  }

  #drawTarget(kicker: number): number {
    this.#random.state = Atomics.load(this.#book, stateOfRandom)
    let target = this.#random.below(this.players)
    while (target === kicker && this.variant === 'rendezvous') target = this.#random.below(this.players)
    Atomics.store(this.#book, stateOfRandom, this.#random.state)
    return target
  }

  #noteBallSent(): void {
    this.#write('ballsSent', this.#read('ballsSent') + 1)
    const inFlight = this.#read('ballsSent') - this.#read('ballsReceived')
    this.#write('mostInFlight', Math.max(this.#read('mostInFlight'), inFlight))
  }

  #read(cell: Cell): number {
    return Atomics.load(this.#book, cells.indexOf(cell))
  }

  #write(cell: Cell, value: number): void {
    Atomics.store(this.#book, cells.indexOf(cell), value)
  }
}
