// Hackysack, as fibra's own benchmarks played it: each player is a tasklet with a tube of messages.
//
// With 'mailbox' a kick goes on at once; with 'rendezvous' it waits until it is popped, as in the original.

import type { Coroutine } from '../../index.ts'
import { checkpoint } from '../../index.ts'
import type { Tasklet } from '../../models/fibra/index.ts'
import { Schedule, Tube } from '../../models/fibra/index.ts'
import type { HackysackOptions, HackysackResult } from '../hackysack-game.ts'
import { Game, leftIn, playersPerCheckpoint } from '../hackysack-game.ts'
import type { ModelCosts } from '../invariants.ts'

/**
 * Toss a ball to the first player and play until it was caught `turns` times.
 *
 * @throws RangeError unless `players` and `turns` are whole numbers of at least 1, and `players` at least 2 for
 *   'rendezvous'; BrokenInvariant
 */
export function* hackysack(options: HackysackOptions): Coroutine<HackysackResult> {
  const circle = new Circle(new Game(options))
  const schedule = new Schedule()
  for (let made = 1; made <= circle.game.players; made += 1) {
    circle.messages.push(new Tube())
    schedule.install(player(made - 1, circle), 'player')
    if (made % playersPerCheckpoint === 0) yield* checkpoint()
  }
  schedule.install(toss(circle), 'toss')
  yield* schedule.run()
  return circle.game.result(yield* leftIn(circle.messages, (messages) => messages.length))
}

/** The tasklet that tosses the first ball is no player. */
export function hackysackCosts(_options: HackysackOptions): ModelCosts {
  return { helpers: 1 }
}

type Message = 'ball' | 'exit'

class Circle {
  readonly game: Game
  readonly messages: Tube<Message>[] = []
  /** Whether a push waits until its message is popped. */
  readonly waits: boolean

  constructor(game: Game) {
    this.game = game
    this.waits = game.variant === 'rendezvous'
  }

  messagesFor(player: number): Tube<Message> {
    return this.messages[player] as Tube<Message>
  }
}

function* toss(circle: Circle): Tasklet<void> {
  circle.game.toss()
  yield circle.messagesFor(0).push('ball', circle.waits)
}

function* player(self: number, circle: Circle): Tasklet<void> {
  const { game, waits } = circle
  const messages = circle.messagesFor(self)
  while ((yield messages.pop()) === 'ball') {
    const target = game.caughtBy(self)
    if (target === null) {
      yield sendEverybodyElseHome(self, circle)
      return
    }
    yield circle.messagesFor(target).push('ball', waits)
  }
  game.exitsReceived += 1
}

function* sendEverybodyElseHome(self: number, circle: Circle): Tasklet<void> {
  const { game, waits } = circle
  for (let other = 0; other < game.players; other += 1) {
    if (other === self) continue
    yield circle.messagesFor(other).push('exit', waits)
    game.exitsSent += 1
  }
}
