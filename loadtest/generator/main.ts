// A load generator: a process of its own that carries out the orders of the load test, one herd for its whole life. It ends
// when the load test does.

import { armAndCancel } from './armed-timers.ts'
import { loop } from './closed-loop.ts'
import { Herd } from './herd.ts'
import type { AnswerEnvelope, Envelope, OrderName, Orders } from './orders.ts'

const herd = new Herd()

type Carry = { [Name in OrderName]: (given: Orders[Name]['given']) => unknown }

const carry: Carry = {
  open: (plan) => herd.open(plan),
  park: (given) => herd.park(given?.perSecond),
  again: ({ perSecond }) => herd.again(perSecond),
  replied: () => herd.replied(),
  collect: ({ timeoutMs }) => herd.collect(timeoutMs),
  follow: () => herd.follow(),
  heard: () => herd.heard(),
  finish: ({ heads, timeoutMs }) => herd.finish(heads, timeoutMs),
  loop,
  timers: armAndCancel,
  leave: () => herd.leave(),
}

// Ctrl-C reaches the whole group; what becomes of us is for the load test to say.
process.on('SIGINT', () => {})
process.on('disconnect', () => process.exit(0))
process.on('message', (envelope: Envelope) => void obey(envelope))

async function obey({ id, name, given }: Envelope): Promise<void> {
  try {
    answer({ id, answer: await (carry[name] as (given: unknown) => unknown)(given) })
  } catch (error) {
    answer({ id, error: `${name}: ${(error as Error).message}` })
  }
}

function answer(envelope: AnswerEnvelope): void {
  process.send?.(envelope)
}
