// Hackysack in Erlang: every player is a process, and everybody knows everybody's pid.
//
// What hackysack.ts says is true here, too. A send never waits, so that a mailbox is no rendezvous.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { Pid, Process } from '../../models/erlang/index.ts'
import { runNode } from '../../models/erlang/index.ts'
import type { HackysackOptions, HackysackResult } from '../hackysack-game.ts'
import { Game, playersPerCheckpoint } from '../hackysack-game.ts'

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and for variant 'rendezvous';
 *   BrokenInvariant
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const circle = new Circle(new Game(options))
  yield* runNode(play, circle)
  return circle.game.result(circle.leftInMailboxes)
}

class Circle {
  readonly game: Game
  readonly players: Pid<Message>[] = []
  /** Counted by the players as they go home: whatever comes later is sent to the dead. */
  leftInMailboxes = 0

  constructor(game: Game) {
    if (game.variant === 'rendezvous') {
      throw new RangeError("variant 'rendezvous' cannot be played in Erlang, where no send waits: use 'mailbox'")
    }
    this.game = game
  }

  player(number: number): Pid<Message> {
    return this.players[number] as Pid<Message>
  }
}

type Message = 'ball' | 'exit'

function* play(self: Process, circle: Circle): Coroutine<void> {
  const { game, players } = circle
  for (let made = 1; made <= game.players; made += 1) {
    players.push(self.spawn(player, made - 1, circle))
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  game.toss()
  self.send(circle.player(0), 'ball')
}

function* player(self: Process<Message>, number: number, circle: Circle): Coroutine<void> {
  const { game } = circle
  while ((yield* self.receive()) === 'ball') {
    const target = game.caughtBy(number)
    if (target === null) {
      yield* sendEverybodyElseHome(self, number, circle)
      circle.leftInMailboxes += self.messageQueueLength
      return
    }
    self.send(circle.player(target), 'ball')
  }
  game.exitsReceived += 1
  circle.leftInMailboxes += self.messageQueueLength
}

// A send is no operation here, so a loop of sends would never hand over. In Erlang it costs reductions, and would.
function* sendEverybodyElseHome(self: Process<Message>, number: number, { game, players }: Circle): Coroutine<void> {
  for (const [other, pid] of players.entries()) {
    if (other % playersPerCheckpoint === 0) yield* checkpoint()
    if (other === number) continue
    self.send(pid, 'exit')
    game.exitsSent += 1
  }
}
