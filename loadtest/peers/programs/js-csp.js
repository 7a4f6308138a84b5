// js-csp: generators and channels after Clojure's core.async. A process gives what its generator returns on a channel of its own.

import csp from 'js-csp'
import { answerOrders } from './answer-orders.ts'
import { programsOf } from './programs.js'

const { buffers, chan, go, put, take, takeAsync } = csp

/** What `yield*` gives for a plain `yield` of an instruction. */
function* asked(instruction) {
  return yield instruction
}

/** Gives `value` without a wait: js-csp would take from a channel that it is yielded. */
const now = (value) => ({ [Symbol.iterator]: () => ({ next: () => ({ done: true, value }) }) })

const system = {
  channel: () => now(chan()),
  // Room for one: no player has two messages at a time.
  mailbox: () => now(chan(buffers.fixed(1))),
  send: (channel, value) => asked(put(channel, value)),
  receive: (channel) => asked(take(channel)),
  spawn: (program, ...words) => now(go(program, words)),
  join: (process) => asked(take(process)),
}

const run = (program, ...words) => new Promise((resolve) => takeAsync(go(program, words), resolve))
await answerOrders('js-csp 1.0.1', programsOf(system, run))
