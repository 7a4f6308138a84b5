// Hackysack: players in a circle kick one ball about until it was caught often enough; then everybody goes home.
//
// The example of "Why Stackless" (2006), measured on Kamaelia's Axon in 2007. Always true of a run:
//   - at most one ball is in flight;
//   - a kick resumes the one player that it meets: O(players + turns) resumes, never their product;
//   - the same seed gives the same kicks: every draw comes from one generator, and only the player on the ball draws;
//   - the players end with the program, also when it is cancelled.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { Channel, checkpoint, Random, scope } from '../index.ts'
import { allEnded, assertInvariants, atMost, equal } from './invariants.ts'

/**
 * 'mailbox' gives every player a buffered inbox, and a player may kick to itself; with 'rendezvous' a kick meets its
 * receiver, and goes to another player.
 */
export type HackysackVariant = 'mailbox' | 'rendezvous'

export interface HackysackOptions {
  readonly players: number
  /** How often the ball is caught. */
  readonly turns: number
  /** Default 'mailbox'. */
  readonly variant?: HackysackVariant
  /** Of the kicks. Default 1. */
  readonly seed?: number
}

export interface HackysackResult {
  readonly players: number
  readonly turns: number
  /** How often the ball was caught, as the players counted. */
  readonly counter: number
  readonly ballsSent: number
  readonly ballsReceived: number
  readonly exitsSent: number
  readonly exitsReceived: number
  readonly mostInFlight: number
  /** Messages for players that had gone home. */
  readonly leftInInboxes: number
  /** A digest of the players kicked to, in order. @see kicked */
  readonly kicks: number
}

/** How many players are made, or looked after, between two looks at whether the host is due its turn. */
const playersPerCheckpoint = 1024

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and `players` at least 2 for
 *   'rendezvous'; BrokenInvariant
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const game = new Game(checked(options))
  yield* scope((circle) => play(game, circle))
  const result = yield* resultOf(game)
  assertInvariants('hackysack', ownComplaints(result))
  return result
}

/**
 * Assert what a finished game must have left in its result and in the statistics of the scheduler it had to itself.
 *
 * @throws BrokenInvariant
 */
export function checkHackysack(result: HackysackResult, statistics: SchedulerStatistics): void {
  const { players, turns } = result
  assertInvariants('hackysack', [
    ...ownComplaints(result),
    ...allEnded(statistics, players),
    atMost('resumes', statistics.resumes, 2 * players + 2 * turns + 10),
  ])
}

/** The digest of a sequence of kicks with one more, to player `target`; a sequence starts from 0. (FNV-1a, by words.) */
export function kicked(kicks: number, target: number): number {
  return Math.imul(kicks ^ 0x811c9dc5 ^ target, 0x01000193) >>> 0
}

type Message = 'ball' | 'exit'

class Game {
  readonly players: number
  readonly turns: number
  readonly variant: HackysackVariant
  readonly inboxes: Channel<Message>[] = []
  counter = 0
  ballsSent = 0
  ballsReceived = 0
  exitsSent = 0
  exitsReceived = 0
  mostInFlight = 0
  kicks = 0
  readonly #random: Random

  constructor({ players, turns, variant, seed }: Required<HackysackOptions>) {
    this.players = players
    this.turns = turns
    this.variant = variant
    this.#random = new Random(seed)
  }

  newInbox(): Channel<Message> {
    return new Channel<Message>(this.variant === 'mailbox' ? Number.POSITIVE_INFINITY : 0)
  }

  inboxOf(player: number): Channel<Message> {
    return this.inboxes[player] as Channel<Message>
  }

  drawTarget(kicker: number): number {
    let target = this.#random.below(this.players)
    while (target === kicker && this.variant === 'rendezvous') target = this.#random.below(this.players)
    return target
  }

  noteBallSent(): void {
    this.ballsSent += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.ballsSent - this.ballsReceived)
  }
}

function* play(game: Game, circle: Scope): Coroutine<void> {
  for (let made = 1; made <= game.players; made += 1) {
    game.inboxes.push(game.newInbox())
    circle.spawn(player, made - 1, game)
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  game.noteBallSent()
  yield* game.inboxOf(0).send('ball')
}

function* player(self: number, game: Game): Coroutine<void> {
  const inbox = game.inboxOf(self)
  while ((yield* inbox.receive()) === 'ball') {
    game.ballsReceived += 1
    const target = game.drawTarget(self)
    game.counter += 1
    if (game.counter === game.turns) {
      yield* sendEverybodyElseHome(self, game)
      return
    }
    game.kicks = kicked(game.kicks, target)
    game.noteBallSent()
    yield* game.inboxOf(target).send('ball')
  }
  game.exitsReceived += 1
}

function* sendEverybodyElseHome(self: number, game: Game): Coroutine<void> {
  for (let other = 0; other < game.players; other += 1) {
    if (other === self) continue
    yield* game.inboxOf(other).send('exit')
    game.exitsSent += 1
  }
}

function* resultOf(game: Game): Coroutine<HackysackResult> {
  const { players, turns, counter, ballsSent, ballsReceived, exitsSent, exitsReceived, mostInFlight, kicks } = game
  let leftInInboxes = 0
  for (let looked = 1; looked <= players; looked += 1) {
    leftInInboxes += game.inboxOf(looked - 1).length
    if (looked % playersPerCheckpoint === 0) yield* checkpoint()
  }
  return {
    players,
    turns,
    counter,
    ballsSent,
    ballsReceived,
    exitsSent,
    exitsReceived,
    mostInFlight,
    leftInInboxes,
    kicks,
  }
}

function ownComplaints(result: HackysackResult): (string | null)[] {
  const { players, turns } = result
  return [
    equal('the counter', result.counter, turns),
    equal('balls sent', result.ballsSent, turns),
    equal('balls received', result.ballsReceived, turns),
    equal('exits sent', result.exitsSent, players - 1),
    equal('exits received', result.exitsReceived, players - 1),
    equal('the most balls in flight', result.mostInFlight, 1),
    equal('messages left in inboxes', result.leftInInboxes, 0),
  ]
}

function checked(options: HackysackOptions): Required<HackysackOptions> {
  const { players, turns, variant = 'mailbox', seed = 1 } = options
  if (variant !== 'mailbox' && variant !== 'rendezvous') {
    throw new RangeError(`variant must be 'mailbox' or 'rendezvous' (got ${String(variant)})`)
  }
  // Whoever may not kick to itself needs somebody to kick to.
  const fewest = variant === 'rendezvous' ? 2 : 1
  if (!Number.isSafeInteger(players) || players < fewest) {
    throw new RangeError(`players must be a whole number from ${fewest} with variant '${variant}' (got ${players})`)
  }
  if (!Number.isSafeInteger(turns) || turns < 1) {
    throw new RangeError(`turns must be a whole number from 1 (got ${turns})`)
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`seed must be a whole number (got ${seed})`)
  return { players, turns, variant, seed }
}
