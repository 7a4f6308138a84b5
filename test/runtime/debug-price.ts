// `node test/runtime/debug-price.ts [rounds]`: what debug mode costs, as a ratio: the same program with it and without, in turn.
//
// What is printed is the median of the ratios, round by round, and the quartiles. Two rounds before those that count let V8
// compile. Ratios of one run hold on a busy machine; the nanoseconds beside them do not.

import process from 'node:process'
import { type Coroutine, Scheduler } from '../../runtime/index.ts'
import { chain } from '../../runtime/programs/chain.ts'
import { pingPong } from '../../runtime/programs/ping-pong.ts'

const size = 20_000
const warmUps = 2
const rounds = Number(process.argv[2] ?? 15)

const programs: [name: string, body: (size: number) => Coroutine<unknown>][] = [
  ['chain', chain],
  ['ping-pong', pingPong],
]

for (const [name, body] of programs) {
  const ratios: number[] = []
  const plain: number[] = []
  for (let round = -warmUps; round < rounds; round += 1) {
    const without = await nanoseconds(body, false)
    const within = await nanoseconds(body, true)
    if (round < 0) continue
    ratios.push(within / without)
    plain.push(without)
  }
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => at(ratios, share).toFixed(1))
  process.stdout.write(
    `${name}: ${median} (${low} to ${high}) times ${at(plain, 0.5).toFixed(0)} ns, ${rounds} rounds\n`,
  )
}

/** What one link, or one round trip, takes. */
async function nanoseconds(body: (size: number) => Coroutine<unknown>, debug: boolean): Promise<number> {
  const scheduler = new Scheduler({ debug })
  const began = performance.now()
  await scheduler.run(body, size).promise
  return ((performance.now() - began) * 1e6) / size
}

function at(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)] as number
}
