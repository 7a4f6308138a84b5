// Hackysack on Stackless, the example of "Why Stackless" itself: every player is a tasklet that receives from its channel.
//
// What hackysack.ts says is true here, too. There the channels are rendezvous, and a player never kicks to itself; with
// 'mailbox' each is a channel with a queue.

import type { Coroutine, Operation } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { StacklessThread } from '../../models/stackless.ts'
import { Channel, stackless } from '../../models/stackless.ts'
import type { HackysackOptions, HackysackResult } from '../hackysack-game.ts'
import { Game, leftIn, playersPerCheckpoint } from '../hackysack-game.ts'
import type { ModelCosts } from '../invariants.ts'
import { QueueChannel } from './queue-channel.ts'

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and `players` at least 2 for
 *   'rendezvous'; BrokenInvariant
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const game = new Game(options)
  const inboxes: Inbox[] = []
  yield* stackless((thread) => play(game, inboxes, thread))
  return game.result(yield* leftIn(inboxes, lengthOf))
}

/** With the default preference whoever sends gives way to the receiver: once for every ball, and for every exit. */
export function hackysackCosts({ players, turns, variant }: HackysackOptions): ModelCosts {
  return variant === 'rendezvous' ? { mostResumes: 3 * players + 2 * turns + 10 } : {}
}

type Message = 'ball' | 'exit'

interface Inbox {
  send(message: Message): Operation<void>
  receive(): Operation<Message>
}

function* play(game: Game, inboxes: Inbox[], thread: StacklessThread): Coroutine<void> {
  const start = thread.tasklet(player)
  for (let made = 1; made <= game.players; made += 1) {
    inboxes.push(game.variant === 'mailbox' ? new QueueChannel<Message>() : new Channel<Message>())
    start(made - 1, inboxes, game)
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  game.toss()
  yield* inboxOf(inboxes, 0).send('ball')
  yield* thread.run()
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

/** A channel holds nothing: what nobody has received was not sent either. */
function lengthOf(inbox: Inbox): number {
  return inbox instanceof QueueChannel ? inbox.length : 0
}
