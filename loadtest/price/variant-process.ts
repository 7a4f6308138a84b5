// One variant in a process of its own, named on the command line, playing what it is told to.

import { answerOrders } from '../peers/programs/answer-orders.ts'
import { chain, leaveSomeWaiting, park, pingPong } from './programs.ts'
import { rungs, variantCalled } from './variants.ts'

const variant = variantCalled(process.argv[2])
const kit = await variant.load()
if (rungs.includes(variant)) await leaveSomeWaiting(kit)

await answerOrders(variant.name, {
  chain: (n) => chain(kit, n),
  'ping-pong': (roundTrips) => pingPong(kit, roundTrips),
  park: (coroutines, whileParked) => park(kit, coroutines, whileParked),
  hackysack: refuse,
  sieve: refuse,
})

function refuse(): never {
  throw new Error('only the chain and ping-pong have a price here')
}
