// What every game of hackysack has in common, whatever model its players are made of: the rules, the book, the check.
//
// The player on the ball draws the target first and counts the receipt then; so the same seed gives the same kicks in every
// model of the same variant.

import type { Coroutine, SchedulerStatistics } from '../index.ts'
import { checkpoint, Random } from '../index.ts'
import type { ModelCosts } from './invariants.ts'
import { allEnded, assertInvariants, atMost, equal } from './invariants.ts'
import { kicked } from './kicks.ts'

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

/** The book that every player writes in, whatever model it is a player of. */
export class Game {
  readonly players: number
  readonly turns: number
  readonly variant: HackysackVariant
  counter = 0
  ballsSent = 0
  ballsReceived = 0
  exitsSent = 0
  exitsReceived = 0
  mostInFlight = 0
  kicks = 0
  readonly #random: Random

  /** @throws RangeError unless the options are such that they can be played */
  constructor(options: HackysackOptions) {
    const { players, turns, variant, seed } = checked(options)
    this.players = players
    this.turns = turns
    this.variant = variant
    this.#random = new Random(seed)
  }

  /** What came of it, checked. @throws BrokenInvariant */
  result(leftInInboxes: number): HackysackResult {
    const { players, turns, counter, ballsSent, ballsReceived, exitsSent, exitsReceived, mostInFlight, kicks } = this
    const sent = { ballsSent, ballsReceived, exitsSent, exitsReceived }
    const result = { players, turns, counter, ...sent, mostInFlight, leftInInboxes, kicks }
    assertInvariants('hackysack', ownComplaints(result))
    return result
  }

  /** The first ball, to player 0, by nobody. */
  toss(): void {
    this.#noteBallSent()
  }

  /** Note that `player` has caught the ball, and say to whom it goes next: null when the game is over. */
  caughtBy(player: number): number | null {
    this.ballsReceived += 1
    const target = this.#drawTarget(player)
    this.counter += 1
    if (this.counter === this.turns) return null
    this.kicks = kicked(this.kicks, target)
    this.#noteBallSent()
    return target
  }

  #drawTarget(kicker: number): number {
    let target = this.#random.below(this.players)
    while (target === kicker && this.variant === 'rendezvous') target = this.#random.below(this.players)
    return target
  }

  #noteBallSent(): void {
    this.ballsSent += 1
    this.mostInFlight = Math.max(this.mostInFlight, this.ballsSent - this.ballsReceived)
  }
}

/** How many players are made, sent home or looked after between two looks at whether the host is due its turn. */
export const playersPerCheckpoint = 1024

/** Count what is left in the inboxes of players who have gone home. */
export function* leftIn<Inbox>(inboxes: readonly Inbox[], lengthOf: (inbox: Inbox) => number): Coroutine<number> {
  let left = 0
  for (let looked = 1; looked <= inboxes.length; looked += 1) {
    left += lengthOf(inboxes[looked - 1] as Inbox)
    if (looked % playersPerCheckpoint === 0) yield* checkpoint()
  }
  return left
}

/**
 * Assert what a finished game must have left in its result and in the statistics of the scheduler it had to itself.
 *
 * @param costs what a model spends beside what the game itself needs; by default nothing
 * @throws BrokenInvariant
 */
export function checkHackysack(result: HackysackResult, statistics: SchedulerStatistics, costs: ModelCosts = {}): void {
  const { players, turns } = result
  const { helpers = 0, mostResumes = 2 * players + 2 * turns + 10 } = costs
  assertInvariants('hackysack', [
    ...ownComplaints(result),
    ...allEnded(statistics, players + helpers),
    atMost('resumes', statistics.resumes, mostResumes),
  ])
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
