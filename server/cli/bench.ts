// encke bench: a benchmark in this process, beside the published figures.

import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { runCommand } from '../benchmarks/command.ts'
import { usage } from '../benchmarks/flags.ts'
import type { Command } from './command.ts'

export const bench: Command = {
  help: usage,
  // Its report has the memory after a collection, which only V8's own function can ask for.
  run: (argv) => {
    setFlagsFromString('--expose-gc')
    return runCommand(argv, runInNewContext('gc') as () => void)
  },
}
