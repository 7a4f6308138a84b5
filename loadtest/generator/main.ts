// A load generator: a process of its own that carries out the orders of the load test, one herd of each kind for its whole life. It ends
// when the load test does.

import process from 'node:process'
import { armAndCancel } from './armed-timers.ts'
import { catchUp } from './catch-up.ts'
import { loop } from './closed-loop.ts'
import { EventHerd, type WatchPlan } from './event-herd.ts'
import { Herd, type OpenPlan } from './herd.ts'
import { goOnTrips } from './trips.ts'

const herd = new Herd()
const eventHerd = new EventHerd()

/** What a generator can be asked for: processes/generator.ts gives it these, with their types. */
const orders = {
  open: (plan: OpenPlan) => herd.open(plan),
  park: (perSecond?: number) => herd.park(perSecond),
  again: (perSecond: number) => herd.again(perSecond),
  replied: () => herd.replied(),
  collect: (timeoutMs: number) => herd.collect(timeoutMs),
  follow: () => herd.follow(),
  heard: () => herd.heard(),
  leave: () => herd.leave(),
  watch: (plan: WatchPlan) => eventHerd.watch(plan),
  watched: () => eventHerd.watched(),
  leaveEvents: () => eventHerd.leave(),
  loop,
  catchUp,
  trips: goOnTrips,
  timers: armAndCancel,
}

export type Orders = typeof orders

/** An order on its way to the generator; its answer goes back with the same id. */
export interface Envelope {
  readonly id: number
  readonly name: keyof Orders
  readonly given: readonly unknown[]
}

// Ctrl-C reaches the whole group; the load test says when this process ends.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
process.on('message', async ({ id, name, given }: Envelope) => {
  try {
    process.send?.({ id, answer: await (orders[name] as (...given: readonly unknown[]) => unknown)(...given) })
  } catch (error) {
    process.send?.({ id, error: `${name}: ${(error as Error).message}` })
  }
})
