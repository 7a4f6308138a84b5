// Plays chain and ping-pong on the runtime of the checkout that this file stands in: a line with a name comes in on standard
// input, a line of JSON goes out, { ms }: the processor time of the whole process, all threads, for that run. The first line
// says who answers. It is copied into the other commit, so it imports as little as it can.

import process from 'node:process'
import { createInterface } from 'node:readline'
import { type Coroutine, Scheduler } from '../../runtime/index.ts'
import { chain } from '../../runtime/programs/chain.ts'
import { pingPong } from '../../runtime/programs/ping-pong.ts'

const programs: Readonly<Record<string, () => Coroutine<unknown>>> = {
  chain: () => chain(100_000),
  pingPong: () => pingPong(200_000),
}

const say = (reply: unknown) => process.stdout.write(`${JSON.stringify(reply)}\n`)

say({ system: 'encke' })
for await (const name of createInterface({ input: process.stdin })) {
  const start = process.cpuUsage()
  await new Scheduler({ deadlock: 'reject' }).run(programs[name]!).promise
  const { user, system } = process.cpuUsage(start)
  say({ ms: (user + system) / 1_000 })
}
