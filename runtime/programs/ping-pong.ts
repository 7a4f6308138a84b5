// Ping-pong: two coroutines hand one ball to and fro over two rendezvous channels.
//
// Always true of a run:
//   - each of them adds one to the ball before it gives it away, so that a round trip adds two;
//   - a hand-over resumes the one who gets the ball, and nobody else: two resumes for a round trip.

import type { Coroutine, SchedulerStatistics, Scope } from '../index.ts'
import { Channel, scope } from '../index.ts'
import { assertInvariants, checkedSize, ended, equal } from './invariants.ts'

export interface PingPongResult {
  readonly roundTrips: number
  readonly ball: number
}

/**
 * Hand a ball there and back `roundTrips` times.
 *
 * @throws RangeError unless `roundTrips` is a whole number of at least 1; BrokenInvariant
 */
export function* pingPong(roundTrips: number): Coroutine<PingPongResult> {
  checkedSize('roundTrips', roundTrips)
  const ball = yield* scope((players) => ping(roundTrips, players))
  const result = { roundTrips, ball }
  checkPingPong(result)
  return result
}

/** Assert what must have come of it and, with the statistics of a scheduler that it had to itself, that all has ended. */
export function checkPingPong({ roundTrips, ball }: PingPongResult, statistics?: SchedulerStatistics): void {
  assertInvariants('ping-pong', [
    equal('the ball', ball, 2 * roundTrips),
    ...ended(statistics, { coroutines: 1, mostResumes: 2 * roundTrips + 10 }),
  ])
}

function* ping(roundTrips: number, players: Scope): Coroutine<number> {
  const there = new Channel<number>()
  const back = new Channel<number>()
  players.spawn(pong, roundTrips, there, back)
  let ball = 0
  for (let trip = 0; trip < roundTrips; trip += 1) {
    yield* there.send(ball + 1)
    ball = yield* back.receive()
  }
  return ball
}

function* pong(roundTrips: number, there: Channel<number>, back: Channel<number>): Coroutine<void> {
  for (let trip = 0; trip < roundTrips; trip += 1) {
    const ball = yield* there.receive()
    yield* back.send(ball + 1)
  }
}
