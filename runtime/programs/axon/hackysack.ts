// Hackysack, as it was first played on Axon: the players are components that put messages into one another's inbox.
//
// No links: everybody may kick to everybody, and the square of the players would be too many.

import type { Coroutine, Scope } from '../../index.ts'
import { checkpoint, scope } from '../../index.ts'
import { Component } from '../../models/axon/index.ts'
import type { HackysackOptions, HackysackResult } from '../hackysack-game.ts'
import { Game, leftIn, playersPerCheckpoint } from '../hackysack-game.ts'
import type { Idle } from './idle.ts'
import { pausing } from './idle.ts'

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and the variant is 'mailbox';
 *   BrokenInvariant
 */
export function hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  return hackysackWith(pausing, options)
}

/** The same, with players that wait as `idle` says. */
export function* hackysackWith(idle: Idle, options: HackysackOptions): Coroutine<HackysackResult> {
  const circle = new Circle(idle, new Game(options))
  yield* scope((players) => play(circle, players))
  return circle.game.result(yield* leftIn(circle.players, (player) => player.waitingIn()))
}

class Circle {
  readonly idle: Idle
  readonly game: Game
  readonly players: Player[] = []

  constructor(idle: Idle, game: Game) {
    if (game.variant === 'rendezvous') {
      throw new RangeError("variant 'rendezvous' cannot be played on axon, whose boxes are buffered: use 'mailbox'")
    }
    this.idle = idle
    this.game = game
  }

  player(number: number): Player {
    return this.players[number] as Player
  }
}

function* play(circle: Circle, players: Scope): Coroutine<void> {
  for (let made = 1; made <= circle.game.players; made += 1) {
    circle.players.push(new Player(made - 1, circle).activate(players))
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  circle.game.toss()
  circle.player(0).deliver('ball')
}

class Player extends Component {
  readonly #number: number
  readonly #circle: Circle

  constructor(number: number, circle: Circle) {
    super()
    this.#number = number
    this.#circle = circle
  }

  protected *main(): Coroutine<void> {
    const { game, idle } = this.#circle
    for (;;) {
      // Every round gives up the turn, also with a ball kicked to itself: it would not let anybody else play otherwise.
      yield* this.dataReady() ? this.turn() : idle(this)
      if (!this.dataReady()) continue
      if (this.recv() === 'exit') break
      const target = game.caughtBy(this.#number)
      if (target === null) return yield* this.#sendEverybodyElseHome()
      this.#circle.player(target).deliver('ball')
    }
    game.exitsReceived += 1
  }

  *#sendEverybodyElseHome(): Coroutine<void> {
    const { game } = this.#circle
    for (let other = 0; other < game.players; other += 1) {
      if (other % playersPerCheckpoint === 0) yield* checkpoint()
      if (other === this.#number) continue
      this.#circle.player(other).deliver('exit')
      game.exitsSent += 1
    }
  }
}
