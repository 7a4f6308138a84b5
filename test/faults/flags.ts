// The command line of the faults.

import { asksForHelp, quoted, readOptions, UsageError } from '../runtime/explore/command-line.ts'
import type { Fault } from './faults.ts'

export type Command =
  | { readonly kind: 'help' }
  /** The faults are in the order of the list. */
  | { readonly kind: 'list' | 'run'; readonly wanted: readonly Fault[] }

const options = { only: { type: 'string' }, list: { type: 'boolean' } } as const

/** @throws UsageError */
export function readCommand(argv: readonly string[], known: readonly Fault[]): Command {
  if (asksForHelp(argv)) return { kind: 'help' }
  const given = readOptions(argv, options)
  const only = given.get('only')
  return { kind: given.has('list') ? 'list' : 'run', wanted: only === undefined ? known : chosen(only, known) }
}

export const usage = `Put each fault into a copy of the runtime, and have the explorer look for it, or the tests that stand beside it.

  npm run faults                                all of them
  npm run faults -- --only ring.ts,'a latch'    those whose name or file has one of these in it
  npm run faults -- --list                      print them, with their files below runtime/; with --only, these
  npm run faults -- --help                      print this

The source as it is always comes first. The exit code is 0 when nothing is found in that and every fault is, 1 when not,
2 when the command line cannot be understood, 130 and 143 when it was ended by SIGINT and SIGTERM.
`

export function list(faults: readonly Fault[]): string {
  const width = Math.max(...faults.map(({ file }) => file.length))
  return faults.map(({ file, name }) => `${file.padEnd(width)}  ${name}\n`).join('')
}

function chosen(text: string, known: readonly Fault[]): readonly Fault[] {
  // A name is a sentence, and may have a comma in it.
  const named = known.find(({ name }) => name === text)
  if (named !== undefined) return [named]
  const parts = text.split(',').map((part) => part.trim())
  const stranger = parts.find((part) => part === '' || !known.some((fault) => has(fault, part)))
  if (stranger === undefined) return known.filter((fault) => parts.some((part) => has(fault, part)))
  throw new UsageError(
    `--only must be parts of faults' names or files, separated by commas (got ${quoted(stranger || text)}, which none has): --list shows them all`,
  )
}

function has({ name, file }: Fault, part: string): boolean {
  return name.includes(part) || file.includes(part)
}
