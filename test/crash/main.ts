// `npm run crash`: kills processes, cuts the power and lets the disk fail, and looks whether the file keeps its promises.
//
// Options: `--kills <number>` (200), `--copies <number>` (10), `--boots <number>` (20), `--seed <number>` (a random one, which is
// printed: the same one gives the same moments and faults, as far as the machine is as quick). It ends with 1 where a promise
// was broken.

import process from 'node:process'
import { parseArgs } from 'node:util'
import { Random } from '../../runtime/index.ts'
import { failAtRandom } from './failing-store.ts'
import { killAtRandom } from './kills.ts'
import { losePower } from './power-loss.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    copies: { type: 'string', default: '10' },
    boots: { type: 'string', default: '20' },
    seed: { type: 'string', default: `${Math.floor(Math.random() * 2 ** 31)}` },
  },
})
const seed = Number(values.seed)
process.stdout.write(`seed ${seed}\n`)
await examine('kill -9', (random) => killAtRandom(random, Number(values.kills)))
await examine('loss of power', (random) => losePower(random, Number(values.copies)))
await examine('failing disk', (random) => failAtRandom(random, Number(values.boots)))

async function examine(what: string, body: (random: Random) => Promise<object>): Promise<void> {
  const began = performance.now()
  try {
    const report = Object.entries(await body(new Random(seed))).map(([name, count]) => `${count} ${name}`)
    process.stdout.write(
      `${what.padEnd(14)} kept: ${report.join(', ')} in ${Math.round((performance.now() - began) / 1_000)} s\n`,
    )
  } catch (error) {
    process.stdout.write(`${what.padEnd(14)} BROKEN (seed ${seed}): ${error instanceof Error ? error.stack : error}\n`)
    process.exitCode = 1
  }
}
