// Plays chain and ping-pong on the runtime of the checkout that this file stands in, and prints what a run of each costs, as
// JSON. It is copied into the other commit, so it imports as little as it can.
//
// A figure is the processor time of the whole process, all threads, in milliseconds: the median run, after as many runs in
// which code is compiled.

import process from 'node:process'
import { type Coroutine, Scheduler } from '../../runtime/index.ts'
import { chain } from '../../runtime/programs/chain.ts'
import { pingPong } from '../../runtime/programs/ping-pong.ts'

const links = 100_000
const roundTrips = 200_000
const runs = Number(process.argv[2])

const chainMs = await medianMs(() => chain(links))
const pingPongMs = await medianMs(() => pingPong(roundTrips))
process.stdout.write(`${JSON.stringify({ chain: chainMs, pingPong: pingPongMs })}\n`)

async function medianMs(program: () => Coroutine<unknown>): Promise<number> {
  const all: number[] = []
  while (all.length < 2 * runs) {
    const start = process.cpuUsage()
    await new Scheduler({ deadlock: 'reject' }).run(program).promise
    const { user, system } = process.cpuUsage(start)
    all.push((user + system) / 1_000)
  }
  return all.slice(runs).sort((a, b) => a - b)[Math.floor((runs - 1) / 2)] as number
}
