// The command line of the prices.

import { UsageError } from '../flags.ts'

const usualRounds = 15
const mostRounds = 1_000

export const usage = `Run the chain and ping-pong on a bare scheduler, on the same with one thing more each time, and on the runtime.

  npm run bench:price                  some two minutes
  npm run bench:price -- --rounds 31   (${usualRounds})

A table in Markdown comes at the end: the one in runtime/README.md.
`

/** @throws UsageError */
export function readRounds(argv: readonly string[]): number | 'help' {
  const [flag, value, ...rest] = argv.flatMap((word) => (word.startsWith('--') ? word.split(/=(.*)/s, 2) : [word]))
  if (flag === undefined) return usualRounds
  if (flag === '--help' || flag === '-h') return 'help'
  if (flag !== '--rounds' || rest.length > 0) {
    throw new UsageError(`unknown flag ${flag === '--rounds' ? rest[0] : flag}: there are --rounds and --help`)
  }
  const rounds = /^\d+$/.test(value ?? '') ? Number(value) : Number.NaN
  if (rounds >= 1 && rounds <= mostRounds) return rounds
  throw new UsageError(`--rounds must be a whole number from 1 to ${mostRounds} (got ${value ?? 'nothing'})`)
}
