// Encke's own programs, each run on a scheduler of its own, as the server's benchmarks run them.

import type { Coroutine, SchedulerStatistics } from '../../../runtime/index.ts'
import { keepShapes, Scheduler } from '../../../runtime/index.ts'
import { chain } from '../../../runtime/programs/chain.ts'
import { checkChain } from '../../../runtime/programs/chain-counts.ts'
import { hackysack } from '../../../runtime/programs/hackysack.ts'
import { checkHackysack } from '../../../runtime/programs/hackysack-game.ts'
import { checkParked, parked } from '../../../runtime/programs/parked.ts'
import { checkPingPong, pingPong } from '../../../runtime/programs/ping-pong.ts'
import { checkSieve, sieve } from '../../../runtime/programs/sieve.ts'
import { answerOrders } from './answer-orders.ts'

keepShapes()
await answerOrders('Encke', {
  chain: async (n) => (await play(() => chain(n), checkChain)).answer,
  hackysack: async (players, turns) => (await play(() => hackysack({ players, turns }), checkHackysack)).counter,
  'ping-pong': async (roundTrips) => (await play(() => pingPong(roundTrips), checkPingPong)).ball,
  sieve: async (limit) => (await play(() => sieve(limit), checkSieve)).largest,
  park: async (coroutines, whileParked) => (await play(() => parked(coroutines, whileParked), checkParked)).received,
})

async function play<Result>(
  body: () => Coroutine<Result>,
  check: (result: Result, statistics: SchedulerStatistics) => void,
): Promise<Result> {
  const scheduler = new Scheduler({ deadlock: 'reject' })
  const result = await scheduler.run(body).promise
  check(result, scheduler.statistics())
  return result
}
