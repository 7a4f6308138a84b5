// One variant in a process of its own, named on the command line, playing what it is told to.

import { answerOrders } from '../peers/programs/answer-orders.ts'
import { chain, park, pingPong } from './programs.ts'
import { variantCalled } from './variants.ts'

const { name, load } = variantCalled(process.argv[2])
const kit = await load()

await answerOrders(name, {
  chain: (n) => chain(kit, n),
  'ping-pong': (roundTrips) => pingPong(kit, roundTrips),
  park: (coroutines, whileParked) => park(kit, coroutines, whileParked),
  hackysack: refuse,
  sieve: refuse,
})

function refuse(): never {
  throw new Error('only the chain and ping-pong have a price here')
}
