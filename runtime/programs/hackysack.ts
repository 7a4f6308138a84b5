// Hackysack: players in a circle kick one ball about until it was caught often enough; then everybody goes home.
//
// The example of "Why Stackless" (2006), measured on Kamaelia's Axon in 2007. Always true of a run:
//   - at most one ball is in flight;
//   - a kick resumes the one player that it meets: O(players + turns) resumes, never their product;
//   - the same seed gives the same kicks: every draw comes from one generator, and only the player on the ball draws;
//   - the players end with the program, also when it is cancelled.

import type { Coroutine, Scope } from '../index.ts'
import { Channel, checkpoint, scope } from '../index.ts'
import type { HackysackOptions, HackysackResult } from './hackysack-game.ts'
import { Game, leftIn, playersPerCheckpoint } from './hackysack-game.ts'

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and `players` at least 2 for
 *   'rendezvous'; BrokenInvariant
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const game = new Game(options)
  const inboxes: Inbox[] = []
  yield* scope((circle) => play(game, inboxes, circle))
  return game.result(yield* leftIn(inboxes, (inbox) => inbox.length))
}

type Inbox = Channel<'ball' | 'exit'>

function* play(game: Game, inboxes: Inbox[], circle: Scope): Coroutine<void> {
  const capacity = game.variant === 'mailbox' ? Number.POSITIVE_INFINITY : 0
  for (let made = 1; made <= game.players; made += 1) {
    inboxes.push(new Channel(capacity))
    circle.spawn(player, made - 1, inboxes, game)
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  game.toss()
  yield* inboxOf(inboxes, 0).send('ball')
}

function* player(self: number, inboxes: Inbox[], game: Game): Coroutine<void> {
  const inbox = inboxOf(inboxes, self)
  while ((yield* inbox.receive()) === 'ball') {
    const target = game.caughtBy(self)
    if (target === null) {
      yield* sendEverybodyElseHome(self, inboxes, game)
      return
    }
    yield* inboxOf(inboxes, target).send('ball')
  }
  game.exitsReceived += 1
}

function* sendEverybodyElseHome(self: number, inboxes: Inbox[], game: Game): Coroutine<void> {
  for (let other = 0; other < game.players; other += 1) {
    if (other === self) continue
    yield* inboxOf(inboxes, other).send('exit')
    game.exitsSent += 1
  }
}

function inboxOf(inboxes: Inbox[], player: number): Inbox {
  return inboxes[player] as Inbox
}
