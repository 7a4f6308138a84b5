// What the command lines of `npm run explore` and `npm run faults` have in common.
//
// Each option is given once at most, and nothing stands without an option in front of it: what somebody has mistyped must
// not start a run of minutes that does something else.

import { parseArgs } from 'node:util'

/** The command line cannot be understood; the message is one line for whoever typed it. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** The options of a program, without --help: those of type 'string' take a value. */
export type Options = Readonly<Record<string, { readonly type: 'string' | 'boolean' }>>

export function asksForHelp(argv: readonly string[]): boolean {
  return argv.includes('--help') || argv.includes('-h')
}

/**
 * Read what was given: the value of each option, and '' for one that takes none.
 *
 * @throws UsageError
 */
export function readOptions(argv: readonly string[], options: Options): ReadonlyMap<string, string> {
  const given = new Map<string, string>()
  // Not strict: Node's own complaints have several lines, and say nothing of what there is.
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue
    if (token.kind === 'positional') {
      throw new UsageError(`${quoted(token.value)} stands without an option: ${whatThereIs(options)}`)
    }
    const { name, rawName, value } = token
    if (!Object.hasOwn(options, name) || rawName !== `--${name}`) {
      throw new UsageError(`unknown option ${quoted(rawName)}: ${whatThereIs(options)}`)
    }
    if (given.has(name)) throw new UsageError(`--${name} is given twice: give it once`)
    given.set(name, options[name]?.type === 'string' ? needed(name, value) : refused(name, value))
  }
  return given
}

/** A text as it was typed, on one line. */
export function quoted(text: string): string {
  return JSON.stringify(text)
}

function needed(name: string, value: string | undefined): string {
  if (value === undefined) throw new UsageError(`--${name} needs a value: --help says which`)
  return value
}

function refused(name: string, value: string | undefined): string {
  if (value !== undefined) throw new UsageError(`--${name} takes no value (got ${quoted(value)})`)
  return ''
}

function whatThereIs(options: Options): string {
  return `there are ${Object.keys(options)
    .map((name) => `--${name}`)
    .join(', ')} and --help`
}
