// What it costs to have what a bare scheduler lacks: `npm run bench:price -- --help`.
//
// Measured are wall times of one process at a time, on the flags of `npm start`, one run after the other, garbage and all: bytes
// are part of the price. What would make the numbers lie: another busy process; a ratio over figures of two commands; and
// fewer rounds than it takes for a quartile to mean something.

import process from 'node:process'
import { UsageError } from '../flags.ts'
import { describeMachine } from '../measure/machine.ts'
import { Progress } from '../progress.ts'
import { readRounds, usage } from './flags.ts'
import { measurePrices } from './prices.ts'
import { priceTable } from './table.ts'
import { ladder, options } from './variants.ts'

try {
  const rounds = readRounds(process.argv.slice(2))
  if (rounds === 'help') process.stdout.write(usage)
  else await main(rounds)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  process.stderr.write(`bench:price: ${error.message}\n`)
  process.exitCode = 2
}

async function main(rounds: number): Promise<void> {
  const { processor, cores, node, loadBefore } = describeMachine()
  const progress = new Progress(process.stderr)
  const given = { rounds, budgetMs: 20_000, show: (text: string) => progress.show(text) }
  const ladderPrices = await measurePrices(ladder, given)
  const optionPrices = await measurePrices(options, given)
  progress.clear()
  process.stdout.write(`${priceTable(ladderPrices, 'bare')}\n\n${priceTable(optionPrices, 'it')}\n\n`)
  process.stdout.write(
    `Medians and quartiles of ${rounds} rounds; ${processor}, ${cores} cores; Node ${node}; load before ${loadBefore.toFixed(1)}\n`,
  )
}
