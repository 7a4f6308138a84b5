// The benchmarks in a terminal: `npm run bench -- chain --n 100000`.

import process from 'node:process'
import { runCommand } from './command.ts'

const collect = globalThis.gc === undefined ? undefined : () => void globalThis.gc?.()
process.exitCode = await runCommand(process.argv.slice(2), collect)
