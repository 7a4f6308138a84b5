// The command line of the explorer.

import { asksForHelp, quoted, readOptions, UsageError } from './command-line.ts'

export interface Flags {
  readonly programs: number
  /** How many each program is run under. */
  readonly schedules: number
  /** How many small programs, each under all the schedules that it has. */
  readonly small: number
  /** Of the first batch; undefined where it is to be drawn. */
  readonly seed: number | undefined
  /** Do not look for a smaller program than the one that failed. */
  readonly asFound: boolean
}

export type Command = { readonly kind: 'help' } | { readonly kind: 'run'; readonly flags: Flags }

const options = {
  programs: { type: 'string' },
  schedules: { type: 'string' },
  small: { type: 'string' },
  seed: { type: 'string' },
  'as-found': { type: 'boolean' },
} as const

const usual = { programs: 100_000, schedules: 3, small: 1_000 } as const

/** @throws UsageError */
export function readCommand(argv: readonly string[]): Command {
  if (asksForHelp(argv)) return { kind: 'help' }
  const given = readOptions(argv, options)
  const programs = wholeNumber('programs', given.get('programs'), 0) ?? usual.programs
  // Under no schedule nothing is run, and a program that was not run has nothing that the model says of it.
  const schedules = wholeNumber('schedules', given.get('schedules'), 1) ?? usual.schedules
  const small = wholeNumber('small', given.get('small'), 0) ?? usual.small
  const seed = wholeNumber('seed', given.get('seed'), 0)
  if (programs + small === 0) {
    throw new UsageError('--programs and --small are both 0, which leaves nothing to explore: make one of them larger')
  }
  return { kind: 'run', flags: { programs, schedules, small, seed, asFound: given.has('as-found') } }
}

export const usage = `Run random programs under random schedules, on the runtime and on the reference model at once; and then small
ones, under all the schedules that each of them has.

  npm run explore                        ${usual.programs} programs and ${usual.small} small ones
  npm run explore -- --seed 1            with options

  --programs     how many programs; 0 leaves them out, default ${usual.programs}
  --schedules    under how many schedules each, from 1, default ${usual.schedules}
  --small        how many small programs; 0 leaves them out, default ${usual.small}
  --seed         where to start; left out, it is drawn and printed
  --as-found     do not look for a smaller program than the one that failed
  --help         print this

The exit code is 0 when nothing was found, 1 when something was, 2 when the command line cannot be understood.
`

/** Underscores are welcome. */
function wholeNumber(name: keyof typeof options, text: string | undefined, least: number): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll('_', '')) : Number.NaN
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new UsageError(`--${name} must be a whole number from ${least} (got ${quoted(text)})`)
}
