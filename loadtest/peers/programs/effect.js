// Effect: fibers and queues.
//
// A queue without room would be a rendezvous channel. But with `Queue.bounded(0)` a chain of a thousand links stops half way,
// for ever (4.1.0): so the queues have room for one, and a sender need not meet its receiver.

import { Effect, Fiber, Queue } from 'effect'
import { answerOrders } from './answer-orders.ts'
import { programsOf } from './programs.js'

const started = (program, words) => Effect.gen(() => program(...words)[Symbol.iterator]())
const system = {
  channel: () => Queue.bounded(1),
  mailbox: () => Queue.unbounded(),
  send: Queue.offer,
  receive: Queue.take,
  spawn: (program, ...words) => Effect.forkChild(started(program, words)),
  join: Fiber.join,
}

await answerOrders(
  'Effect 4.1.0',
  programsOf(system, (program, ...words) => Effect.runPromise(started(program, words))),
)
