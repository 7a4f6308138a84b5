// Hackysack on greenlets: every player is a greenlet that reads its channel.
//
// What hackysack.ts says is true here, too. A write never blocks, so that a channel is a mailbox and no rendezvous.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { JobQueue } from '../../models/greenlet.ts'
import { Channel, greenlets } from '../../models/greenlet.ts'
import type { HackysackOptions, HackysackResult } from '../hackysack-game.ts'
import { Game, leftIn, playersPerCheckpoint } from '../hackysack-game.ts'

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and for variant 'rendezvous';
 *   BrokenInvariant
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const game = new Game(options)
  if (game.variant === 'rendezvous') {
    throw new RangeError("variant 'rendezvous' cannot be played on greenlets, whose writes never block: use 'mailbox'")
  }
  const inboxes: Inbox[] = []
  yield* greenlets((jobs) => play(game, inboxes, jobs))
  return game.result(yield* leftIn(inboxes, (inbox) => inbox.length))
}

type Inbox = Channel<'ball' | 'exit'>

function* play(game: Game, inboxes: Inbox[], jobs: JobQueue): Coroutine<void> {
  for (let made = 1; made <= game.players; made += 1) {
    inboxes.push(new Channel())
    jobs.go(player, made - 1, inboxes, game)
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  game.toss()
  inboxOf(inboxes, 0).write('ball')
}

function* player(self: number, inboxes: Inbox[], game: Game): Coroutine<void> {
  const inbox = inboxOf(inboxes, self)
  while ((yield* inbox.read()) === 'ball') {
    const target = game.caughtBy(self)
    if (target === null) {
      yield* sendEverybodyElseHome(self, inboxes, game)
      return
    }
    inboxOf(inboxes, target).write('ball')
  }
  game.exitsReceived += 1
}

function* sendEverybodyElseHome(self: number, inboxes: Inbox[], game: Game): Coroutine<void> {
  for (let other = 0; other < game.players; other += 1) {
    if (other % playersPerCheckpoint === 0) yield* checkpoint()
    if (other === self) continue
    inboxOf(inboxes, other).write('exit')
    game.exitsSent += 1
  }
}

function inboxOf(inboxes: Inbox[], player: number): Inbox {
  return inboxes[player] as Inbox
}
