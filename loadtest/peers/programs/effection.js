// Effection: structured operations. Its channels show a value to every subscriber, so what hands a value to one receiver is its
// queue, which never makes a sender wait.

import { createQueue, run, spawn } from 'effection'
import { answerOrders } from './answer-orders.ts'
import { programsOf } from './programs.js'

/** An operation that waits for nothing, and gives `value`. */
const now = (value) => ({ [Symbol.iterator]: () => ({ next: () => ({ done: true, value }) }) })
const nothing = now(undefined)

const system = {
  channel: () => now(createQueue()),
  mailbox: () => now(createQueue()),
  send(queue, value) {
    queue.add(value)
    return nothing
  },
  *receive(queue) {
    return (yield* queue.next()).value
  },
  spawn: (program, ...words) => spawn(() => program(...words)),
  join: (task) => task,
}

await answerOrders(
  'Effection 4.1.1',
  programsOf(system, (program, ...words) => run(() => program(...words))),
)
