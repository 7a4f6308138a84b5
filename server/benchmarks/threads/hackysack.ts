// Hackysack on threads: each player is a thread that sleeps until the ball comes. The baseline of the sources.
//
// What hackysack says is true here, too: the same seed gives the same kicks as in any other model.

import type { Coroutine, Scope } from '../../../runtime/index.ts'
import { checkpoint, scope } from '../../../runtime/index.ts'
import type { HackysackOptions, HackysackResult } from '../../../runtime/programs/hackysack-game.ts'
import { Game } from '../../../runtime/programs/hackysack-game.ts'
import { handedOver } from './main-thread.ts'
import type { PlayerData } from './player.ts'
import type { SharedGameOptions } from './shared-game.ts'
import { ball, SharedGame } from './shared-game.ts'
import { SharedInboxes } from './shared-inboxes.ts'
import { mostThreads, RollCall, scriptBeside, thread } from './thread.ts'

const script = scriptBeside('player', import.meta.url)

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` is a whole number from 1 to 64, from 2 for 'rendezvous', and `turns` one from 1;
 *   BrokenInvariant; what a thread throws
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const game = new Game(options)
  const { players, turns, variant } = game
  if (players > mostThreads) throw new RangeError(`players must be at most ${mostThreads} on threads (got ${players})`)
  const memory = SharedInboxes.allocate(players)
  const inboxes = new SharedInboxes(memory)
  const shared: SharedGameOptions = { players, turns, variant, book: SharedGame.open(options.seed ?? 1) }
  yield* scope((circle) => play(shared, memory, circle))
  Object.assign(game, new SharedGame(shared).counts)
  return game.result(leftIn(inboxes, players))
}

function* play(game: SharedGameOptions, memory: SharedArrayBuffer, circle: Scope): Coroutine<void> {
  const rollCall = new RollCall(game.players)
  for (let player = 0; player < game.players; player += 1) {
    circle.spawn(thread, script, { ...game, memory, player } satisfies PlayerData, rollCall)
    yield* checkpoint()
  }
  yield* rollCall.complete.wait()
  new SharedGame(game).toss()
  yield* handedOver(new SharedInboxes(memory), 0, ball)
}

function leftIn(inboxes: SharedInboxes, players: number): number {
  let left = 0
  for (let player = 0; player < players; player += 1) {
    const { sent, taken } = inboxes.progress(player)
    left += sent - taken
  }
  return left
}
